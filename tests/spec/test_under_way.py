"""A commit of the service that was sent before a run raised the epoch, and arrives at the worst moment."""

from collections.abc import Callable

import pytest

from drctl.errors import RolledBack
from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import Committed
from drctl.plans import runner, undo
from drctl.plans.stamp import Stamp
from drctl.plans.under_way import UNDER_WAY
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import SOMEBODY, fail_over, lose, synced
from tests.spec.harness import RecordingObserver, killed_at, require_nothing_lost_or_repeated, switch
from tests.spec.test_group_sync import READINGS

EARLIER = Committed(1, str(Stamp("fake", "group-sync", 0)))
CONFIRMED = "journal says step-observed confirm-positions"


class UnderWay:
    """One commit for a group at the standby, sent when the epoch is raised.

    It lands right before the effect that it would harm most, but not later than a commit may take. A group that has
    members takes it as little as Kafka's would.
    """

    def __init__(self, earth: FakeWorld, worst: str, position: Committed = EARLIER) -> None:
        self.earth, self.worst, self.position = earth, worst, position
        self.sent: float | None = None
        self.landed = ""
        earth.effects.watchers.append(self.look)
        earth.clock.actors.append(self.tick)

    def look(self, effect: str) -> None:
        if effect == "raise epoch to 1" and self.sent is None:
            self.sent = self.earth.clock.monotonic()
        if effect == self.worst:
            self.land(effect)

    def tick(self) -> None:
        if self.sent is not None and self.earth.clock.monotonic() - self.sent > UNDER_WAY - 0.5:
            self.land("in time")

    def land(self, when: str) -> None:
        if self.sent is None or self.landed:
            return
        self.landed = when
        group = self.earth.south.group("dispatch")
        if not group.members:
            group.committed[READINGS] = self.position


def test_it_does_not_send_a_group_back_after_the_point_of_no_return() -> None:
    earth = synced(fake_world())
    late = UnderWay(earth, "lift at south")
    switch(earth.ports())
    assert late.landed == "in time"
    require_nothing_lost_or_repeated(earth, "south")


@pytest.mark.parametrize("cut", ["deny at north", "routing to None", "commit dispatch at south"])
def test_nor_where_the_run_was_cut_off_and_continued(cut: str) -> None:
    earth = synced(fake_world())
    late = UnderWay(earth, "lift at south")
    with killed_at(earth, cut):
        switch(earth.ports())
    switch(earth.new_process())
    assert late.landed == "in time"
    require_nothing_lost_or_repeated(earth, "south")


@pytest.mark.parametrize("worst", [CONFIRMED, "lift at south", "routing to south"])
def test_a_failover_neither_waits_for_it_nor_is_rolled_back_by_it(worst: str) -> None:
    earth = synced(fake_world())
    late = UnderWay(earth, worst)
    lose(earth, sighted=True)
    seconds = _seconds(earth, lambda: fail_over(earth.ports(), accepted=AcceptedLoss(100), attestation=SOMEBODY))
    assert late.landed == worst
    assert seconds < UNDER_WAY


def test_a_position_that_somebody_else_moves_ahead_before_a_failover_opens_turns_it_back() -> None:
    earth = synced(fake_world())
    late = UnderWay(earth, CONFIRMED, Committed(10_000))
    lose(earth, sighted=True)
    with pytest.raises(RolledBack, match="confirm-positions"):
        fail_over(earth.ports(), accepted=AcceptedLoss(100), attestation=SOMEBODY)
    assert late.landed == CONFIRMED


def test_nor_does_it_take_back_what_an_undo_has_restored() -> None:
    earth = fake_world()
    before = Committed(0)
    earth.south.group("dispatch").committed[READINGS] = before
    synced(earth)
    world = earth.ports()
    run, kept = undo.synced(world, "south", ())
    late = UnderWay(earth, "journal ends run as done")
    runner.run(undo.ordered("north", "south", kept, run.id), world, RecordingObserver())
    assert late.landed == "in time"
    assert earth.south.groups["dispatch"].committed[READINGS] == before


def _seconds(earth: FakeWorld, act: Callable[[], object]) -> float:
    began = earth.clock.monotonic()
    act()
    return earth.clock.monotonic() - began


def test_it_is_waited_for_before_the_pause_and_only_where_positions_were_kept() -> None:
    plain, kept = fake_world(), synced(fake_world())
    moments = {"raise epoch to 1": 0.0, "deny at north": 0.0, "lift at south": 0.0}

    def note(effect: str) -> None:
        if effect in moments:
            moments[effect] = moments[effect] or kept.clock.monotonic()

    kept.effects.watchers.append(note)
    longer = _seconds(kept, lambda: switch(kept.ports())) - _seconds(plain, lambda: switch(plain.ports()))
    assert moments["deny at north"] - moments["raise epoch to 1"] >= UNDER_WAY - 0.001
    assert 0 < longer < UNDER_WAY + 1
