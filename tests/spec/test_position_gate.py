"""What passes by waiting holds up no switchover: only what cannot get better stands in the way before the fence."""

from itertools import pairwise

import pytest

from drctl.decide.rules import Rule
from drctl.errors import Blocked
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import RunState
from drctl.model.translation import Unproven, UnprovenReason
from drctl.monitors import observe
from drctl.plans import runner, switchover
from drctl.plans.position_gate import PATIENCE, JudgedPositions, judge_positions, once_nothing_helps
from drctl.plans.positions import Answers, translate_groups
from drctl.plans.runner import Progress
from drctl.plans.steps.hand_over_positions import HandOverPositions
from tests.fakes import FakeWorld, fake_world
from tests.spec.harness import killed_at, require_nothing_lost_or_repeated, switch

ORDERS = TopicPartition("shop.orders", 0)
NEVER = 1e6


def compacted(held_back: float) -> FakeWorld:
    """A healthy world whose producer leaves a marker behind every transaction, and whose last sync comes late.

    Behind the newest sync nothing can be told there by counting.
    """
    earth = fake_world()
    for site in earth.sites.values():
        site.topic_config["shop.orders"] = {"cleanup.policy": "compact"}
    earth.come_to_rest()
    earth.mirrors["north", "south"].held_back = held_back
    return earth


def order(earth: FakeWorld) -> None:
    """Three transactions of a record each, copied and read, but with no sync behind them yet."""
    for number in range(3):
        transaction = earth.north.begin("User:shop")
        payload = b"late %d" % number
        transaction.write(ORDERS, payload)
        transaction.commit()
        earth.producers[1].acknowledged[ORDERS].append(payload)
        earth.settle(0.4)
    for _ in range(20):
        if why(earth) == {UnprovenReason.COMPACTED_APART}:
            return
        earth.settle(0.1)
    raise AssertionError(why(earth))


def why(earth: FakeWorld) -> set[UnprovenReason]:
    found = translate_groups(earth.ports(), "north", "south", ("billing", "dispatch"))
    return {a.why for answers in found.values() for a in answers.values() if isinstance(a, Unproven)}


def judged(earth: FakeWorld, *, accept_repeats: bool = False) -> JudgedPositions:
    world = earth.ports()
    return judge_positions(world, observe(world, "north", "south"), accept_repeats=accept_repeats)


def test_a_sync_that_is_not_written_yet_is_waited_for() -> None:
    earth = compacted(held_back=4)
    order(earth)
    shown = list[tuple[str, str]]()
    plan = switchover.plan(earth.ports(), "north", "south", observe=observe)
    assert runner.run(plan, earth.ports(), lambda p: shown.append((p.step, p.detail))).state is RunState.DONE
    require_nothing_lost_or_repeated(earth, "south")
    assert any(step == "check-gates" and "shop.orders-0" in message for step, message in shown), "who waits is told"


def test_without_exactly_once_a_sync_may_take_as_long_as_the_workers_offset_commit() -> None:
    earth = compacted(held_back=60)
    earth.mirrors["north", "south"].config["exactly.once.support"] = "disabled"
    order(earth)
    began = earth.clock.monotonic()
    assert judged(earth).reasons == ()
    assert earth.clock.monotonic() - began > 5 * PATIENCE


def test_behind_the_fence_a_sync_that_is_not_written_yet_is_waited_for() -> None:
    earth = compacted(held_back=NEVER)
    mirror = earth.mirrors["north", "south"]
    mirror.spacing = 10**6
    earth.producers[1].running = True
    earth.settle(1)
    found = list[set[UnprovenReason]]()

    def announced(progress: Progress) -> None:
        if progress.step == HandOverPositions.name and not found:
            found.append(why(earth))
            due = earth.clock.monotonic() + 3
            mirror.late = {partition: (due, sync) for partition, (_, sync) in mirror.late.items()}

    world = earth.ports()
    plan = switchover.plan(world, "north", "south", observe=observe)
    assert runner.run(plan, world, announced).state is RunState.DONE
    assert found == [{UnprovenReason.COMPACTED_APART}]
    require_nothing_lost_or_repeated(earth, "south")


def test_where_nothing_moves_no_sync_comes_and_that_is_known_before_the_fence() -> None:
    earth = compacted(held_back=NEVER)
    order(earth)
    with pytest.raises(Blocked) as caught:
        switch(earth.ports())
    assert caught.value.exit_code == 43
    assert all("shop.orders-0" in each and "restart the source connector" in each for each in caught.value.reasons)
    assert earth.epochs.current() == 0
    assert judged(earth, accept_repeats=True).reasons == ()


def test_under_load_what_lies_behind_the_newest_sync_stands_in_nobodys_way() -> None:
    earth = compacted(held_back=NEVER)
    earth.mirrors["north", "south"].spacing = 10**6
    order(earth)
    earth.producers[1].running = True
    for _ in range(5):
        assert judged(earth).reasons == ()
        earth.settle(0.7)


