"""Read the newest journal, this machine's or a site's copy, and take a copy over before its run is continued."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from drctl.cli.execution import confirm
from drctl.cli.output import echo
from drctl.errors import ConfigInvalid, Refused
from drctl.model.wording import counted

if TYPE_CHECKING:
    from drctl.plans.journal_copies import NewestJournal
    from drctl.ports import World

QUICK = 3.0
"""Seconds in which a site's copy says where it ends, for who only looks; where the file is empty it may take longer."""
ASKED = "said when asked"
"""The reason in the journal of who was asked and gave none."""

own_option = click.option("--own", is_flag=True, help="Only this machine's journal: asks no site.")
take_over_option = click.option(
    "--take-over",
    "take_over",
    metavar="REASON",
    help="Your word that no drctl is at work elsewhere, where a site's copy is newer than this machine's journal.",
)


def newest_to_read(world: "World") -> "tuple[World, str]":
    """The world with the newest journal, to be read, and the site whose copy that is; empty for this machine's own."""
    from drctl.plans.copying import FIRST

    found = _found(world, QUICK if world.journal_file.runs() else FIRST)
    _tell_unread(found)
    if found.site:
        echo(f"From {_ends(found)}.", err=True)
    return found.read(world), found.site


def take_over_newest(world: "World", why: str | None) -> dict[str, Any]:
    """Complete the file from a newer copy, and return what that was for the journal; nothing where there is none.

    Locked where another drctl is at work, on this machine or, as far as can be seen, elsewhere. Refused where an
    unfinished run is taken over and nobody says that its drctl is at work no more.
    """
    from drctl.plans.authority import require_nobody_at_work
    from drctl.plans.copying import FIRST, IN_STEP
    from drctl.plans.journal_copies import require_at_rest, take_over
    from drctl.plans.unfinished import unfinished

    if why is not None and not why.strip():
        raise ConfigInvalid("--take-over: is empty", remedy="say how you know that no drctl is at work elsewhere")
    found = _found(world, IN_STEP if world.journal_file.runs() else FIRST)
    _tell_unread(found)
    if not found.site:
        return {}
    require_nobody_at_work(world)
    echo(f"{_ends(found)[0].upper()}{_ends(found)[1:]}.", err=True)
    newest = found.read(world)
    left = unfinished(newest)
    if left:
        for line in _last_words(newest, left[-1].id):
            echo(line, err=True)
        require_at_rest(world, found)
        why = why.strip() if why else _asked(found)
    count = take_over(world, found)
    echo(f"{counted(count, 'line')} taken over from {found.where}, epoch {world.epochs.current()}", err=True)
    return {"site": found.site, "lines": count} | ({"why": why} if left else {})


def _found(world: "World", seconds: float) -> "NewestJournal":
    from drctl.monitors import hurried
    from drctl.plans.journal_copies import newest_journal

    return newest_journal(world, hurried(world, copies=seconds))


def _tell_unread(found: "NewestJournal") -> None:
    for site, why in found.unread.items():
        echo(f"the journal's copy at {site} was not read: {why}", err=True)


def _ends(found: "NewestJournal") -> str:
    return f"{found.where}: it goes on to {found.head}, this machine's journal ends at {found.own}"


def _last_words(world: "World", run: str) -> Iterator[str]:
    """Who was at work on a run last, where and when, as far as the journal tells."""
    from drctl.model.run import Event
    from drctl.plans.standing import told_run

    told = told_run(world, run)
    said = (Event.RUN_STARTED, Event.RUN_RESUMED)
    who = next((entry.body for entry in reversed(told.entries) if entry.event in said), {})
    place = f" on {who['host']}" if who.get("host") else ""
    at = f", last at {told.entries[-1].at:%Y-%m-%d %H:%M:%S} UTC" if told.entries else ""
    yield (
        f"Unfinished there: run {run}, a {told.run.kind} from {told.run.source} to {told.run.target}, by"
        f" {who.get('by') or 'somebody'}{place}{at}."
    )
    yield "If a drctl is still at work on it, two would move the same clients: end it before you go on."


def _asked(found: "NewestJournal") -> str:
    if not sys.stdin.isatty():
        raise Refused(
            f"whether a drctl is at work elsewhere cannot be seen from here, and {found.where} has an unfinished run",
            remedy="make sure that none is, then say so: --take-over 'how you know'",
        )
    confirm("No drctl is at work on it any more: take it over?")
    return ASKED
