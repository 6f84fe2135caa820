"""States of several checkers, brought together: the findings are those of one checker that was given everything."""

import random
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drctl.drills import judging, way_home
from drctl.errors import JournalBroken
from drctl.ledger import control
from drctl.ledger.checker import check, findings_of
from drctl.ledger.events import (
    Aborted,
    Acknowledged,
    Doubtful,
    Event,
    LogStart,
    PolledInTransaction,
    Processed,
    Seen,
    Stranded,
    Stream,
)
from drctl.ledger.findings import EXAMPLES, Findings
from drctl.ledger.retention import Retention
from drctl.ledger.state import CheckerState, merged
from drctl.ledger.stored_state import from_bytes, to_bytes
from tests.unit.drills.stored import HISTORIES, head_of, stored
from tests.unit.ledger.worker import partition_events

A, B = Stream(1, "readings", 0), Stream(2, "orders", 1)
READS = {"billing": ("readings", "orders"), "audit": ("orders",)}
JUDGED = [path for path in sorted(HISTORIES.glob("*.jsonl")) if "error" not in head_of(path)]


def state_of(events: Iterable[Event]) -> CheckerState:
    state = CheckerState()
    for event in events:
        state.take(event)
    return state


def shards(events: Iterable[Event], count: int, seed: int) -> list[list[Event]]:
    """Deal events to checkers: what was found by its log, in log order, and all else as it comes."""
    chance = random.Random(seed)
    dealt: list[list[Event]] = [[] for _ in range(count)]
    owners: dict[tuple[object, ...], int] = {}
    for event in events:
        owner = chance.randrange(count)
        if isinstance(event, Seen | Stranded):
            owner = owners.setdefault((type(event), event.topic, event.partition), owner)
        dealt[owner].append(event)
    return dealt


def spread(count: int, seed: int) -> Callable[..., Findings]:
    """Check as ``check`` does, by so many checkers whose states go through bytes."""

    def spread_check(events: Iterable[Event], **more: Any) -> Findings:
        states = [from_bytes(to_bytes(state_of(each)), "a shard") for each in shards(events, count, seed)]
        random.Random(seed + 1).shuffle(states)
        return findings_of(merged(states), **more)

    return spread_check


