"""What one log holds and the other no longer does."""

from drctl.decide.gone import in_front, not_among
from drctl.model.offsets import RecordId


def log(*values: str) -> list[RecordId]:
    return [RecordId(10 * number, value.encode()) for number, value in enumerate(values)]


def test_records_in_front_of_the_others_first_ones_are_counted() -> None:
    assert in_front(log("a", "b", "c", "d"), log("c", "d")) == 2
    assert in_front(log("a", "b"), log("a", "b")) == 0


def test_a_record_that_was_written_twice_is_no_place_by_itself() -> None:
    assert in_front(log("a", "b", "a", "c"), log("a", "c")) == 2


def test_what_is_nowhere_has_nothing_in_front_of_it() -> None:
    assert in_front(log("a", "b"), log("c")) is None
    assert in_front(log("a", "b"), log()) is None
    assert in_front(log(), log("a")) is None


def test_records_that_the_other_log_does_not_have_are_counted_wherever_they_are() -> None:
    assert not_among(log("a", "b", "a", "c"), {b"b", b"c"}) == 2
