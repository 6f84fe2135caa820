"""Within the pause nothing is read that the same process has read before."""

from collections.abc import Mapping
from dataclasses import replace
from typing import override

from drctl.model.offsets import RecordId, TopicPartition
from drctl.model.run import RunState
from drctl.monitors import observe
from drctl.plans import runner, switchover
from drctl.plans.runner import Progress
from tests.fakes import FakeRecords, FakeSite, fake_world
from tests.spec.harness import require_nothing_lost_or_repeated


class Announced:
    """Which step is at work."""

    step = ""

    def __call__(self, progress: Progress) -> None:
        self.step = progress.step


class NotedReading(FakeRecords):
    """Notes by step which offsets are read, and up to where they were read before."""

    def __init__(self, site: FakeSite, announced: Announced) -> None:
        super().__init__(site)
        self.announced = announced
        self.read: list[tuple[str, TopicPartition, int, int]] = []

    @override
    def identities_all(
        self, spans: Mapping[TopicPartition, tuple[int, int]]
    ) -> Mapping[TopicPartition, tuple[RecordId, ...]]:
        self.read += [(self.announced.step, p, start, stop) for p, (start, stop) in spans.items()]
        return super().identities_all(spans)

    def again(self, step: str, *before: str) -> list[int]:
        """How many of the offsets that were read in the steps before are read in this one, for each reading."""
        known: dict[TopicPartition, int] = {}
        for _, p, _, stop in (each for each in self.read if each[0] in before):
            known[p] = max(stop, known.get(p, 0))
        return [known[p] - start for named, p, start, _ in self.read if named == step]


def test_within_the_pause_only_what_came_since_it_was_proven_ahead_is_read() -> None:
    earth, announced = fake_world(), Announced()
    earth.settle(20)
    world = earth.ports()
    noted = {name: NotedReading(site, announced) for name, site in earth.sites.items()}
    sites = {name: replace(site, records=noted[name]) for name, site in world.sites.items()}
    plan = switchover.plan(world, "north", "south", observe=observe)
    assert runner.run(plan, replace(world, sites=sites), announced).state is RunState.DONE
    for name, records in noted.items():
        again = records.again("hand-over-positions", "check-gates", "prove-ahead")
        assert again, f"nothing is read at {name}, so that this shows nothing"
        assert max(again) <= 2, "the last record, and a marker behind it"
    require_nothing_lost_or_repeated(earth, "south")
