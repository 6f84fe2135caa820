"""What the group-offset sync takes for its own at the standby, and that one group's trouble is no other group's."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from drctl.errors import DrctlError, Forbidden, Unreachable
from drctl.model.offsets import Committed, RecordId, TopicPartition
from drctl.model.warmth import WarmthState
from drctl.plans.under_way import was_begun
from drctl.plans.undo import kept_warm
from drctl.plans.warming import AGAIN, RETRY
from drctl.ports import World
from tests.fakes import FakePositions, FakeRecords, FakeWorld, fake_world
from tests.spec.test_warm import READINGS, Keeper, read_before, require_exact

FORGED = "drctl plan=fake run=x epoch=99"
OTHER = TopicPartition("turbines.readings", 1)


@dataclass
class Trouble:
    """What goes wrong with groups' positions at a site; empty: nothing."""

    unread: dict[str, DrctlError] = field(default_factory=dict)
    unanswered: bool = False
    reads: int = 0


class TroubledPositions(FakePositions):
    """Reads fail for some groups; commits may take effect without an answer."""

    trouble: Trouble

    def committed(self, groups: Collection[str]) -> Mapping[str, Mapping[TopicPartition, Committed]]:
        self.trouble.reads += 1
        for group in groups:
            if group in self.trouble.unread:
                raise self.trouble.unread[group]
        return super().committed(groups)

    def commit_all(
        self, positions: Mapping[str, Mapping[TopicPartition, Committed]], permit: Callable[[], None]
    ) -> Mapping[str, DrctlError]:
        refused = super().commit_all(positions, permit)
        lost = Unreachable("south: no answer")
        return dict.fromkeys(positions, lost) if self.trouble.unanswered else refused


def troubled(earth: FakeWorld) -> tuple[Keeper, Trouble]:
    """A keeper that meets this trouble at the standby, and the trouble."""
    world, trouble = earth.ports(), Trouble()
    positions = TroubledPositions(earth.south, earth.effects)
    positions.trouble = trouble
    sites = {**world.sites, "south": replace(world.sites["south"], positions=positions)}
    return Keeper(earth, replace(world, sites=sites)), trouble


def at_rest() -> FakeWorld:
    earth = fake_world()
    earth.come_to_rest()
    for consumer in earth.consumers.values():
        consumer.running = False
    return earth


def reached(earth: FakeWorld, group: str = "dispatch", partition: TopicPartition = READINGS) -> int:
    """Records of the partition before the group's position at the standby."""
    return len(read_before(earth, "south", group, partition))


def state(keeper: Keeper, group: str = "dispatch") -> WarmthState:
    return keeper.warm.warmth[group].state


def test_one_clients_forged_stamp_concerns_its_group_only() -> None:
    earth = at_rest()
    earth.south.group("dispatch").committed[READINGS] = Committed(1, FORGED)
    keeper = Keeper(earth)
    keeper.keep(1)
    assert (state(keeper), state(keeper, "billing")) == (WarmthState.CONTESTED, WarmthState.PROVEN)
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
    assert state(keeper) is WarmthState.PROVEN
    require_exact(earth)


@pytest.mark.parametrize("forged", [FORGED.replace("99", "9" * 5000), FORGED + "\n", FORGED.replace("99", "٩")])
def test_what_drctl_never_writes_is_no_stamp_and_stops_nothing(forged: str) -> None:
    earth = at_rest()
    earth.south.group("dispatch").committed[READINGS] = Committed(1, forged)
    keeper = Keeper(earth)
    keeper.keep(1)
    assert state(keeper) is WarmthState.PROVEN


@pytest.mark.parametrize("error", [Forbidden("south: group dispatch"), Unreachable("south: dispatch's coordinator")])
def test_a_group_whose_positions_cannot_be_read_is_told_and_the_others_go_on(error: DrctlError) -> None:
    earth = at_rest()
    keeper, trouble = troubled(earth)
    trouble.unread["dispatch"] = error
    keeper.keep(1)
    assert (state(keeper), state(keeper, "billing")) == (WarmthState.FAILED, WarmthState.PROVEN)
    assert keeper.warm.warmth["dispatch"].why == str(error)
    trouble.unread.clear()
    keeper.keep(2 * AGAIN + 1)
    require_exact(earth)
    assert state(keeper) is WarmthState.PROVEN


def test_the_more_often_a_group_fails_the_less_often_it_is_tried() -> None:
    earth = at_rest()
    keeper, trouble = troubled(earth)
    keeper.keep(1)
    trouble.unread["dispatch"] = Forbidden("south: group dispatch")
    earth.north.groups["dispatch"].committed[READINGS] = Committed(2)
    keeper.keep(130)
    before = trouble.reads
    keeper.keep(120)
    assert trouble.reads - before <= 4


