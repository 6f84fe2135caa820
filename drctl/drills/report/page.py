"""The report as one HTML file with everything in it."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from drctl.drills.report import plots
from drctl.drills.report.schema import Report
from drctl.drills.switchover import Drill

WORDS = {
    "proved": "Proved: nothing was lost, and no group skipped or repeated a record.",
    "refuted": "Refuted: records were lost, changed, skipped or repeated.",
    "inconclusive": "Inconclusive: evidence is missing, so nothing is claimed.",
    "vacuous": "Vacuous: too little happened to prove anything.",
}


def render(report: Report, drill: Drill) -> str:
    """The page. It loads nothing, so it can be kept for years and read without a network."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pictures = {name: Markup(getattr(plots, name)(drill)) for name in ("steps", "rates", "lags")}  # noqa: S704
    return environment.get_template("page.html").render(report=report, words=WORDS[report.verdict], **pictures)
