"""Whatever happened to the two logs, no answer is late, and a proven one is exact."""

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from drctl.decide.offset_syncs import merged
from drctl.decide.translate import translate, translate_all
from drctl.model.translation import Exact, Unproven, UnprovenReason
from tests.unit.decide.history import History, histories


@settings(max_examples=600)
@given(histories(), st.data())
def test_no_answer_is_late_and_a_proven_one_is_exact(history: History, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, history.source_bounds.high))
    answer = translate(history.logs, position, history.read)
    event(answer.proof.name if isinstance(answer, Exact) else answer.why.name)
    if isinstance(answer, Exact):
        assert history.skipped(position, answer.offset) == []
        assert history.repeated(position, answer.offset) == []
        assert history.not_copied(position) == []
        assert history.target_bounds.start <= answer.offset <= history.target_bounds.stable
        if not history.compacted:
            assert history.gone(position) == []
    elif answer.conservative is not None:
        assert history.skipped(position, answer.conservative) == []
        assert answer.repeats is not None
        assert len(history.repeated(position, answer.conservative)) <= answer.repeats + len(
            history.not_copied(position)
        )


@given(histories())
def test_a_sweep_answers_as_one_by_one(history: History) -> None:
    positions = range(history.source_bounds.high + 1)
    swept = translate_all(history.logs, positions, history.read)
    alone = {p: translate(history.logs, p, history.read) for p in positions}
    assert {p: _outcome(a) for p, a in swept.items()} == {p: _outcome(a) for p, a in alone.items()}


@settings(max_examples=200)
@given(histories(compacted=False), st.data())
def test_without_compaction_every_copied_position_with_a_sync_is_answered(
    history: History, data: st.DataObject
) -> None:
    start, stop = history.source_bounds.start, history.source_bounds.stable
    position = data.draw(st.integers(start, stop))
    logs = history.logs
    if not any(
        a.upstream >= start and a.downstream >= history.target_bounds.start
        for a in merged(logs.syncs, logs.reverse_syncs)
    ):
        return
    answer = translate(logs, position, history.read)
    if history.not_copied(position):
        assert isinstance(answer, Unproven)
        assert answer.why is UnprovenReason.NOT_COPIED
    elif history.gone(position):
        assert isinstance(answer, Unproven)
        assert answer.why is UnprovenReason.GONE_AT_TARGET
    else:
        # A record that waits for the copy may be equal to one that was copied: then it could be copied again.
        ahead = {w.digest for w in history.source if w.offset >= position and w.image is None}
        doubtful = isinstance(answer, Unproven) and answer.why is UnprovenReason.NOT_COPIED
        assert isinstance(answer, Exact) or (doubtful and ahead & {w.digest for w in history.target})


@settings(max_examples=200)
@given(histories(compacted=False), st.data())
def test_a_foreign_record_at_the_target_is_never_passed_over(history: History, data: st.DataObject) -> None:
    """Somebody wrote to the standby: wherever its record is between compared ones, nothing is proven."""
    if not history.target:
        return
    position = data.draw(st.integers(history.source_bounds.start, history.source_bounds.stable))
    victim = data.draw(st.sampled_from(history.target))
    history.target = [
        w if w is not victim else type(w)(w.offset, w.key, "written here", w.image) for w in history.target
    ]
    answer = translate(history.logs, position, history.read)
    if isinstance(answer, Exact):
        assert history.skipped(position, answer.offset) == []


def _outcome(answer: Exact | Unproven) -> object:
    if isinstance(answer, Exact):
        return answer.offset
    return answer.why


@pytest.mark.parametrize("compacted", [False, True])
def test_the_generated_histories_are_not_trivial(compacted: bool) -> None:
    """The properties above would hold for nothing if nearly everything were refused."""
    seen = {"proven": 0, "refused": 0}

    @settings(max_examples=300, database=None, derandomize=True)
    @given(histories(compacted=compacted), st.data())
    def look(history: History, data: st.DataObject) -> None:
        position = data.draw(st.integers(0, history.source_bounds.high))
        answer = translate(history.logs, position, history.read)
        seen["proven" if isinstance(answer, Exact) and answer.compared else "refused"] += 1

    look()
    assert seen["proven"] > 40
