"""When killed pods prove something."""

from dataclasses import replace

import pytest

from drctl.drills.pod_kills import Campaign, Kills, chosen, judged
from drctl.drills.timeline import Histories
from drctl.ledger.events import Event
from tests.unit.drills.taken import keyed, left
from tests.unit.lab.work import END, FAULT, everything, seen, without

KILLS = Kills(times=4, same=4, began=FAULT[0], ended=FAULT[1], back=(1.0,) * 4)


def told(histories: Histories, kills: Kills = KILLS, *, found: list[Event] | None = None) -> Campaign:
    return judged(histories, seen() if found is None else found, kills, complete=True)


def test_pods_that_came_back_to_their_volumes_with_every_record_prove_it() -> None:
    result = told(everything())
    assert result.proved, result.reasons


@pytest.mark.parametrize(
    "changes", [{"times": 0, "same": 0}, {"same": 3}, {"ended": FAULT[0]}, {"began": 0.0}, {"ended": END}], ids=repr
)
def test_without_a_kill_a_volume_or_work_around_it_nothing_is_proved(changes: dict[str, float]) -> None:
    assert not told(everything(), replace(KILLS, **changes)).proved  # type: ignore[arg-type]


@pytest.mark.parametrize("client", sorted(everything().lines))
def test_without_a_client_nothing_is_proved(client: str) -> None:
    assert not told(without(client)).proved


def test_a_group_that_passed_over_a_superseded_record_which_is_there_has_skipped_it() -> None:
    work = keyed(everything(), "shop.prices", 9)
    assert told(work).proved
    passed = left(work, (), {(3, "shop.prices", 0, 5)}, {"consumer-pricing"})
    assert told(passed).reasons[0].startswith("group pricing skipped 1, first: shop.prices-0 producer 3 sequence 5")


def test_nothing_that_happened_proves_nothing_and_is_no_error() -> None:
    assert not told(Histories(), found=[]).proved


def test_kinds_take_turns_and_a_seed_chooses_the_same_again() -> None:
    first = list(chosen(("a", "b"), 6, 3))
    assert [kind for _, kind, _ in first] == ["kill-pod", "kill-inside"] * 3
    assert {pod for _, _, pod in first} == {"a", "b"}
    assert list(chosen(("a", "b"), 6, 3)) == first != list(chosen(("a", "b"), 6, 4))
