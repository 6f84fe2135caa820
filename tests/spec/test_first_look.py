"""The fence's window begins once every rule was read back, and what came in between is no breach and no proof."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from drctl.model.offsets import LogBounds, TopicPartition
from drctl.model.run import Evidence, RunState
from drctl.monitors import observe
from drctl.plans import runner, switchover
from drctl.plans.draining import DrainQuestion
from drctl.plans.runner import Progress, StepState
from drctl.plans.step_evidence import FenceProof
from tests.fakes import FakeWorld, fake_world
from tests.spec.harness import killed_at, require_nothing_lost_or_repeated

READINGS = TopicPartition("turbines.readings", 0)
WINDOW = 1.0


def rested() -> FakeWorld:
    earth = fake_world()
    earth.come_to_rest()
    return earth


def moved(earth: FakeWorld, meanwhile: Callable[[], None] = lambda: None) -> float:
    """Move to south, with something done before clients are told to leave; return how long the proof took then."""
    at: dict[str, float] = {}

    def announced(progress: Progress) -> None:
        if progress.state is StepState.STARTED:
            at[progress.step] = earth.clock.monotonic()
            if progress.step == "close-client-routing":
                meanwhile()

    plan = switchover.plan(earth.ports(), "north", "south", observe=observe)
    assert runner.run(plan, earth.ports(), announced).state is RunState.DONE
    return at["drain-link"] - at["prove-fence"]


def proof(earth: FakeWorld) -> Evidence:
    run = earth.journal.runs()[-1][0].id
    return [e.body for e in earth.journal.entries(run) if e.step == FenceProof.step and "ends" in e.body][-1]


@pytest.mark.parametrize(("meanwhile", "left", "samples"), [(0.0, 1.0, 6), (0.7, 0.3, 6), (3.0, 0.0, 2)])
def test_what_is_done_since_the_rules_stood_is_a_part_of_the_window(
    meanwhile: float, left: float, samples: int
) -> None:
    earth = rested()
    took = moved(earth, partial(earth.clock.sleep, meanwhile) if meanwhile else lambda: None)
    assert took == pytest.approx(left, abs=0.01)
    assert (proof(earth)["window"], proof(earth)["samples"]) == (WINDOW, samples)
    require_nothing_lost_or_repeated(earth, "south")


def test_a_record_that_came_before_the_proof_began_makes_the_whole_window_begin_anew() -> None:
    """A broker may hear of the rules a moment after the one that told that they stand."""
    earth = rested()

    def late() -> None:
        earth.clock.sleep(0.7)
        earth.north.write(READINGS, b"late", min(earth.plan.replication_principals))

    assert moved(earth, late) == pytest.approx(WINDOW, abs=0.01)
    assert proof(earth)["samples"] == 6
    assert earth.south.payloads(READINGS).count(b"late") == 1, "it is copied before the link is stopped"


def test_the_process_that_goes_on_waits_for_the_whole_window() -> None:
    earth = rested()
    with killed_at(earth, "journal says step-observed close-client-routing"):
        moved(earth)
    earth.clock.sleep(5)
    earth.new_process()
    assert moved(earth) == pytest.approx(WINDOW, abs=0.01)
    require_nothing_lost_or_repeated(earth, "south")


def elected(bounds: LogBounds) -> LogBounds:
    return replace(bounds, leader_epoch=(bounds.leader_epoch or 0) + 1)


def longer(bounds: LogBounds) -> LogBounds:
    return replace(bounds, stable=bounds.stable + 1, high=bounds.high + 1)


@pytest.mark.parametrize("changed", [elected, longer])
def test_a_drain_seen_ahead_holds_only_for_the_logs_that_were_looked_at(
    changed: Callable[[LogBounds], LogBounds],
) -> None:
    earth = rested()
    question = DrainQuestion(earth.ports(), "north", "south", (READINGS,))
    look = question.ask()
    assert look.drained is not None
    assert question.still_holds(look)
    assert not question.still_holds(replace(look, here={READINGS: changed(look.here[READINGS])}))
    assert not question.still_holds(replace(look, there={READINGS: changed(look.there[READINGS])}))
