"""Plans and scenes."""

import pytest

from drctl.errors import ConfigInvalid
from drctl.plans.plan import Plan
from drctl.plans.steps.fence_writes import FenceWrites
from drctl.plans.steps.open_target import OpenTarget
from drctl.plans.switchover import ordered

ORDER = [
    "check-gates",
    "raise-epoch",
    "fence-standby",
    "prepare-capacity",
    "place-sinks",
    "prove-ahead",
    "fence-writes",
    "settle-transactions",
    "fence-transactions",
    "prove-fence",
    "drain-link",
    "stop-sinks",
    "scale-down-source",
    "close-consumers",
    "hand-over-positions",
    "stop-link",
    "record-handover-point",
    "confirm-source",
    "open-target",
    "point-clients-over",
    "scale-up-target",
    "start-sinks",
    "turn-link-around",
    "watch-first-commits",
]


def test_a_switchover_takes_its_steps_in_this_order() -> None:
    plan = ordered("north", "south", observe=lambda *_: None)  # type: ignore[arg-type]
    assert [step.name for step in plan.steps] == ORDER
    assert plan.point_of_no_return == "open-target"
    assert [step.name for step in plan.way_back] == [
        "reopen-source",
        "point-clients-back",
        "restore-positions",
        "resume-sinks",
        "scale-back-source",
        "resume-link",
    ]


def test_one_can_turn_back_until_the_target_is_open() -> None:
    plan = ordered("north", "south", observe=lambda *_: None)  # type: ignore[arg-type]
    assert [name for name in ORDER if plan.can_turn_back_after(name)] == ORDER[: ORDER.index("open-target")]


def test_a_plan_with_two_steps_of_one_name_is_none() -> None:
    with pytest.raises(ConfigInvalid, match="not unique"):
        Plan("x", "a", "b", (FenceWrites(), FenceWrites(), OpenTarget()), "open-target", ())


def test_a_plan_whose_point_of_no_return_is_no_step_is_none() -> None:
    with pytest.raises(ConfigInvalid, match="point of no return"):
        Plan("x", "a", "b", (FenceWrites(),), "open-target", ())
