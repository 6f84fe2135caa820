"""The report of a tabletop as one HTML file, which says on top what it is not."""

import hashlib
from typing import Any

from drctl.drills.report import words
from drctl.drills.report.run_page import as_json
from drctl.drills.report.tables import Table
from drctl.drills.report.templates import template
from drctl.redaction import redact_document


def render(body: dict[str, Any]) -> str:
    """Render the page of :func:`drctl.drills.tabletop.tabletop`'s body. It loads nothing."""
    told = redact_document(body)
    return template("tabletop.html").render(
        told=told,
        steps=Table(
            ("Step", "What", "Can be rolled back after it"),
            tuple((e["name"], e["title"], words.yes(value=e["canRollBack"])) for e in told["steps"]),
            frozenset({1, 2}),
        ),
        groups=Table(
            ("Group", "Positions", "Proven", "Not yet because"),
            tuple(
                (each["name"], words.number(each["positions"]), words.number(each["proven"]), each["unknown"])
                for each in told["groups"]
            ),
            frozenset({3}),
            prose=3,
        ),
        reasons=_reasons(told["blockers"]),
        warnings=_reasons(told["warnings"]),
        checksum=hashlib.sha256(as_json(told).encode()).hexdigest(),
    )


def _reasons(found: list[dict[str, str]]) -> Table:
    rows = tuple((each["rule"], each["detail"], each["remedy"]) for each in found)
    return Table(("Rule", "Found", "Remedy"), rows, frozenset({1, 2}), prose=2)
