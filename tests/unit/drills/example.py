"""A drill that never happened, with everything that a report can show."""

from collections.abc import Collection, Iterator
from typing import Any

from drctl.drills.client_evidence import evidence, windows
from drctl.drills.outcome import Commit, Drill, Handover, JournalHead, Objective, PlanFacts, Provenance, SiteSettings
from drctl.drills.timeline import Histories, StepSpan
from drctl.ledger.checker import check
from drctl.ledger.control import PLANTED
from drctl.ledger.events import Acknowledged, Event, Processed, Seen, Stream
from drctl.ledger.history import HistoryLine
from drctl.ledger.verdict import EvidenceRequirements, judge, reached
from drctl.model.run import Evidence, Run, RunResult, RunState, StepTiming

T0 = 1_800_000_000.0
STEPS = (
    ("check-gates", 6.0), ("raise-epoch", 0.1), ("fence-writes", 0.4), ("await-open-transactions", 0.1),
    ("fence-transactions", 0.3), ("prove-fence", 1.3), ("drain-link", 1.2), ("drain-consumers", 5.0),
    ("hand-over-positions", 3.0), ("stop-link", 5.0), ("record-handover-point", 0.5), ("unfence-target", 0.5),
    ("route-clients-to-target", 0.8), ("reverse-replication", 12.0), ("watch-first-commits", 3.0),
)  # fmt: skip
LENGTH = sum(seconds for _, seconds in STEPS)
THERE, HOME = T0 + 20, T0 + 90
READS = dict.fromkeys(("dispatch", "reporting"), ("turbines.readings",))
CLIENTS = {"producer-turbines": "acknowledged", "consumer-dispatch": "processed", "consumer-reporting": "processed"}

TOPICS = ("shop.orders", "turbines.readings")
PROVENANCE = Provenance(
    user="erin",
    host="ops-1.example",
    commit=Commit("5f0c" * 10, changed=False),
    versions={"drctl": "0.1.0", "Kafka and MirrorMaker 2": "4.3.1"},
    plan=PlanFacts("wind-farm", "wind-farm.yaml", "ab12" * 16, TOPICS, Objective(60.0, 0.0)),
    journal=JournalHead(92, "cd34" * 16),
)


def spans(began: float, name: str) -> tuple[StepSpan, ...]:
    found = []
    for step, seconds in STEPS:
        found.append(StepSpan(name, step, began, began + seconds))
        began += seconds
    return tuple(found)


def handed(lag: int) -> dict[str, Any]:
    position = {"here": 9, "there": 5, "metadata": "", "proof": "counted", "compared": 70}
    end = {**position, "proof": "at-end", "compared": 0}
    return {
        "dispatch": {"lag": 0, "positions": {"turbines.readings-0": end}},
        "reporting": {"lag": lag, "positions": {"turbines.readings-0": position, "shop.orders-0": end}},
    }


def handover(source: str, target: str, began: float, epoch: int, *, lag: int = 3246) -> Handover:
    run = Run(f"run-{epoch}", "switchover", "lab", "digest", source, target, epoch)
    seen: dict[str, Evidence] = {
        "prove-fence": {"ends": {}, "began": "", "window": 1.0, "samples": 6, "canary": "TOPIC_AUTHORIZATION_FAILED"},
        "hand-over-positions": {"groups": handed(lag)},
        "watch-first-commits": {"not arrived": []},
    }
    timings = tuple(StepTiming(step, seconds) for step, seconds in STEPS)
    result = RunResult(run, RunState.DONE, timings, seen)
    return Handover(source, target, result, spans(began, f"{source} to {target}"), {"dispatch": 0, "reporting": 1385})


def histories(*, homecoming: bool = True, denied: bool = True) -> Histories:
    """Clients at north until the fence, at south until the next one, and at north again."""
    lines: dict[str, list[HistoryLine]] = {}
    for client, kind in CLIENTS.items():
        stays = [(T0, THERE + 6.2, "north"), (THERE + 24.5, HOME + 6.2, "south")]
        stays += [(HOME + 24.5, HOME + 80, "north")] if homecoming else []
        more = {"group": client.removeprefix("consumer-")} if kind == "processed" else {}
        lines[client] = [
            HistoryLine(kind, at, site, [[1, "turbines.readings", 0, 1]] * 100, more)
            for began, ended, site in stays
            for at in _seconds(began, ended)
        ]
        if kind == "acknowledged" and denied:
            lines[client] += [
                HistoryLine("denied", THERE + 7, "north", [], {}),
                HistoryLine("denied", HOME + 7, "south", [], {}),
            ]
    return Histories(lines)


def _seconds(began: float, ended: float) -> Iterator[float]:
    while began < ended:
        yield began
        began += 1


def events(*, lost: int = 0, groups: Collection[str] = tuple(READS)) -> list[Event]:
    stream = Stream(1, "turbines.readings", 0)
    found: list[Event] = []
    for sequence in range(1, 1001):
        found.append(Acknowledged(stream, sequence, T0, "north", None))
        if sequence > lost:
            found.append(Seen("turbines.readings", 0, sequence, stream, sequence, True, False))
        found += [Processed(group, stream, sequence, T0, "north") for group in groups]
    return found


def drill(
    *,
    lost: int = 0,
    seen: Histories | None = None,
    reasons: tuple[str, ...] = (),
    groups: Collection[str] = tuple(READS),
) -> Drill:
    """A drill that proved what it was to prove, unless records were lost or clients did not see enough."""
    handovers = (handover("north", "south", THERE, 1), handover("south", "north", HOME, 2))
    seen = seen or histories()
    findings = check(events(lost=lost, groups=groups), groups=READS)
    witnessed = {**evidence(seen, handovers, check(events()), CLIENTS), **reached(findings)}
    weight = EvidenceRequirements(windows(seen, handovers), witnessed, dict.fromkeys(PLANTED, True))
    verdict, why = judge(findings, weight)
    return Drill(
        id="drill-20270115T080000-abc123",
        began=T0,
        ended=T0 + 175,
        verdict=verdict,
        reasons=(*why, *reasons),
        findings=findings,
        weight=weight,
        standby=check(events()),
        handovers=handovers,
        histories=seen,
        protocols={"dispatch": "classic", "reporting": "consumer"},
        postures=(SiteSettings("north", "cluster-n", 3, 3, 2), SiteSettings("south", "cluster-s", 3, 3, 2)),
        provenance=PROVENANCE,
        phases=((T0, "the workload starts"), (T0 + 170, "a fresh reader reads both sites")),
    )
