"""A person's word on a live drill: home at once, or let the work stay; exactly one of both counts."""

import pytest

from drctl.drills.live.judging import judged
from drctl.errors import (
    Refused,
)
from drctl.model.verdict import Verdict
from drctl.plans.live import DrillWord, LivePhase, standing_drill
from drctl.plans.live_admission import say_word
from drctl.plans.unfinished import unfinished
from tests.fakes import Killed
from tests.spec.harness import (
    killed_at,
    require_served_by,
)
from tests.spec.staying import (
    ANNA,
    BEN,
    HOME,
    STAY,
    THERE,
    after,
    ended_by,
    moves,
    perform,
    ready,
    require_each_read_once,
    staying,
)


def test_a_person_sends_it_home_at_once() -> None:
    earth = ready()
    after(earth, 60, lambda: say_word(earth.ports(), DrillWord.GO_HOME, BEN, "the shop is slow"))
    done = perform(earth.new_process())
    assert (done.state.phase, ended_by(done)) == (LivePhase.HOME, "word")
    assert done.state.ended is not None
    assert done.state.since is not None
    assert done.state.ended.at - done.state.since < STAY
    reasons = judged(done.state).reasons
    assert any("ben said go-home: the shop is slow" in each for each in reasons)
    require_each_read_once(earth, "north")


def test_promoted_it_stays_and_says_so() -> None:
    earth = ready()
    after(earth, 60, lambda: say_word(earth.ports(), DrillWord.STAY, BEN, "north is being rebuilt"))
    done = perform(earth.new_process())
    assert done.state.phase is LivePhase.PROMOTED
    assert moves(earth)[1:] == [THERE]
    verdict = judged(done.state)
    assert verdict.verdict is Verdict.INCONCLUSIVE
    assert "the drill was promoted" in verdict.reasons[0]
    require_each_read_once(earth, "south")
    require_served_by(earth, "south")


def test_a_word_to_stay_that_comes_right_before_the_way_home_begins_is_kept() -> None:
    earth = ready()

    def promote(line: str) -> None:
        if line.startswith("moving home"):
            say_word(earth.ports(), DrillWord.STAY, BEN, "wait")

    done = perform(earth.new_process(), heard=promote)
    assert done.state.phase is LivePhase.PROMOTED
    assert moves(earth)[1:] == [THERE]
    require_served_by(earth, "south")


def test_once_the_way_home_is_begun_a_word_to_stay_comes_too_late() -> None:
    earth = ready()
    with killed_at(earth, "lift at north"):
        perform(earth.new_process())
    with pytest.raises(Refused, match="is moving home"):
        say_word(earth.new_process(), DrillWord.STAY, BEN, "stay")


def test_a_second_word_is_refused() -> None:
    earth = staying()
    say_word(earth.new_process(), DrillWord.GO_HOME, BEN, "slow")
    with pytest.raises(Refused, match="ben has said already: go-home"):
        say_word(earth.new_process(), DrillWord.STAY, ANNA, "no")


def test_behind_a_word_to_go_home_one_to_stay_is_taken_while_the_way_home_is_not_possible() -> None:
    earth = ready()

    def lose_north() -> None:
        say_word(earth.ports(), DrillWord.GO_HOME, BEN, "the shop is slow")
        earth.north.down = True

    def promote(line: str) -> None:
        if line.startswith("the way home waits"):
            say_word(earth.ports(), DrillWord.STAY, ANNA, "north is lost")

    after(earth, 60, lose_north)
    done = perform(earth.new_process(), heard=promote)
    assert (done.state.phase, ended_by(done)) == (LivePhase.PROMOTED, "word")
    assert done.state.word is not None
    assert (done.state.word.by, done.state.word.reason) == ("anna", "north is lost")
    assert HOME not in moves(earth)
    assert earth.routing.site() == "south"


@pytest.mark.parametrize("word", DrillWord)
@pytest.mark.parametrize(("effect", "before", "said"), [(0, True, False), (0, False, True), (1, True, True)])
def test_a_word_counts_once_it_is_in_the_journal_though_its_drctl_dies(
    word: DrillWord, effect: int, *, before: bool, said: bool
) -> None:
    earth = staying()
    world = earth.new_process()
    earth.effects.cut_off(len(earth.effects.names) + effect, before=before)
    with pytest.raises(Killed):
        say_word(world, word, BEN, "so")
    world = earth.new_process()
    assert unfinished(world) == ()
    standing = standing_drill(world)
    assert standing is not None
    assert (standing.word is not None) == said
    done = perform(world, standing.run.id)
    stays = said and word is DrillWord.STAY
    assert done.state.phase is (LivePhase.PROMOTED if stays else LivePhase.HOME)
    require_each_read_once(earth, "south" if stays else "north")
