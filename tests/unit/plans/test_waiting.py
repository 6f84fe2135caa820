"""Waiting names what it waits for."""

from collections.abc import Callable, Sequence

import pytest

from drctl.errors import Conflict, DeadlinePassed, Forbidden, Unreachable
from drctl.model.run import Run
from drctl.plans.plan import StepContext
from drctl.plans.waiting import patiently, wait_until_none
from tests.fakes import FakeWorld


def a_scene(said: list[str] | None = None) -> StepContext:
    run = Run("r", "switchover", "fake", "0", "north", "south", 1)
    say: Callable[[str], None] = (said if said is not None else []).append
    return StepContext(
        FakeWorld().ports(), run, {}, {}, past_point_of_no_return=False, report=say, check_authority=lambda: None
    )


def answers(*given: Sequence[str] | Exception) -> Callable[[], Sequence[str]]:
    left = list(given)

    def answer() -> Sequence[str]:
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, Exception):
            raise found
        return found

    return answer


def test_it_ends_when_nothing_is_left_and_shows_what_was() -> None:
    said: list[str] = []
    wait_until_none(a_scene(said), "all is well", answers(["a", "b"], ["b"], []))
    assert said == ["waiting until all is well: a, b", "waiting until all is well: b"]


def test_a_deadline_names_what_was_waited_for_and_the_remedy() -> None:
    with pytest.raises(DeadlinePassed, match="timed out after 3 s waiting until all is well: a") as caught:
        wait_until_none(a_scene(), "all is well", answers(["a"]), within=3, remedy="do it")
    assert caught.value.remedy == "do it"


def test_the_step_timeout_is_the_deadline_unless_another_is_given() -> None:
    ctx = a_scene()
    with pytest.raises(DeadlinePassed, match="timed out after 30 s"):
        wait_until_none(ctx, "all is well", answers(["a"]))
    assert ctx.world.clock.monotonic() == pytest.approx(30, abs=0.5)


@pytest.mark.parametrize(
    ("soon", "moments"),
    [(True, [0, 0.025, 0.075, 0.175, 0.375, 0.575]), (False, [0, 0.2, 0.4, 0.6, 0.8, 1.0])],
)
def test_what_shows_soon_is_asked_for_sooner_and_what_lasts_five_times_a_second(
    soon: bool, moments: list[float]
) -> None:
    ctx, asked = a_scene(), list[float]()
    began = ctx.world.clock.monotonic()

    def left() -> Sequence[str]:
        asked.append(ctx.world.clock.monotonic() - began)
        return ["a"] if len(asked) < len(moments) else []

    wait_until_none(ctx, "all is well", left, soon=soon)
    assert asked == pytest.approx(moments)


def test_many_names_are_counted() -> None:
    with pytest.raises(DeadlinePassed, match="p7 and 12 more"):
        wait_until_none(a_scene(), "all is well", answers([f"p{n}" for n in range(20)]))


def test_a_passing_error_is_waited_past_and_a_lasting_one_is_not() -> None:
    wait_until_none(a_scene(), "all is well", answers(Unreachable("hiccup"), []))
    with pytest.raises(Forbidden):
        wait_until_none(a_scene(), "all is well", answers(Forbidden("no right")))


def test_a_question_is_asked_again_past_a_passing_error() -> None:
    assert patiently(a_scene(), answers(Conflict("rebalancing"), ["yes"])) == ["yes"]


def test_a_question_that_is_never_answered_fails_with_the_last_error() -> None:
    ctx = a_scene()
    with pytest.raises(Unreachable, match="gone"):
        patiently(ctx, answers(Unreachable("gone")))
    assert ctx.world.clock.monotonic() == pytest.approx(10, abs=0.5)


@pytest.mark.parametrize("error", [DeadlinePassed("waited already"), Forbidden("no right")])
def test_what_asking_again_cannot_help_fails_at_once(error: Exception) -> None:
    ctx = a_scene()
    with pytest.raises(type(error)):
        patiently(ctx, answers(error))
    assert ctx.world.clock.monotonic() == 0
