"""Puts an experiment's verdict and its page into the report folder."""

from pathlib import Path
from typing import Any

from drctl.drills.bundle.write import VERDICT
from drctl.drills.experiments.document import as_json
from drctl.drills.experiments.page import render
from drctl.errors import ConfigInvalid


def write(folder: Path, told: dict[str, Any]) -> None:
    """Write ``verdict.json`` and ``report.html``. ConfigInvalid if the folder cannot be written."""
    try:
        (folder / VERDICT).write_bytes(as_json(told))
        (folder / "report.html").write_text(render(told), "utf-8")
    except OSError as error:
        raise ConfigInvalid(
            f"{folder}: the report cannot be written: {error.strerror}", remedy="name another folder"
        ) from error
