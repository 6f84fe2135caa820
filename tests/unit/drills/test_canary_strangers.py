"""What others write to the canary's topic: each is named, and none of it stops the canary or stays with it."""

from uuid import UUID

import pytest

from drctl.drills.canary.history import PRODUCER, TIMES, CanaryHistory
from drctl.ledger.record import Number, encode
from drctl.model.canary import CANARY_RECORDS, CanaryRecord
from drctl.model.verdict import Verdict
from tests.fakes.site import Entry
from tests.unit.drills.canary_harness import PLACE, RUN, TERMS, CanaryHarness

HIGHEST = 2**64 - 1
FORGED = {
    "a number that was never given": Number(RUN, PRODUCER, 0, HIGHEST),
    "number nought": Number(RUN, PRODUCER, 0, 0),
    "a partition below nought": Number(RUN, PRODUCER, -1, 5),
    "a partition that is not there": Number(RUN, PRODUCER, 3, 5),
    "another producer": Number(RUN, PRODUCER + 1, 0, 5),
}


def forged(number: Number) -> bytes:
    return encode(number, None, b"copied") + b"copied"


@pytest.mark.parametrize("number", FORGED.values(), ids=FORGED)
def test_a_number_that_somebody_made_up_refutes_one_window_and_no_later_one(number: Number) -> None:
    harness = CanaryHarness()
    harness.work(5)
    harness.north.append(PLACE, Entry(forged(number)), "User:canary")
    harness.work(5 * TERMS.window)
    first, *later = [each.verdict for each in harness.told]
    assert first is Verdict.REFUTED
    assert later
    assert set(later) == {Verdict.PROVED}, [each.reasons for each in harness.told]


def test_our_own_number_on_other_content_is_named_and_passes_no_record_over() -> None:
    harness = CanaryHarness()
    harness.work(2)
    harness.link.holds = True
    harness.work(5)
    newest = harness.north.logs[PLACE].entries[-1].payload
    assert newest is not None
    harness.south.write(PLACE, newest[:-1] + b"?", "User:mm2")
    harness.work(TERMS.window - 4)
    harness.link.holds = False
    (found,) = harness.work(5)
    assert found.verdict is Verdict.REFUTED
    assert [each.split(",")[0] for each in found.reasons] == ["at south: 1 corrupt"]


def test_a_record_that_comes_again_and_again_is_kept_some_times() -> None:
    history = CanaryHistory(UUID(int=1), 1, 0.0)
    place, number, value = history.next(0.0, "north")
    for offset in range(10 * TIMES):
        record = CanaryRecord(CANARY_RECORDS, 0, offset, number, value)
        history.found("north", record)
        history.processed("north", record, 0.0)
    known = history.records[place]
    assert (len(known.found["north"]), len(known.processed)) == (TIMES, TIMES)
