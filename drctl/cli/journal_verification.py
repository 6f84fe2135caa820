"""drctl runs verify."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drctl.cli.output import document, echo, output_option, show_document, show_table
from drctl.cli.world import opened
from drctl.errors import JournalBroken

if TYPE_CHECKING:
    from drctl.plans.journal_integrity import Integrity


@click.command("verify")
@output_option
@click.option("--copies", is_flag=True, help="Also hold the copy at each site against it.")
@click.pass_obj
def verify(plan_file: Path, output: str, *, copies: bool) -> None:
    """Follow the journal's hash chain from its first line to its head, and name the first place that was altered.

    Without --copies no site is asked. With it a copy that differs from the journal, or goes on beyond it, counts as
    damage: one of the two is not what was written. A site that does not answer is shown as unknown, and no damage; it
    delays the others by nothing, and the end by less than ten seconds.

    Exits 0 if all of it is as it was written, else with 12.
    """
    from drctl.monitors import hurried
    from drctl.plans.journal_integrity import CopyState, check_journal

    with opened(plan_file, looking=True) as world:
        found = check_journal(hurried(world), copies=copies)
    if output in ("json", "yaml"):
        show_document(as_document(found), output)
    else:
        _show(found)
    wrong = [each for each in found.copies if each.state in (CopyState.DIFFERS, CopyState.AHEAD)]
    if found.broken:
        raise JournalBroken(found.broken, remedy="'drctl runs restore' takes over what a site's copy holds")
    if wrong:
        told = "; ".join(f"the copy at {each.site} {each.state}: {each.why}" for each in wrong)
        raise JournalBroken(told, remedy="find out which of them is older: the backup that was restored, or the site")


def as_document(found: "Integrity") -> dict[str, Any]:
    """Return what was found as a versioned document."""
    copies = [{"site": e.site, "state": e.state.name, "lines": e.lines, "why": e.why or None} for e in found.copies]
    told = {"runs": found.runs, "entries": found.entries, "lines": found.lines, "head": found.head or None}
    return document(
        "JournalVerification", told | {"whole": found.is_whole, "broken": found.broken or None, "copies": copies}
    )


def _show(found: "Integrity") -> None:
    if found.is_whole:
        echo(f"{found.runs} runs, {found.entries} entries, {found.lines} lines: as they were written")
        echo(f"head {found.head or 'of an empty journal'}")
    if found.copies:
        rows = [(e.site, e.state.value, "unknown" if e.lines is None else e.lines, e.why) for e in found.copies]
        show_table("Copies", ("SITE", "STATE", "LINES", "WHY"), rows)
