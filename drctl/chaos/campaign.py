"""One experiment under load on the lab, judged by the ledger and by what others saw of the fault."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from drctl.chaos.judgement import gaps
from drctl.chaos.stage import EVIDENCE, LAB
from drctl.drills.fresh import fresh_reader
from drctl.drills.timeline import Histories
from drctl.errors import ConfigInvalid
from drctl.lab.lab import Lab
from drctl.lab.workload import COMPACTED, Workload
from drctl.ledger.checker import Findings, check
from drctl.ledger.control import caught
from drctl.ledger.events import Event
from drctl.ledger.history import read
from drctl.ledger.verdict import Weight, judge
from drctl.model.verdict import Verdict

LONGEST = 600.0
"""Seconds that an experiment may take: the toolkit itself does not enforce its timeouts."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an experiment has shown."""

    verdict: Verdict
    reasons: tuple[str, ...]
    findings: Findings
    windows: dict[str, tuple[int, int]]
    faults: tuple[dict[str, Any], ...]
    control: dict[str, bool]
    journal_digest: str

    def document(self) -> dict[str, Any]:
        """The outcome for ``verdict.json``."""
        records = self.findings.records
        return {
            "verdict": self.verdict.value,
            "reasons": list(self.reasons),
            "records": {"acknowledged": records.acknowledged, **{n: f.count for n, f in records.faults.items()}},
            "groups": [
                {"name": g.name, "processed": g.processed, "skipped": g.skipped.count, "repeated": g.repeated.count}
                for g in self.findings.groups
            ],
            "windows": {name: {"acknowledged": n, "floor": floor} for name, (n, floor) in self.windows.items()},
            "faults": list(self.faults),
            "negative_control": self.control,
            "journal_sha256": self.journal_digest,
        }


def checked(path: Path) -> Path:
    """The experiment file, if it may be run. ConfigInvalid if it cannot be read or wants to install something."""
    try:
        experiment = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
    except (OSError, ValueError, YAMLError) as error:
        raise ConfigInvalid(
            f"{path}: no experiment can be read: {error}", remedy="name an experiment in YAML"
        ) from error
    if not isinstance(experiment, dict) or "method" not in experiment:
        raise ConfigInvalid(f"{path}: is no Chaos Toolkit experiment", remedy="give it title, description and method")
    if "dependencies" in str(experiment.get("runtime", "")):
        raise ConfigInvalid(
            f"{path}: its runtime installs dependencies, which drctl does not do during an experiment",
            remedy="remove runtime.python, and install what it needs beforehand",
        )
    return path.resolve()


def conduct(lab: Lab, experiment: Path, folder: Path, *, say: Callable[[str], None], settle: float = 10) -> Outcome:
    """Let the workload run, conduct the experiment in a child process, let it settle, and judge."""
    run = uuid4()
    workload = Workload.start(lab, run, lab.folder / "histories", burst=1000)
    say("the workload starts")
    lab.clock.sleep(settle)
    began = lab.clock.now().timestamp()
    journal = _in_a_child(lab, experiment, folder, say)
    ended = lab.clock.now().timestamp()
    say("the workload settles")
    lab.clock.sleep(settle)
    workload.stop_producers()
    lab.clock.sleep(3)
    workload.stop_consumers()
    events = [*read(workload.histories), *fresh_reader(lab, "north", run)]
    return _judged(events, Histories.read(workload.histories), (began, ended), journal, folder)


def _in_a_child(lab: Lab, experiment: Path, folder: Path, say: Callable[[str], None]) -> dict[str, Any] | None:
    folder.mkdir(parents=True, exist_ok=True)
    journal = folder / "journal.json"
    evidence = folder / "faults.jsonl"
    journal.unlink(missing_ok=True)
    evidence.write_text("")
    say(f"experiment {experiment.name}")
    command = [sys.executable, "-m", "drctl.chaos.child", str(experiment), str(journal)]
    environment = {**os.environ, LAB: str(lab.folder), EVIDENCE: str(evidence)}
    with (folder / "chaostoolkit.log").open("wb") as log:
        child = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log, start_new_session=True)
        try:
            child.wait(LONGEST)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    try:
        document: dict[str, Any] = json.loads(journal.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return document


def _judged(
    events: Sequence[Event],
    seen: Histories,
    span: tuple[float, float],
    journal: dict[str, Any] | None,
    folder: Path,
) -> Outcome:
    findings = check(events, compacted=COMPACTED)
    windows = {
        "before the fault": (seen.acknowledged_between(0, span[0]), 200),
        "during the fault": (seen.acknowledged_between(*span), 50),
        "after the fault": (seen.acknowledged_between(span[1], float("inf")), 100),
    }
    faults = tuple(_faults(folder / "faults.jsonl"))
    control = caught(events, compacted=COMPACTED)
    evidence = {"a fault, by another observer than its injector": bool(faults)}
    verdict, reasons = judge(findings, Weight(windows, evidence, all(control.values()), redelivery=True))
    found = tuple(gaps(journal))
    if found and verdict is not Verdict.REFUTED:
        verdict, reasons = Verdict.INCONCLUSIVE, found
    digest = hashlib.sha256(json.dumps(journal, sort_keys=True).encode()).hexdigest()
    return Outcome(verdict, reasons, findings, windows, faults, control, digest)


def _faults(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text("utf-8").splitlines():
        yield json.loads(line)
