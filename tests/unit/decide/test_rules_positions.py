"""Which positions stand in the way before anything is changed."""

import pytest

from drctl.decide.rules import GateCategory, Rule
from drctl.decide.rules_positions import IN_TIME, open_places, position_blockers
from drctl.model.offsets import TopicPartition
from drctl.model.translation import Exact, Proof, Translation, Unproven, UnprovenReason

ORDERS = TopicPartition("orders", 0)


type Answers = dict[str, dict[TopicPartition, Translation]]


def answer(why: UnprovenReason, conservative: int | None = None, *, waits: bool = False) -> Unproven:
    return Unproven(ORDERS, 10, why, "seen", conservative, None if conservative is None else 3, unsettled=waits)


@pytest.mark.parametrize("why", sorted(set(UnprovenReason) - IN_TIME))
def test_whatever_waiting_for_the_link_does_not_change_is_a_reason_to_wait(why: UnprovenReason) -> None:
    (found,) = position_blockers({"billing": {ORDERS: answer(why)}}, accept_repeats=False)
    assert (found.rule, found.concern) == (Rule.POSITION_UNPROVEN, GateCategory.POSITIONS)
    assert f"billing: {why}: orders-0" in found.detail
    assert found.remedy


@pytest.mark.parametrize("why", sorted(IN_TIME))
@pytest.mark.parametrize("early", [None, 4])
def test_what_time_may_end_is_none(early: int | None, why: UnprovenReason) -> None:
    proven = Exact(ORDERS, 10, 12, Proof.COUNTED, 3)
    waits = answer(why, early)
    answers: dict[str, dict[TopicPartition, Translation]] = {
        "billing": {ORDERS: waits},
        "dispatch": {ORDERS: proven},
        "shop": {},
    }
    assert not list(position_blockers(answers, accept_repeats=False))


@pytest.mark.parametrize("why", [UnprovenReason.NOT_COPIED, UnprovenReason.COPY_UNCERTAIN])
def test_what_waits_for_the_copy_is_none_wherever_it_is(why: UnprovenReason) -> None:
    answers: Answers = {"billing": {ORDERS: answer(why)}}
    assert not open_places(answers, accept_repeats=False)
    assert not list(position_blockers(answers, accept_repeats=False, still={("billing", ORDERS)}))


@pytest.mark.parametrize(
    ("refused", "remedy"),
    [
        (answer(UnprovenReason.NO_SYNC, waits=True), "restart the source connector"),
        (answer(UnprovenReason.DIFFERENT_RECORDS, waits=True), "restart the source connector"),
        (answer(UnprovenReason.COMPACTED_APART), "the log cleaner"),
    ],
)
def test_what_time_may_end_is_a_reason_where_nothing_moves(refused: Unproven, remedy: str) -> None:
    answers: Answers = {"billing": {ORDERS: refused}}
    assert open_places(answers, accept_repeats=False) == {("billing", ORDERS): refused}
    assert not list(position_blockers(answers, accept_repeats=False, still={("dispatch", ORDERS)}))
    (found,) = position_blockers(answers, accept_repeats=False, still={("billing", ORDERS)})
    assert found.detail.startswith("billing")
    assert remedy in found.remedy


def test_what_repeats_are_accepted_for_is_not_waited_for() -> None:
    answers: Answers = {"billing": {ORDERS: answer(UnprovenReason.NO_SYNC, 4, waits=True)}}
    assert not open_places(answers, accept_repeats=True)
    assert not list(position_blockers(answers, accept_repeats=True, still={("billing", ORDERS)}))


def test_accepted_repeats_take_an_earlier_position_where_there_is_one() -> None:
    known, unknown = answer(UnprovenReason.DIFFERENT_RECORDS, 4), answer(UnprovenReason.DIFFERENT_RECORDS)
    (found,) = position_blockers({"billing": {ORDERS: known}}, accept_repeats=False)
    assert "--accept-repeats" in found.remedy
    assert not list(position_blockers({"billing": {ORDERS: known}}, accept_repeats=True))
    (found,) = position_blockers({"billing": {ORDERS: unknown}}, accept_repeats=True)
    assert "--accept-repeats" not in found.remedy


def test_each_group_and_reason_is_named_once_with_its_places() -> None:
    many = {
        TopicPartition("orders", n): Unproven(TopicPartition("orders", n), 1, UnprovenReason.NO_PARTITION)
        for n in range(7)
    }
    (first, second) = position_blockers(
        {"b": {ORDERS: answer(UnprovenReason.UNDECIDED)}, "a": many}, accept_repeats=False
    )
    assert "orders-4 at 1 and 2 more partitions" in first.detail
    assert "orders-0 (seen)" in second.detail
    assert "do not stop the producer" in second.remedy


def test_as_many_places_as_are_named_leave_no_others() -> None:
    five = {
        TopicPartition("orders", n): Unproven(TopicPartition("orders", n), 1, UnprovenReason.NO_PARTITION)
        for n in range(5)
    }
    (found,) = position_blockers({"a": five}, accept_repeats=False)
    assert found.detail.endswith("orders-4 at 1")
