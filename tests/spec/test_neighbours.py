"""One group, record or transaction that nobody planned for: it alone is named, before anybody is stopped."""

from collections.abc import Callable

import pytest

from drctl.errors import Blocked, PositionsPending, RolledBack
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import RunState
from drctl.model.translation import Exact, Unproven, UnprovenReason
from drctl.monitors import observe, status
from drctl.plans.position_gate import judge_positions
from drctl.plans.positions import translate_groups
from tests.fakes import FakeWorld, fake_world
from tests.fakes.site import Entry
from tests.spec.harness import require_nothing_lost_or_repeated, require_served_by, switch

READINGS = TopicPartition("turbines.readings", 0)
FRONTIER, POSITIONS = 37, 43


def resting() -> FakeWorld:
    earth = fake_world()
    earth.come_to_rest()
    return earth


def require_untouched(earth: FakeWorld, error: Blocked) -> None:
    """Nobody was stopped: the gate said no before the epoch was raised."""
    assert error.exit_code in (FRONTIER, POSITIONS)
    assert earth.epochs.current() == 0
    assert not [name for name in earth.effects.names if name.startswith(("deny", "commit", "routing"))]
    require_served_by(earth, "north")


def blocked_at_the_gate(earth: FakeWorld, *, accept_repeats: bool = False) -> Blocked:
    earth.effects.names.clear()
    with pytest.raises(Blocked) as caught:
        switch(earth.ports(), accept_repeats=accept_repeats)
    require_untouched(earth, caught.value)
    facts = observe(earth.ports(), "north", "south")
    judged = judge_positions(earth.ports(), facts, accept_repeats=accept_repeats)
    found = [f"{each.detail} ({each.remedy})" for each in judged.reasons]
    assert found
    assert list(caught.value.reasons)[-len(found) :] == found
    return caught.value


def _beyond_the_log(earth: FakeWorld) -> None:
    earth.north.group("billing").committed[READINGS] = Committed(10_000)


def _before_the_log(earth: FakeWorld) -> None:
    earth.north.logs[READINGS].start = 20
    earth.north.group("billing").committed[READINGS] = Committed(5)


def _only_at_the_target(earth: FakeWorld) -> None:
    del earth.north.group("billing").committed[READINGS]
    earth.south.group("billing").committed[READINGS] = Committed(1)


def _other_records(earth: FakeWorld) -> None:
    for entry in earth.south.logs[READINGS].entries:
        entry.payload = entry.payload and entry.payload + b" altered"


def _unreadable(earth: FakeWorld) -> None:
    for entry in earth.north.logs[READINGS].entries:
        entry.unreadable = entry.payload is not None


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (_beyond_the_log, UnprovenReason.BEYOND_LOG_END),
        (_before_the_log, UnprovenReason.BEFORE_LOG_START),
        (_only_at_the_target, UnprovenReason.STALE_AT_TARGET),
        (_other_records, UnprovenReason.DIFFERENT_RECORDS),
        (_unreadable, UnprovenReason.UNREADABLE_RECORD),
    ],
)
def test_what_no_waiting_makes_better_stands_in_the_way_before_the_fence(
    harm: Callable[[FakeWorld], None], why: UnprovenReason
) -> None:
    earth = resting()
    for consumer in earth.consumers.values():
        consumer.running = False
    harm(earth)
    error = blocked_at_the_gate(earth)
    of_groups = [each for each in error.reasons if each.startswith(("billing", "dispatch"))]
    assert of_groups
    assert all(why in each for each in of_groups)
    answers = translate_groups(earth.ports(), "north", "south", ("billing", "dispatch"))
    others = [a for found in answers.values() for p, a in found.items() if p != READINGS]
    assert others
    assert all(isinstance(answer, Exact) for answer in others)


def test_what_is_not_copied_yet_stands_in_nobodys_way() -> None:
    earth = fake_world()
    assert switch(earth.ports()).state is RunState.DONE
    require_nothing_lost_or_repeated(earth, "south")


def test_what_is_seen_to_be_well_a_moment_later_stands_in_nobodys_way() -> None:
    earth = resting()
    altered = earth.clock.monotonic() + 3
    entries = earth.south.logs[READINGS].entries
    as_it_was = [entry.payload for entry in entries]
    _other_records(earth)

    def mend() -> None:
        if earth.clock.monotonic() >= altered:
            for entry, payload in zip(entries, as_it_was, strict=False):
                entry.payload = payload

    earth.clock.actors.append(mend)
    assert switch(earth.ports()).state is RunState.DONE


