"""What retention can have removed: by a topic's settings, and by when records were acknowledged."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drctl.ledger.checker import check
from drctl.ledger.events import Acknowledged, Event, LogStart, Seen, Stream
from drctl.ledger.findings import Findings
from drctl.ledger.retention import SLACK, Retention, removed_until, retention_in, undecided
from drctl.ledger.stream_state import MINUTE

A = Stream(1, "readings", 0)
READ = 1_800_000_000.0
WEEK = 604_800_000
KEPT = {"cleanup.policy": "delete", "retention.ms": str(WEEK), "retention.bytes": "-1"}


@pytest.mark.parametrize(
    ("retention", "until", "open_question"),
    [
        (None, inf, True),
        (Retention("compact", 1000, 1000, READ), -inf, False),
        (Retention("delete", 1000, 0, READ), inf, True),
        (Retention("delete", -1, 1000, READ), inf, True),
        (Retention("delete", 600_000, -1, READ), READ - 600 + SLACK, False),
        (Retention("compact,delete", 600_000, -1, READ), READ - 600 + SLACK, False),
        (Retention("delete", 0, -1, READ), READ + SLACK, False),
        (Retention("delete", -1, -1, READ), -inf, False),
    ],
    ids=["not known", "compacted", "no byte", "by size", "by time", "by time and compacted", "at once", "for ever"],
)
def test_what_may_have_gone_is_told_by_the_settings(
    retention: Retention | None, until: float, *, open_question: bool
) -> None:
    assert removed_until(retention) == until
    assert bool(undecided(retention)) == open_question


def test_settings_are_read_as_kafka_tells_them() -> None:
    assert retention_in(KEPT, READ) == Retention("delete", WEEK, -1, READ)


@pytest.mark.parametrize("lacks", KEPT)
def test_settings_that_are_not_told_leave_retention_unknown(lacks: str) -> None:
    assert retention_in({key: value for key, value in KEPT.items() if key != lacks}, READ) is None
    assert retention_in(KEPT | {"retention.ms": "a week"}, READ) is None


def found(ages: list[float], start: int, retention: Retention | None) -> Findings:
    """What is found of a log that begins at an offset, with records acknowledged so many seconds before it was read."""
    told: list[Event] = [Acknowledged(A, n + 1, READ - age, "north", None, n) for n, age in enumerate(ages)]
    seen = [Seen("readings", 0, n, A, n + 1, site="north") for n in range(start, len(ages))]
    return check([*told, *seen, LogStart("north", "readings", 0, start, retention)])


ages = st.lists(st.floats(0, 5000), min_size=1, max_size=19).map(lambda each: sorted(each, reverse=True))


@given(ages, st.integers(0, 19), st.integers(0, 5000))
def test_a_record_that_retention_can_have_taken_is_never_called_deleted_and_a_young_one_always(
    ages: list[float], start: int, seconds: int
) -> None:
    start = min(start, len(ages))
    records = found(ages, start, Retention("delete", seconds * 1000, -1, READ)).records
    old = sum(age >= seconds - SLACK for age in ages[:start])
    young = sum(age < seconds - SLACK - MINUTE for age in ages[:start])
    assert records.deleted.count + records.expired.count == start
    assert young <= records.deleted.count <= start - old
    # The youngest are named, and no other.
    names = tuple(f"readings-0 producer 1 sequence {n}" for n in range(start - records.deleted.count + 1, start + 1))
    assert records.deleted.examples == names
    assert not records.lost


@pytest.mark.parametrize(
    ("retention", "deleted"),
    [
        (None, 0),
        (Retention("delete", WEEK, 1000, READ), 0),
        (Retention("delete", -1, -1, READ), 3),
        (Retention("compact", 1, 1, READ), 3),
    ],
    ids=["not known", "by size", "for ever", "compacted"],
)
def test_where_time_says_nothing_the_settings_decide_for_all(retention: Retention | None, deleted: int) -> None:
    findings = found([500.0, 400.0, 300.0, 200.0], 3, retention)
    assert (findings.records.deleted.count, findings.records.expired.count) == (deleted, 3 - deleted)
    assert len(findings.undecided) == (deleted == 0)


def test_a_log_of_which_nothing_is_gone_leaves_no_question_open() -> None:
    assert not found([500.0, 400.0], 0, None).undecided
    assert not check([LogStart("north", "readings", 0, 9)]).undecided


def test_acknowledgements_that_come_late_and_in_any_order_of_files_are_told_by_their_own_time() -> None:
    """Of two windows on their way at once the later may be acknowledged first."""
    week = Retention("delete", 600_000, -1, READ)
    told: list[Event] = [
        Acknowledged(A, sequence, READ - age, "north", None, sequence)
        for sequence, age in ((3, 100.0), (2, 1000.0), (1, 100.0))
    ]
    records = check([*told, LogStart("north", "readings", 0, 9, week)]).records
    # 1 was sent before 2, which is old enough: nobody refutes a run by it.
    assert records.expired.examples == ("readings-0 producer 1 sequence 1", "readings-0 producer 1 sequence 2")
    assert records.deleted.examples == ("readings-0 producer 1 sequence 3",)
