"""What a whole switchover of many consumer groups costs drctl itself: time of a core, memory, and its journal.

``python -m benchmarks.large_run [GROUPS] [PARTITIONS]`` moves that many groups, with a position in every partition,
between two sites in memory; journal, epoch and lease are the real ones, on disk. What brokers and workers take is not
in it: ``benchmarks.handover`` measures that. The stand-ins for the sites are counted in time, and not in memory.
Prints one line of JSON.
"""

import json
import resource
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from drctl.drivers.kafka.positions import PERMITTED
from drctl.drivers.store.clock import SystemClock
from drctl.drivers.store.epochs import SqliteEpochs
from drctl.drivers.store.journal import SqliteJournal
from drctl.drivers.store.lease import FileLease
from drctl.errors import DrctlError
from drctl.model.changes import Change, TailBatch, UndecidedPartitions
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Event
from drctl.model.workloads import Workload
from drctl.monitors import observe
from drctl.plans import runner, switchover
from drctl.plans.runner import Progress, StepState
from drctl.ports import World
from tests.fakes import FakePositions, FakeSite, FakeTail, FakeWorld
from tests.fakes.site import COORDINATORS

TOPIC = "shop.orders"
RECORDS = 100
HEAVY = ("hand-over-positions", "check-source-unmoved", "watch-first-commits")
"""Steps after which memory is counted: those that hold every position."""


def _earth(groups: int, partitions: int) -> FakeWorld:
    """Two sites with that many groups, none at work, every record copied."""
    earth = FakeWorld()
    names = tuple(f"bench-{number}" for number in range(groups))
    earth.plan = replace(earth.plan, workloads=(Workload("bench", (TOPIC,), names),))
    for site in earth.sites.values():
        for number in range(partitions):
            site.logs.setdefault(TopicPartition(TOPIC, number), type(site.logs[TopicPartition(TOPIC, 0)])())
    earth.clock.actors = [earth.mirrors["north", "south"].tick, earth.mirrors["south", "north"].tick]
    for number in range(partitions):
        for record in range(RECORDS):
            earth.north.write(TopicPartition(TOPIC, number), b"%d of %d" % (record, number), "User:shop")
    earth.clock.sleep(RECORDS)
    for place, name in enumerate(names):
        committed = {TopicPartition(TOPIC, n): Committed((place + n) % RECORDS) for n in range(partitions)}
        earth.north.group(name).committed = committed
    return earth


class _Tail(FakeTail):
    """Tells what was committed since, as a broker's log does, without a look at every group there is."""

    def __init__(self, site: FakeSite, positions: "_Positions") -> None:
        super().__init__(site)
        self.positions, self.new = positions, set[str]()
        positions.tails.append(self)

    def catch_up(self, seconds: float) -> TailBatch:
        if not self._told:
            self.new.clear()
            return super().catch_up(seconds)
        changes: list[Change] = [each for name in sorted(self.new) for each in self._differences(name)]
        self.new.clear()
        return TailBatch(changes, 0, undecided=UndecidedPartitions(frozenset(), COORDINATORS))

    def from_now(self) -> "_Tail":
        tail = _Tail(self.site, self.positions)
        tail.catch_up(0.0)
        return tail


class _Positions(FakePositions):
    """Asks for a permission as seldom as the real one."""

    def __init__(self, site: FakeSite) -> None:
        super().__init__(site)
        self.tails: list[_Tail] = []

    def commit_all(
        self, positions: Mapping[str, Mapping[TopicPartition, Committed]], permit: Callable[[], None]
    ) -> Mapping[str, DrctlError]:
        for number, (group, each) in enumerate(positions.items()):
            if number % PERMITTED == 0:
                permit()
            self.commit(group, each)
            for tail in self.tails:
                tail.new.add(group)
        return {}


def _ports(earth: FakeWorld) -> World:
    """The fakes, with positions and their log as a real site has them."""
    world, sites = earth.ports(), {}
    for name, ports in world.sites.items():
        positions = _Positions(earth.sites[name])
        sites[name] = replace(ports, positions=positions, tail=_Tail(earth.sites[name], positions))
    return replace(world, sites=sites)


class _Watch:
    """Notes how long each step took, and what drctl held when it ended."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}
        self.most = 0
        self._began = 0.0

    def __call__(self, progress: Progress) -> None:
        if progress.state is StepState.STARTED:
            self._began = time.process_time()
        elif progress.state is not StepState.WAITING:
            self.steps[progress.step] = time.process_time() - self._began
            if tracemalloc.is_tracing() and progress.step in HEAVY:
                self.most = max(self.most, _held())


def _held() -> int:
    """Bytes in use that were allocated by drctl and what it calls, without the stand-ins for the sites."""
    snapshot = tracemalloc.take_snapshot().filter_traces(
        [tracemalloc.Filter(inclusive=False, filename_pattern="*/tests/*")]
    )
    return sum(each.size for each in snapshot.statistics("filename"))


def _moved(earth: FakeWorld, folder: Path, watch: _Watch) -> tuple[World, str]:
    state, clock = folder / "state.sqlite", SystemClock()
    journal = SqliteJournal(state, clock)
    world = replace(
        _ports(earth),
        journal=journal,
        journal_file=journal,
        epochs=SqliteEpochs(state, earth.plan.name),
        lease=FileLease(folder / "state.lock"),
    )
    result = runner.run(switchover.plan(world, "north", "south", observe=observe), world, watch)
    handed = result.evidence["hand-over-positions"]["groups"]
    if len(handed) != len(earth.plan.groups) or result.exceptions:
        raise SystemExit(f"only {len(handed)} groups were handed over: {result.exceptions}")
    return world, result.run.id


def main(groups: int = 10_000, partitions: int = 6) -> None:
    """Measure and print: first the time, undisturbed, then the memory, which slows everything down."""
    with tempfile.TemporaryDirectory() as folder:
        timed = _Watch()
        earth = _earth(groups, partitions)
        began = time.process_time()
        world, run = _moved(earth, Path(folder), timed)
        seconds = time.process_time() - began
        entries = world.journal.entries(run)
        largest = max(entries, key=lambda entry: len(json.dumps(entry.body)))
        size = sum(each.stat().st_size for each in Path(folder).glob("state.sqlite*"))
        began = time.process_time()
        SqliteJournal(Path(folder) / "state.sqlite", SystemClock()).entries(run)
        again = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as folder:
        held = _Watch()
        earth = _earth(groups, partitions)
        tracemalloc.start()
        _moved(earth, Path(folder), held)
    slowest = dict(sorted(timed.steps.items(), key=lambda each: -each[1])[:4])
    told = {
        "groups": groups,
        "positions": groups * partitions,
        "core_seconds": round(seconds, 1),
        "slowest_steps": {name: round(each, 1) for name, each in slowest.items()},
        "journal_megabytes": round(size / 1e6, 1),
        "largest_entry": {
            "step": largest.step,
            "event": Event(largest.event).value,
            "megabytes": _megabytes(largest.body),
        },
        "verify_journal_core_seconds": round(again, 1),
        "held_megabytes_at_most": round(held.most / 1e6, 1),
        "process_peak_megabytes_with_stand_ins": round(peak / 1e3, 1),
    }
    sys.stdout.write(json.dumps(told) + "\n")


def _megabytes(body: object) -> float:
    return round(len(json.dumps(body, separators=(",", ":"))) / 1e6, 1)


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
