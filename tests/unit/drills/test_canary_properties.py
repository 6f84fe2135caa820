"""Whatever happens to sites, link and group without a fault, no window is refuted; with one, some window always is."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from drctl.drills.canary.loop import CanaryTerms
from drctl.model.verdict import Verdict
from tests.unit.drills.canary_harness import PLACE, RUN, CanaryHarness

TERMS = CanaryTerms(rate=4.0, window=10.0, settle=20.0)
OVER = 2 * TERMS.settle + 3 * TERMS.window
"""Seconds until every window with a trace of what happened was judged, and a site that was down was asked again."""


def hold(harness: CanaryHarness) -> None:
    harness.link.holds = True


def release(harness: CanaryHarness) -> None:
    harness.link.holds = False


def lose_south(harness: CanaryHarness) -> None:
    harness.south.down = True


def bring_south_back(harness: CanaryHarness) -> None:
    harness.south.down = False


def lose_north(harness: CanaryHarness) -> None:
    harness.north.down = True


def bring_north_back(harness: CanaryHarness) -> None:
    harness.north.down = False


def send_clients_nowhere(harness: CanaryHarness) -> None:
    harness.routing.pointer = None


def send_clients_back(harness: CanaryHarness) -> None:
    harness.routing.pointer = "north"


def set_the_group_back(harness: CanaryHarness) -> None:
    member = harness.loop._member
    if member is not None:
        positions = member[1].reader.positions  # type: ignore[attr-defined]
        positions[PLACE] = max(0, positions[PLACE] - 5)


def make_the_copy_again(harness: CanaryHarness) -> None:
    if harness.south.down:
        return  # nobody there makes a topic
    harness.south.drop(PLACE.topic)
    harness.south.make(PLACE.topic, 3, {})
    harness.link.stored.clear()


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


def acknowledge_and_not_write(harness: CanaryHarness) -> None:
    harness.fakes["north"].losing = True
    harness.work(3)
    harness.fakes["north"].losing = False


def copy_twice(harness: CanaryHarness) -> None:
    payload = harness.south.payloads(PLACE)[0]
    harness.south.write(PLACE, payload, "User:mm2")


def leave_out_a_copy(harness: CanaryHarness) -> None:
    hold(harness)
    harness.work(3)
    harness.link.stored[PLACE] += 1
    release(harness)


FAULTS = (acknowledge_and_not_write, copy_twice, leave_out_a_copy)

type Act = Callable[[CanaryHarness], None]
acts = st.lists(st.tuples(st.sampled_from(HARMLESS), st.floats(0.5, 15)), max_size=8)


def staged() -> CanaryHarness:
    harness = CanaryHarness()
    harness.loop = harness.canary(RUN, TERMS)
    harness.work(5)
    return harness


def done(harness: CanaryHarness, what: list[tuple[Act, float]]) -> None:
    """Do these things one after the other, then undo what still stands, and let everybody catch up."""
    for act, seconds in what:
        act(harness)
        harness.work(seconds)
    for act in END:
        act(harness)
    harness.work(TERMS.window * 2)


@settings(max_examples=25)
@given(acts)
def test_without_a_fault_no_window_is_ever_refuted(what: list[tuple[Act, float]]) -> None:
    harness = staged()
    done(harness, what)
    harness.work(OVER)
    told = [*harness.told, *harness.end()]
    assert [each.reasons for each in told if each.verdict is Verdict.REFUTED] == []
    assert harness.told[-1].verdict is Verdict.PROVED, harness.told[-1].reasons
    lacked = harness.loop.behind()["south"].value
    assert lacked is not None
    assert lacked[0] == 0


@settings(max_examples=25)
@given(acts, st.sampled_from(FAULTS), acts)
def test_with_a_fault_a_window_is_always_refuted(
    before: list[tuple[Act, float]], fault: Act, after: list[tuple[Act, float]]
) -> None:
    harness = staged()
    done(harness, before)
    fault(harness)
    # One that is made again holds no trace of what was wrong with the copy before.
    done(harness, [each for each in after if each[0] is not make_the_copy_again])
    harness.work(OVER)
    assert Verdict.REFUTED in {each.verdict for each in harness.told}
