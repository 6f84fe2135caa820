"""drctl salvage: save what only a lost site has, decide on it, look at it."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from drctl.cli.execution import ask_to_go_on, confirm, continued, execute, require_somebody, show_steps
from drctl.cli.openness import told as in_words
from drctl.cli.output import document, echo, output_option, show_document, show_table
from drctl.cli.terms import account, by_option
from drctl.cli.world import opened
from drctl.errors import ConfigInvalid, NotFound, NotProven, Refused
from drctl.model.fence import Attestation
from drctl.model.run import RunResult
from drctl.plans.plan import Plan
from drctl.ports import World

LARGEST = 64 << 20
"""Bytes of a manifest: a few hundred for each partition with a tail."""


@click.group("salvage", invoke_without_command=True)
@output_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--again", is_flag=True, help="Salvage again although it was done and its files are whole.")
@click.option("--accept-less", "less", metavar="REASON", help="Your word that the site cannot have more than it has.")
@by_option
@click.pass_context
def command(context: click.Context, output: str, *, yes: bool, again: bool, less: str | None, by: str) -> None:
    """Save what only a lost site has when it is back.

    The site is closed and made to keep everything; every record that never reached the other site is written to files
    that only drctl's user may read. Then a decision per topic is due: 'drctl salvage decide'. A run that was cut off is
    continued by the same command.

    A site that came back with less than it had (a lost disk, an older snapshot, a topic or cluster recreated) is closed
    and then refused (exit code 17), with every partition named. With --accept-less what is left is saved; topics whose
    log is no longer the one that was copied then come home as a full copy only ('drctl failback --recreate').
    """
    if context.invoked_subcommand is not None:
        return
    from drctl.plans.aftermath import aftermath
    from drctl.plans.salvage import ordered

    with opened(context.obj) as world:
        failover = aftermath(world)
        lost, serving = failover.run.source, failover.run.target
        if not again:
            _refuse_done(world)
        plan = ordered(lost, serving, failover.run.id, word_for_less(less, by))
        if not yes:
            _ask(
                world,
                plan,
                f"{lost} was left by run {failover.run.id}; its fence is {failover.fence}. It will be closed.",
            )
        result = execute(plan, world)
    _show(result, output)


def word_for_less(reason: str | None, by: str) -> Attestation | None:
    """Return a person's word that a site cannot have more than it has, None if it was not given."""
    if reason is None:
        return None
    if not reason.strip():
        raise ConfigInvalid("--accept-less gives no reason", remedy="say how you know that nothing more is to be had")
    return Attestation(by or f"{account()} on {socket.gethostname()}", reason.strip())


def _refuse_done(world: World) -> None:
    from drctl.plans.aftermath import aftermath, last_salvage
    from drctl.plans.unfinished import unfinished

    try:
        done = last_salvage(world, aftermath(world))
    except NotFound:
        return
    if not unfinished(world) and not world.vault.faults(done.run.id):
        raise Refused(
            f"run {done.run.id} has salvaged it already: {world.vault.place(done.run.id)}",
            remedy="see 'drctl salvage show'; add --again to do it once more",
        )


@command.command("decide")
@output_option
@click.option("--topic", required=True, help="The topic that is decided about.")
@click.option("--decision", required=True, type=click.Choice(["replay", "discard", "hand-over"]))
@click.option("--by", required=True, help="Who decides.")
@click.option("--reason", required=True, help="Why.")
@click.option("--records", type=click.IntRange(0), help="How many records this is about; a discard must say it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def decide(
    plan_file: Path,
    *,
    output: str,
    topic: str,
    decision: str,
    by: str,
    reason: str,
    records: int | None,
    yes: bool,
) -> None:
    """Decide what becomes of one topic's stranded records.

    replay writes them at the site that serves now, marked, each exactly once; discard gives them up; hand-over leaves
    them to their owner. All of them stay in their files.
    """
    from drctl.model.salvage import Decision
    from drctl.plans.aftermath import aftermath, last_salvage
    from drctl.plans.decision import made

    with opened(plan_file) as world:
        failover = aftermath(world)
        salvaged = last_salvage(world, failover)
        plan = made(failover, salvaged, topic, Decision(decision), by=by, reason=reason, records=records)
        if not yes:
            _ask(world, plan, f"{decision} of {salvaged.committed.get(topic, 0)} records of {topic}.")
        result = execute(plan, world)
    if output in ("json", "yaml"):
        from drctl.cli.switchover import as_document

        show_document(as_document(result), output)
        return
    told = result.evidence["note-decision"]
    show_table(
        f"Run {result.run.id}: {result.state.value}",
        ("TOPIC", "DECISION", "RECORDS", "BY"),
        [(told["topic"], told["decision"], told["records"], told["by"])],
    )


@command.command("list")
@output_option
@click.pass_obj
def list_(plan_file: Path, output: str) -> None:
    """List every salvage and where its files are."""
    with opened(plan_file) as world:
        known = {run.id: (run, state) for run, state in world.journal.runs() if run.kind == "salvage"}
        rows = [
            (run, known[run][0].source if run in known else "", known[run][1].value if run in known else "", place)
            for run in sorted(known.keys() | set(world.vault.runs()))
            for place in (world.vault.place(run),)
        ]
    if output in ("json", "yaml"):
        told = [{"run": r, "site": s, "state": t, "place": p} for r, s, t, p in rows]
        show_document(document("SalvageList", {"salvages": told}), output)
        return
    show_table("Salvages", ("RUN", "SITE", "STATE", "PLACE"), rows)


