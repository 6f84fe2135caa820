"""``verdict.json``: everything that an experiment has shown, as plain values."""

import json
from typing import Any

from drctl.drills.experiments.judging import ENDING, ExperimentOutcome, Origin, Statement
from drctl.drills.report.moments import iso
from drctl.ledger.bound import bound_in_words, loss_bound
from drctl.ledger.findings import Findings
from drctl.model.verdict import Verdict
from drctl.redaction import redact_document


def document(outcome: ExperimentOutcome) -> dict[str, Any]:
    """Return the outcome as plain values, every text as it may be shown."""
    trial, stated = outcome.trial, outcome.trial.stated
    told: dict[str, Any] = {
        "schema_version": 1,
        "id": trial.id,
        "experiment": stated.name,
        "title": stated.title,
        "stated": {"faults": list(stated.faults), "repeated": "some" if stated.repeats else "none", **_stated(stated)},
        "verdict": outcome.verdict.value,
        **({} if stated.refutation is None else {"as_stated": outcome.as_stated}),
        "reasons": list(outcome.reasons),
        "bound": _bound(outcome),
        **_found(outcome.findings),
        "fault_began": iso(trial.began),
        "fault_ended": iso(trial.ended),
        "windows": {
            name: {"acknowledged": traffic.acknowledged, "floor": traffic.floor}
            for name, traffic in outcome.weight.windows.items()
        },
        "evidence": dict(outcome.weight.evidence),
        "faults": list(outcome.faults),
        "negative_control": dict(outcome.weight.control),
        "experiment_sha256": stated.digest,
        "journal_sha256": outcome.journal_digest,
        "origin": _origin(trial.origin),
    }
    plain: dict[str, Any] = redact_document(json.loads(json.dumps(told)))
    return plain


def as_json(told: dict[str, Any]) -> bytes:
    """Return the bytes of ``verdict.json``."""
    return json.dumps(told, indent=2, ensure_ascii=False).encode() + b"\n"


def _stated(stated: Statement) -> dict[str, Any]:
    """Return what a negative control is to be refuted of; nothing of any other experiment."""
    wanted = stated.refutation
    if wanted is None:
        return {}
    told = {"verdict": Verdict.REFUTED.value, "classes": list(wanted.classes), "besides": list(wanted.besides)}
    # Bundles of earlier versions name none, and are to be written again as they were.
    return {**told, "topics": list(wanted.topics)} if wanted.topics else told


def _bound(outcome: ExperimentOutcome) -> dict[str, Any] | None:
    """Return what a proved run says about faults in general; None for any other, which bounds nothing."""
    if outcome.verdict is not Verdict.PROVED:
        return None
    faults = sum(each["fault"] not in ENDING for each in outcome.faults)
    return {"faults": faults, "loss_per_fault_below": loss_bound(faults), "confidence": 0.95,
            "says": bound_in_words(faults)}  # fmt: skip


def _found(findings: Findings) -> dict[str, Any]:
    records = findings.records
    return {
        "records": {"acknowledged": records.acknowledged, **{n: f.count for n, f in records.faults.items()}},
        "examples": {name: list(found.examples) for name, found in records.faults.items() if found},
        "groups": [
            {
                "name": group.name,
                "processed": group.processed,
                "skipped": group.skipped.count,
                "repeated": group.repeated.count,
            }
            for group in findings.groups
        ],
    }


def _origin(origin: Origin) -> dict[str, Any]:
    running = origin.commit
    return {
        "user": origin.user,
        "host": origin.host,
        "commit": running.id if running else None,
        "local_changes": running.changed if running else None,
        "versions": dict(origin.versions),
    }
