"""Records of a compacted topic that were never copied. Logs are drawn; ``b`` and ``B`` are two records of one key."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from drctl.decide.superseded import FARTHEST_KEY, FIRST_LOOK
from drctl.decide.translate import translate, translate_all
from drctl.decide.windows import Logs, Window
from drctl.model.offsets import LogBounds, OffsetSync, RecordId
from drctl.model.translation import Proof, Translation, Unproven, UnprovenReason
from tests.unit.decide.drawn import ORDERS, Site, early, look, proven
from tests.unit.decide.history import History, histories


class Keyed(Site):
    """A log whose letters are keys, in whatever case."""

    def __init__(self, drawn: str) -> None:
        super().__init__(drawn)
        self.records = [replace(record, key=record.digest.lower()) for record in self.records]


def between_a_and_d(source: Site, target: Site, at: int) -> Translation:
    return look(source, target, (0, 0), (3, 3), at=at, compacted=True)


@pytest.mark.parametrize("position", [1, 2])
def test_the_newest_record_of_a_key_was_never_taken_by_compaction(position: int) -> None:
    """The link was set past b and c by hand. A later b was copied, so the first one may have vanished; c was lost."""
    answer = between_a_and_d(Keyed("abcdB"), Keyed("a..dB"), position)
    assert early(3, answer) is UnprovenReason.GONE_AT_TARGET
    assert isinstance(answer, Unproven)
    assert (answer.repeats, answer.detail) == (0, "the newest records of 1 keys, from 2 on, were never copied")


@pytest.mark.parametrize(
    ("source", "target", "begins"),
    [
        # B came when the bounds were known already, was copied, and the cleaner took b for it.
        ("abcdB", "a.cdB", 0),
        # Retention, or a person, took a and b: no longer there, which is what the refusal says, too.
        ("abcd", "..cd", 2),
    ],
)
def test_what_is_taken_from_the_target_while_it_is_read_is_early_until_the_next_look(
    source: str, target: str, begins: int
) -> None:
    here, there = Keyed(source), Keyed(target)
    known = Keyed("abcd").bounds, Keyed("abcd").bounds
    syncs = OffsetSync(0, 0), OffsetSync(2, 2), OffsetSync(3, 3)

    def read(window: Window) -> tuple[list[RecordId], list[RecordId]]:
        return (
            [record for record in here.records if record.offset in range(*window.source)],
            [record for record in there.records if record.offset in range(*window.target)],
        )

    seen = translate(Logs(ORDERS, *known, syncs, compacted=True), 1, read)
    assert early(2, seen) is UnprovenReason.GONE_AT_TARGET
    now = LogBounds(begins, len(target), len(target))
    again = translate(Logs(ORDERS, here.bounds, now, syncs, compacted=True), 1, read)
    assert isinstance(again, Unproven) is bool(begins)
    assert again.conservative == 2 if isinstance(again, Unproven) else again.offset == 2


@pytest.mark.parametrize("position", [1, 2])
def test_without_keys_nobody_can_tell(position: int) -> None:
    assert proven(3, Proof.IDENTIFIED, between_a_and_d(Site("abcdB"), Site("a..dB"), position))


def test_what_the_group_has_read_already_need_not_be_there() -> None:
    assert proven(3, Proof.IDENTIFIED, between_a_and_d(Keyed("abcdB"), Keyed("a..dB"), 3))


def test_a_tombstone_goes_with_no_later_record_of_its_key() -> None:
    here = Keyed("abcd")
    here.records[1:3] = [replace(record, tombstone=True) for record in here.records[1:3]]
    assert proven(3, Proof.IDENTIFIED, between_a_and_d(here, Keyed("a..d"), 1))


@pytest.mark.parametrize("compacted", [False, True])
def test_what_waits_to_be_copied_is_not_missing(compacted: bool) -> None:
    answer = look(Keyed("abcd"), Keyed("ab"), (0, 0), at=1, compacted=compacted)
    assert proven(1, Proof.IDENTIFIED if compacted else Proof.COUNTED, answer)


def test_all_that_is_missing_behind_the_position_is_counted() -> None:
    answers = [between_a_and_d(Keyed("abcd"), Keyed("a..d"), position) for position in (1, 2)]
    told = [answer.detail.partition(",")[0] for answer in answers if isinstance(answer, Unproven)]
    assert told == ["the newest records of 2 keys", "the newest records of 1 keys"]


@pytest.mark.parametrize("source", ["abBd", "ab.dB"])
def test_a_later_record_of_its_key_excuses_one_within_the_same_window_or_behind_it(source: str) -> None:
    target = source.replace("b", ".")
    assert proven(target.index("B") if source == "abBd" else 3, Proof.IDENTIFIED, _at_b(source, target))


def test_of_two_records_of_a_key_that_are_both_missing_the_later_one_was_never_copied() -> None:
    assert early(3, _at_b("abBd", "a..d")) is UnprovenReason.GONE_AT_TARGET


def _at_b(source: str, target: str) -> Translation:
    return between_a_and_d(Keyed(source), Keyed(target), 1)


def test_what_nobody_can_read_is_in_no_pair_and_was_copied_all_the_same() -> None:
    here, there = Keyed("abcd"), Keyed("abcd")
    for number, site in enumerate((here, there)):
        site.records[2] = replace(site.records[2], digest=bytes([number]), fault="a header is not UTF-8")
    assert proven(2, Proof.IDENTIFIED, between_a_and_d(here, there, 2))


@pytest.mark.parametrize(
    ("target", "syncs", "why"),
    [
        # Copied again up to b, so that the first images of a and b were superseded.
        ("..cdefab", [(0, 0), (2, 2), (5, 5), (0, 6), (1, 7)], UnprovenReason.NOT_COPIED),
        # Set back to b, and then forth to e: of d there is the image of the first copy only.
        ("abcdbcef", [(0, 0), (1, 4), (4, 6)], UnprovenReason.DIFFERENT_RECORDS),
    ],
)
def test_what_a_copy_has_still_to_bring_or_has_left_out_was_copied_once(
    target: str, syncs: list[tuple[int, int]], why: UnprovenReason
) -> None:
    told = [look(Keyed("abcdef"), Keyed(target), *syncs, at=n, compacted=True) for n in range(6)]
    assert told == [look(Site("abcdef"), Site(target), *syncs, at=n, compacted=True) for n in range(6)]
    assert why in [answer.why for answer in told if isinstance(answer, Unproven)]


@pytest.mark.parametrize(
    ("later", "end", "lost"),
    [
        (None, 0, True),  # the log ends with the sync
        (0, 1, False),
        (FIRST_LOOK - 1, FIRST_LOOK, False),
        (FIRST_LOOK, FIRST_LOOK + 1, False),
        (FARTHEST_KEY - 1, FARTHEST_KEY, False),
        (None, FIRST_LOOK, True),
        (None, FARTHEST_KEY, True),
        (None, FARTHEST_KEY + 1, False),  # nobody reads so far, so nobody can tell
        (FARTHEST_KEY, FARTHEST_KEY + 1, False),
    ],
)
def test_a_later_record_is_looked_for_in_so_many_offsets(later: int | None, end: int, lost: bool) -> None:
    """Behind the sync at 2 of 3 offsets; ``later`` and ``end`` count from there."""
    here = [RecordId(n, key.encode(), key=key.encode()) for n, key in enumerate("abc")]
    there = [here[0], here[2]]
    here += [] if later is None else [RecordId(3 + later, b"B", key=b"b")]
    reads: list[Window] = []

    def read(window: Window) -> tuple[list[RecordId], list[RecordId]]:
        reads.append(window)
        return (
            [record for record in here if record.offset in range(*window.source)],
            [record for record in there if record.offset in range(*window.target)],
        )

    bounds, syncs = LogBounds(0, 3 + end, 3 + end), (OffsetSync(0, 0), OffsetSync(2, 2))
    answer = translate(Logs(ORDERS, bounds, LogBounds(0, 3, 3), syncs, compacted=True), 1, read)
    assert isinstance(answer, Unproven) is lost
    looked = [window.source for window in reads if window.source[0] >= 3]
    assert all(window.target[0] == window.target[1] for window in reads if window.source[0] >= 3)
    assert [start for start, _ in looked] == [3, 3 + FIRST_LOOK][: len(looked)], "nothing is read twice"
    assert max((stop for _, stop in looked), default=3) <= 3 + min(end, FARTHEST_KEY)
    assert len(looked) == (end > 0) + (end > FIRST_LOOK and later not in range(FIRST_LOOK))


@settings(max_examples=200, deadline=None)
@given(histories(compacted=True))
def test_where_everything_was_copied_keys_change_no_answer(history: History) -> None:
    positions = range(history.source_bounds.high + 1)
    answers = translate_all(history.logs, positions, history.read)
    history.keyed = False
    assert translate_all(history.logs, positions, history.read) == answers
