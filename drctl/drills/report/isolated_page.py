"""The report of an isolated drill as one HTML file."""

import hashlib
from typing import Any

from drctl.drills.report import words
from drctl.drills.report.run_page import as_json
from drctl.drills.report.tables import Table
from drctl.drills.report.templates import template
from drctl.redaction import redact_document


def render(body: dict[str, Any]) -> str:
    """Render the page of :func:`drctl.drills.isolated.report.body`'s document. It loads nothing."""
    told = redact_document(body)
    return template("isolated.html").render(
        told=told,
        legs=Table(
            ("From", "To", "Partition", "Position", "There", "Proof", "Records compared"),
            tuple(
                (
                    leg["source"],
                    leg["target"],
                    partition,
                    words.number(each["here"]),
                    words.number(each["there"]),
                    each["proof"],
                    words.number(each["compared"]),
                )
                for leg in told["legs"]
                for partition, each in leg["positions"].items()
            ),
            frozenset({0, 1, 2, 5}),
        ),
        evidence=Table(
            ("What had to be seen", "Seen"),
            tuple((what, words.yes(value=seen)) for what, seen in told["evidence"].items()),
            frozenset({0, 1}),
        ),
        hindrances=Table(
            ("Found", "Remedy"),
            tuple((each["detail"], each["remedy"]) for each in told["hindrances"]),
            frozenset({0, 1}),
            prose=1,
        ),
        checksum=hashlib.sha256(as_json(told).encode()).hexdigest(),
    )
