"""drctl forecast."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from drctl.cli.output import document, echo, output_option, show_document, show_table
from drctl.cli.sites import direction, other_site
from drctl.cli.world import opened
from drctl.model.forecast import Forecast
from drctl.model.loss import EndsFrom, Loss
from drctl.ports import World


@click.command("forecast")
@output_option
@click.option("--to", "target", help="The site to fail over to; by default the one that clients are not at.")
@click.pass_obj
def command(plan_file: Path, output: str, target: str | None) -> None:
    """Show what a failover now would cost: records, seconds, re-reads, groups that are not covered, expected time.

    Changes nothing. What nobody can tell is unknown, with the reason; it is never zero.
    """
    with opened(plan_file, looking=True) as world:
        found = forecast(world, target)
    if output in ("json", "yaml"):
        show_document(as_document(found), output)
        return
    for line in told(found):
        echo(line)
    rows = [
        (name, each.positions, each.synced, f"≤ {each.rereads}", _seconds(each.age))
        for name, each in sorted(found.groups.items())
    ]
    echo()
    show_table("Groups at the target", ("GROUP", "POSITIONS", "SYNCED", "READ AGAIN", "AGE SECONDS"), rows)
    for group, why in sorted(found.uncovered.items()):
        echo(f"not covered: {group}: {why}")


def forecast(world: World, target: str | None) -> Forecast:
    """The forecast in the direction that client routing tells."""
    from drctl.plans.forecasting import forecast as if_now

    source, wanted = direction(world, target or other_site(world))
    return if_now(world, source, wanted)


def told(found: Forecast) -> Iterator[str]:
    """The forecast in words, line by line."""
    yield f"If {found.source} were lost now and the work went on at {found.target}:"
    if found.loss is None:
        yield f"  lost: unknown: {found.unknown}"
    else:
        yield from _loss(found.loss)
    stale = sum(each.positions - each.synced for each in found.groups.values())
    yield (
        f"  groups: {len(found.groups)} have positions at {found.target}"
        + (f", {stale} positions are not synced in this epoch" if stale else ", all synced")
        + (f"; {len(found.uncovered)} have none" if found.uncovered else "")
    )
    expected, when = found.expected_recovery, "  expected time until traffic is restored"
    if expected is None:
        yield f"{when}: unknown: no failover of this plan file was measured yet"
    else:
        yield f"{when}: {expected:.0f} s, the slowest of {len(found.recovery)} measured"


def _loss(loss: Loss) -> Iterator[str]:
    if loss.ends_from is EndsFrom.UNKNOWN:
        yield "  lost: unknown: the source does not answer, and its log ends were never seen"
        return
    seen = f"at {loss.seen_at:%H:%M:%S} UTC" if loss.seen_at else ""
    if loss.ends_from is EndsFrom.ASKED:
        yield f"  lost: {'' if loss.exact else 'at most '}{loss.total} records, counted at the source {seen}"
    elif loss.total is None:
        yield f"  lost: unknown: {loss.seen} records as seen {seen}; how many came after that nobody can tell"
    else:
        yield (
            f"  lost: at most about {loss.total} records: {loss.seen} as seen {seen}, and up to {loss.unseen} that may"
            " have come until it fell silent, at the rate of before"
        )
    for topic, count in sorted(loss.records.items()):
        yield f"    {topic}: {count} records, {_seconds(loss.seconds.get(topic))} s"


def _seconds(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds:.1f}"


def as_document(found: Forecast) -> dict[str, Any]:
    """The forecast as a versioned document; what is unknown is null."""
    loss = found.loss
    return document(
        "Forecast",
        {
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
                }
                for name, each in sorted(found.groups.items())
            ],
            "uncovered": [{"group": group, "why": why} for group, why in sorted(found.uncovered.items())],
            "expectedRecoverySeconds": found.expected_recovery,
            "measuredRecoverySeconds": list(found.recovery),
        },
    )
