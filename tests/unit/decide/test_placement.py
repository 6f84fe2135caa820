"""Where a position is behind everything that is known of a compacted log. Logs are drawn as in ``drawn.py``."""

import pytest

from drctl.decide.placement import offer
from drctl.decide.translate import translate, translate_all
from drctl.decide.windows import Logs, Window
from drctl.model.offsets import LogBounds, OffsetSync, RecordId, Span
from drctl.model.translation import Proof, Translation, Unproven, UnprovenReason
from tests.unit.decide.drawn import ORDERS, Site, early, look, proven, refused


def test_right_behind_the_newest_known_record_what_only_the_target_holds_was_written_later() -> None:
    """D vanished here after it was copied; a group at 2 has still to come to it there, and more may follow here."""
    assert proven(2, Proof.IDENTIFIED, look(Site("ab.."), Site("ab.d"), (0, 0), at=2, compacted=True))


def test_at_the_logs_end_what_only_the_target_holds_lies_before_the_position() -> None:
    """Whatever was written at 2 or 3 vanished here: d is one of these, and a group at 4 is past it."""
    assert proven(4, Proof.AT_END, look(Site("ab.."), Site("ab.d"), (0, 0), at=4, compacted=True))
    assert proven(4, Proof.AT_END, look(Site("ab."), Site("ab.d"), (0, 0), at=3, compacted=True))


@pytest.mark.parametrize("position", [4, 5, 6])
def test_while_a_transaction_is_open_what_only_the_target_holds_may_be_a_record_of_it(position: int) -> None:
    """A link that reads uncommitted records has copied E, which is still to be read once it is committed."""
    why = UnprovenReason.COMPACTED_APART if position == 4 else UnprovenReason.NOT_COPIED
    assert early(1, _look_while_open("a...", "aE", position)) is why
    assert proven(1, Proof.AT_END, _look_while_open("a...", "a", 4))


@pytest.mark.parametrize("position", [1, 2, 3, 5])
def test_a_record_in_front_of_an_image_that_cannot_be_there_is_of_the_open_transaction(position: int) -> None:
    """The link copied a, b and E, was killed, and began again at b, without a sync; then b's first image vanished."""
    why = UnprovenReason.COMPACTED_APART if position <= 2 else UnprovenReason.NOT_COPIED
    answer = _look_while_open("ab", "a.Eb", position)
    if position == 1:
        assert proven(1, Proof.IDENTIFIED, answer)
    else:
        assert early(1, answer) is why


def _look_while_open(source: str, target: str, position: int) -> Translation:
    """A compacted log; the transaction is open from the source's end as drawn on, and three records long."""
    here, there = Site(source), Site(target)
    bounds = LogBounds(0, len(source), len(source) + 3)

    def read(window: Window) -> tuple[list[RecordId], list[RecordId]]:
        return (
            [record for record in here.records if record.offset in range(*window.source)],
            [record for record in there.records if record.offset in range(*window.target)],
        )

    return translate(Logs(ORDERS, bounds, there.bounds, (OffsetSync(0, 0),), compacted=True), position, read)


def test_behind_vanished_records_and_before_the_end_what_only_the_target_holds_may_lie_on_either_side() -> None:
    assert refused(UnprovenReason.COMPACTED_APART, look(Site("ab.."), Site("ab.d"), (0, 0), at=3, compacted=True))


def test_a_record_that_no_offset_of_the_source_had_room_for_is_noticed() -> None:
    assert refused(UnprovenReason.DIFFERENT_RECORDS, look(Site("ab"), Site("ab.X"), (0, 0), at=2, compacted=True))


def test_a_compacted_log_from_its_beginning_on_had_room_for_as_many_records_as_it_has_offsets() -> None:
    assert proven(2, Proof.IDENTIFIED, look(Site("abc"), Site("..c"), (2, 2), at=0, compacted=True))
    assert refused(UnprovenReason.GONE_AT_TARGET, look(Site("abc"), Site(".c"), (2, 1), at=0, compacted=True))


@pytest.mark.parametrize(
    ("source", "target", "syncs", "position", "told"),
    [
        (
            *(Site("abcdefgh", start=4), Site("ab.cd.efgh.", start=3), [(5, 7)], 2),
            (UnprovenReason.BEFORE_LOG_START, "it starts at 4", 3, 8),  # whatever its log still holds
        ),
        (
            *(Site("abcd"), Site("abcd.ab"), [(0, 0), (3, 3), (0, 5), (1, 6)], 1),
            # b, c, d, and what is copied again
            (UnprovenReason.NOT_COPIED, "the link copies again what it had copied before", 1, 6),
        ),
        (Site("abcdef"), Site(""), [(0, 0)], 0, (UnprovenReason.COPY_UNCERTAIN, "6 records", 0, 0)),
        (
            Site("abcdef"),
            Site("abc."),
            [(0, 0)],
            6,
            (UnprovenReason.NOT_COPIED, "3 records", 4, 3),
        ),  # d, e, f, once they come
    ],
)
def test_a_refusal_tells_how_much_would_be_read_again_from_its_early_position(
    source: Site, target: Site, syncs: list[tuple[int, int]], position: int, told: tuple[UnprovenReason, str, int, int]
) -> None:
    answer = look(source, target, *syncs, at=position)
    assert isinstance(answer, Unproven)
    assert (answer.why, answer.detail, answer.conservative, answer.repeats) == told


def test_a_position_in_an_open_transaction_repeats_what_the_target_holds_behind_the_last_decided_one() -> None:
    records = [RecordId(n, c.encode()) for n, c in enumerate("abcd")]
    logs = Logs(ORDERS, LogBounds(0, 2, 4), LogBounds(0, 2, 2), (OffsetSync(1, 1),), compacted=False)
    for position, answer in translate_all(logs, (3, 4), lambda window: (records[:2], records[:2])).items():
        assert answer == Unproven(
            *(ORDERS, position, UnprovenReason.NOT_COPIED, "a transaction is open from 2 on"), conservative=2, repeats=0
        )


@pytest.mark.parametrize(("early", "offered"), [(3, None), (4, 4), (5, 5)])
def test_an_early_position_is_offered_behind_a_stranded_tail_only(early: int, offered: int | None) -> None:
    bounds = LogBounds(0, 8, 8)
    logs = Logs(ORDERS, bounds, bounds, (), compacted=False, stranded_there=(Span(2, 4),))
    answer = offer(logs, Unproven(ORDERS, 6, UnprovenReason.NO_SYNC, conservative=early, repeats=8 - early))
    assert (answer.conservative, answer.repeats) == (offered, None if offered is None else 8 - offered)
