"""Bundles of experiments that never happened, made as a real run makes its own."""

import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drctl.drills.bundle.manifest import RunKind
from drctl.drills.bundle.write import FAULTS, TOOLKIT_JOURNAL, begin_experiment, keep_trial, seal
from drctl.drills.experiments.document import document
from drctl.drills.experiments.facts import trial_as_json
from drctl.drills.experiments.judging import Remains, judged
from drctl.drills.experiments.write import write
from drctl.drills.timeline import Histories
from drctl.ledger.events import Event
from drctl.ledger.history import HistoryWriter
from tests.unit.chaos.experiments import ran_as_written, trial
from tests.unit.lab.work import FAULT, everything, seen

SEEN = {
    "fault": "kill", "target": "north-broker-1", "observer": "the other brokers", "observation": "it is not listed",
    "injected_at": FAULT[0] + 10, "observed_at": FAULT[0] + 19,
}  # fmt: skip


def trial_bundle(
    folder: Path,
    key: Ed25519PrivateKey | None = None,
    *,
    lost: int = 0,
    observed: bool = True,
    repeats: bool = True,
    sighting: dict[str, Any] = SEEN,
    standby: list[Event] | None = None,
) -> Path:
    """The report folder of an experiment after which so many records were not there, and with that sighting.

    ``standby``: what was found there, None if nobody looked.
    """
    clients, report = folder / "clients", folder / "report"
    report.mkdir(parents=True)
    for client, lines in everything().lines.items():
        writer = HistoryWriter(clients / f"{client}.jsonl")
        for line in lines:
            writer.write(line.kind, line.at, line.site, line.records, **line.more)
        writer.close()
    begin_experiment(report)
    (report / TOOLKIT_JOURNAL).write_text(json.dumps(ran_as_written(repeats=repeats)))
    (report / FAULTS).write_text(json.dumps(sighting) + "\n" if observed else "")
    told, found = trial(repeats=repeats, mirrored=standby is not None), seen()[lost:]
    keep_trial(report, trial_as_json(told), found, clients, standby)
    journal, faults = ((report / name).read_bytes() for name in (TOOLKIT_JOURNAL, FAULTS))
    left = Remains(Histories.read(clients), found, journal, faults, standby or ())
    outcome = judged(told, left)
    write(report, document(outcome))
    seal(report, told.id, RunKind.EXPERIMENT, key)
    return report


def verdict_of(report: Path) -> dict[str, Any]:
    """What its ``verdict.json`` says."""
    told: dict[str, Any] = json.loads((report / "verdict.json").read_bytes())
    return told
