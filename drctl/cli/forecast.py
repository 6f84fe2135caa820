"""drctl forecast."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from drctl.cli.output import document, echo, output_option, show_document, show_table
from drctl.cli.sites import direction, other_site, stays_behind
from drctl.cli.world import opened
from drctl.model.forecast import Forecast, GroupForecast
from drctl.model.loss import EndsFrom, Loss
from drctl.model.wording import counted
from drctl.ports import World

SILENT_AFTER = 4.0
"""Seconds after which the source is forecast as silent: as long as its first answer takes at most, and there is time
left for what the target tells."""


@click.command("forecast")
@output_option
@click.option("--to", "target", help="The site to fail over to; by default the one that clients are not at.")
@click.pass_obj
def command(plan_file: Path, output: str, target: str | None) -> None:
    """Show what a failover now would cost: records, seconds, re-reads, groups that are not covered, expected time.

    Changes nothing. What nobody can tell is unknown, with the reason; it is never zero. A source that is silent is what
    it is made for, and exits 0; where the target does not tell all, what is known is shown, and it exits 6.
    """
    with opened(plan_file, looking=True) as world:
        found = forecast(world, target)
        behind = staying(world, found)
    if output in ("json", "yaml"):
        left = [{"group": group, "why": why} for group, why in behind]
        show_document(as_document(found) | {"staysBehind": left}, output)
    else:
        show(found)
        for group, why in behind:
            echo(f"stays behind: {group}: {why}")
    if found.failure is not None:
        raise found.failure


def show(found: Forecast) -> None:
    """Print it for people."""
    for line in told(found):
        echo(line)
    rows = [
        (name, each.positions, each.synced, _at_most(each.rereads), _seconds(each.age))
        for name, each in sorted(found.groups.items())
    ]
    echo()
    show_table("Groups at the target", ("GROUP", "POSITIONS", "SYNCED", "READ AGAIN", "AGE SECONDS"), rows)
    for group, why in sorted(found.uncovered.items()):
        echo(f"not covered: {group}: {why}")


def forecast(world: World, target: str | None, *, deep: bool = True) -> Forecast:
    """Forecast in the direction that client routing tells; a source that takes its time is taken to be silent.

    Unless it is ``deep`` no records are read for the groups, and what they would read again is unknown.
    """
    from drctl.monitors import SideBySide, hurried
    from drctl.plans.forecasting import forecast as if_now
    from drctl.plans.losing import answers

    world = hurried(world)
    source, wanted = direction(world, target or other_site(world))
    asked = SideBySide(world.clock, SILENT_AFTER).begin(lambda: answers(world.sites[source]))()
    if asked.unknown and not asked.silent:  # it answered, and with that nobody can work
        asked = replace(asked, value=True)
    return if_now(world, source, wanted, ask=bool(asked.value), deep=deep, partly=True)


def staying(world: World, found: Forecast) -> list[tuple[str, str]]:
    """Groups at the source, or parts of them, that no plan moves, with why; a silent source's are unknown."""
    from drctl.monitors import SideBySide, hurried

    if found.loss is None:  # for whatever reason: of the target, too
        return [("unknown", found.unknown)]
    if found.loss.ends_from is not EndsFrom.ASKED:  # asked once more it would take its time
        return [("unknown", f"{found.source} does not answer")]
    whole = hurried(world)
    looks = SideBySide(whole.clock, SILENT_AFTER)
    behind = looks.begin(lambda: stays_behind(whole, found.source, found.target))()
    return behind.value or [] if behind.known else [("unknown", behind.unknown)]


def in_brief(found: Forecast) -> str:
    """Tell the forecast in one line."""
    loss, oldest = found.loss, _oldest(found.loss)
    if loss is None or loss.total is None:
        lost = "an unknown number of records" + (f" ({found.unknown})" if found.unknown else "")
    else:
        lost = f"{'' if loss.exact else 'at most '}{counted(loss.total, 'record')}"
        lost += f", the oldest {oldest:.1f} s old" if loss.total and oldest is not None else ""
    if found.failure is not None:
        groups = f"not all is known of the groups: {found.failure}"
    else:
        uncovered = counted(len(found.uncovered), "group") if found.uncovered else "no groups"
        groups = f"{uncovered} without a position at {found.target}"
    expected = found.expected_recovery
    time = "no failover was measured yet" if expected is None else f"{expected:.0f} s until traffic is restored"
    return f"if {found.source} were lost now: lost {lost}; {groups}; {time}. More: drctl forecast"


def brief_document(found: Forecast) -> dict[str, Any]:
    """Return the forecast as a part of a document; what is unknown is null."""
    return {
        "source": found.source,
        "target": found.target,
        "lossRecords": None if found.loss is None else found.loss.total,
        "lossSeconds": _oldest(found.loss),
        "lossUnknown": found.unknown or None,
        "uncoveredGroups": None if found.failure is not None else len(found.uncovered),
        "groupsUnknown": None if found.failure is None else str(found.failure),
        "expectedRecoverySeconds": found.expected_recovery,
    }


def _oldest(loss: Loss | None) -> float | None:
    """Return the age of the oldest record that would be lost, in seconds; None where that of any topic is unknown."""
    ages = list(loss.seconds.values()) if loss is not None and loss.records else [None]
    return None if None in ages else max((age for age in ages if age is not None), default=None)


