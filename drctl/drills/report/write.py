"""Puts a report where it was asked for."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from drctl.drills.report.schema import Report
from drctl.errors import ConfigInvalid
from drctl.redaction import redact_document


def prepare(folder: Path) -> None:
    """Make the folder before the work starts. ConfigInvalid if a report could not be written into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error.strerror) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unwritable(folder, "no permission")


def write(folder: Path, report: Report, page: str) -> None:
    """Write ``report.json`` and ``report.html``. ConfigInvalid if the folder cannot be written."""
    put(folder, {"report.json": as_json(report), "report.html": page})


def put(folder: Path, files: Mapping[str, str]) -> None:
    """Write these texts by name into the folder, which is made. ConfigInvalid if it cannot be written."""
    prepare(folder)
    try:
        for name, text in files.items():
            (folder / name).write_bytes(text.encode())
    except OSError as error:
        raise _unwritable(folder, error.strerror) from error


def as_json(report: Report) -> str:
    """The text of ``report.json``."""
    return json.dumps(redacted(report).model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def redacted(report: Report) -> Report:
    """Return the report with every text in it as it may be shown: what all its forms are made of."""
    return Report.model_validate(redact_document(report.model_dump(mode="json")))


def _unwritable(folder: Path, reason: str | None) -> ConfigInvalid:
    return ConfigInvalid(f"{folder}: the report cannot be written: {reason}", remedy="name another folder")
