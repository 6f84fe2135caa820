"""A checker's state as bytes, so that others can go on from it or bring it together with theirs.

JSON with sorted keys; sequences are Roaring bitmaps in their portable form, in Base64. Who goes on from a state keeps
the position that it was reached at in the same write: a state that is older or newer than its position lies.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from pyroaring import BitMap64

from drctl.errors import JournalBroken
from drctl.ledger.events import LogStart, Stream
from drctl.ledger.offset_runs import OffsetRun, OffsetRuns
from drctl.ledger.retention import Retention
from drctl.ledger.state import CLASSES, CheckerState, NamedClass, SiteLog
from drctl.ledger.stream_state import LogName, LogState, StreamState
from drctl.model.documents import DocumentError, json_of

FORMAT = 2
LARGEST = 1 << 30
"""Bytes of a state: a billion records take some hundred megabytes at worst, where every second one is missing."""
SETS = ("acknowledged", "doubtful", "aborted", "superseded")


def to_bytes(state: CheckerState) -> bytes:
    """Return the state as bytes."""
    told = {
        "format": FORMAT,
        "seen": state.seen,
        "classes": {name: _class(each) for name, each in state.classes.items()},
        "repeated": {group: _class(each) for group, each in state.repeated.items() if each.count},
        "streams": [[*stream, _stream(held)] for stream, held in sorted(state.streams.items(), key=_by_name)],
        "processed": {group: _processed(streams) for group, streams in state.processed.items()},
        "told": [[*place, _told(streams)] for place, streams in sorted(state.told.items(), key=_by_log)],
        "starts": [
            [*place, start.offset, start.retention] for place, start in sorted(state.starts.items(), key=_by_log)
        ],
    }
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()


def _processed(streams: Mapping[Stream, BitMap64]) -> list[list[Any]]:
    return [[*stream, _set(done)] for stream, done in sorted(streams.items(), key=_by_name)]


def _told(streams: Mapping[Stream, OffsetRuns]) -> list[list[Any]]:
    return [[*stream, list(map(list, runs.runs()))] for stream, runs in sorted(streams.items(), key=_by_name)]


def from_bytes(raw: bytes, where: str) -> CheckerState:
    """Return the state that was written. JournalBroken, naming ``where``, if these bytes are none."""
    try:
        told = json_of(raw, largest=LARGEST, ours=True)
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            raise ValueError(f"its format is not {FORMAT}")
        return _state(told)
    except DocumentError as error:
        raise _broken(where, error.problem) from error
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        raise _broken(where, error) from error


def _broken(where: str, why: object) -> JournalBroken:
    return JournalBroken(f"{where}: no state of a checker: {why}", remedy="check from the beginning")


def _state(told: Mapping[str, Any]) -> CheckerState:
    state = CheckerState()
    state.seen = int(told["seen"])
    state.classes = {name: _class_of(told["classes"][name]) for name in CLASSES}
    for group, each in told["repeated"].items():
        state.repeated[group] = _class_of(each)
    for producer, topic, partition, held in told["streams"]:
        state.streams[Stream(producer, topic, partition)] = _stream_of(held)
    for group, streams in told["processed"].items():
        for producer, topic, partition, done in streams:
            state.processed[group][Stream(producer, topic, partition)] = _set_of(done)
    for site, topic, partition, streams in told["told"]:
        held = state.told[SiteLog(str(site), str(topic), int(partition))]
        for producer, intended, number, runs in streams:
            held[Stream(producer, intended, number)] = OffsetRuns(OffsetRun(*map(int, run)) for run in runs)
    for site, topic, partition, start, retention in told["starts"]:
        place = SiteLog(str(site), str(topic), int(partition))
        state.starts[place] = LogStart(*place, int(start), None if retention is None else _retention_of(*retention))
    return state


def _retention_of(policy: object, ms: int, size: int, at: float) -> Retention:
    return Retention(str(policy), int(ms), int(size), float(at))


def _by_name(entry: tuple[Stream, object]) -> Stream:
    return entry[0]


def _by_log(entry: tuple[SiteLog, object]) -> SiteLog:
    return entry[0]


def _class(found: NamedClass) -> dict[str, Any]:
    return {"count": found.count, "named": [[list(key), name] for key, name in found.named]}


def _class_of(told: Mapping[str, Any]) -> NamedClass:
    named = [((str(key[0]), int(key[1]), int(key[2]), int(key[3])), str(name)) for key, name in told["named"]]
    return NamedClass(int(told["count"]), named)


def _stream(state: StreamState) -> dict[str, Any]:
    return {
        **{name: _set(getattr(state, name)) for name in SETS},
        "newest": state.newest_of_key,
        "minutes": sorted(state.minutes.items()),
        "logs": [[*name, _set(log.there), log.last] for name, log in sorted(state.logs.items())],
    }


def _stream_of(told: Mapping[str, Any]) -> StreamState:
    sets = {name: _set_of(told[name]) for name in SETS}
    logs = {
        LogName(str(topic), int(partition), bool(stranded)): LogState(_set_of(there), int(last))
        for topic, partition, stranded, there, last in told["logs"]
    }
    newest = {str(key): int(sequence) for key, sequence in told["newest"].items()}
    minutes = {int(minute): int(last) for minute, last in told["minutes"]}
    return StreamState(**sets, newest_of_key=newest, minutes=minutes, logs=logs)


def _set(sequences: BitMap64) -> str:
    compact = sequences.copy()
    compact.run_optimize()
    return b64encode(compact.serialize()).decode()


def _set_of(text: str) -> BitMap64:
    return BitMap64.deserialize(b64decode(text, validate=True))
