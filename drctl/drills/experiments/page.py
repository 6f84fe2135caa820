"""The page of an experiment: ``verdict.json`` for people, as one HTML file that loads nothing."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from drctl.drills.experiments.document import as_json
from drctl.drills.report import words
from drctl.drills.report.tables import Table
from drctl.drills.report.templates import template

WORDS = {
    "proved": "Proved: the fault was seen, and nothing was lost, skipped, or read again but as the experiment states.",
    "refuted": "Refuted: records were lost, changed or skipped, or read again where none may be.",
    "inconclusive": "Inconclusive: evidence is missing, so nothing is claimed.",
    "vacuous": "Vacuous: too little happened to prove anything.",
}
CONTROL = "Refuted, as stated: brokers lost records on purpose, and the checker named the loss. A negative control."
HERE = Path(__file__).parent


def render(told: dict[str, Any]) -> str:
    """Render the page of a ``verdict.json``, whose texts are redacted already."""
    return template("experiment.html", HERE).render(
        told=told,
        words=CONTROL if told.get("as_stated") else WORDS[told["verdict"]],
        losses=_losses(told["stated"]),
        tables=_tables(told),
        origin=_origin(told),
        checksum=hashlib.sha256(as_json(told)).hexdigest(),
    )


def _losses(stated: dict[str, Any]) -> str:
    if "classes" not in stated:
        return "no record lost, doubled or skipped"
    besides = f", perhaps besides {_listed(stated['besides'])}" if stated["besides"] else ""
    where = f", in {', '.join(stated['topics'])} alone" if "topics" in stated else ""
    return f"to be refuted by records that are {_listed(stated['classes'])}{besides}{where}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(words.spaced, names))


def _tables(told: dict[str, Any]) -> dict[str, Table]:
    return {
        "faults": Table(
            ("Fault", "Target", "Seen by", "What was seen"),
            tuple((f["fault"], f["target"], f["observer"], f["observation"]) for f in told["faults"]),
            frozenset({1, 2, 3}),
            prose=3,
        ),
        "records": Table(
            ("Records", "Count"),
            tuple((words.spaced(name), words.number(count)) for name, count in told["records"].items()),
        ),
        "groups": Table(
            ("Group", "Processed", "Skipped", "Read again"),
            tuple(
                (group["name"], *map(words.number, (group["processed"], group["skipped"], group["repeated"])))
                for group in told["groups"]
            ),
        ),
        "windows": Table(
            ("Records acknowledged", "Count", "Needed"),
            tuple(
                (name, words.number(each["acknowledged"]), words.number(each["floor"]))
                for name, each in told["windows"].items()
            ),
        ),
        "evidence": _said(("What had to be witnessed", "Witnessed"), told["evidence"].items()),
        "control": _said(
            ("Negative control: a fault planted into a copy of this run’s history", "Named by the checker"),
            told["negative_control"].items(),
        ),
    }


def _said(heads: tuple[str, str], rows: Iterable[tuple[str, bool]]) -> Table:
    return Table(heads, tuple((name, words.yes(value=value)) for name, value in rows))


def _origin(told: dict[str, Any]) -> dict[str, str]:
    who = told["origin"]
    changed = {True: " with local changes", False: "", None: ""}[who["local_changes"]]
    return {
        "Run": told["id"],
        "By": f"{who['user']} at {who['host']}",
        "Commit": f"{who['commit'] or 'unknown'}{changed}",
        **who["versions"],
        "SHA-256 of the experiment": told["experiment_sha256"],
        "SHA-256 of the toolkit’s journal": told["journal_sha256"] or "there is none that can be read",
    }
