"""The report as one HTML file with everything in it."""

from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from drctl.drills.outcome import Drill
from drctl.drills.report import plots
from drctl.drills.report.schema import Report
from drctl.model.translation import Proof

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

PROOFS = {proof.name.lower().replace("_", "-"): proof.value for proof in Proof}


def render(report: Report, drill: Drill) -> str:
    """The page. It loads nothing, so it can be kept for years and read without a network."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"day": _day, "clock": _clock, "number": _number}
    words = {**WORDS, **OUTAGE_WORDS} if report.outage else WORDS
    pictures = {name: Markup(getattr(plots, name)(drill)) for name in ("steps", "rates", "lags")}  # noqa: S704
    return environment.get_template("page.html").render(
        report=report, words=words[report.verdict], proofs=_explained(report), clients=_pauses(report), **pictures
    )


def _explained(report: Report) -> dict[str, str]:
    """The proofs that occur, each with its meaning."""
    used = {proof for handover in report.handovers for group in handover.groups for proof in group.proofs}
    return {proof: PROOFS.get(proof, proof) for proof in sorted(used)}


def _pauses(report: Report) -> dict[str, list[float | None]]:
    """Every client's pause at each move."""
    found: dict[str, list[float | None]] = {}
    for pause in (pause for move in report.pauses for pause in move):
        found.setdefault(pause.client, []).append(pause.seconds)
    return found


def _day(iso: str) -> str:
    moment = datetime.fromisoformat(iso)
    return f"{moment.day} {moment:%B %Y}"


def _clock(iso: str) -> str:
    return f"{datetime.fromisoformat(iso):%H:%M:%S.%f}"[:-5]


def _number(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"
