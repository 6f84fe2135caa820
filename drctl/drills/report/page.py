"""The report as one HTML file with everything in it."""

import hashlib

from markupsafe import Markup

from drctl.drills.outcome import Drill
from drctl.drills.report import plots, words
from drctl.drills.report.schema import Report
from drctl.drills.report.schema_handover import HandoverPart
from drctl.drills.report.tables import handed, meanings, origin, stranded, tables, way_home
from drctl.drills.report.templates import template
from drctl.drills.report.write import as_json, redacted

WORDS = {
    "proved": "Proved: nothing was lost, and no group skipped or repeated a record.",
    "refuted": "Refuted: records were lost, changed, skipped or repeated.",
    "inconclusive": "Inconclusive: evidence is missing, so nothing is claimed.",
    "vacuous": "Vacuous: too little happened to prove anything.",
}

OUTAGE_WORDS = {
    "proved": "Proved: every acknowledged record is at the survivor or in the saved tail, and no group skipped one.",
    "refuted": "Refuted: records are unaccounted for, changed or skipped.",
}
"""The same where a site was lost: what lies in its tail is lost to the survivor, and accounted for."""

HOME_WORDS = {
    "proved": "Proved: every acknowledged record is at home or in the saved tail, no group skipped one, and none was "
    "read again on the way home.",
    "refuted": "Refuted: records are unaccounted for, changed or skipped, or were read again on the way home.",
}
"""The same where the work went home again."""


def render(report: Report, drill: Drill) -> str:
    """Render the page. It loads nothing, so it can be kept for years and read without a network.

    It shows the report as ``report.json`` does, secrets hidden; the plots are made of the drill's names and numbers.
    """
    report = redacted(report)
    return template("page.html").render(
        report=report,
        words=_words(report)[report.verdict],
        moved=_moved(report),
        tables=tables(report),
        handed=handed,
        stranded=stranded,
        way_home=way_home,
        within=_within,
        origin=origin(report),
        meanings=meanings(report),
        checksum=hashlib.sha256(as_json(report).encode()).hexdigest(),
        plots={name: Markup(svg) for name, svg in plots.drawn(drill).items()},  # noqa: S704
    )


def _words(report: Report) -> dict[str, str]:
    if report.outage is None:
        return WORDS
    return WORDS | (HOME_WORDS if report.outage.way_home else OUTAGE_WORDS)


def _moved(report: Report) -> str:
    """Return what the drill moved, in one sentence."""
    topics = ", ".join(report.plan.topics)
    if lost := report.outage:
        positions = words.counted(sum(lost.positions.values()), "position")
        route = f"from {lost.lost_site}, which was lost, to {lost.survivor}{', and home again' * bool(lost.way_home)}"
        return f"{positions} of consumer groups and the producers of {topics}, {route}, under load."
    first = report.handovers[0]
    groups = words.counted(len(first.groups), "consumer group")
    positions = words.counted(sum(group.partitions for group in first.groups), "position")
    ways = ", then ".join(f"from {handover.source} to {handover.target}" for handover in report.handovers)
    return f"{groups} with {positions} and the producers of {topics}, {ways}, under load."


def _within(handover: HandoverPart, objective: float) -> tuple[str, str]:
    """Return what the pauses of a handover say of the objective, as a style and in words."""
    promised = f"the objective of {words.span(objective)}"
    if handover.pause_within_objective is None:
        unknown = sum(pause.seconds is None for pause in handover.pauses)
        return "open", f"not shown to be within {promised}: {words.counted(unknown, 'client')} did not return"
    return ("good", f"within {promised}") if handover.pause_within_objective else ("bad", f"longer than {promised}")
