"""Links that copied twice, syncs that were never true, logs that were recreated: no answer is late even then."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from drctl.decide.translate import translate, translate_all
from drctl.decide.windows import Logs, Window
from drctl.model.offsets import LogBounds, OffsetSync, RecordId, TopicPartition
from drctl.model.sync_history import SyncHistory
from drctl.model.translation import Exact, Translation, Unproven, UnprovenReason
from tests.unit.decide.drawn import Site, early
from tests.unit.decide.drawn import look as look_at

PARTITION = TopicPartition("orders", 0)

type Log = dict[int, int]
"""Offset to number: which record, of those that were ever written to the source, stands there."""


@dataclass
class Twice:
    """What a link that began again left. A record's number is its offset at the source, and some are of one content."""

    here: Log
    there: Log
    contents: Mapping[int, int]
    ends: tuple[int, int]
    starts: tuple[int, int]
    copied: int
    logs: Logs

    def read(self, window: Window) -> tuple[list[RecordId], list[RecordId]]:
        return self._ids(self.here, window.source), self._ids(self.there, window.target)

    def _ids(self, log: Log, span: tuple[int, int]) -> list[RecordId]:
        offsets = (offset for offset in sorted(log) if span[0] <= offset < span[1])
        return [RecordId(offset, b"%d" % self.contents[log[offset]]) for offset in offsets]

    def late(self, position: int, offset: int) -> Counter[int]:
        """What the group has still to read, that is at the target, and too seldom at or behind the offset."""
        ahead = {number for number in self.there.values() if number >= position and number in self.here}
        got = Counter(self.contents[number] for place, number in self.there.items() if place >= offset)
        return Counter(self.contents[number] for number in ahead) - got

    def again(self, position: int, offset: int) -> list[int]:
        return [number for place, number in self.there.items() if place >= offset and number < position]


@st.composite
def twice(draw: st.DrawFn, *, compacted: bool) -> Twice:
    size = draw(st.integers(1, 20))
    here: Log = {n: n for n in range(size) if draw(st.integers(0, 7))}
    equal = draw(st.sampled_from((False, False, True)))  # a false sync between equal records would be believed
    contents = {n: draw(st.sampled_from((n, n, -1, -2))) if equal else n for n in range(size)}
    there: Log = {}
    end, copied, place, spacing = 0, 0, 0, draw(st.integers(1, 9))
    written = SyncHistory()
    for n in range(0 if equal else draw(st.integers(0, 2))):  # of a target that is no more
        written.add(n - 10, OffsetSync(draw(st.integers(0, size)), draw(st.integers(0, 20))))
    begin = draw(st.sampled_from([0, 0, draw(st.integers(0, size))]))
    for _ in range(draw(st.integers(1, 3))):  # the link is started so often
        # Often it does not come as far as the one before.
        stop, noted = draw(st.one_of(st.integers(begin, size), st.integers(begin, max(begin, copied)))), -spacing
        often = draw(st.booleans())  # whether it rests now and then, and notes what is last
        for number in (n for n in range(begin, stop) if n in here):
            there[end] = number
            if number - noted >= spacing or (often and draw(st.booleans())):  # the first one, and then as a link does
                written.add(place, OffsetSync(number, end))
                place, noted = place + 1, number
            end += 1 + draw(st.sampled_from((0, 0, 1)))
        copied = max(copied, stop)
        begin = draw(st.one_of(st.integers(0, stop), st.integers(min(stop, max(0, noted)), stop)))
    reverse = tuple(
        OffsetSync(draw(st.integers(0, max(end, 1))), draw(st.integers(0, size)))
        for _ in range(0 if equal else draw(st.sampled_from((0, 0, 1, 2))))
    )
    if compacted:
        here = {n: n for n in here if draw(st.integers(0, 2)) or n >= size - 2}
        kept: Log = {}
        for position, number in there.items():  # of several images of a record the older one vanishes first
            if number in kept.values() or position >= end - 2 or draw(st.integers(0, 2)):
                kept[position] = number
        there = kept
    starts = (
        draw(st.sampled_from((0, 0, draw(st.integers(0, size))))),
        draw(st.sampled_from((0, 0, draw(st.integers(0, end))))),
    )
    here = {p: n for p, n in here.items() if p >= starts[0]}
    there = {p: n for p, n in there.items() if p >= starts[1]}
    bounds = LogBounds(starts[0], size, size), LogBounds(starts[1], end, end)
    logs = Logs(PARTITION, *bounds, written.since(-100), compacted, reverse_syncs=reverse)
    return Twice(here, there, contents, (size, end), starts, copied, logs)


def _require_safe(found: Twice, position: int, answer: Translation) -> None:
    if isinstance(answer, Exact):
        assert not found.late(position, answer.offset)
        assert found.starts[1] <= answer.offset <= found.ends[1]
    elif answer.conservative is not None:
        assert not found.late(position, answer.conservative)
        assert found.starts[1] <= answer.conservative <= found.ends[1]


@pytest.mark.parametrize("compacted", [False, True])
def test_whatever_the_link_copied_twice_and_whatever_syncs_claim_no_answer_is_late(compacted: bool) -> None:
    @settings(max_examples=400, deadline=None)
    @given(twice(compacted=compacted), st.data())
    def look(found: Twice, data: st.DataObject) -> None:
        position = data.draw(st.integers(0, found.ends[0]))
        answer = translate(found.logs, position, found.read)
        event(answer.proof.name if isinstance(answer, Exact) else answer.why.name)
        _require_safe(found, position, answer)

    look()


@pytest.mark.parametrize("position", [3, 4, 5])
def test_a_link_that_begins_again_behind_its_last_sync_and_notes_another_one_has_still_to_copy_what_it_had(
    position: int,
) -> None:
    """It had copied up to f and noted c; killed, it began again with d, and has come to e: of f there is one image."""
    answer = look_at(Site("abcdefgh"), Site("abcdefde"), (0, 0), (2, 2), (3, 6), (4, 7), at=position)
    assert early(5, answer) is UnprovenReason.NOT_COPIED


@settings(max_examples=300, deadline=None)
@given(twice(compacted=False), st.data())
def test_what_is_proven_is_not_read_again(found: Twice, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, found.ends[0]))
    answer = translate(found.logs, position, found.read)
    if isinstance(answer, Exact):
        assert found.again(position, answer.offset) == []


@settings(max_examples=100, deadline=None)
@given(twice(compacted=False))
def test_a_sweep_is_as_safe_as_one_by_one(found: Twice) -> None:
    for position, answer in translate_all(found.logs, range(found.ends[0] + 1), found.read).items():
        _require_safe(found, position, answer)


@pytest.mark.parametrize("compacted", [False, True])
def test_these_histories_are_not_trivial(compacted: bool) -> None:
    seen = {"proven": 0, "early": 0, "refused": 0}

    @settings(max_examples=300, database=None, derandomize=True, deadline=None)
    @given(twice(compacted=compacted), st.data())
    def look(found: Twice, data: st.DataObject) -> None:
        answer = translate(found.logs, data.draw(st.integers(0, found.ends[0])), found.read)
        early = isinstance(answer, Unproven) and answer.conservative is not None
        seen["early" if early else "proven" if isinstance(answer, Exact) and answer.compared else "refused"] += 1

    look()
    assert min(seen["proven"], seen["early"]) > 10, seen