def test_a_log_that_cannot_be_read_to_its_end_proves_nothing() -> None:
    earth = resting()
    for consumer in earth.consumers.values():
        consumer.running = False
    earth.south.logs[READINGS].readable = 3
    error = blocked_at_the_gate(earth)
    assert any("turbines.readings-0 ends at 3" in each for each in error.reasons)


def test_records_without_a_timestamp_are_moved_like_others() -> None:
    earth = fake_world()
    place = TopicPartition("turbines.readings", 1)
    for _ in range(20):
        earth.north.append(place, Entry(b"without time", untimed=True), "User:turbines")
    earth.producers[0].acknowledged[place] = earth.north.payloads(place)
    earth.come_to_rest()
    assert switch(earth.ports()).state is RunState.DONE
    assert earth.south.payloads(place) == earth.north.payloads(place)
    answers = translate_groups(earth.ports(), "south", "north", ("billing",))["billing"]
    assert isinstance(answers[place], Exact)


def test_a_group_whose_transaction_stays_open_is_named_and_the_others_are_translated() -> None:
    earth = resting()
    earth.north.pending = {"billing": {READINGS}}
    answers = translate_groups(earth.ports(), "north", "south", ("billing", "dispatch"))
    undecided = {(g, p) for g, found in answers.items() for p, a in found.items() if not isinstance(a, Exact)}
    assert undecided == {("billing", READINGS)}
    assert answers["billing"][READINGS] == Unproven(READINGS, -1, UnprovenReason.UNDECIDED, "at north")
    error = blocked_at_the_gate(earth)
    (reason,) = error.reasons
    assert "billing: a transaction in which the group commits is open" in reason
    assert "do not stop the producer" in reason


def test_a_group_of_which_nothing_is_decided_yet_is_undecided_everywhere_and_has_nothing_stale() -> None:
    earth = resting()
    earth.south.group("billing").committed[READINGS] = Committed(1)
    del earth.north.groups["billing"]
    everywhere = {p for p in earth.north.logs if p.topic != "canary"}
    earth.north.pending = {"billing": everywhere}
    answers = translate_groups(earth.ports(), "north", "south", ("billing", "dispatch"))
    assert {a.why for a in answers["billing"].values() if isinstance(a, Unproven)} == {UnprovenReason.UNDECIDED}
    assert answers["billing"].keys() == everywhere


def ended_after(earth: FakeWorld, group: str, seconds: float) -> None:
    """A transaction of the group's own is open for that long from now on."""
    until = earth.clock.monotonic() + seconds
    earth.north.pending[group] = {READINGS}

    def end() -> None:
        if earth.clock.monotonic() >= until:
            earth.north.pending.pop(group, None)

    earth.clock.actors.append(end)


def test_an_ordinary_transaction_is_waited_for() -> None:
    earth = fake_world()
    ended_after(earth, "billing", 2)
    assert switch(earth.ports()).state is RunState.DONE
    require_nothing_lost_or_repeated(earth, "south")


def test_a_transaction_that_opens_behind_the_fence_is_waited_for_until_its_coordinator_ends_it() -> None:
    earth = fake_world()

    def begin(effect: str) -> None:
        if effect == "routing to None":
            ended_after(earth, "billing", 14)
            earth.effects.watchers.remove(begin)

    earth.effects.watchers.append(begin)
    assert switch(earth.ports()).state is RunState.DONE
    require_nothing_lost_or_repeated(earth, "south")


def test_a_transaction_behind_the_fence_that_outlives_the_deadline_is_named_and_rolled_back() -> None:
    earth = fake_world()

    def begin(effect: str) -> None:
        if effect == "routing to None":
            ended_after(earth, "billing", 900)

    earth.effects.watchers.append(begin)
    with pytest.raises(RolledBack, match="transactions") as caught:
        switch(earth.ports())
    assert "billing" in str(caught.value)
    require_served_by(earth, "north")


def test_status_knows_the_lag_of_the_others() -> None:
    earth = resting()
    earth.north.pending = {"billing": {READINGS}}
    seen = status(earth.ports())
    (north,) = (site for site in seen.sites if site.facts.name == "north")
    assert north.group_lag.known
    assert (north.group_lag.value or {}).keys() == {"dispatch"}


def test_the_pending_error_tells_all_that_is_decided() -> None:
    earth = resting()
    earth.north.pending = {"billing": {READINGS}}
    with pytest.raises(PositionsPending) as caught:
        earth.ports().sites["north"].positions.committed(("billing", "dispatch"))
    assert READINGS not in caught.value.found["billing"]
    assert caught.value.found["dispatch"] == earth.north.groups["dispatch"].committed
