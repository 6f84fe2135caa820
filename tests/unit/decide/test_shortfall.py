"""What a site that came back lacks of what was recorded of it."""

import pytest

from drctl.decide.shortfall import Expected, Found, ShortfallKind, shortfall
from drctl.model.offsets import LogBounds, TopicPartition

P = TopicPartition("shop.orders", 3)
EXPECTED = Expected("id-1", frontier=800, seen=890)


def _found(high: int, topic_id: str = "id-1", *, holds_copied: bool = True) -> Found:
    return Found(topic_id, LogBounds(0, high, high), holds_copied)


@pytest.mark.parametrize("high", [890, 950])
def test_a_log_that_is_as_long_as_it_was_seen_or_longer_lacks_nothing(high: int) -> None:
    assert shortfall(P, EXPECTED, _found(high)) is None


@pytest.mark.parametrize(
    ("found", "kind", "offsets", "breaks"),
    [
        (None, ShortfallKind.MISSING, 890, True),
        (_found(900, "id-2"), ShortfallKind.MADE_ANEW, 890, True),
        (_found(799), ShortfallKind.SHORTER, 91, True),
        (_found(0), ShortfallKind.SHORTER, 890, True),
        (_found(900, holds_copied=False), ShortfallKind.OTHER_RECORDS, 0, True),
        (_found(800), ShortfallKind.TAIL_CUT, 90, False),
        (_found(889), ShortfallKind.TAIL_CUT, 1, False),
    ],
)
def test_what_is_missing_is_named_with_its_number_and_whether_the_log_is_broken(
    found: Found | None, kind: ShortfallKind, offsets: int, *, breaks: bool
) -> None:
    less = shortfall(P, EXPECTED, found)
    assert less is not None
    assert (less.kind, less.offsets, less.breaks_log) == (kind, offsets, breaks)
    assert "shop.orders-3" in less.detail


def test_an_id_that_nobody_noted_and_a_site_that_nobody_saw_prove_nothing() -> None:
    assert shortfall(P, Expected("", 800, 0), _found(800, "id-2")) is None


def test_retention_that_took_the_beginning_took_nothing_from_the_end() -> None:
    assert shortfall(P, EXPECTED, Found("id-1", LogBounds(890, 890, 890))) is None
