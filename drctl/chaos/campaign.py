"""One experiment under load on the lab, judged by the ledger and by what others saw of the fault."""

import hashlib
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from drctl.chaos.admission import Experiment
from drctl.chaos.judgement import gaps, overruled
from drctl.chaos.stage import EVIDENCE, LAB
from drctl.drills.fresh import fresh_reader, log_ends
from drctl.drills.timeline import Histories
from drctl.drivers.store.front_door import FileFrontDoor
from drctl.errors import LabError
from drctl.lab.faults import WAYS_BACK
from drctl.lab.lab import Lab
from drctl.lab.steady import SteadyTime
from drctl.lab.wholeness import WHOLE_WITHIN, await_whole
from drctl.lab.workload import CLIENTS, COMPACTED, GROUPS, READS, Workload
from drctl.ledger.checker import Findings, check
from drctl.ledger.control import caught
from drctl.ledger.events import Event
from drctl.ledger.verdict import Phase, Traffic, Weight, judge, reached
from drctl.model.verdict import Verdict

BEFORE, DURING, AFTER = 200, 50, 100
"""Records that must be acknowledged before, during and after the fault, or it has shown too little."""

SLOWEST = 120.0
"""Seconds that a slow machine gets for them."""

LONGEST = 600.0
"""Seconds that an experiment may take: the toolkit itself does not enforce its timeouts."""

PRIMARY = "north"
CHILD, JOURNAL, FAULTS = "chaostoolkit", "journal.json", "faults.jsonl"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an experiment has shown."""

    stated: Experiment
    verdict: Verdict
    reasons: tuple[str, ...]
    findings: Findings
    windows: dict[str, Traffic]
    faults: tuple[dict[str, Any], ...]
    control: dict[str, bool]
    journal_digest: str | None

    def document(self) -> dict[str, Any]:
        """The outcome for ``verdict.json``."""
        records = self.findings.records
        return {
            "experiment": self.stated.path.stem,
            "title": self.stated.title,
            "stated": {"faults": list(self.stated.faults), "repeated": "some" if self.stated.repeats else "none"},
            "verdict": self.verdict.value,
            "reasons": list(self.reasons),
            "records": {"acknowledged": records.acknowledged, **{n: f.count for n, f in records.faults.items()}},
            "groups": [
                {"name": g.name, "processed": g.processed, "skipped": g.skipped.count, "repeated": g.repeated.count}
                for g in self.findings.groups
            ],
            "windows": {n: {"acknowledged": w.acknowledged, "floor": w.floor} for n, w in self.windows.items()},
            "faults": list(self.faults),
            "negative_control": self.control,
            "journal_sha256": self.journal_digest,
        }


def conduct(
    lab: Lab,
    experiment: Experiment,
    folder: Path,
    *,
    say: Callable[[str], None],
    settle: float = 10,
    patience: float = WHOLE_WITHIN,
) -> Outcome:
    """Let the workload run, conduct the experiment in a child process, let it settle, and judge.

    Experiments act on north, so LabError if that is not the lab's primary; and on a whole lab, so LabError if one that
    an earlier experiment has left otherwise is not whole within ``patience`` seconds. What the workload did not write
    is left out.
    """
    primary = FileFrontDoor(lab.folder / "front-door.json").site()
    if primary != PRIMARY:
        raise LabError(f"the lab's primary is {primary}", remedy=f"make {PRIMARY} the primary again, with a switchover")
    await_whole(lab, patience)
    run = uuid4()
    since = log_ends(lab, primary)
    say("the workload starts")
    time = SteadyTime.begun(lab.clock)
    workload = Workload.start(lab, run, lab.folder / "histories" / run.hex, time, burst=1000)
    try:
        _let_work(lab, workload, settle, BEFORE)
        began = time.now()
        say(f"experiment {experiment.path.name}")
        _in_a_child(lab, experiment.path, folder)
        ended = time.now()
        say("the workload settles")
        _let_work(lab, workload, settle, AFTER)
        workload.stop_producers()
        workload.catch_up(say)
        # Whoever reads again does so now.
        lab.clock.sleep(3)
    finally:
        workload.stop()
    seen = Histories.read(workload.histories)
    found = tuple(fresh_reader(lab, primary, run, since))
    return judged(seen, found, (began, ended), folder, stated=experiment, complete=workload.complete())


def _let_work(lab: Lab, workload: Workload, seconds: float, floor: int) -> None:
    """That long, and on a slow machine until so many records more are acknowledged and every group has read on."""
    begun = Counter(workload.counts())
    lab.clock.sleep(seconds)
    deadline = lab.clock.monotonic() + SLOWEST
    while lab.clock.monotonic() < deadline:
        grown = workload.counts() - begun
        if grown["acknowledged"] > floor and all(grown[f"processed {group.name}"] for group in GROUPS):
            return
        lab.clock.sleep(0.5)


def _in_a_child(lab: Lab, experiment: Path, folder: Path) -> None:
    """Run the toolkit among the lab's own processes, so it never outlives the lab. It leaves journal and faults."""
    for name in (JOURNAL, FAULTS):
        (folder / name).unlink(missing_ok=True)
    command = [sys.executable, "-m", "drctl.chaos.child", str(experiment), str(folder / JOURNAL)]
    environment = {**os.environ, LAB: str(lab.folder), EVIDENCE: str(folder / FAULTS)}
    lab.processes.start(CHILD, command, environment)
    try:
        lab.processes.wait_gone(CHILD, LONGEST)
    except LabError:
        _end(lab)
    except BaseException:
        _end(lab)
        raise
    shutil.copyfile(lab.folder / "logs" / f"{CHILD}.log", folder / f"{CHILD}.log")


