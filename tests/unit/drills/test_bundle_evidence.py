"""A bundle whose manifest fits and whose evidence does not: what it says, what it lacks, what no run leaves."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drctl.drills.bundle import packing
from drctl.drills.bundle.manifest import RunKind
from drctl.drills.bundle.verify import verify
from drctl.drills.bundle.write import FACTS, HISTORIES, JOURNAL, PRIMARY, STANDBY
from drctl.errors import BundleDamaged, JournalBroken
from drctl.model.verdict import Verdict
from tests.unit.drills.bundles import KEY, PUBLIC, edited, problems, resealed


def part(name: str, value: Any) -> Callable[[Any], Any]:
    """Put a value in place of what stands at ``a.0.b`` of a document."""

    def change(document: Any) -> Any:
        *path, last = [int(word) if word.isdigit() else word for word in name.split(".")]
        place = document
        for word in path:
            place = place[word]
        assert (type(place[last]), place[last]) != (type(value), value)
        place[last] = value
        return document

    return change


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("verdict", "vacuous"),
        ("reasons.0", "all is well"),
        ("run.user", "mallory"),
        ("records.acknowledged", 1_000_000),
        ("records.lost", 1),
        ("groups.0.skipped", 7),
        ("windows.0.acknowledged", 9),
        ("evidence.the standby holds every record, too", False),
        ("negative_control.lost", False),
        ("handovers.0.longest_pause", 0.1),
        ("handovers.0.epoch", True),
        ("journal.lines", 4),
        ("plan.digest", "0" * 64),
        ("standby", None),
    ],
)
def test_a_report_that_says_something_else_than_its_evidence_is_found_out(copy: Path, name: str, value: Any) -> None:
    """Even if whoever changed it can make a manifest that fits, and sign it."""
    edited(copy / "report.json", part(name, value))
    resealed(copy, KEY)
    found = verify(copy, PUBLIC)
    assert not found.damage
    assert found.verdict is Verdict.PROVED
    place = "".join(f"[{word}]" if word.isdigit() else f".{word}" for word in name.split(".")).removeprefix(".")
    assert [each.split(":")[0] for each in found.differences] == [place]


def test_a_record_that_was_taken_out_of_the_evidence_is_missed(copy: Path) -> None:
    """Whoever wants to hide a loss has to change what the clients wrote and what the reader found alike."""
    lines = gzip.decompress((copy / PRIMARY).read_bytes()).splitlines(keepends=True)
    (copy / PRIMARY).write_bytes(gzip.compress(b"".join(lines[:100] + lines[101:])))
    resealed(copy, KEY)
    found = verify(copy, PUBLIC)
    assert found.verdict is Verdict.REFUTED
    assert any(each.startswith("verdict: the report says 'proved'") for each in found.differences)


def test_the_run_of_the_manifest_is_that_of_the_evidence(copy: Path) -> None:
    resealed(copy, KEY, run="drill-of-another-day")
    found = verify(copy, PUBLIC)
    assert [each.split(":")[0] for each in found.differences] == ["run"]


@pytest.mark.parametrize("name", [FACTS, JOURNAL, "report.json"])
def test_a_manifest_that_leaves_out_what_the_verdict_rests_on_proves_nothing(copy: Path, name: str) -> None:
    (copy / name).unlink()
    resealed(copy, KEY)
    assert f"{name}: is not in the manifest" in problems(copy)


@pytest.mark.parametrize("name", [PRIMARY, STANDBY, f"{HISTORIES}/producer-turbines.jsonl.gz"])
def test_evidence_that_is_left_out_is_missed(copy: Path, name: str) -> None:
    (copy / name).unlink()
    resealed(copy, KEY)
    found = verify(copy, PUBLIC)
    assert found.verdict is not Verdict.PROVED
    assert found.differences


def test_the_kind_of_run_is_that_of_the_evidence(copy: Path) -> None:
    resealed(copy, KEY, run_kind=RunKind.UNPLANNED_DRILL)
    assert "not of the kind" in problems(copy)


@pytest.mark.parametrize(
    ("name", "place", "value", "said"),
    [
        (JOURNAL, "about", "run-9", "was altered|is missing"),
        (JOURNAL, "number", "1", "is no line of a journal"),
        (JOURNAL, "content", 7, "is no line of a journal"),
        (FACTS, "provenance.journal.lines", 2, "does not end where"),
        (FACTS, "handovers.0.spans", [], "the evidence is none that a run leaves"),
        (FACTS, "handovers", [], "the evidence is none that a run leaves"),
        (FACTS, "handovers.0.result.evidence", {}, "the evidence is none that a run leaves"),
        (
            FACTS,
            "handovers.0.result.evidence.watch-first-commits",
            {},
            "watch-first-commits: the facts say something else",
        ),
        (
            FACTS,
            "handovers.1.result.evidence.hand-over-positions.groups.reporting.lag",
            0,
            "hand-over-positions: the facts",
        ),
        (FACTS, "handovers.1.result.run.epoch", 3, "has begun no such run"),
        (FACTS, "handovers.0.result.state", "stopped", "that it is stopped, the journal done"),
        (FACTS, "began", 1e300, "the evidence is none that a run leaves"),
        (FACTS, "work", 7, r"facts\.json: work"),
        (PRIMARY, "1", 7, r"primary\.jsonl\.gz:1: is nothing that a reader found"),
        (PRIMARY, "3", 1 << 64, r"primary\.jsonl\.gz:1: is nothing that a reader found"),
        (PRIMARY, "3", -1, r"primary\.jsonl\.gz:1: is nothing that a reader found"),
        (PRIMARY, "6", 1, r"primary\.jsonl\.gz:1: is nothing that a reader found"),
        (PRIMARY, "0", "rumoured", r"primary\.jsonl\.gz:1: is nothing that a reader found"),
        (f"{HISTORIES}/producer-turbines.jsonl.gz", "kind", "rumoured", "no line of a history"),
        (f"{HISTORIES}/producer-turbines.jsonl.gz", "at", "now", "no line of a history"),
    ],
)
def test_evidence_that_no_run_leaves_proves_nothing(copy: Path, name: str, place: str, value: Any, said: str) -> None:
    edited(copy / name, part(place, value))
    resealed(copy, KEY)
    with pytest.raises((BundleDamaged, JournalBroken), match=said):
        verify(copy, PUBLIC)


@pytest.mark.parametrize(
    "raw",
    # Without a time in it: a test's name is made of this, and two workers must find the same.
    [b"no gzip", b"\x1f\x8b", gzip.compress(b'["seen"]\n', mtime=0)[:-9], gzip.compress(b"[" * 99_999, mtime=0)],
)
def test_evidence_that_cannot_be_read_proves_nothing(copy: Path, raw: bytes) -> None:
    (copy / PRIMARY).write_bytes(raw)
    resealed(copy, KEY)
    assert PRIMARY in problems(copy)


def test_a_small_file_that_unpacks_without_end_is_not_unpacked(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = json.dumps({"kind": "left", "at": 1.0, "site": "north", "records": []}).encode() + b"\n"
    monkeypatch.setattr(packing, "FREE", 1 << 16)
    for bomb in (line * 100_000, b"[" * 10_000_000):
        (copy / HISTORIES / "consumer-dispatch.jsonl.gz").write_bytes(gzip.compress(bomb))
        resealed(copy, KEY)
        assert "unpacks to more than a run can have written" in problems(copy)


def test_huge_sequences_cost_no_more_than_small_ones(copy: Path) -> None:
    def change(line: Any) -> Any:
        return {**line, "records": [[*record[:3], (1 << 64) - 1] for record in line["records"][:1]]}

    edited(copy / HISTORIES / "consumer-dispatch.jsonl.gz", change)
    resealed(copy, KEY)
    assert verify(copy, PUBLIC).verdict is Verdict.REFUTED
