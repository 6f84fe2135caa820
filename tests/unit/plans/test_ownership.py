"""Whose a position at the standby is: the example that stands at the top of the module."""

import pytest

from drctl.model.offsets import Committed, TopicPartition
from drctl.plans.ownership import Ownership

ORDERS = TopicPartition("orders", 0)
LEFT, NEXT = Committed(131), Committed(140)


def _used(left: Committed | None, found: Committed, wanted: Committed = NEXT) -> bool:
    own = Ownership("plant", 3, {})
    own.settled("billing", {ORDERS: left} if left else {})
    return own.used("billing", {ORDERS: found}, {ORDERS: wanted})


@pytest.mark.parametrize(
    ("left", "found", "used"),
    [
        (LEFT, LEFT, False),
        (LEFT, Committed(133), True),
        (None, Committed(133), False),
        (None, Committed(140), False),
        (None, Committed(150), True),
        (LEFT, Committed(150), True),
    ],
)
def test_nothing_is_committed_back_over_somebodys_position(
    left: Committed | None, found: Committed, used: bool
) -> None:
    assert _used(left, found) is used


def test_another_service_of_the_same_plan_file_is_known_by_the_groups_own_metadata() -> None:
    assert not _used(LEFT, Committed(133, metadata="shop"), Committed(140, metadata="shop"))
    assert _used(LEFT, Committed(133, metadata="mine"), Committed(140, metadata="shop"))
