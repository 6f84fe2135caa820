"""Puts a report where it was asked for."""

from pathlib import Path

from drctl.drills.report.schema import Report
from drctl.errors import ConfigInvalid


def write(folder: Path, report: Report, page: str) -> None:
    """Write ``report.json`` and ``report.html``. ConfigInvalid if the folder cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_text(report.model_dump_json(indent=2) + "\n", "utf-8")
        (folder / "report.html").write_text(page, "utf-8")
    except OSError as error:
        raise ConfigInvalid(
            f"{folder}: the report cannot be written: {error.strerror}", remedy="name another folder"
        ) from error
