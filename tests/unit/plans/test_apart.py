"""Asking about many things, each by itself where not all can be told."""

from collections.abc import Mapping, Sequence

import pytest

from drctl.errors import DrctlError, Forbidden, NotFound, Unreachable
from drctl.plans.apart import apart


class Asked:
    """Doubles numbers; raises what is given for some of them, and counts."""

    def __init__(self, failing: Mapping[int, DrctlError]) -> None:
        self.failing, self.times = failing, 0

    def __call__(self, numbers: Sequence[int]) -> Mapping[int, int]:
        self.times += 1
        for number in numbers:
            if number in self.failing:
                raise self.failing[number]
        return {number: 2 * number for number in numbers}


def test_nothing_is_asked_about_nothing() -> None:
    asked = Asked({})
    assert apart(asked, ()) == ({}, {})
    assert asked.times == 0


@pytest.mark.parametrize("failing", [(), (0,), (7,), (3, 4), (0, 1, 2, 3, 4, 5, 6, 7)])
def test_each_that_can_be_told_is_and_each_that_cannot_has_its_own_reason(failing: tuple[int, ...]) -> None:
    errors = {number: Forbidden(f"number {number}") for number in failing}
    found, failed = apart(Asked(errors), range(8))
    assert found == {number: 2 * number for number in range(8) if number not in failing}
    assert failed == errors


@pytest.mark.parametrize("failing", [(0, 7), (3, 4), (1, 3, 5, 7)])
def test_what_is_denied_in_both_halves_in_the_same_words_takes_nothing_else_with_it(failing: tuple[int, ...]) -> None:
    errors = dict.fromkeys(failing, Forbidden("topic shop.orders may not be read"))
    found, failed = apart(Asked(errors), range(8))
    assert found == {number: 2 * number for number in range(8) if number not in failing}
    assert failed == errors


@pytest.mark.parametrize("error", [Unreachable("no answer"), NotFound("no topic of offset syncs")])
def test_what_fails_for_all_alike_is_not_asked_for_each(error: DrctlError) -> None:
    asked = Asked(dict.fromkeys(range(1000), error))
    found, failed = apart(asked, range(1000))
    assert (found, failed) == ({}, dict.fromkeys(range(1000), error))
    assert asked.times == 3


def test_one_that_fails_among_many_costs_few_questions() -> None:
    asked = Asked({612: Forbidden("number 612")})
    found, failed = apart(asked, range(1000))
    assert (len(found), list(failed)) == (999, [612])
    assert asked.times <= 22