@pytest.mark.parametrize("path", JUDGED, ids=lambda path: str(path.stem))
def test_every_stored_history_gets_the_same_verdict_from_several_checkers(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = stored(path)
    alone = history.judged(history.plain())
    for module in (judging, way_home, control):
        monkeypatch.setattr(module, "check", spread(3, seed=len(path.stem)))
    together = history.judged(history.plain())
    assert (together.verdict, together.reasons) == (alone.verdict, alone.reasons)
    assert (together.findings, together.standby, together.weight) == (alone.findings, alone.standby, alone.weight)
    assert alone.verdict.value == history.head["verdict"]


streams = st.sampled_from([A, B, Stream(2, "readings", 0), Stream(3, "prices", 0)])
sequences = st.integers(1, 30)
offsets = st.integers(0, 40)
times = st.sampled_from([0.0, 59.0, 60.0, 150.0])
retentions = st.builds(
    Retention, st.sampled_from(["delete", "compact"]), st.sampled_from([-1, 90_000]), st.integers(-1, 0), times
)
sites = st.sampled_from(["north", "south"])
places = st.tuples(st.sampled_from(["readings", "orders", "prices"]), st.integers(0, 1))


@st.composite
def found(draw: st.DrawFn) -> Event:
    kinds: list[type[Seen | Stranded]] = [Seen, Seen, Seen, Stranded]
    kind = draw(st.sampled_from(kinds))
    stream = draw(streams | st.none())
    topic, partition = draw(places) if stream is None or draw(st.integers(0, 9)) == 0 else stream[1:]
    intact, foreign = draw(st.integers(0, 9)) > 0, draw(st.integers(0, 9)) == 0
    site = draw(st.sampled_from(["", "north"]))
    return kind(topic, partition, draw(offsets), stream, draw(sequences), intact, foreign, site)


histories = st.lists(
    st.builds(Acknowledged, streams, sequences, times, sites, st.sampled_from([None, "a", "b"]), st.none() | offsets)
    | st.builds(Doubtful, streams, sequences)
    | st.builds(Aborted, streams, sequences)
    | st.builds(
        Processed, st.sampled_from(["billing", "audit"]), streams, sequences, st.just(0.0), sites, st.none() | offsets
    )
    | st.builds(PolledInTransaction, streams, sequences, st.booleans())
    | st.builds(
        LogStart,
        sites,
        st.sampled_from(["readings", "orders", "prices"]),
        st.integers(0, 1),
        offsets,
        st.none() | retentions,
    )
    | found(),
    max_size=120,
)


@given(histories, st.integers(1, 5), st.integers(0, 2**16))
def test_any_split_and_any_order_give_what_one_checker_finds(events: list[Event], count: int, seed: int) -> None:
    alone = check(events, compacted=["prices"], groups=READS)
    assert spread(count, seed)(events, compacted=["prices"], groups=READS) == alone


@given(histories, st.integers(0, 2**16))
def test_merging_is_the_same_however_it_is_bracketed(events: list[Event], seed: int) -> None:
    one, two, three = map(state_of, shards(events, 3, seed))
    left, right = merged([merged([one, two]), three]), merged([one, merged([two, three])])
    assert to_bytes(left) == to_bytes(right) == to_bytes(merged([three, one, two]))


@given(histories)
def test_a_state_survives_as_bytes_and_merging_leaves_its_parts_alone(events: list[Event]) -> None:
    state = state_of(events)
    raw = to_bytes(state)
    assert to_bytes(from_bytes(raw, "here")) == raw
    merged([state, state_of([Acknowledged(A, 99, 0.0, "north"), Processed("billing", A, 99, 0.0, "north")])])
    assert to_bytes(state) == raw


def test_a_group_that_processed_a_record_before_two_checkers_has_repeated_it() -> None:
    both = [state_of([Processed("billing", A, 5, 0.0, "north")]) for _ in range(3)]
    (group,) = findings_of(merged(both)).groups
    assert (group.processed, group.repeated.count) == (1, 2)


def test_a_record_found_by_two_checkers_in_two_logs_is_duplicated_and_named() -> None:
    acked: list[Event] = [Acknowledged(A, 1, 0.0, "north"), Seen("readings", 0, 0, A, 1)]
    records = findings_of(merged([state_of(acked), state_of([Seen("readings", 1, 7, A, 1)])])).records
    assert records.duplicated.examples == ("readings-0 producer 1 sequence 1 in readings-1, and in readings-0",)
    assert (records.misrouted.count, records.seen) == (1, 2)


def test_a_log_that_two_have_read_is_refused() -> None:
    with pytest.raises(ValueError, match="two checkers have read readings-0"):
        merged([state_of([Seen("readings", 0, offset, A, 1 + offset)]) for offset in (0, 1)])


def test_the_first_few_names_are_the_same_whoever_found_them() -> None:
    odd = [Seen("readings", partition, offset, None) for partition in (0, 1) for offset in range(EXAMPLES)]
    alone = check(odd).records.corrupt
    behind_each_other = merged([state_of(odd[EXAMPLES:]), state_of(odd[:EXAMPLES])])
    assert findings_of(behind_each_other).records.corrupt == alone
    assert (alone.count, alone.examples[0], len(alone.examples)) == (2 * EXAMPLES, "readings-0 offset 0", EXAMPLES)


NO_STATES = {
    "nothing": b"",
    "empty": b"{}",
    "another format": b'{"format":1}',
    "a part": b'{"format":2}',
    "a list": b"[1]",
    "bytes": b"\xff",
}


@pytest.mark.parametrize("raw", NO_STATES.values(), ids=NO_STATES.keys())
def test_bytes_that_are_no_state_are_refused(raw: bytes) -> None:
    with pytest.raises(JournalBroken, match=r"shard 3: no state of a checker"):
        from_bytes(raw, "shard 3")


CUT = {
    "a set of no bytes": (b'"acknowledged":"', b'"acknowledged":"","cut":"'),
    "a name without a place": (b'"named":[[["readings",0,1,0]', b'"named":[[["readings",0]'),
    "a number beyond all": (b'"seen":1', b'"seen":1e999'),
}


@pytest.mark.parametrize(("whole", "cut"), CUT.values(), ids=CUT.keys())
def test_a_state_of_which_a_part_is_missing_is_refused(whole: bytes, cut: bytes) -> None:
    raw = to_bytes(state_of([Acknowledged(A, 1, 0.0, "north"), Seen("readings", 0, 1, None)]))
    assert raw.count(whole) == 1, raw
    with pytest.raises(JournalBroken, match=r"shard 3: no state of a checker"):
        from_bytes(raw.replace(whole, cut), "shard 3")


def run(folder: Path, partitions: Sequence[int], die_after: Mapping[int, int]) -> list[int]:
    worker = "tests.unit.ledger.worker"
    argv = [[sys.executable, "-m", worker, str(folder), str(p), str(die_after.get(p, 10**6))] for p in partitions]
    processes = [subprocess.Popen(each) for each in argv]
    return [each.wait() for each in processes]


def test_processes_of_which_one_is_killed_and_replaced_find_what_one_process_finds(tmp_path: Path) -> None:
    partitions = range(3)
    assert run(tmp_path, partitions, {1: 500}) == [0, 9, 0]
    assert run(tmp_path, [1], {}) == [0]
    states = [from_bytes((tmp_path / f"{p}.state").read_bytes().partition(b"\n")[2], str(p)) for p in partitions]
    alone = check([event for p in partitions for event in partition_events(p)], groups={"billing": ("readings",)})
    assert findings_of(merged(states), groups={"billing": ("readings",)}) == alone
    assert (alone.records.lost.count, alone.groups[0].repeated.count) == (3, 3)
