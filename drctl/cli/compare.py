"""drctl compare."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, override

import click

from drctl.cli.output import document, echo, output_option, show_document, show_table
from drctl.cli.sites import direction, other_site
from drctl.cli.world import opened
from drctl.errors import NotFound
from drctl.model.comparison import Comparison, Difference, Differing
from drctl.model.verdict import Verdict, exit_code
from drctl.model.wording import counted
from drctl.monitors import hurried
from drctl.ports import World

NEWEST = 100_000
"""Offsets of each partition that are compared unless all are wanted: some seconds."""
WORDS = {
    Difference.MISSING: "{here} at {source} has no copy at {target}",
    Difference.EXTRA: "{there} at {target} is no copy of a record at {source}",
    Difference.CHANGED: "{there} at {target} stands where the copy of {here} at {source} should",
    Difference.REPEATED: "{there} at {target} is one copy more",
    Difference.MOVED: "{there} at {target}, the copy of {here} at {source}, is not in its order",
}


class Newest(click.ParamType[int]):
    """A number of offsets, or the word ``all``, which gives 0."""

    name = "offsets"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value)
        if text == "all":
            return 0
        if text.isdecimal() and int(text):
            return int(text)
        return self.fail(f"{text!r} is neither a number of offsets nor the word all", param, ctx)


@click.command("compare")
@output_option
@click.option("--to", "target", help="The site with the copies; by default the one that clients are not at.")
@click.option("--topic", "chosen", multiple=True, help="Only this topic; may be given again.")
@click.option(
    "--newest",
    type=Newest(),
    default=str(NEWEST),
    show_default=True,
    metavar="OFFSETS|all",
    help="How much of each partition to compare, counted from its end.",
)
@click.pass_obj
def command(plan_file: Path, output: str, target: str | None, chosen: tuple[str, ...], newest: int) -> None:
    """Compare the records of both sites, one by one, as far as they were copied.

    Names every record that is missing, changed, repeated, out of order or foreign at the standby. Changes nothing, and
    reads as a consumer without a group. Proved is only what was compared: exits 20 where anything differs, 21 where a
    partition cannot be compared, 22 where nothing was there to compare. A site that is silent from the start is named
    within ten seconds; where one falls silent while records are read, what was compared by then is shown.
    """
    from drctl.decide.comparison import verdict
    from drctl.plans.comparing import compared

    with opened(plan_file, looking=True) as whole:
        world = _soon_asked(whole)
        source, to = direction(world, target or other_site(world))
        topics = _chosen(world, source, chosen)
        found = sorted(compared(world, source, to, topics, newest or None), key=lambda each: each.partition)
    judged = verdict(found)
    if output in ("json", "yaml"):
        show_document(_document(source, to, found, judged), output)
    else:
        _show(source, to, found, judged)
    raise click.exceptions.Exit(exit_code(judged))


def _soon_asked(whole: World) -> World:
    """Return the world under the deadline for looking, but for the reading of records, which takes its time."""
    world = hurried(whole)
    sites = {name: replace(site, records=whole.sites[name].records) for name, site in world.sites.items()}
    return replace(world, sites=sites)


def _chosen(world: World, source: str, chosen: tuple[str, ...]) -> Sequence[str]:
    topics = world.plan.topics_at(source)
    for name in chosen:
        if name not in topics:
            raise NotFound(f"no workload of the plan file has the topic {name} at {source}", remedy="name one that has")
    return sorted(set(chosen) or topics)


def _show(source: str, target: str, found: Sequence[Comparison], judged: Verdict) -> None:
    columns = ("PARTITION", "SINCE", "EQUAL", "DIFFERENT", "NOT COPIED YET", "ONE SIDE ONLY", "NOT COMPARED")
    show_table(f"Records at {source} and their copies at {target}", columns, [_row(each) for each in found])
    for each in found:
        for differing in each.differences:
            echo(f"{each.partition}: {differing.kind}: {_told(differing, source, target)}")
        if each.differing > len(each.differences):
            echo(f"{each.partition}: and {each.differing - len(each.differences)} more")
    if any(each.one_sided for each in found):
        echo("on one side only: compaction takes records on each side in its own time, so they tell nothing")
    echo(f"{judged}: {_summary(found)}")


def _row(each: Comparison) -> tuple[object, ...]:
    if each.unknown:
        return each.partition, "", "", "", "", "", each.unknown
    return each.partition, each.since, each.compared, each.differing, each.waiting, each.one_sided, ""


def _told(each: Differing, source: str, target: str) -> str:
    return WORDS[each.kind].format(here=each.source, there=each.target, source=source, target=target)


def _summary(found: Sequence[Comparison]) -> str:
    unknown = sum(bool(each.unknown) for each in found)
    equal = sum(each.compared for each in found)
    parts = [f"{counted(equal, 'record')} equal to {'its copy' if equal == 1 else 'their copies'}"]
    parts.append(f"{counted(sum(each.differing for each in found), 'difference')}")
    if unknown:
        parts.append(f"{counted(unknown, 'partition')} not compared")
    return ", ".join(parts)


def _document(source: str, target: str, found: Sequence[Comparison], judged: Verdict) -> dict[str, Any]:
    partitions = [dict(_partition(each)) for each in found]
    return document("Comparison", {"source": source, "target": target, "verdict": judged, "partitions": partitions})


def _partition(each: Comparison) -> Iterator[tuple[str, Any]]:
    yield "topic", each.partition.topic
    yield "partition", each.partition.partition
    yield "unknown", each.unknown or None
    if each.unknown:
        return
    yield "since", each.since
    yield "equal", each.compared
    yield "different", each.differing
    yield "waiting", each.waiting
    yield "oneSided", each.one_sided
    yield "differences", [{"kind": one.kind, "source": one.source, "target": one.target} for one in each.differences]