class OneUnreadable(FakeRecords):
    """One topic may not be read."""

    def identities_all(
        self, spans: Mapping[TopicPartition, tuple[int, int]]
    ) -> Mapping[TopicPartition, tuple[RecordId, ...]]:
        if any(partition.topic == "shop.orders" for partition in spans):
            raise Forbidden("south: topic shop.orders may not be read")
        return super().identities_all(spans)


def test_a_topic_that_may_not_be_read_stops_only_the_groups_that_read_it() -> None:
    earth = at_rest()
    for partition in [p for p in earth.north.groups["billing"].committed if p.topic == "shop.orders"]:
        del earth.north.groups["billing"].committed[partition]
    world = earth.ports()
    sites = {**world.sites, "south": replace(world.sites["south"], records=OneUnreadable(earth.south))}
    keeper = Keeper(earth, replace(world, sites=sites))
    keeper.keep(1)
    assert (state(keeper), state(keeper, "billing")) == (WarmthState.FAILED, WarmthState.PROVEN)


def test_a_silent_standby_is_no_groups_failure_and_is_not_asked_for_each_group() -> None:
    earth = at_rest()
    names = tuple(f"group-{number}" for number in range(1000))
    keeper, trouble = troubled(earth)
    (workload,) = earth.plan.workloads
    plan = replace(earth.plan, workloads=(replace(workload, groups=names),))
    keeper.world = replace(keeper.world, plan=plan)
    keeper = Keeper(earth, keeper.world)
    for name in names:
        earth.north.group(name).committed[READINGS] = Committed(4)
        trouble.unread[name] = Unreachable("south: no broker answers")

    keeper.look()
    assert trouble.reads == 3
    assert {each.state for each in keeper.warm.warmth.values()} == {WarmthState.FAILED}
    earth.south.down = True
    earth.clock.jump(timedelta(minutes=1))
    with pytest.raises(Unreachable, match="no broker answers"):
        keeper.look()


@pytest.mark.parametrize("own", ["", "their own"])
def test_a_commit_that_took_effect_without_an_answer_is_ours(own: str) -> None:
    earth = at_rest()
    earth.north.groups["dispatch"].committed[READINGS] = Committed(3, own)
    keeper, trouble = troubled(earth)
    keeper.keep(1)
    trouble.unanswered = True
    earth.north.groups["dispatch"].committed[READINGS] = Committed(5, own)
    keeper.keep(0.2)
    assert state(keeper) is WarmthState.FAILED
    assert reached(earth) == 5
    trouble.unanswered = False
    earth.north.groups["dispatch"].committed[READINGS] = Committed(2, own)
    keeper.keep(2 * AGAIN + 1)
    assert (state(keeper), reached(earth)) == (WarmthState.PROVEN, 2)


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
    assert (state(keeper), reached(earth)) == (WarmthState.PROVEN, 2)


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
    assert (state(older), reached(earth)) == (WarmthState.PROVEN, 7)


def test_a_group_that_expired_at_the_standby_is_brought_there_again() -> None:
    earth = at_rest()
    keeper = Keeper(earth)
    keeper.keep(1)
    del earth.south.groups["dispatch"]
    earth.north.groups["dispatch"].committed[READINGS] = Committed(5)
    keeper.keep(1)
    assert (state(keeper), reached(earth)) == (WarmthState.PROVEN, 5)


def test_a_foreign_position_ahead_is_not_pushed_back_however_long_the_group_is_known() -> None:
    earth = at_rest()
    here = earth.north.groups["dispatch"].committed
    later = here.pop(OTHER)
    ahead = Committed(later.offset + 5)
    earth.south.group("dispatch").committed[OTHER] = ahead
    keeper = Keeper(earth)
    keeper.keep(1)
    assert state(keeper) is WarmthState.PROVEN
    here[OTHER] = Committed(1)
    keeper.keep(1)
    assert (state(keeper), earth.south.groups["dispatch"].committed[OTHER]) == (WarmthState.USED, ahead)


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
    assert state(keeper) is WarmthState.REFUSED
    here[OTHER] = Committed(6)
    keeper.keep(1)
    assert (state(keeper), earth.south.groups["dispatch"].committed[OTHER]) == (WarmthState.USED, ahead)


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
    _, kept = kept_warm(earth.ports(), "south", ())
    assert kept["dispatch"].before == {OTHER: Committed(1)}


def test_a_group_that_somebody_uses_adds_nothing_to_the_journal_however_long_it_lasts() -> None:
    earth = at_rest()
    keeper = Keeper(earth)
    keeper.keep(1)
    earth.south.groups["dispatch"].committed[READINGS] = Committed(1)
    earth.north.groups["dispatch"].committed[READINGS] = Committed(2)
    before = len(earth.journal.lines())
    keeper.keep(5 * RETRY)
    assert state(keeper) is WarmthState.USED
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
    assert [run.id for run, _ in earth.journal.runs()] == ["warm-0-south"]


def _world(earth: FakeWorld) -> World:
    return earth.ports()
