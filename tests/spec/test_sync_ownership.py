"""What the group-offset sync takes for its own at the standby."""

import pytest

from drctl.errors import Forbidden
from drctl.model.group_sync import GroupSyncState
from drctl.model.offsets import Committed, TopicPartition
from drctl.plans.due import AGAIN, RETRY
from drctl.plans.under_way import was_begun
from drctl.plans.undo import synced
from drctl.ports import World
from tests.fakes import FakeWorld
from tests.spec.syncing import at_rest, reached, state, troubled
from tests.spec.test_group_sync import READINGS, Keeper, require_exact

FORGED = "drctl plan=fake run=x epoch=99"
OTHER = TopicPartition("turbines.readings", 1)


def test_one_clients_forged_stamp_concerns_its_group_only() -> None:
    earth = at_rest()
    earth.south.group("dispatch").committed[READINGS] = Committed(1, FORGED)
    keeper = Keeper(earth)
    keeper.keep(1)
    assert (state(keeper), state(keeper, "billing")) == (GroupSyncState.CONTESTED, GroupSyncState.PROVEN)
    earth.north.groups["billing"].committed[READINGS] = Committed(2)
    keeper.keep(1)
    assert reached(earth, "billing") == 2


def test_once_the_forged_stamp_is_gone_the_group_is_followed_again() -> None:
    earth = at_rest()
    earth.south.group("dispatch").committed[READINGS] = Committed(1, FORGED)
    keeper = Keeper(earth)
    keeper.keep(1)
    del earth.south.groups["dispatch"].committed[READINGS]
    keeper.keep(RETRY + 1)
    assert state(keeper) is GroupSyncState.PROVEN
    require_exact(earth)


@pytest.mark.parametrize("forged", [FORGED.replace("99", "9" * 5000), FORGED + "\n", FORGED.replace("99", "٩")])
def test_what_drctl_never_writes_is_no_stamp_and_stops_nothing(forged: str) -> None:
    earth = at_rest()
    earth.south.group("dispatch").committed[READINGS] = Committed(1, forged)
    keeper = Keeper(earth)
    keeper.keep(1)
    assert state(keeper) is GroupSyncState.PROVEN


@pytest.mark.parametrize("own", ["", "their own"])
def test_a_commit_that_took_effect_without_an_answer_is_ours(own: str) -> None:
    earth = at_rest()
    earth.north.groups["dispatch"].committed[READINGS] = Committed(3, own)
    keeper, trouble = troubled(earth)
    keeper.keep(1)
    trouble.unanswered = True
    earth.north.groups["dispatch"].committed[READINGS] = Committed(5, own)
    keeper.keep(0.2)
    assert state(keeper) is GroupSyncState.FAILED
    assert reached(earth) == 5
    trouble.unanswered = False
    earth.north.groups["dispatch"].committed[READINGS] = Committed(2, own)
    keeper.keep(2 * AGAIN + 1)
    assert (state(keeper), reached(earth)) == (GroupSyncState.PROVEN, 2)


def test_what_somebody_commits_between_the_look_and_the_commit_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kafka's last commit counts, and it was ours: only the tail tells of the one in front of it."""
    monkeypatch.setattr(Keeper, "tailed", True)
    earth = at_rest()
    keeper = Keeper(earth)
    keeper.keep(1)
    theirs = Committed(9, "theirs")

    def commit_first(effect: str) -> None:
        if effect == "commit dispatch at south":
            earth.effects.watchers.remove(commit_first)
            earth.south.groups["dispatch"].committed[READINGS] = theirs
            keeper.group_sync.standby.keep_up()

    earth.effects.watchers.append(commit_first)
    for group in ("dispatch", "billing"):
        earth.north.groups[group].committed[READINGS] = Committed(5)
    monkeypatch.setattr("drctl.service.standby.KEEPING_UP", 0)
    keeper.look()
    assert earth.south.groups["dispatch"].committed[READINGS] == theirs
    assert (state(keeper), state(keeper, "billing")) == (GroupSyncState.USED, GroupSyncState.PROVEN)
    keeper.keep(RETRY + 1)
    assert earth.south.groups["dispatch"].committed[READINGS] == theirs
    assert reached(earth, "billing") == 5


@pytest.mark.parametrize("own", ["", "their own"])
def test_a_read_back_that_failed_leaves_what_was_committed_ours(own: str) -> None:
    earth = at_rest()
    earth.north.groups["dispatch"].committed[READINGS] = Committed(5, own)
    keeper, trouble = troubled(earth)

    def fail_after_commit(effect: str) -> None:
        if effect == "commit dispatch at south":
            trouble.unread["dispatch"] = Forbidden("south: group dispatch")

    earth.effects.watchers.append(fail_after_commit)
    keeper.look()
    earth.effects.watchers.clear()
    trouble.unread.clear()
    earth.north.groups["dispatch"].committed[READINGS] = Committed(2, own)
    keeper.keep(2 * AGAIN + 1)
    assert (state(keeper), reached(earth)) == (GroupSyncState.PROVEN, 2)


