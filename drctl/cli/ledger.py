"""drctl ledger: check a run's numbered records by several checkers, and judge what they found."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, override
from uuid import UUID

import click

from drctl.cli.output import document, echo, output_option, show_document
from drctl.errors import NotFound
from drctl.model.verdict import exit_code
from drctl.model.wording import counted

if TYPE_CHECKING:
    from drctl.drills.checking.judging import CheckVerdict
    from drctl.model.cluster import Topic
    from drctl.model.offsets import TopicPartition

GROUP = "drctl.ledger-checkers"

states_option = click.option(
    "--states",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    envvar="DRCTL_CHECK_STATES",
    help="The folder, seen by all checkers, where each partition's state is kept with its position.",
)
site_option = click.option(
    "--site", "name", required=True, envvar="DRCTL_CHECK_SITE", help="The site whose logs are checked."
)
topics_option = click.option(
    "--topic",
    "topics",
    required=True,
    multiple=True,
    envvar="DRCTL_CHECK_TOPICS",
    help="A topic to check; may be given again.",
)


class Reads(click.ParamType[tuple[str, str]]):
    """A group and a topic that it reads, as GROUP=TOPIC."""

    name = "group=topic"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        group, equals, topic = str(value).partition("=")
        if not (group and equals and topic):
            return self.fail(f"{str(value)!r} is not a group and a topic: write it as billing=shop.orders", param, ctx)
        return group, topic


@click.group("ledger")
def command() -> None:
    """Check numbered records by several checkers at once, and judge what they found together."""


@command.command("check")
@site_option
@topics_option
@click.option(
    "--run", type=click.UUID, required=True, envvar="DRCTL_CHECK_RUN", help="The run whose records are checked."
)
@states_option
@click.option("--group", default=GROUP, show_default=True, help="The consumer group of the checkers.")
@click.pass_obj
def check(plan_file: Path, name: str, topics: tuple[str, ...], run: UUID, states: Path, *, group: str) -> None:
    """Check as one of a group of checkers, until every partition of these topics was checked to its end.

    Start as many as there are partitions to share, anywhere; the brokers spread the partitions over them. Each state is
    kept with the position that it was reached at, in one write, so that whoever is given a partition of one that was
    killed goes on there. Nothing is committed. Each partition is checked to where it ended when its check began: end
    what writes to it before. Each checker ends once all partitions are complete, whoever has checked them.

    SIGTERM or Ctrl-C ends it (exit code 130); what it had is kept.
    """
    from drctl.cli.signals import counted_requests_to_end
    from drctl.config import load
    from drctl.drills.checking.sharing import CheckTerms, SharedCheck
    from drctl.drivers.store.checker_states import FolderStates
    from drctl.wiring.checker import open_checker

    with counted_requests_to_end() as requests, open_checker(load(plan_file), name, group, topics) as ports:
        terms = CheckTerms(run, name, frozenset(_partitions(ports.brokers.topics(topics), topics)))
        checking = SharedCheck(
            ports.logs, ports.records, FolderStates(states), ports.clock, terms, settings=ports.brokers
        )
        ended = checking.run(lambda: requests() > 0)
    told = f"{counted(checking.taken, 'record')} checked here"
    if not ended:
        echo(f"told to end: {told}, and not every partition was checked to its end")
        raise click.exceptions.Exit(130)
    echo(f"{counted(len(terms.partitions), 'partition')} checked to their ends by all checkers; {told}")


@command.command("judge")
@states_option
@click.option(
    "--histories",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="The folder with the clients' histories, a .jsonl file of each.",
)
@click.option(
    "--reads",
    type=Reads(),
    multiple=True,
    metavar="GROUP=TOPIC",
    help="A group and a topic that it reads; may be given again. Without any nothing is proved.",
)
@click.option("--compacted", multiple=True, metavar="TOPIC", help="A topic that is compacted; may be given again.")
@output_option
def judge(
    states: Path,
    histories: Path,
    reads: tuple[tuple[str, str], ...],
    compacted: tuple[str, ...],
    *,
    output: str,
) -> None:
    """Bring the states of all checkers and the clients' histories together, and judge them by a drill's rules.

    Needs no site. Exits 0 only if it is proved: every acknowledged record is there once, every group read to the end,
    every partition was checked to its end, and planted faults were caught; 20 if anything is lost, doubled or skipped,
    else 21 or 22.
    """
    from drctl.drills.checking.judging import judged
    from drctl.drivers.store.checker_states import FolderStates

    groups: dict[str, list[str]] = {}
    for group, topic in reads:
        groups.setdefault(group, []).append(topic)
    kept = FolderStates(states)
    found = judged(kept.everything(), histories, groups=groups, compacted=compacted)
    if output in ("json", "yaml"):
        show_document(document("LedgerVerdict", _document(found)), output)
    else:
        echo(f"{found.verdict.value}: {found.reasons[0]}")
        for reason in found.reasons[1:]:
            echo(f"  {reason}")
    raise click.exceptions.Exit(exit_code(found.verdict))


def _partitions(known: "Mapping[str, Topic]", topics: tuple[str, ...]) -> "Iterator[TopicPartition]":
    for name in topics:
        if name not in known:
            raise NotFound(f"there is no topic {name} that drctl's user may see", remedy="name one that there is")
        yield from known[name].spread()


def _document(found: "CheckVerdict") -> dict[str, Any]:
    records = found.findings.records
    return {
        "verdict": found.verdict.value,
        "reasons": list(found.reasons),
        "acknowledged": records.acknowledged,
        "found": records.seen,
        "expired": records.expired.count,
        "faults": {name: each.count for name, each in records.faults.items()},
        "examples": {name: list(each.examples) for name, each in records.faults.items() if each},
        "groups": [
            {
                "name": group.name,
                "processed": group.processed,
                "skipped": group.skipped.count,
                "repeated": group.repeated.count,
                "unread": group.unread.count,
            }
            for group in found.findings.groups
        ],
    }