def test_what_moves_while_positions_are_asked_for_is_seen_by_the_first_answer() -> None:
    earth = compacted(held_back=NEVER)
    earth.mirrors["north", "south"].spacing = 10**6
    order(earth)
    world, asked = earth.ports(), list[Answers]()
    earth.producers[1].running = True

    def ask() -> Answers:
        earth.settle(1)  # it takes a second, in which others work
        asked.append(translate_groups(world, "north", "south", ("billing", "dispatch")))
        earth.mirrors["north", "south"].worker_down = True  # where all moves, nobody asks it what it has copied
        return asked[-1]

    found = once_nothing_helps(world, "north", "south", ask, accept_repeats=False)
    assert any(isinstance(each, Unproven) and each.unsettled for each in asked[0]["dispatch"].values())
    assert (found, len(asked)) == ((asked[0], ()), 1)


def test_a_record_that_is_not_copied_yet_may_still_bring_the_sync() -> None:
    earth = compacted(held_back=NEVER)
    order(earth)
    earth.mirrors["north", "south"].holds = True
    earth.north.write(ORDERS, b"one more", "User:shop")
    before = earth.clock.monotonic()
    assert judged(earth).reasons == ()
    assert earth.clock.monotonic() - before < PATIENCE


@pytest.mark.parametrize(("seconds", "found"), [(3.0, set[Rule]()), (600.0, {Rule.POSITIONS_UNKNOWN})])
def test_a_log_that_is_readable_again_in_a_moment_is_asked_again(seconds: float, found: set[Rule]) -> None:
    earth = fake_world()
    earth.come_to_rest()
    log, until = earth.south.logs[ORDERS], earth.clock.monotonic() + seconds
    log.readable = 3

    def mend() -> None:
        if earth.clock.monotonic() >= until:
            log.readable = None

    earth.clock.actors.append(mend)
    assert {each.rule for each in judged(earth).reasons} == found


def test_where_the_gates_lack_more_than_positions_nothing_is_asked_of_them() -> None:
    earth = fake_world()
    earth.mirrors["north", "south"].topic_missing = "create it"
    found = judged(earth)
    assert (found.answers, found.reasons) == (None, ())
    assert found.unknown


def test_positions_under_load_are_judged_without_waiting() -> None:
    """Groups that lag, records that were just written and copies under way, look by look."""
    earth = fake_world()
    for _ in range(40):
        found = judged(earth)
        assert found.reasons == ()
        assert not found.waited
        earth.settle(0.3)


def compacted_apart_between_syncs(earth: FakeWorld) -> None:
    """The source's cleaner has run, the target's has not; billing stands between two syncs, in what differs."""
    mirror = earth.mirrors["north", "south"]
    mirror.holds = True
    for number in range(20):
        earth.north.write(ORDERS, b"order %d" % number, "User:shop")
    mirror.holds = False
    earth.settle(3)
    syncs, entries = mirror.syncs[ORDERS], earth.north.logs[ORDERS].entries
    low, high = next(two for two in pairwise(syncs) if two[1].upstream - two[0].upstream > 4)
    inside = [n for n in range(low.upstream + 1, high.upstream) if entries[n].payload is not None]
    for n in inside[1:-1]:
        entries[n].payload = None
    earth.north.group("billing").committed[ORDERS] = Committed(inside[len(inside) // 2])
    assert why(earth) == {UnprovenReason.COMPACTED_APART}


def test_between_two_syncs_a_group_that_rests_is_named_before_the_fence() -> None:
    earth = compacted(held_back=0)
    for consumer in earth.consumers.values():
        consumer.running = False
    compacted_apart_between_syncs(earth)
    (reason,) = judged(earth).reasons
    assert reason.detail.startswith("billing")
    assert "log cleaner" in reason.remedy


def test_between_two_syncs_a_group_that_reads_on_stands_in_nobodys_way() -> None:
    earth = compacted(held_back=0)
    compacted_apart_between_syncs(earth)
    assert earth.north.group("billing").members
    assert judged(earth).reasons == ()


@pytest.mark.parametrize("routed", ["north", None])
def test_positions_are_not_judged_against_the_way_that_clients_are_sent(routed: str | None) -> None:
    """Those that are in use would be called left over, and to be deleted."""
    earth = fake_world()
    earth.routing.route_to(routed)
    world = earth.ports()
    found = judge_positions(world, observe(world, "south", "north"), accept_repeats=False)
    assert (found.answers, found.reasons) == (None, ())
    assert "clients are not sent to south" in found.unknown


def test_positions_of_a_move_that_was_cut_off_are_judged_though_clients_are_sent_nowhere() -> None:
    earth = fake_world()
    with killed_at(earth, "stop link to south"):
        switch(earth.ports())
    assert earth.routing.site() is None
    assert judged(earth).answers is not None