def _end(lab: Lab) -> None:
    """Interrupt the toolkit, which then plays its rollbacks; kill it if it does not come to an end."""
    lab.processes.signal(CHILD, "SIGTERM")
    try:
        lab.processes.wait_gone(CHILD, 60)
    except LabError:
        lab.processes.signal(CHILD, "SIGKILL")
        lab.processes.wait_gone(CHILD)


def judged(
    seen: Histories,
    found: Sequence[Event],
    span: tuple[float, float],
    folder: Path,
    *,
    stated: Experiment,
    complete: bool,
) -> Outcome:
    """Judge by the clients' histories, what a fresh reader found, when the fault was, and what others saw of it.

    What the experiment states counts: each fault that it names must have been seen, and groups may read records again
    only if it says so.
    """
    events = [*seen.events(), *found]
    findings = check(events, compacted=COMPACTED, groups=READS)
    windows = {
        "before the fault": Traffic(Phase.BEFORE, seen.acknowledged_between(0, span[0]), BEFORE),
        "during the fault": Traffic(Phase.DURING, seen.acknowledged_between(*span), DURING),
        "after the fault": Traffic(Phase.AFTER, seen.acknowledged_between(span[1], float("inf")), AFTER),
    }
    faults = tuple(read_faults(folder / FAULTS))
    evidence = {
        "a fault, by another observer than its injector": any(each["fault"] not in WAYS_BACK for each in faults),
        **_injected(stated, faults),
        "every client at work after the fault": all(
            any(line.at > span[1] for line in seen.done(client)) for client in CLIENTS
        ),
        **reached(findings),
    }
    control = caught(events, compacted=COMPACTED, groups=READS)
    weight = Weight(windows, evidence, control, complete=complete, redelivery=stated.repeats)
    journal, digest = read_journal(folder / JOURNAL)
    verdict, reasons = overruled(*judge(findings, weight), tuple(gaps(journal)))
    return Outcome(stated, verdict, reasons, findings, windows, faults, control, digest)


def _injected(stated: Experiment, faults: Sequence[Mapping[str, Any]]) -> dict[str, bool]:
    """Per kind of fault that the experiment states whether others than the injector saw it as often as stated."""
    seen = Counter(each["fault"] for each in faults)
    return {
        f"fault injected: {kind}, {count} time{'s'[: count > 1]}": seen[kind] >= count
        for kind, count in Counter(stated.faults).items()
    }


def read_journal(path: Path) -> tuple[dict[str, Any] | None, str | None]:
    """A journal with the SHA-256 of its file; None for both if there is no readable one."""
    try:
        text = path.read_bytes()
        document = json.loads(text)
    except (OSError, ValueError, RecursionError):
        return None, None
    return (document, hashlib.sha256(text).hexdigest()) if isinstance(document, dict) else (None, None)


def read_faults(path: Path) -> Iterator[dict[str, Any]]:
    """What others saw of the faults. A torn line, or one that does not say who saw what of whom, is no evidence."""
    if not path.exists():
        return
    for line in path.read_bytes().splitlines():
        try:
            seen = json.loads(line)
        except (ValueError, RecursionError):
            continue
        told = [isinstance(seen, dict) and seen.get(key) for key in ("fault", "target", "observer", "observation")]
        if all(isinstance(each, str) and each for each in told):
            yield seen
