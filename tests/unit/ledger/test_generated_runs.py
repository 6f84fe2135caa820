"""The checker over generated runs: no false alarm on a clean one, and each way to break it named right.

Sixty runs; ten thousand by ``make generated-runs``, which takes some twenty minutes of a core.
"""

import os
import random
from collections import Counter
from collections.abc import Iterable, Mapping

import pytest

from drctl.ledger.checker import check
from drctl.ledger.events import Event
from drctl.ledger.findings import Examples, Findings
from tests.unit.ledger.broken_run import IN_A_COPY, WAYS, Way
from tests.unit.ledger.clean_run import COMPACTED, GROUPS, CleanRun, clean_run

EVERY = os.environ.get("DRCTL_SWEEP") == "all"
RUNS = 10_000 if EVERY else 60
SHARDS = 20 if EVERY else 2
"""So many tests, for as many processes to share."""
OF_GROUPS = ("skipped", "repeated", "phantom", "unread")


def found(events: Iterable[Event]) -> Findings:
    return check(events, compacted=COMPACTED, groups=GROUPS)


def named(findings: Findings) -> dict[str, int]:
    """Return everything that is named as a fault, or as unread, by class."""
    records = {name: each.count for name, each in findings.records.faults.items() if each}
    of_groups = Counter({f"group {kind}": sum(_of(each, kind).count for each in findings.groups) for kind in OF_GROUPS})
    return records | dict(+of_groups)


def _of(group: object, kind: str) -> Examples:
    told: Examples = getattr(group, kind)
    return told


@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_clean_run_raises_no_alarm_at_either_site(shard: int) -> None:
    for seed in range(shard, RUNS, SHARDS):
        run = clean_run(seed)
        findings = found(run.events())
        assert named(findings) == {}, seed
        assert findings.clean
        assert (findings.records.expired.count, findings.records.superseded) == (run.expired, run.superseded), seed
        assert not findings.undecided
        assert named(check(run.mirrored(), compacted=COMPACTED)) == {}, seed


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_each_way_to_break_a_run_is_named_and_nothing_else(way: Way) -> None:
    broken = 0
    for seed in range(RUNS):
        run = clean_run(seed)
        expected = way(run, random.Random(seed))
        if expected is None:
            continue
        broken += 1
        findings = found(run.events())
        assert named(findings) == _above_none(expected), seed
        assert findings.records.expired.count == run.expired, seed
    assert broken > RUNS // 10


def test_every_class_of_a_fault_is_one_that_some_way_brings_about() -> None:
    classes = {*found([]).records.faults, *(f"group {kind}" for kind in OF_GROUPS)}
    told = (way(clean_run(seed), random.Random(seed)) or {} for way in WAYS for seed in range(20))
    assert {name for each in told for name in _above_none(each)} == classes


@pytest.mark.parametrize("way", IN_A_COPY, ids=lambda way: way.__name__)
def test_each_way_to_break_a_copy_is_named_at_the_standby(way: Way) -> None:
    for seed in range(RUNS // 2):
        run = clean_run(seed)
        expected = way(run, random.Random(seed))
        if expected is not None:
            expected.pop("inconsistent_offsets", None)
            assert named(check(run.mirrored(), compacted=COMPACTED)) == _above_none(expected), seed


def _above_none(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def test_the_runs_have_in_them_what_could_raise_an_alarm() -> None:
    runs: list[CleanRun] = [clean_run(seed) for seed in range(60)]
    records = [found(each.events()).records for each in runs]
    for counted in (
        sum(bool(each.tail) for each in runs),
        sum(bool(each.recovered) for each in records),
        sum(bool(each.expired) for each in records),
        sum(each.superseded > 0 for each in records),
        sum(bool(each.stranded) for each in records),
    ):
        assert counted > 10
