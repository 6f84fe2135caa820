"""What makes two records the same record."""

from itertools import combinations

from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME

from drctl.drivers.kafka.records import digest, identity
from tests.unit.drivers.message import message

DIFFERENT = [
    message(None, None),
    message("", None),
    message(None, ""),
    message("61", "62"),
    message("6162", ""),
    message("", "6162"),
    message("61", "62", [("a", b"1"), ("b", b"2")]),
    message("61", "62", [("b", b"2"), ("a", b"1")]),
    message("61", "62", [("a", None)]),
    message("61", "62", [("a", b"")]),
    message("61", "62", timestamp=(TIMESTAMP_CREATE_TIME, 6)),
]


def test_equal_records_have_equal_digests() -> None:
    assert digest(message("61", "62", [("a", b"1")])) == digest(message("61", "62", [("a", b"1")]))


def test_any_difference_shows() -> None:
    for one, other in combinations(DIFFERENT, 2):
        assert digest(one) != digest(other)


def test_a_time_that_the_log_stamped_is_left_out() -> None:
    early = message("61", "62", timestamp=(TIMESTAMP_LOG_APPEND_TIME, 5))
    late = message("61", "62", timestamp=(TIMESTAMP_LOG_APPEND_TIME, 6))
    assert digest(early) == digest(late)


def test_records_of_one_key_have_one_key_hash_whatever_else_is_in_them() -> None:
    same = [message("61", "62"), message("61", None, [("a", b"1")])]
    assert len({identity(7, each).key for each in same}) == 1
    assert [identity(7, each).tombstone for each in same] == [False, True]
    keys = [identity(7, message(key, "62")).key for key in ("61", "6161", "", None)]
    assert len({*keys, identity(7, same[0]).key}) == 4
    assert [len(key) for key in keys] == [8, 8, 8, 0], "no key is none, and not an empty one"
