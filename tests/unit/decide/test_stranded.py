"""Records that a failover stranded on one site are stepped over: no answer is late, none lies among or before them."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drctl.decide.offset_syncs import merged
from drctl.decide.stranded import around, outside, past
from drctl.decide.translate import translate, translate_all
from drctl.decide.windows import Logs, Window
from drctl.model.offsets import LogBounds, OffsetSync, RecordId, Span
from drctl.model.translation import Exact, Translation, Unproven
from tests.unit.decide.history import PARTITION, History, Written, histories, image


class Diverged:
    """A history whose target, or source, got ``span`` of records that the other site never had."""

    def __init__(self, history: History, span: Span, foreign: list[RecordId], *, at_target: bool) -> None:
        self.history, self.span, self.foreign, self.at_target = history, span, foreign, at_target

    @property
    def logs(self) -> Logs:
        logs, spans = self.history.logs, (self.span,)
        return replace(logs, stranded_there=spans) if self.at_target else replace(logs, stranded_here=spans)

    def read(self, window: Window) -> tuple[list[RecordId], list[RecordId]]:
        here, there = self.history.read(window)
        asked, log = (window.target, there) if self.at_target else (window.source, here)
        log.extend(r for r in self.foreign if r.offset in range(*asked))
        return sorted(here, key=lambda r: r.offset), sorted(there, key=lambda r: r.offset)


@st.composite
def diverged(draw: st.DrawFn, *, at_target: bool) -> Diverged:
    history = draw(histories())
    bounds = history.target_bounds if at_target else history.source_bounds
    cut, length = draw(st.integers(bounds.start, bounds.high)), draw(st.integers(1, 5))
    span = Span(cut, cut + length)
    known = [w.digest for w in history.source] or [b"nothing"]
    foreign = [
        RecordId(offset, draw(st.sampled_from([*known, b"stranded"])))
        for offset in range(*span)
        if draw(st.integers(0, 4))
    ]
    return Diverged(_shifted(history, span, at_target=at_target), span, foreign, at_target=at_target)


def _shifted(history: History, span: Span, *, at_target: bool) -> History:
    """The history with room made for the span."""

    def moved(offset: int) -> int:
        return offset + span.stop - span.start if offset >= span.start else offset

    def there(written: Written) -> Written:
        if not at_target:
            return replace(written, offset=moved(written.offset))
        return replace(written, image=None if written.image is None else moved(written.image))

    def sync(s: OffsetSync, *, swapped: bool) -> OffsetSync:
        if at_target != swapped:
            return replace(s, downstream=moved(s.downstream))
        return replace(s, upstream=moved(s.upstream))

    old = history.target_bounds if at_target else history.source_bounds
    high = old.high + span.stop - span.start
    bounds = LogBounds(old.start, high, high)
    return replace(
        history,
        source=[there(w) for w in history.source],
        target=[there(w) for w in history.target],
        source_bounds=history.source_bounds if at_target else bounds,
        target_bounds=bounds if at_target else history.target_bounds,
        forward=[sync(s, swapped=False) for s in history.forward],
        reverse=[sync(s, swapped=True) for s in history.reverse],
    )


def _require_never_late(history: History, position: int, answer: Translation) -> None:
    if isinstance(answer, Exact):
        assert history.skipped(position, answer.offset) == []
        assert history.repeated(position, answer.offset) == []
        assert history.not_copied(position) == []
    elif answer.conservative is not None:
        assert history.skipped(position, answer.conservative) == []


@settings(max_examples=500, deadline=None)
@given(diverged(at_target=True), st.data())
def test_no_answer_is_late_and_none_leads_into_a_stranded_tail(found: Diverged, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, found.history.source_bounds.high))
    answer = translate(found.logs, position, found.read)
    _require_never_late(found.history, position, answer)
    offset = answer.offset if isinstance(answer, Exact) else answer.conservative
    assert offset is None or offset >= found.span.stop


@settings(max_examples=500, deadline=None)
@given(diverged(at_target=False), st.data())
def test_positions_at_the_site_that_holds_the_tail_are_translated_past_it(found: Diverged, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, found.history.source_bounds.high))
    _require_never_late(found.history, position, translate(found.logs, position, found.read))


@settings(max_examples=200, deadline=None)
@given(diverged(at_target=True))
def test_only_what_would_read_through_the_tail_is_refused_for_its_sake(found: Diverged) -> None:
    positions = range(found.history.source_bounds.high + 1)
    answers = translate_all(found.logs, positions, found.read)
    history = found.history
    for position, answer in answers.items():
        if isinstance(answer, Unproven) and answer.why.name == "READS_STRANDED_TAIL":
            ahead = [w for w in history.target if w.offset >= position and image(w) < found.span.start]
            # Compaction may have taken a sync's own record away: where it was counts as if it were there.
            noted = [
                s
                for s in merged(found.logs.syncs, found.logs.reverse_syncs)
                if s.upstream >= position and s.downstream < found.span.start
            ]
            assert ahead or (history.compacted and noted), (position, answer)


@pytest.mark.parametrize("at_target", [True, False])
def test_the_generated_tails_are_not_trivial(at_target: bool) -> None:
    seen = {"proven": 0, "refused": 0}

    @settings(max_examples=200, database=None, derandomize=True, deadline=None)
    @given(diverged(at_target=at_target), st.data())
    def look(found: Diverged, data: st.DataObject) -> None:
        position = data.draw(st.integers(0, found.history.source_bounds.high))
        answer = translate(found.logs, position, found.read)
        seen["proven" if isinstance(answer, Exact) and answer.compared else "refused"] += 1

    look()
    assert seen["proven"] > 15


def test_a_group_that_has_read_to_the_handover_point_goes_on_behind_the_tail() -> None:
    records = [RecordId(n, b"%d" % n) for n in range(4)]
    home = [*records[:2], RecordId(2, b"lost"), RecordId(3, b"lost too"), RecordId(4, b"2"), RecordId(5, b"3")]
    syncs = (OffsetSync(1, 1), OffsetSync(2, 4))
    logs = Logs(PARTITION, LogBounds(0, 4, 4), LogBounds(0, 6, 6), syncs, False, (), (Span(2, 4),))

    def read(window: Window) -> tuple[list[RecordId], list[RecordId]]:
        return records[slice(*window.source)], home[slice(*window.target)]

    answers = translate_all(logs, (0, 1, 2, 3, 4), read)
    assert [a.offset if isinstance(a, Exact) else a.why.name for a in answers.values()] == [
        "READS_STRANDED_TAIL",
        "READS_STRANDED_TAIL",
        4,
        5,
        6,
    ]


def test_a_window_is_read_around_the_spans() -> None:
    assert around((Span(3, 5), Span(8, 20)), (0, 10)) == [(0, 3), (5, 8)]
    assert around((Span(0, 5),), (2, 4)) == []
    assert around((), (2, 4)) == [(2, 4)]
    assert around((Span(3, 5),), (6, 9)) == [(6, 9)]
    assert around((Span(3, 5), Span(5, 6)), (3, 8)) == [(6, 8)], "nothing lies in between or in front"
    assert around((Span(3, 5),), (2, 5)) == [(2, 3)]


def test_a_sync_from_or_into_a_stranded_span_cannot_be_true() -> None:
    from_one, into_one, both, true = OffsetSync(3, 3), OffsetSync(6, 9), OffsetSync(4, 8), OffsetSync(5, 7)
    here, there = (Span(3, 5),), (Span(8, 10),)
    assert outside((from_one, into_one, both, true), here, there) == (true,)


@pytest.mark.parametrize(
    ("offset", "behind"),
    [
        (0, None),  # a group would come to the record at 1, and then to the tail
        (2, 6),  # nothing lies between the two tails
        (4, 6),
        (5, 6),
        (6, 6),
    ],
)
def test_a_place_in_front_of_a_tail_moves_behind_it_unless_a_record_comes_first(offset: int, behind: int) -> None:
    images = (1, 6)
    spans = Span(2, 4), Span(5, 6)
    assert past(spans, offset, lambda start, stop: any(start <= image < stop for image in images)) == behind
