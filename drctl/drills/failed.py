"""The report of a drill that failed on its way: what its runs did, and that it proves nothing."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from drctl.drills.report.run import run_report
from drctl.drills.report.run_page import render
from drctl.drills.report.write import put
from drctl.errors import ConfigInvalid, DrctlError
from drctl.model.plan_file import PlanFile
from drctl.model.verdict import Verdict
from drctl.plans.standing import Told

JSON = "failed.json"
PAGES = "failed-run-{number}.html"
"""One for each run of the drill, counted from 1."""
VERDICT = Verdict.INCONCLUSIVE
"""Of every drill that failed: what its clients saw was not judged."""
OF_A_WHOLE_DRILL = ("report.json", "report.html")


def failed_drill(plan: PlanFile, runs: Sequence[Told], error: DrctlError, *, unplanned: bool) -> dict[str, Any]:
    """Return the report's body; ``runs`` are the drill's, oldest first, none if it failed before the first."""
    return {
        "drill": "unplanned" if unplanned else "planned",
        "verdict": VERDICT.value,
        "reasons": [f"the drill failed: {error}"],
        "remedy": error.remedy or None,
        "runs": [run_report(plan, told) for told in runs],
    }


def pages(body: dict[str, Any]) -> dict[str, str]:
    """Return a page for each run, by the name of its file."""
    return {PAGES.format(number=number): render(run) for number, run in enumerate(body["runs"], 1)}


def clear(folder: Path) -> None:
    """Remove what an earlier drill that failed has left there. ConfigInvalid where that is impossible."""
    _remove((folder / JSON, *folder.glob(PAGES.format(number="*"))))


def leave(folder: Path, text: str, shown: dict[str, str]) -> None:
    """Write the report, and remove that of an earlier drill, which would be taken for this one's. ConfigInvalid."""
    _remove(folder / name for name in OF_A_WHOLE_DRILL)
    put(folder, {**shown, JSON: text})


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            said = f"{path}: what is left of an earlier drill cannot be removed: {error.strerror}"
            raise ConfigInvalid(said, remedy="remove it, or name another folder with --report") from error
