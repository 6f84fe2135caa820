"""The negative control where events are long gone: faults planted into a copy of a checker's state, to be named by it.

Planted are the same kinds as into a history (:mod:`drctl.ledger.control`), as one event that came and one that did not.
"""

from collections.abc import Callable, Collection, Mapping
from functools import partial

from pyroaring import BitMap64

from drctl.ledger.checker import findings_of
from drctl.ledger.control import DELETED, KEEPS_EVERYTHING, PLANTED
from drctl.ledger.events import LogStart, Processed, Seen, Stream
from drctl.ledger.findings import Findings
from drctl.ledger.state import CheckerState
from drctl.ledger.stored_state import from_bytes, to_bytes
from drctl.ledger.stream_state import LogName

type Place = tuple[Stream, int]


def caught_in_state(
    state: CheckerState, *, compacted: Collection[str] = (), groups: Mapping[str, Collection[str]] | None = None
) -> dict[str, bool]:
    """Return for each planted fault whether the checker names it; False where the state is too thin to plant it."""
    judged = partial(findings_of, compacted=compacted, groups=groups)
    before, raw = judged(state), to_bytes(state)
    kinds = (*PLANTED, DELETED) if state.told else PLANTED
    return {kind: _caught(kind, raw, before, compacted, judged) for kind in kinds}


def _caught(
    kind: str, raw: bytes, before: Findings, compacted: Collection[str], judged: Callable[[CheckerState], Findings]
) -> bool:
    # By way of its stored form, in which checkers of many pods bring their states together: what is lost on
    # that way is then not caught either. The state itself has still to judge the run.
    copy = from_bytes(raw, "a copy")
    if not _planted(kind, copy, compacted):
        return False
    return _count(kind, judged(copy)) > _count(kind, before)


def _count(kind: str, findings: Findings) -> int:
    if kind in ("skipped", "repeated", "unread"):
        return sum(getattr(group, kind).count for group in findings.groups)
    return findings.records.faults[kind].count


def _planted(kind: str, state: CheckerState, compacted: Collection[str]) -> bool:
    """Whether there was a place for a fault of that kind, and it was put there."""
    if kind in ("skipped", "repeated", "unread"):
        return _planted_for_a_group(kind, state, compacted)
    # In the middle, with a later record behind it: at the end a record that is lost looks like one still to
    # come.
    place = _middle_found(state, compacted)
    if place is None:
        return False
    if kind == DELETED:
        return _deleted(state, *place)
    stream, sequence = place
    log = state.streams[stream].logs[LogName(stream.topic, stream.partition)]
    if kind in ("lost", "reordered"):
        log.there.discard(sequence)
    if kind != "lost":
        state.take(Seen(stream.topic, stream.partition, 0, stream, sequence, intact=kind != "corrupt"))
    return True


def _deleted(state: CheckerState, stream: Stream, sequence: int) -> bool:
    """Whether it is known where it lay, and the log begins behind it now."""
    for place, told in sorted(state.told.items()):
        if (place.topic, place.partition) != stream[1:] or stream not in told:
            continue
        for run in told[stream].runs():
            if run.first <= sequence < run.end:
                state.streams[stream].logs[LogName(place.topic, place.partition)].there.discard(sequence)
                state.starts[place] = LogStart(*place, run.shift + sequence + 1, KEEPS_EVERYTHING)
                return True
    return False


def _middle_found(state: CheckerState, compacted: Collection[str]) -> Place | None:
    """Return an acknowledged record that is there once, about in the middle, with a later one behind it."""
    for stream, held in sorted(state.streams.items()):
        log = held.logs.get(LogName(stream.topic, stream.partition))
        if log is None or stream.topic in compacted:
            continue
        there = (log.there & held.acknowledged) - BitMap64([log.last])
        elsewhere = [each.there for name, each in held.logs.items() if each is not log]
        for found in elsewhere:
            there -= found
        if there:
            return stream, there[len(there) // 2]
    return None


def _planted_for_a_group(kind: str, state: CheckerState, compacted: Collection[str]) -> bool:
    for group, streams in sorted(state.processed.items()):
        for stream, done in sorted(streams.items()):
            due = done & state.streams[stream].due if stream in state.streams else BitMap64()
            last = done.max() if done else 0
            chosen = due & BitMap64([last]) if kind == "unread" else due - BitMap64([last])
            if not chosen or stream.topic in compacted:
                continue
            sequence = chosen[len(chosen) // 2]
            if kind == "repeated":
                state.take(Processed(group, stream, sequence, 0.0, ""))
            else:
                done.discard(sequence)
                if not done:
                    del streams[stream]
            return True
    return False
