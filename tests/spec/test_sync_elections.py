"""A log at the standby that lost its end and grew past it: no position that is kept there stays late."""

from datetime import timedelta

import pytest
import structlog

from drctl.model.group_sync import GroupSyncState
from drctl.model.offsets import Committed
from drctl.monitors import status
from drctl.service.group_sync import WATCHING, GroupSyncLoop
from drctl.service.watch import Watch
from tests.fakes import FakeWorld
from tests.spec.syncing import at_rest
from tests.spec.test_group_sync import READINGS, read_before

USER = "User:app"


@pytest.fixture
def earth() -> FakeWorld:
    earth = at_rest()
    earth.north.allowed.add(USER)
    return earth


@pytest.fixture
def loop(earth: FakeWorld) -> GroupSyncLoop:
    """The part of a service that keeps the standby in sync; every group is kept and at rest."""
    loop = Watch(earth.ports(), status, timedelta(seconds=15), group_sync=True).keeper
    assert loop is not None
    run(loop, earth, 2.0)
    assert loop.group_sync is not None
    assert {each.state for each in loop.group_sync.statuses.values()} == {GroupSyncState.PROVEN}
    return loop


def run(loop: GroupSyncLoop, earth: FakeWorld, seconds: float) -> None:
    until = earth.clock.monotonic() + seconds
    while earth.clock.monotonic() < until:
        loop.cycle_or_tell()
        earth.clock.sleep(0.2)


def cut_and_grown(earth: FakeWorld, lost: int) -> None:
    log = earth.south.logs[READINGS]
    before = len(log.entries)
    log.lose_end(before - lost)
    for number in range(20):
        earth.north.write(READINGS, b"later %d" % number, USER)
    earth.settle(5)
    assert len(log.entries) > before


def skipped(earth: FakeWorld, group: str) -> list[bytes]:
    """Records that the group has still to read, and would not at the standby."""
    here = set(read_before(earth, "north", group, READINGS))
    return [payload for payload in read_before(earth, "south", group, READINGS) if payload not in here]


def test_a_group_at_rest_is_not_left_behind_records_that_it_has_still_to_read(
    earth: FakeWorld, loop: GroupSyncLoop
) -> None:
    cut_and_grown(earth, 4)
    assert skipped(earth, "dispatch"), "else nothing is shown"
    with structlog.testing.capture_logs() as told:
        run(loop, earth, WATCHING + 4)
    assert not skipped(earth, "dispatch")
    assert not skipped(earth, "billing")
    why = {str(line["why"]) for line in told if line["event"] == "group-not-kept"}
    assert any(f"a log has lost its end: site south: {READINGS}" in each for each in why)


def test_nor_if_the_cut_was_met_by_another_group(earth: FakeWorld, loop: GroupSyncLoop) -> None:
    cut_and_grown(earth, 4)
    earth.north.groups["billing"].committed[READINGS] = Committed(1)
    run(loop, earth, WATCHING + 4)
    assert not skipped(earth, "dispatch")


def test_nor_where_only_a_marker_was_lost(earth: FakeWorld, loop: GroupSyncLoop) -> None:
    cut_and_grown(earth, 1)
    run(loop, earth, WATCHING + 4)
    assert not skipped(earth, "dispatch")
    assert loop.group_sync is not None
    assert loop.group_sync.statuses["dispatch"].state is GroupSyncState.PROVEN


def test_a_position_that_somebody_else_took_is_left_to_them_also_then(earth: FakeWorld, loop: GroupSyncLoop) -> None:
    theirs = Committed(len(earth.south.logs[READINGS].entries), "theirs")
    earth.south.groups["dispatch"].committed[READINGS] = theirs
    cut_and_grown(earth, 4)
    run(loop, earth, WATCHING + 4)
    assert earth.south.groups["dispatch"].committed[READINGS] == theirs


def test_elections_without_loss_commit_nothing(earth: FakeWorld, loop: GroupSyncLoop) -> None:
    earth.effects.names.clear()
    for log in earth.south.logs.values():
        log.epoch += 1
    run(loop, earth, 2 * WATCHING)
    assert not earth.effects.names
    assert loop.group_sync is not None
    assert {each.state for each in loop.group_sync.statuses.values()} == {GroupSyncState.PROVEN}


def test_where_the_leaders_cannot_be_asked_they_are_asked_again(earth: FakeWorld, loop: GroupSyncLoop) -> None:
    cut_and_grown(earth, 4)
    earth.south.down = True
    run(loop, earth, WATCHING + 1)
    earth.south.down = False
    run(loop, earth, 30)
    assert not skipped(earth, "dispatch")
