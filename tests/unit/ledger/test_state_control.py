"""The negative control of a state: each fault is caught where it can be planted, and none where it cannot."""

import pytest

from drctl.ledger.control import PLANTED
from drctl.ledger.events import Acknowledged, Processed, Seen, Stream
from drctl.ledger.state import CheckerState
from drctl.ledger.state_control import caught_in_state
from drctl.ledger.stored_state import to_bytes

A, PRICES = Stream(1, "readings", 0), Stream(2, "prices", 0)
READS = {"billing": ("readings", "prices")}


def state_of(stream: Stream, *, found: int = 5, done: int = 5) -> CheckerState:
    state = CheckerState()
    for sequence in range(1, 6):
        state.take(Acknowledged(stream, sequence, 0.0, "north"))
        if sequence <= found:
            state.take(Seen(*stream[1:], sequence, stream, sequence))
        if sequence <= done:
            state.take(Processed("billing", stream, sequence, 0.0, "north"))
    return state


def test_every_fault_is_caught_and_the_state_stays_as_it_is() -> None:
    state = state_of(A)
    before = to_bytes(state)
    assert caught_in_state(state, groups=READS) == dict.fromkeys(PLANTED, True)
    assert to_bytes(state) == before


@pytest.mark.parametrize(
    ("state", "missed"),
    [
        (CheckerState(), set(PLANTED)),
        (state_of(A, found=0), {"lost", "duplicated", "reordered", "corrupt"}),
        (state_of(A, done=0), {"skipped", "repeated", "unread"}),
        (state_of(A, done=1), {"skipped", "repeated"}),
    ],
    ids=["nothing", "nothing found", "nothing processed", "one processed"],
)
def test_what_cannot_be_planted_is_not_caught(state: CheckerState, missed: set[str]) -> None:
    caught = caught_in_state(state, groups=READS)
    assert {kind for kind, named in caught.items() if not named} == missed


def test_nothing_is_planted_where_compaction_takes_records_away() -> None:
    assert not any(caught_in_state(state_of(PRICES), compacted=["prices"], groups=READS).values())
