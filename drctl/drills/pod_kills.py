"""Broker pods killed under load, again and again: is the same volume back, and every acknowledged record there?

``python -m drctl.drills.pod_kills --times 30`` starts the Kubernetes lab, kills pods at random moments (by turns with a
second of grace and by SIGKILL inside the container), and prints one line of JSON. Exit code 0 only if nothing was lost.
"""

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

from drctl.drills.audit_reader import fresh_reader, log_ends
from drctl.drills.timeline import Histories
from drctl.lab.injecting import FaultEvidence
from drctl.lab.kube import KubeLab
from drctl.lab.kube.brokers import claim
from drctl.lab.kube.faults import FAULTS
from drctl.lab.steady import SteadyTime
from drctl.lab.workload import COMPACTED, READS, LabWorkload
from drctl.ledger.checker import check
from drctl.ledger.control import caught
from drctl.ledger.events import Event
from drctl.ledger.kept import kept_at
from drctl.ledger.verdict import EvidenceRequirements, Traffic, WindowPhase, judge, reached
from drctl.model.verdict import Verdict

KINDS = ("kill-pod", "kill-inside")
AT_WORK = 120.0
"""Seconds in which clients have to be at work before the kills and after them; some seconds do on an idle machine."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """Hold what came of the kills. ``faults``: records per class, none in a good run; ``back``: seconds until ready."""

    verdict: str
    reasons: tuple[str, ...]
    kills: int
    same_volume: int
    acknowledged: int
    during: int
    faults: dict[str, int]
    skipped: int
    repeated: int
    recovered: int
    control: bool
    complete: bool
    longest_gap: float
    back: tuple[float, ...]

    @property
    def proved(self) -> bool:
        """Whether nothing was lost, each volume came back, and whoever says so can see a loss."""
        return self.verdict == Verdict.PROVED


@dataclass(frozen=True, slots=True)
class PodKill:
    """One kill: what others than the killer saw of it, the volume's uid before it, whether that volume came back, and
    the seconds until the pod was ready.
    """

    evidence: FaultEvidence
    volume: str
    same: bool
    back: float

    @property
    def said(self) -> str:
        """Return what others saw, of the volume, too."""
        volume = f"back on volume {self.volume}" if self.same else f"not back on volume {self.volume}"
        return f"{self.evidence.observation}, {volume}, ready after {self.back} s"


@dataclass(frozen=True, slots=True)
class Kills:
    """Hold what the kills left to judge: how many came back to their volume, and when all of it began and ended."""

    times: int
    same: int
    began: float
    ended: float
    back: tuple[float, ...]


def campaign(lab: KubeLab, times: int, *, seed: int, say: Callable[[str], None] = lambda _: None) -> Campaign:
    """Kill that many pods under load, each when the one before is ready again, and compare what was acknowledged."""
    run, time = uuid4(), SteadyTime.begun(lab.clock)
    since = log_ends(lab, "north")
    workload = LabWorkload.start(lab, run, lab.folder / "histories" / run.hex, time, burst=1000)
    done: list[PodKill] = []
    try:
        acknowledge_more(lab, workload)
        lab.clock.sleep(10)
        began = time.now()
        for pause, kind, pod in chosen(lab.pods, times, seed):
            lab.clock.sleep(pause)
            done.append(kill_one(lab, kind, pod))
            say(f"{len(done)}: {kind} {pod}, {done[-1].said}")
        ended = time.now()
        acknowledge_more(lab, workload)
        lab.clock.sleep(8)
        workload.stop_producers()
        workload.catch_up(say)
        lab.clock.sleep(8)
    finally:
        workload.stop()
    seen, found = Histories.read(workload.histories), tuple(fresh_reader(lab, "north", run, since))
    kills = Kills(times, sum(each.same for each in done), began, ended, tuple(each.back for each in done))
    return judged(seen, found, kills, complete=workload.complete())


def chosen(pods: Sequence[str], times: int, seed: int) -> Iterator[tuple[float, str, str]]:
    """So many kills: the seconds to wait before each, how it is done (by turns), and to which pod. The seed decides."""
    chance = random.Random(seed)  # noqa: S311 - to be repeatable
    for number in range(times):
        pause = chance.uniform(0.2, 4)
        yield pause, KINDS[number % len(KINDS)], chance.choice(pods)


def kill_one(lab: KubeLab, kind: str, pod: str) -> PodKill:
    """Kill a pod in that way and wait until it is ready again. LabError if nobody sees it killed, or it stays away."""
    storage = lab.cluster.storage
    volume, before, at = storage.volume(claim(pod)), storage.uid(claim(pod)), lab.clock.monotonic()
    evidence = FAULTS[kind](lab, pod)
    lab.start_broker(pod)
    back = round(lab.clock.monotonic() - at, 1)
    same = bool(before) and storage.uid(claim(pod)) == before and bool(storage.mounts(volume))
    return PodKill(evidence, before, same, back)


def acknowledge_more(lab: KubeLab, workload: LabWorkload) -> None:
    """Wait until a further record is acknowledged, at most for :data:`AT_WORK`. The verdict tells if none was."""
    before, deadline = workload.counts()["acknowledged"], lab.clock.monotonic() + AT_WORK
    while workload.counts()["acknowledged"] == before and lab.clock.monotonic() < deadline:
        lab.clock.sleep(0.5)


def judged(seen: Histories, found: Sequence[Event], kills: Kills, *, complete: bool) -> Campaign:
    """Judge by the clients' histories and by what a fresh reader found when all was over."""
    events = [*seen.events(), *found]
    kept = kept_at(found)
    findings = check(events, compacted=COMPACTED, groups=READS, kept=kept)
    control = caught(events, compacted=COMPACTED, groups=READS, kept=kept)
    windows = {
        "before the kills": Traffic(WindowPhase.BEFORE, seen.acknowledged_between(0, kills.began), 1),
        "during the kills": Traffic(WindowPhase.DURING, seen.acknowledged_between(kills.began, kills.ended), 1),
        "after the kills": Traffic(WindowPhase.AFTER, seen.acknowledged_between(kills.ended, float("inf")), 1),
    }
    evidence = {
        "a pod was killed": kills.times > 0,
        "every pod came back to its volume": kills.same == kills.times,
        **reached(findings),
    }
    # Groups may read again when their coordinator dies: they are counted.
    verdict, reasons = judge(
        findings, EvidenceRequirements(windows, evidence, control, complete=complete, redelivery=True)
    )
    written = sorted(line.at for lines in seen.lines.values() for line in lines if line.kind == "acknowledged")
    return Campaign(
        verdict=verdict.value,
        reasons=reasons,
        kills=kills.times,
        same_volume=kills.same,
        acknowledged=findings.records.acknowledged,
        during=windows["during the kills"].acknowledged,
        faults={name: named.count for name, named in findings.records.faults.items()},
        skipped=sum(group.skipped.count for group in findings.groups),
        repeated=sum(group.repeated.count for group in findings.groups),
        recovered=findings.records.recovered.count,
        control=all(control.values()),
        complete=complete,
        longest_gap=round(max((later - earlier for earlier, later in pairwise(written)), default=0.0), 2),
        back=kills.back,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    def say(line: str) -> None:
        sys.stderr.write(f"{line}\n")

    with tempfile.TemporaryDirectory() as folder, KubeLab.start(Path(folder) / "lab", small=True, progress=say) as lab:
        result = campaign(lab, options.times, seed=options.seed, say=say)
    sys.stdout.write(json.dumps({**asdict(result), "proved": result.proved}) + "\n")
    return 0 if result.proved else 1


if __name__ == "__main__":
    sys.exit(main())
