"""The negative control of records deleted behind everybody's back: planted where offsets are told, and caught."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from drctl.ledger.checker import check
from drctl.ledger.control import COPIED, DELETED, PLANTED, caught, caught_in_copy, plant
from drctl.ledger.events import Acknowledged, Event, LogStart, Processed, Seen, Stream
from drctl.ledger.retention import Retention
from drctl.ledger.state import CheckerState
from drctl.ledger.state_control import caught_in_state

A = Stream(1, "readings", 0)
READS = {"billing": ("readings",)}
AT_ONCE = Retention("delete", 0, -1, 1e9)
"""What can have taken everything: a real run whose retention is short must not miss its control."""


def run(retention: Retention | None = None, *, told: bool = True) -> list[Event]:
    numbers = range(1, 50)
    acknowledged = [Acknowledged(A, n, 0.0, "north", None, n + 6 if told else None) for n in numbers]
    seen = [Seen("readings", 0, n + 6, A, n, site="north") for n in numbers]
    done = [Processed("billing", A, n, 0.0, "north", n + 6 if told else None) for n in numbers]
    return [*acknowledged, *seen, *done, LogStart("north", "readings", 0, 7, retention)]


@pytest.mark.parametrize("retention", [None, AT_ONCE], ids=["not known", "short"])
def test_it_is_named_whatever_the_retention_of_the_real_run_is(retention: Retention | None) -> None:
    events = run(retention)
    assert caught(events, groups=READS) == dict.fromkeys((*PLANTED, DELETED), True)
    assert caught_in_copy(events) == {f"{kind} at the standby": True for kind in (*COPIED, DELETED)}
    assert caught_in_state(state_of(events), groups=READS) == dict.fromkeys((*PLANTED, DELETED), True)


def test_it_is_one_record_in_the_middle_and_no_other_fault() -> None:
    found = check(plant(DELETED, run(), ()), groups=READS)
    assert {name: each.count for name, each in found.records.faults.items() if each} == {"deleted": 1}
    assert found.records.deleted.examples == ("readings-0 producer 1 sequence 25",)
    assert not found.groups[0].skipped


def test_behind_a_log_that_begins_later_by_now_it_is_named_too() -> None:
    """Retention may take what a reader has just found."""
    events = [replace(each, offset=40) if isinstance(each, LogStart) else each for each in run(AT_ONCE)]
    assert caught(events, groups=READS)[DELETED]
    assert caught_in_state(state_of(events), groups=READS)[DELETED]


def test_where_no_client_told_an_offset_there_is_nothing_to_plant() -> None:
    assert DELETED not in caught(run(told=False), groups=READS)
    nowhere = [replace(each, site="") if isinstance(each, Seen) else each for each in run()]
    assert DELETED not in caught(nowhere, groups=READS)


def test_a_checker_that_takes_every_deletion_for_retention_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drctl.ledger.checker.removed_until", lambda _: float("inf"))
    assert caught(run(), groups=READS)[DELETED] is False
    assert caught_in_state(state_of(run()), groups=READS)[DELETED] is False


def state_of(events: Iterable[Event]) -> CheckerState:
    state = CheckerState()
    for event in events:
        state.take(event)
    return state