@command.command("show")
@output_option
@click.argument("run", required=False)
@click.pass_obj
def show(plan_file: Path, output: str, run: str | None) -> None:
    """Show what a salvage holds, topic by topic, and what was decided; the newest one if none is named."""
    with opened(plan_file) as world:
        run = run or _newest(world)
        told, place = _manifest(world, run), world.vault.place(run)
        with _understood(place):
            decisions = _decisions(world, told["failover"]["run"])
    if output in ("json", "yaml"):
        show_document(document("Salvage", told | {"decisions": decisions}), output)
        return
    with _understood(place):
        _show_manifest(told, decisions)


def _show_manifest(told: Mapping[str, Any], decisions: Mapping[str, str]) -> None:
    """Print what a salvage holds."""
    rows = [
        (
            topic,
            counts["committed"],
            counts["aborted"],
            counts["open"],
            counts["tombstones"],
            counts["unseen"],
            counts["later"],
            decisions.get(topic, "due"),
        )
        for topic, counts in sorted(told["topics"].items())
    ]
    columns = ("TOPIC", "RECORDS", "ABORTED", "OPEN", "TOMBSTONES", "SINCE SIGHTING", "SINCE FAILOVER", "DECISION")
    show_table(f"Salvage {told['run']} of {told['site']['name']}", columns, rows)
    if told.get("open"):
        echo(f"{told['site']['name']} came back: {in_words(told['open'])}", err=True)
    for partition, tail in sorted(told["tails"].items()):
        if tail["gone"]:
            echo(f"{partition}: {tail['gone']} offsets were deleted before they could be saved", err=True)
    _tell_less(told.get("came back with less") or {}, told["site"]["name"])
    for group, positions in sorted(told["groups"].items()):
        echo(f"group {group} had read into the tail of {', '.join(sorted(positions))}", err=True)


@command.command("verify")
@click.argument("run", required=False)
@click.pass_obj
def verify(plan_file: Path, run: str | None) -> None:
    """Compare every file of a salvage with its checksum; the newest one if none is named. Needs no site."""
    with opened(plan_file) as world:
        run = run or _newest(world)
        faults, place = world.vault.faults(run), world.vault.place(run)
    if faults:
        raise NotProven(f"{place}: {'; '.join(faults)}", remedy="restore the files from a copy, or salvage again")
    echo(f"{place}: every file is as it was written")


def _tell_less(told: Mapping[str, Any], site: str) -> None:
    """Say what the site lacked of what it had, and who accepted it."""
    for topic, why in sorted(told.get("less", {}).items()):
        echo(f"{topic} came back with less than it had ({why}): 'drctl failback --recreate {topic}'", err=True)
    for partition, offsets in sorted(told.get("tail cut", {}).items()):
        echo(f"{partition}: up to {offsets} records of the tail are gone", err=True)
    if accepted := told.get("accepted"):
        echo(f"that {site} has less was accepted by {accepted['by']}: {accepted['why']}", err=True)


def _newest(world: World) -> str:
    runs = world.vault.runs()
    if not runs:
        raise NotFound("nothing was salvaged yet", remedy="run 'drctl salvage' once the lost site is back")
    return runs[-1]


def _manifest(world: World, run: str) -> dict[str, Any]:
    from drctl.model.documents import json_of

    raw = bytearray()
    try:
        for line in world.vault.lines(run, "manifest.json"):
            raw += line + b"\n"
            if len(raw) > LARGEST:
                raise ValueError("without end")
        told = json_of(bytes(raw), largest=LARGEST)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise _no_manifest(world.vault.place(run), "is no JSON object")
    return told


def _no_manifest(place: str, why: str) -> NotProven:
    return NotProven(f"{place}: manifest.json {why}", remedy="restore it from a copy, or salvage again")


@contextmanager
def _understood(place: str) -> Iterator[None]:
    """Taking a manifest apart. NotProven where it lacks something that every salvage writes down."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise _no_manifest(place, "is none that a salvage leaves") from error


def _decisions(world: World, failover: str) -> Mapping[str, str]:
    from drctl.plans.aftermath import decided

    return {topic: made.value for topic, (made, _) in decided(world, failover).items()}


def _ask(world: World, plan: Plan, what: str) -> None:
    if (going := continued(plan, world)) is not None:
        ask_to_go_on(going)
        return
    require_somebody()
    echo(what, err=True)
    show_steps(plan)
    confirm()


def _show(result: RunResult, output: str) -> None:
    if output in ("json", "yaml"):
        from drctl.cli.switchover import as_document

        show_document(as_document(result), output)
        return
    told = result.evidence["export-tail"]
    rows = [(t, c["committed"], c["aborted"], c["open"], c["unseen"]) for t, c in sorted(told["topics"].items())]
    columns = ("TOPIC", "RECORDS", "ABORTED", "OPEN", "SINCE SIGHTING")
    show_table(f"Run {result.run.id}: {result.state.value}, {told['place']}", columns, rows)
    _tell_less(result.evidence.get("compare-returned-site", {}), result.run.source)
    if any(c["committed"] for c in told["topics"].values()):
        echo("a decision per topic is due: drctl salvage decide --topic …", err=True)
