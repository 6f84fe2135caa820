"""Plans and contexts."""

import ast
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from importlib import import_module
from typing import cast

import pytest

from drctl.errors import ConfigInvalid
from drctl.plans import steps as package
from drctl.plans.plan import Plan, Step
from drctl.plans.steps.fence_writes import FenceWrites
from drctl.plans.steps.unfence_target import UnfenceTarget
from drctl.plans.switchover import ordered

ORDER = [
    "check-gates",
    "raise-epoch",
    "fence-standby",
    "prepare-capacity",
    "place-sinks",
    "prove-ahead",
    "stop-checkpoints",
    "fence-writes",
    "await-open-transactions",
    "fence-transactions",
    "close-client-routing",
    "prove-fence",
    "drain-link",
    "ask-link-to-stop",
    "stop-sinks",
    "scale-down-source",
    "drain-consumers",
    "hand-over-positions",
    "stop-link",
    "record-handover-point",
    "check-source-unmoved",
    "unfence-target",
    "route-clients-to-target",
    "restart-clients",
    "scale-up-target",
    "start-sinks",
    "reverse-replication",
    "watch-first-commits",
]


def test_a_switchover_takes_its_steps_in_this_order() -> None:
    plan = ordered("north", "south", observe=lambda *_: None)  # type: ignore[arg-type]
    assert [step.name for step in plan.steps] == ORDER
    assert plan.point_of_no_return == "unfence-target"
    assert [step.name for step in plan.rollback] == [
        "unfence-source",
        "route-clients-to-source",
        "restore-positions",
        "resume-sinks",
        "scale-back-source",
        "resume-link",
    ]


def test_one_can_roll_back_until_the_target_is_open() -> None:
    plan = ordered("north", "south", observe=lambda *_: None)  # type: ignore[arg-type]
    assert [name for name in ORDER if plan.can_roll_back_after(name)] == ORDER[: ORDER.index("unfence-target")]


def test_a_plan_with_two_steps_of_one_name_is_none() -> None:
    with pytest.raises(ConfigInvalid, match="not unique"):
        Plan("x", "a", "b", (FenceWrites(), FenceWrites(), UnfenceTarget()), "unfence-target", ())


def test_a_plan_whose_point_of_no_return_is_no_step_is_none() -> None:
    with pytest.raises(ConfigInvalid, match="point of no return"):
        Plan("x", "a", "b", (FenceWrites(),), "unfence-target", ())


def _steps() -> Iterator[type[Step]]:
    for module in pkgutil.iter_modules(package.__path__):
        for each in vars(import_module(f"{package.__name__}.{module.name}")).values():
            if inspect.isclass(each) and Step in each.__mro__[1:]:
                yield cast("type[Step]", each)


def _objects(function: object) -> list[str]:
    """What in that function raises of its own: raise, and calls of what refuses or requires."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))  # type: ignore[arg-type]
    called = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    refusing = [name for name in called if name.rpartition(".")[2].lstrip("_").startswith(("refuse", "require"))]
    return refusing + ["raise" for node in ast.walk(tree) if isinstance(node, ast.Raise)]


def test_check_says_whether_it_is_done_and_neither_refuses_nor_disproves() -> None:
    found = {step.__name__: _objects(step.check) for step in _steps()}
    assert len(found) > 40
    assert {name: why for name, why in found.items() if why} == {}


def test_what_proves_a_fence_can_be_disproved() -> None:
    proving = {step.__name__ for step in _steps() if step.disprove is not Step.disprove}
    assert proving == {"ProveFence", "ProveClosed", "ProveClosedLate", "FenceWhatAnswers"}