def told(found: Forecast) -> Iterator[str]:
    """The forecast in words, line by line."""
    yield f"If {found.source} were lost now and the work went on at {found.target}:"
    if found.loss is None:
        yield f"  lost: unknown: {found.unknown}"
    else:
        yield from _loss(found.loss, found.at)
    stale = sum(each.positions - each.synced for each in found.groups.values())
    if found.failure is not None:
        yield f"  groups: not all is known: {found.failure}"
    else:
        yield (
            f"  groups: {len(found.groups)} have positions at {found.target}"
            + (f", {counted(stale, 'position')} not synced in this epoch" if stale else ", all synced")
            + (f"; {len(found.uncovered)} have none" if found.uncovered else "")
        )
        yield from _again(found.groups)
    for line in found.never_committed:
        yield f"    never committed: {line}"
    for sink, why in sorted(found.unknown_sinks.items()):
        yield f"  sink {sink} would not be started: the group that it reads as is unknown, and none was noted: {why}"
    expected, when = found.expected_recovery, "  expected time until traffic is restored"
    if expected is None:
        yield f"{when}: unknown: no failover of this plan file was measured yet"
    else:
        yield f"{when}: {expected:.0f} s, the slowest of {len(found.recovery)} measured"


def still_answers(found: Forecast) -> Iterator[str]:
    """Tell whoever is about to leave a source that answers that nothing need be lost there."""
    if found.loss is not None and found.loss.ends_from is EndsFrom.ASKED:
        yield (
            f"  {found.source} answers, and may still take writes: a switchover loses nothing, and"
            f" 'drctl plan switchover --to {found.target}' tells what stands in its way"
        )


def _again(groups: Mapping[str, GroupForecast]) -> Iterator[str]:
    """Tell what the groups would read again, and how old their oldest position is: an old one was long not kept."""
    if not groups:
        return
    rereads, ages = [each.rereads for each in groups.values()], {name: each.age for name, each in groups.items()}
    known = {name: age for name, age in ages.items() if age is not None}
    oldest = max(known, key=lambda name: known[name], default="")
    count = "unknown" if None in rereads else f"at most {counted(sum(each or 0 for each in rereads), 'record')}"
    age = f"the oldest position is {known[oldest]:.1f} s old, of {oldest}" if known else "no position's age is known"
    unsure = f"; unknown of {counted(len(ages) - len(known), 'group')}" if known and len(known) < len(ages) else ""
    yield f"  read again: {count}; {age}{unsure}"


def _loss(loss: Loss, now: datetime) -> Iterator[str]:
    if loss.ends_from is EndsFrom.UNKNOWN:
        yield "  lost: unknown: the source does not answer, and its log ends were never seen"
        return
    seen = ""
    if loss.seen_at:
        seen = f"at {loss.seen_at:%Y-%m-%d %H:%M:%S} UTC, {(now - loss.seen_at).total_seconds():.0f} s ago"
    if loss.ends_from is EndsFrom.ASKED:
        yield f"  lost: {'' if loss.exact else 'at most '}{_records(loss.total)}, counted at the source {seen}"
    elif loss.total is None:
        yield f"  lost: unknown: {_records(loss.seen)} as seen {seen}; how many came after that nobody can tell"
    else:
        yield (
            f"  lost: at most about {_records(loss.total)}: {loss.seen} as seen {seen}, and up to {loss.unseen} that"
            " may have come until it fell silent, at the rate of before"
        )
    for topic, count in sorted(loss.records.items()):
        yield f"    {topic}: {counted(count, 'record')}, {_seconds(loss.seconds.get(topic))} s"


def _records(number: int | None) -> str:
    return "unknown" if number is None else counted(number, "record")


def _at_most(records: int | None) -> str:
    return "unknown" if records is None else f"≤ {records}"


def _seconds(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds:.1f}"


def as_document(found: Forecast) -> dict[str, Any]:
    """The forecast as a versioned document; what is unknown is null."""
    return document("Forecast", body(found))


def body(found: Forecast) -> dict[str, Any]:
    """Return what that document says."""
    loss = found.loss
    return {
        "source": found.source,
        "target": found.target,
        "at": found.at.isoformat(),
        "loss": None
        if loss is None
        else {
            "source": loss.ends_from.value,
            "seenAt": loss.seen_at.isoformat() if loss.seen_at else None,
            "total": loss.total,
            "seen": loss.seen,
            "unseen": loss.unseen,
            "exact": loss.exact,
            "topics": [
                {"name": topic, "records": count, "seconds": loss.seconds.get(topic)}
                for topic, count in sorted(loss.records.items())
            ],
        },
        **({"lossUnknown": found.unknown} if loss is None else {}),
        "groups": [
            {
                "name": name,
                "positions": each.positions,
                "synced": each.synced,
                "rereadsAtMost": each.rereads,
                "ageSeconds": each.age,
                "lateSeconds": each.late,
            }
            for name, each in sorted(found.groups.items())
        ],
        "groupsUnknown": None if found.failure is None else str(found.failure),
        "uncovered": [{"group": group, "why": why} for group, why in sorted(found.uncovered.items())],
        "unknownSinks": dict(sorted(found.unknown_sinks.items())),
        "neverCommitted": list(found.never_committed),
        "expectedRecoverySeconds": found.expected_recovery,
        "measuredRecoverySeconds": list(found.recovery),
    }
