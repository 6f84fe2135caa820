"""A live drill that dies, or that somebody gets ahead of: whoever goes on finds where it stands in the journal."""

from functools import cache

import pytest

from drctl.cli.live_lines import live_document, live_lines
from drctl.drills.live.judging import judged
from drctl.errors import Refused, RolledBack, Unreachable
from drctl.model.run import RunState
from drctl.model.verdict import Verdict
from drctl.monitors import observe
from drctl.plans.interruption import interruption
from drctl.plans.live import LivePhase, begin_live_drill, is_watched, standing_drill
from drctl.plans.live_admission import give_up_unmoved
from drctl.plans.unfinished import unfinished
from tests.fakes import Killed
from tests.fakes.store import FakeLease
from tests.spec.harness import (
    go_on,
    require_served_by,
    switch,
    watch_for_two_open_sites,
)
from tests.spec.staying import ANNA, HOME, THERE, after, moves, perform, ready, require_each_read_once, staying


def test_the_stay_holds_no_lease_and_no_run_is_unfinished() -> None:
    earth = ready()
    seen: list[tuple[str, int]] = []
    after(earth, 60, lambda: seen.append((earth.seat.holder, len(unfinished(earth.ports())))))
    perform(earth.new_process())
    assert seen == [("", 0)]


def test_what_somebody_else_moved_is_not_led_home() -> None:
    earth = ready()
    after(earth, 60, lambda: switch(earth.ports(), "south", "north"))
    done = perform(earth.new_process())
    assert done.state.phase is LivePhase.OVERTAKEN
    assert moves(earth)[1:] == [THERE, HOME]
    assert judged(done.state).verdict is Verdict.INCONCLUSIVE
    require_each_read_once(earth, "north")


def test_one_whose_drctl_has_died_is_told_with_what_to_type_and_goes_on() -> None:
    earth = staying()
    world = earth.new_process()
    assert interruption(world, observe) is None
    standing = standing_drill(world)
    assert standing is not None
    assert standing.phase is LivePhase.STAYING
    assert is_watched(standing, world.clock.now())
    earth.settle(100)
    assert not is_watched(standing, world.clock.now())
    text = "\n".join(live_lines(standing, world.clock.now()))
    assert "NOBODY WATCHES IT" in text
    for command in ("drctl drill --level live", "drctl drill --go-home", "drctl drill --promote"):
        assert command in text
    told = live_document(standing, world.clock.now())
    assert told is not None
    assert (told["phase"], told["watched"]) == ("staying", False)
    done = perform(world, standing.run.id)
    assert (done.state.phase, judged(done.state).verdict) == (LivePhase.HOME, Verdict.PROVED)
    assert standing_drill(world) is not None, "it is ended once its report is written"


def test_a_move_there_that_is_rolled_back_ends_the_drill() -> None:
    earth = ready()
    earth.consumers["billing"].stubborn = True
    done = perform(earth.new_process())
    assert isinstance(done.drill.failed, RolledBack)
    assert (done.state.phase, judged(done.state).verdict) == (LivePhase.BEGUN, Verdict.INCONCLUSIVE)
    require_served_by(earth, "north")


def test_a_lease_that_somebody_holds_when_it_is_to_go_home_only_delays_it() -> None:
    earth = ready()
    doctor = FakeLease(earth.seat)

    def heard(line: str) -> None:
        if line.startswith("moving home") and not any(each.startswith("the way home waits") for each in lines):
            doctor.acquire("doctor --fix")
        lines.append(line)
        if line.startswith("the way home waits"):
            doctor.release()

    lines: list[str] = []
    done = perform(earth.new_process(), heard=heard)
    assert any("doctor --fix is at work" in each for each in lines)
    assert (done.state.phase, judged(done.state).verdict) == (LivePhase.HOME, Verdict.PROVED)


def test_a_store_that_is_silent_when_it_is_to_go_home_only_delays_it(monkeypatch: pytest.MonkeyPatch) -> None:
    earth = ready()
    world = earth.new_process()

    tries: list[str] = []

    def silent() -> str:
        raise Unreachable("client routing does not answer")

    def heard(line: str) -> None:
        tries.append(line)
        if line.startswith("moving home") and tries.count(line) == 1:
            monkeypatch.setattr(world.client_routing, "site", silent)
        if line.startswith("the way home waits"):
            monkeypatch.undo()

    done = perform(world, heard=heard)
    assert any("the way home waits: client routing does not answer" in each for each in done.lines)
    assert done.state.phase is LivePhase.HOME


def test_what_is_not_at_the_other_site_any_more_is_not_led_home_once_the_stay_is_over() -> None:
    earth = ready()
    earth.effects.cut_off(effects_of_a_drill().index("journal says stay-ended"), before=False)
    with pytest.raises(Killed):
        perform(earth.ports())
    standing = standing_drill(earth.new_process())
    assert standing is not None
    assert standing.ended is not None
    earth.routing.pointer = None
    done = perform(earth.new_process(), standing.run.id)
    assert done.state.phase is LivePhase.OVERTAKEN
    assert HOME not in moves(earth)


def test_one_that_was_given_up_before_it_moved_never_moves() -> None:
    earth = ready()
    run = begin_live_drill(earth.new_process(), "north", "south", ANNA)
    assert give_up_unmoved(earth.new_process())
    assert not give_up_unmoved(earth.new_process())
    done = perform(earth.new_process(), run.id)
    assert isinstance(done.drill.failed, Refused)
    assert moves(earth)[1:] == []
    assert earth.routing.site() == "north"


OF_THE_DRILL = {"journal begins run", "journal ends run as done", "journal says stay-ended"}
"""The lines by which a drill comes from one phase to the next; the effects between them are those of its moves."""


@cache
def effects_of_a_drill() -> tuple[str, ...]:
    whole = ready()
    perform(whole.new_process())
    return tuple(whole.effects.names)


def cuts() -> list[tuple[int, bool]]:
    """Right before and right after each line that changes the phase and one look, and some effects of both moves."""
    names = effects_of_a_drill()
    turns = [number for number, name in enumerate(names) if name in OF_THE_DRILL and number]
    look = names.index("journal says stay-watched")
    return [(number, before) for number in (*turns, look) for before in (True, False)] + [
        (number, bool(number % 2)) for number in range(9, len(names), 61)
    ]


def test_killed_around_any_line_and_effect_it_goes_on_as_if_undisturbed() -> None:
    assert len(effects_of_a_drill()) > 100
    assert len(cuts()) > 12
    for number, before in cuts():
        earth = ready()
        earth.effects.cut_off(number, before=before)
        both = watch_for_two_open_sites(earth)
        with pytest.raises(Killed):
            perform(earth.ports())
        world = earth.new_process()
        if unfinished(world):
            go_on(world)
        standing = standing_drill(world)
        assert standing is not None
        done = perform(earth.new_process(), standing.run.id)
        assert done.state.phase is LivePhase.HOME, (number, before, effects_of_a_drill()[number])
        assert judged(done.state).verdict is not Verdict.REFUTED
        assert [each for each in moves(earth) if each[2] is RunState.DONE] == [THERE, HOME]
        assert both == []
        require_each_read_once(earth, "north")
