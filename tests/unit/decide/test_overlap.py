"""What is left out of a salvage is proven to be at the target."""

from hypothesis import given
from hypothesis import strategies as st

from drctl.decide.overlap import copied_beyond
from drctl.model.offsets import RecordId


def records(text: str, start: int = 0) -> list[RecordId]:
    return [RecordId(start + n, letter.encode()) for n, letter in enumerate(text)]


def beyond(before: str, after: str, arrived: str) -> int:
    return copied_beyond(records(before), records(after, 100), records(arrived, 500))


def test_nothing_beyond_an_exact_frontier_has_arrived() -> None:
    assert beyond("abc", "def", "abc") == 0


def test_what_arrived_beyond_the_frontier_is_counted() -> None:
    assert beyond("abc", "def", "abcde") == 2
    assert beyond("abc", "def", "abcdef") == 3
    assert beyond("abc", "def", "cde") == 2
    assert beyond("", "def", "de") == 2


def test_what_does_not_fit_proves_nothing() -> None:
    assert beyond("abc", "def", "xyz") == 0
    assert beyond("abc", "def", "") == 0
    assert beyond("abc", "", "abc") == 0
    assert beyond("abc", "def", "abcd?") == 0


def test_where_records_repeat_the_smaller_count_is_taken() -> None:
    assert beyond("aa", "aa", "aa") == 0
    assert beyond("ba", "aab", "baa") == 1


@given(st.text("ab", max_size=6), st.text("ab", max_size=6), st.integers(0, 6), st.integers(0, 12))
def test_no_more_is_left_out_than_arrived(before: str, after: str, copied: int, kept: int) -> None:
    """The target holds what came before and the first of what lies beyond, and may have deleted its oldest records."""
    arrived = (before + after[:copied])[-kept:] if kept else ""
    assert beyond(before, after, arrived) <= min(copied, len(after))
