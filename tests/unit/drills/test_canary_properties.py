"""Whatever happens to sites, link and group without a fault, no window is refuted; with one, some window always is."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from drctl.drills.canary.loop import CanaryTerms
from drctl.model.verdict import Verdict
from tests.unit.drills.canary_stage import PLACE, RUN, CanaryStage

TERMS = CanaryTerms(rate=4.0, window=10.0, settle=20.0)
OVER = 2 * TERMS.settle + 3 * TERMS.window
"""Seconds until every window with a trace of what happened was judged, and a site that was down was asked again."""


def hold(stage: CanaryStage) -> None:
    stage.link.holds = True


def release(stage: CanaryStage) -> None:
    stage.link.holds = False


def lose_south(stage: CanaryStage) -> None:
    stage.south.down = True


def bring_south_back(stage: CanaryStage) -> None:
    stage.south.down = False


def lose_north(stage: CanaryStage) -> None:
    stage.north.down = True


def bring_north_back(stage: CanaryStage) -> None:
    stage.north.down = False


def send_clients_nowhere(stage: CanaryStage) -> None:
    stage.routing.pointer = None


def send_clients_back(stage: CanaryStage) -> None:
    stage.routing.pointer = "north"


def set_the_group_back(stage: CanaryStage) -> None:
    member = stage.loop._member
    if member is not None:
        positions = member[1].reader.positions  # type: ignore[attr-defined]
        positions[PLACE] = max(0, positions[PLACE] - 5)


def make_the_copy_again(stage: CanaryStage) -> None:
    if stage.south.down:
        return  # nobody there makes a topic
    stage.south.drop(PLACE.topic)
    stage.south.make(PLACE.topic, 3, {})
    stage.link.stored.clear()


HARMLESS = (
    hold,
    release,
    lose_south,
    bring_south_back,
    lose_north,
    bring_north_back,
    send_clients_nowhere,
    send_clients_back,
    set_the_group_back,
    make_the_copy_again,
)
END = (release, bring_south_back, bring_north_back, send_clients_back)


def acknowledge_and_not_write(stage: CanaryStage) -> None:
    stage.fakes["north"].losing = True
    stage.work(3)
    stage.fakes["north"].losing = False


def copy_twice(stage: CanaryStage) -> None:
    payload = stage.south.payloads(PLACE)[0]
    stage.south.write(PLACE, payload, "User:mm2")


def leave_out_a_copy(stage: CanaryStage) -> None:
    hold(stage)
    stage.work(3)
    stage.link.stored[PLACE] += 1
    release(stage)


FAULTS = (acknowledge_and_not_write, copy_twice, leave_out_a_copy)

type Act = Callable[[CanaryStage], None]
acts = st.lists(st.tuples(st.sampled_from(HARMLESS), st.floats(0.5, 15)), max_size=8)


def staged() -> CanaryStage:
    stage = CanaryStage()
    stage.loop = stage.canary(RUN, TERMS)
    stage.work(5)
    return stage


def done(stage: CanaryStage, what: list[tuple[Act, float]]) -> None:
    """Do these things one after the other, then undo what still stands, and let everybody catch up."""
    for act, seconds in what:
        act(stage)
        stage.work(seconds)
    for act in END:
        act(stage)
    stage.work(TERMS.window * 2)


@settings(max_examples=25)
@given(acts)
def test_without_a_fault_no_window_is_ever_refuted(what: list[tuple[Act, float]]) -> None:
    stage = staged()
    done(stage, what)
    stage.work(OVER)
    told = [*stage.told, *stage.end()]
    assert [each.reasons for each in told if each.verdict is Verdict.REFUTED] == []
    assert stage.told[-1].verdict is Verdict.PROVED, stage.told[-1].reasons
    lacked = stage.loop.behind()["south"].value
    assert lacked is not None
    assert lacked[0] == 0


@settings(max_examples=25)
@given(acts, st.sampled_from(FAULTS), acts)
def test_with_a_fault_a_window_is_always_refuted(
    before: list[tuple[Act, float]], fault: Act, after: list[tuple[Act, float]]
) -> None:
    stage = staged()
    done(stage, before)
    fault(stage)
    # One that is made again holds no trace of what was wrong with the copy before.
    done(stage, [each for each in after if each[0] is not make_the_copy_again])
    stage.work(OVER)
    assert Verdict.REFUTED in {each.verdict for each in stage.told}