@pytest.mark.parametrize("own", ["", "their own"])
def test_of_two_services_that_overlap_the_older_one_goes_on_when_the_newer_dies(own: str) -> None:
    earth = at_rest()
    older, newer = Keeper(earth), Keeper(earth)
    older.keep(1)
    earth.north.groups["dispatch"].committed[READINGS] = Committed(3, own)
    newer.keep(1)
    older.keep(1)
    earth.north.groups["dispatch"].committed[READINGS] = Committed(5, own)
    newer.keep(1)
    earth.north.groups["dispatch"].committed[READINGS] = Committed(7, own)
    older.keep(1)
    assert (state(older), reached(earth)) == (GroupSyncState.PROVEN, 7)


def test_metadata_that_changes_alone_is_followed() -> None:
    earth = at_rest()
    keeper = Keeper(earth)
    for own in ("one", "two"):
        earth.north.groups["dispatch"].committed[READINGS] = Committed(3, own)
        keeper.keep(1)
        assert earth.south.groups["dispatch"].committed[READINGS].metadata == own
    assert (state(keeper), reached(earth)) == (GroupSyncState.PROVEN, 3)


def test_a_group_that_expired_at_the_standby_is_brought_there_again() -> None:
    earth = at_rest()
    keeper = Keeper(earth)
    keeper.keep(1)
    del earth.south.groups["dispatch"]
    earth.north.groups["dispatch"].committed[READINGS] = Committed(5)
    keeper.keep(1)
    assert (state(keeper), reached(earth)) == (GroupSyncState.PROVEN, 5)


def test_a_foreign_position_ahead_is_not_pushed_back_however_long_the_group_is_known() -> None:
    earth = at_rest()
    here = earth.north.groups["dispatch"].committed
    later = here.pop(OTHER)
    ahead = Committed(later.offset + 5)
    earth.south.group("dispatch").committed[OTHER] = ahead
    keeper = Keeper(earth)
    keeper.keep(1)
    assert state(keeper) is GroupSyncState.PROVEN
    here[OTHER] = Committed(1)
    keeper.keep(1)
    assert (state(keeper), earth.south.groups["dispatch"].committed[OTHER]) == (GroupSyncState.USED, ahead)


def test_a_group_that_was_refused_whole_at_first_is_as_unknown_as_before() -> None:
    earth = at_rest()
    here = earth.north.groups["dispatch"].committed
    here.clear()
    earth.north.logs[OTHER].start = 5
    here[OTHER] = Committed(2)
    ahead = Committed(10_000)
    earth.south.group("dispatch").committed[OTHER] = ahead
    keeper = Keeper(earth)
    keeper.keep(1)
    assert state(keeper) is GroupSyncState.REFUSED
    here[OTHER] = Committed(6)
    keeper.keep(1)
    assert (state(keeper), earth.south.groups["dispatch"].committed[OTHER]) == (GroupSyncState.USED, ahead)


def test_what_others_had_is_noted_before_each_first_commit_over_it_partition_by_partition() -> None:
    earth = at_rest()
    here = earth.north.groups["dispatch"].committed
    later = here.pop(OTHER)
    keeper = Keeper(earth)
    keeper.keep(1)
    earth.south.groups["dispatch"].committed[OTHER] = Committed(1)
    here[OTHER] = later
    keeper.keep(1)
    require_exact(earth)
    _, kept = synced(earth.ports(), "south", ())
    assert kept["dispatch"].before == {OTHER: Committed(1)}


def test_a_group_that_somebody_uses_adds_nothing_to_the_journal_however_long_it_lasts() -> None:
    earth = at_rest()
    keeper = Keeper(earth)
    keeper.keep(1)
    earth.south.groups["dispatch"].committed[READINGS] = Committed(1)
    earth.north.groups["dispatch"].committed[READINGS] = Committed(2)
    before = len(earth.journal.lines())
    keeper.keep(5 * RETRY)
    assert state(keeper) is GroupSyncState.USED
    assert len(earth.journal.lines()) == before


def test_that_positions_are_kept_is_written_down_before_the_first_commit() -> None:
    earth = at_rest()

    def look(effect: str) -> None:
        if effect.startswith("commit"):
            assert was_begun(_world(earth), "south")

    earth.effects.watchers.append(look)
    assert not was_begun(_world(earth), "south")
    Keeper(earth).keep(1)
    Keeper(earth).keep(1)
    assert was_begun(_world(earth), "south")
    assert [run.id for run, _ in earth.journal.runs()] == ["group-sync-0-south"]


def _world(earth: FakeWorld) -> World:
    return earth.ports()
