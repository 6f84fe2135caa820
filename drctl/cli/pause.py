"""drctl pause."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drctl.cli.output import document, echo, output_option, show_document
from drctl.cli.terms import by_option, terms
from drctl.cli.world import opened
from drctl.errors import ConfigInvalid

if TYPE_CHECKING:
    from drctl.plans.pausing import Pause


@click.command("pause")
@output_option
@click.option("--until", default="", metavar="TIME", help="When it ends: 2h from now, or 2026-12-01T06:00Z.")
@click.option("--end", is_flag=True, help="End the pause that stands.")
@click.option("--reason", default="", help="Why; goes to the journal, and is shown to everybody who is refused.")
@by_option
@click.pass_obj
def command(plan_file: Path, output: str, until: str, reason: str, by: str, *, end: bool) -> None:
    """Let nobody begin anything until then: neither a person nor the service. Without options, show whether it is so.

    Commands that would begin a run are refused (40) with who paused it and why, unless --override paused is given; the
    service looks on, and neither moves nor closes anything, nor keeps positions. A run that is under way goes on, and
    one that was cut off can be continued. A pause lasts 7 days at most and ends by itself. Asks no site.
    """
    from drctl.plans.pausing import begin_pause, end_pause, standing_pause
    from drctl.plans.unfinished import unfinished

    if until and end:
        raise click.UsageError("--until and --end exclude each other")
    if reason and not (until or end):
        raise click.UsageError("--reason belongs to --until or --end")
    with opened(plan_file) as world:
        if until:
            standing: Pause | None = begin_pause(world, terms(by=by), moment(until, world.clock.now()), reason)
        elif end:
            ended = end_pause(world, terms(by=by), reason)
            echo(f"ended: {ended}", err=True)
            standing = None
        else:
            standing = standing_pause(world)
        left = unfinished(world)
    for run in left if standing else ():
        echo(f"run {run.id}, a {run.kind}, is unfinished and is not held up", err=True)
    if output in ("json", "yaml"):
        show_document(document("Pause", {"pause": pause_document(standing)}), output)
    else:
        echo(f"{standing.id}: drctl is {standing}" if standing else "drctl is not paused")


def moment(text: str, now: datetime) -> datetime:
    """The time that a person means: a length of time from now, or a time with its offset. ConfigInvalid otherwise."""
    from drctl.config import duration

    try:
        length: timedelta | None = duration(text)
    except ConfigInvalid:
        length = None
    if length is not None:
        return now + length
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        told = None
    if told is None or told.tzinfo is None:
        # A time without its offset means two things in a room of two people, and an hour of difference.
        raise ConfigInvalid(f"--until {text}: is not understood", remedy="write 2h, 1h30m or 2026-12-01T06:00Z")
    return told.astimezone(UTC)


def pause_document(standing: "Pause | None") -> dict[str, Any] | None:
    """A pause as part of a document."""
    if standing is None:
        return None
    times = {"since": standing.since.isoformat(), "until": standing.until.isoformat()}
    return {"id": standing.id, "by": standing.by, "reason": standing.reason} | times
