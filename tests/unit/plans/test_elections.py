"""Leaders that are elected before and while positions are translated, and logs that lose their end by it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import override

import pytest

from drctl.errors import Conflict
from drctl.model.offsets import RecordId, TopicPartition
from drctl.model.translation import Exact, Translation
from drctl.plans.known_records import Spans
from drctl.plans.positions import reelected, translate_positions
from drctl.plans.proofs import Proofs
from drctl.ports import World
from tests.fakes import FakeRecords, FakeWorld, fake_world

P = TopicPartition("turbines.readings", 0)
USER = "User:app"


class Electing(FakeRecords):
    """Lets something happen at the site behind each reading."""

    happen: Callable[[], None]

    @override
    def identities_all(self, spans: Spans) -> Mapping[TopicPartition, tuple[RecordId, ...]]:
        found = super().identities_all(spans)
        self.happen()
        return found


@pytest.fixture
def earth() -> FakeWorld:
    earth = fake_world()
    earth.come_to_rest()
    return earth


def end(earth: FakeWorld) -> int:
    return earth.north.logs[P].bounds.stable


def asked(world: World, position: int, proofs: Proofs) -> Translation:
    return translate_positions(world, "north", "south", {P: {position}}, proofs=proofs)[P, position]


def cut_and_grown(earth: FakeWorld, lost: int) -> None:
    """The standby loses the newest offsets, and the link goes on with what comes: far past the old end."""
    log = earth.south.logs[P]
    log.lose_end(len(log.entries) - lost)
    for number in range(20):
        earth.north.write(P, b"later %d" % number, USER)
    earth.settle(5)


@pytest.fixture(autouse=True)
def _may_write(earth: FakeWorld) -> None:
    earth.north.allowed.add(USER)


def test_a_position_proven_at_the_end_is_late_once_the_log_was_cut_and_grew_so_it_is_told(earth: FakeWorld) -> None:
    world, proofs, position = earth.ports(), Proofs(), end(earth)
    before = asked(world, position, proofs)
    assert isinstance(before, Exact)
    old_end = len(earth.south.logs[P].entries)
    cut_and_grown(earth, 4)
    assert len(earth.south.logs[P].entries) > old_end, "its end alone tells nothing"
    for _ in range(2):
        with pytest.raises(Conflict, match=f"a log has lost its end: site south: {P} had another record at"):
            asked(world, position, proofs)
    assert proofs.take_cut() == {P}
    after = asked(world, position, proofs)
    kept = after.offset if isinstance(after, Exact) else after.conservative
    assert kept is None or kept < before.offset


def test_a_log_that_lost_no_more_than_a_marker_is_no_error_and_the_position_is_proven_anew(earth: FakeWorld) -> None:
    """Behind the last record is the marker of its transaction: what takes its place is still to be read."""
    world, proofs, position = earth.ports(), Proofs(), end(earth)
    before = asked(world, position, proofs)
    assert isinstance(before, Exact)
    cut_and_grown(earth, 1)
    after = asked(world, position, proofs)
    assert isinstance(after, Exact)
    assert after.offset == before.offset - 1


def test_an_election_without_loss_costs_reading_again_and_changes_no_answer(earth: FakeWorld) -> None:
    world, proofs, position = earth.ports(), Proofs(), end(earth)
    before = asked(world, position, proofs)
    earth.south.logs[P].epoch += 1
    assert reelected(world, "north", "south", [P], proofs) == {P}
    assert asked(world, position, proofs) == before
    assert not reelected(world, "north", "south", [P], proofs)


def electing(earth: FakeWorld, happen: Callable[[], None]) -> World:
    world = earth.ports()
    records = Electing(earth.south)
    records.happen = happen
    return replace(world, sites={**world.sites, "south": replace(world.sites["south"], records=records)})


def test_what_is_read_under_two_leaders_proves_nothing_and_is_read_again(earth: FakeWorld) -> None:
    left = ["once", "twice"]

    def elect() -> None:
        if left:
            left.pop()
            earth.south.logs[P].epoch += 1

    proofs = Proofs()
    answer = asked(electing(earth, elect), end(earth), proofs)
    assert isinstance(answer, Exact)
    assert not left
    assert asked(earth.ports(), end(earth), proofs) == answer


def test_where_leaders_change_all_the_time_that_is_an_error(earth: FakeWorld) -> None:
    def elect() -> None:
        earth.south.logs[P].epoch += 1

    with pytest.raises(Conflict, match=f"the leader of {P} changed whenever it was read"):
        asked(electing(earth, elect), end(earth), Proofs())
