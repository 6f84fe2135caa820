"""The bound that faults without a loss give, against the chance that it leaves open."""

import pytest

from drctl.ledger.bound import bound_in_words, loss_bound


@pytest.mark.parametrize("faults", [1, 2, 14, 30, 1000])
def test_a_chance_at_the_bound_shows_no_loss_in_five_of_a_hundred_series(faults: int) -> None:
    assert (1 - loss_bound(faults)) ** faults == pytest.approx(0.05)


def test_the_rule_of_three_holds_from_thirty_faults_on_and_is_never_below_the_bound() -> None:
    assert all(loss_bound(n) < 3 / n for n in range(1, 2000))
    assert all(loss_bound(n) == pytest.approx(3 / n, rel=0.06) for n in range(30, 2000))


def test_no_fault_bounds_nothing() -> None:
    assert loss_bound(0) == 1
    assert "nothing is known" in bound_in_words(0)


def test_the_bound_is_said_with_its_number_and_the_rule() -> None:
    assert bound_in_words(100) == (
        "100 faults without a loss: with 95 % confidence fewer than 3.0% of such faults lose a record (3/n = 3.0%)"
    )
    assert bound_in_words(1).startswith("1 fault without")
