"""The pause of a switchover against what was promised."""

from datetime import timedelta

import pytest

from drctl.plans.objectives import against, expected, pause, pauses
from tests.fakes import fake_world
from tests.spec.harness import go_on, killed_at, switch

MINUTE = timedelta(minutes=1)


def test_a_pause_is_measured_by_every_switchover_and_only_its_own_part_counts() -> None:
    env = fake_world()
    assert pauses(env.ports()) == ()
    result = switch(env.ports(), "north", "south")
    entries = env.ports().journal.entries(result.run.id)
    assert (seconds := pause(entries)) is not None
    assert pauses(env.ports()) == (seconds,)
    assert 0 < seconds < (entries[-1].at - entries[0].at).total_seconds()
    assert pause(entries[:3]) is None


def test_a_run_that_was_cut_off_tells_how_long_somebody_was_away_and_not_what_to_expect() -> None:
    env = fake_world()
    with killed_at(env, "commit billing at south"):
        switch(env.ports())
    env.settle(600)
    go_on(env.new_process())
    assert pauses(env.ports()) == ()


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        ((), "not measured yet; the objective is 60 s"),
        ((12.0, 48.04), "48.0 s, within the objective of 60 s (the slowest of 2 measured)"),
        ((75.0,), "75.0 s, beyond the objective of 60 s (the slowest of 1 measured)"),
    ],
)
def test_what_is_expected_is_the_slowest(measured: tuple[float, ...], said: str) -> None:
    assert expected(measured, MINUTE) == said


def test_a_promise_that_is_kept_to_the_second_is_kept() -> None:
    assert against(60.0, MINUTE) == "60.0 s, within the objective of 60 s"
