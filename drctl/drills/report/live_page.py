"""The report of a live drill as one HTML file."""

import hashlib
from typing import Any

from drctl.drills.report import words
from drctl.drills.report.run_page import as_json
from drctl.drills.report.tables import Table
from drctl.drills.report.templates import template
from drctl.redaction import redact_document


def render(body: dict[str, Any]) -> str:
    """Render the page of :func:`drctl.drills.live.report.body`'s document. It loads nothing."""
    told = redact_document(body)
    return template("live.html").render(
        told=told,
        groups=Table(
            ("From", "To", "Group", "Positions", "Proof", "Records compared", "Lag at handover"),
            tuple(_group(move, each) for move in told["moves"] for each in move["groups"]),
            frozenset({0, 1, 2, 4}),
        ),
        signals=Table(
            ("Signal", "Sends home", "Looks", "First", "Last", "Seen"),
            tuple(
                (
                    each["name"],
                    words.yes(value=each["blocking"]),
                    words.number(each["looks"]),
                    words.clock(each["first"]),
                    words.clock(each["last"]),
                    each["detail"],
                )
                for each in told["stay"]["signals"]
            ),
            frozenset({0, 1, 5}),
            prose=5,
        ),
        checksum=hashlib.sha256(as_json(told).encode()).hexdigest(),
    )


def _group(move: dict[str, Any], group: dict[str, Any]) -> tuple[str, ...]:
    return (
        move["source"],
        move["target"],
        group["name"],
        words.number(group["positions"]),
        ", ".join(f"{proof} ({count})" for proof, count in group["proofs"].items()),
        words.number(group["compared"]),
        words.number(group["lag"]),
    )
