"""Documents of a bundle that only somebody wrote who knows drctl: rightly chained and listed, and none of a run's."""

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from drctl.drills.bundle.codec import found_in, found_lines, journal_in, journal_lines
from drctl.drills.bundle.judging import judged_again
from drctl.drills.bundle.write import FACTS, JOURNAL, PRIMARY
from drctl.drills.experiments.judging import read_faults, read_journal
from drctl.errors import BundleDamaged, JournalBroken
from drctl.ledger.events import Event, LogStart, Seen, Stranded, Stream
from drctl.ledger.retention import Retention
from drctl.model.chain import Change, Line, canonical, chained, entry_digest
from tests.unit.drills.bundles import bundle, edited, listed, resealed


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that proves something; each test leaves it as it was."""
    return bundle(tmp_path_factory.mktemp("bundle"))


def entry(before: Line, run: str, body: str) -> Line:
    """An entry that goes on from that line, its digest what drctl would make of it."""
    told = {"sequence": 9, "at": "2027-01-15T08:00:00+00:00", "event": "step-observed", "step": "x", "body": body}
    told["digest"] = entry_digest("unknown", 9, str(told["at"]), "step-observed", "x", body)
    return chained(before.digest, Line(before.number + 1, Change.ENTRY_WRITTEN, run, canonical(told)))


def with_journal(report: Path, lines: Sequence[Line]) -> None:
    """Give a bundle another journal, and facts that name its head."""

    def change(facts: Any) -> Any:
        head = {"lines": len(lines), "digest": lines[-1].digest}
        return {**facts, "provenance": {**facts["provenance"], "journal": head}}

    edited(report / FACTS, change)
    (report / JOURNAL).write_bytes(gzip.compress(b"".join(journal_lines(lines))))
    resealed(report)


@pytest.mark.parametrize(
    "body", ["[" * 200_000, '{"a":' * 65 + "1" + "}" * 65, "[]", "7", '{"a": 1, "a": 2}', "", "9" * 5000]
)
def test_an_entry_that_is_chained_rightly_and_no_evidence_proves_nothing(
    whole: Path, tmp_path: Path, body: str
) -> None:
    report = copied(whole, tmp_path)
    lines = list(journal_in(JOURNAL, gzip.decompress((report / JOURNAL).read_bytes()).splitlines()))
    # The run is another one, whose entries are not told from their beginning: its chain cannot be followed.
    with_journal(report, [*lines, entry(lines[-1], "run-3", body)])
    with pytest.raises((BundleDamaged, JournalBroken)) as caught:
        judged_again(report, listed(report))
    assert caught.value.remedy


def test_the_bundle_that_the_others_are_spoiled_from_is_judged(whole: Path, tmp_path: Path) -> None:
    report = copied(whole, tmp_path)
    lines = list(journal_in(JOURNAL, gzip.decompress((report / JOURNAL).read_bytes()).splitlines()))
    with_journal(report, [*lines, entry(lines[-1], "run-3", "{}")])
    assert judged_again(report, listed(report)).verdict == "proved"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (JOURNAL, lambda line: line.replace(b'{"number":', b'{"number":1,"number":', 1)),
        (JOURNAL, lambda line: line.replace(b'"about":"', b'"about":"' + b"\xff", 1)),
        (JOURNAL, lambda _: b"[" * 100_000),
        (PRIMARY, lambda line: line.replace(b",", b"," + b"[" * 100_000, 1)),
        (PRIMARY, lambda line: line.replace(b'"seen"', b'"\x00seen"', 1)),
        (PRIMARY, lambda line: line.replace(b"true", b"NaN", 1)),
    ],
    ids=["key twice", "no UTF-8", "deep journal", "deep history", "control character", "no number"],
)
def test_a_line_that_only_a_careless_reader_takes_is_named(
    whole: Path, tmp_path: Path, name: str, change: Callable[[bytes], bytes]
) -> None:
    report = copied(whole, tmp_path)
    first, *others = gzip.decompress((report / name).read_bytes()).splitlines()
    assert change(first) != first
    (report / name).write_bytes(gzip.compress(b"\n".join((change(first), *others, b""))))
    resealed(report)
    with pytest.raises((BundleDamaged, JournalBroken), match=f"{name}:1: is no"):
        judged_again(report, listed(report))


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"a": 1, "a": 2}', b'{"a": 1e999}', b"\xff", b'{"a": NaN}', b"[]"])
def test_what_others_left_that_cannot_be_read_is_no_evidence(raw: bytes) -> None:
    assert read_journal(raw) == (None, None)
    told = b'{"fault": "kill", "target": "b", "observer": "o", "observation": "gone"}'
    assert len(list(read_faults(raw + b"\n" + told + b"\n"))) == 1


def copied(whole: Path, folder: Path) -> Path:
    """A copy of a bundle, to be broken."""
    report = folder / "report"
    for path in whole.rglob("*"):
        if path.is_file():
            place = report / path.relative_to(whole)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
    return report


def test_what_a_reader_found_comes_back_with_its_site_and_where_the_log_began() -> None:
    stream = Stream(1, "prices", 0)
    found: list[Event] = [
        Seen("prices", 0, 7, stream, 4, site="north"),
        Seen("prices", 0, 8, None),
        Stranded("prices", 0, 9, stream, 5, foreign=True),
        LogStart("north", "prices", 0, 3),
        LogStart("north", "prices", 1, 3, Retention("compact,delete", 604_800_000, -1, 1.8e9)),
    ]
    assert list(found_in(PRIMARY, found_lines(found))) == found


@pytest.mark.parametrize(
    "line",
    [
        b'["start","north","prices",0]',
        b'["start","","prices",0,1]',
        b'["start","north","prices",0,-1]',
        b'["start","north","prices",0,1,"delete"]',
        b'["start","north","prices",0,1,"delete",true,-1,1.0]',
        b'["start","north","prices",0,1,"delete",1,9223372036854775808,1.0]',
        b'["start","north","prices",0,1,7,1,1,1.0]',
        b'["start","north","prices",0,1,"delete",1,1,"now"]',
        b"[]",
    ],
)
def test_a_line_that_is_no_beginning_of_a_log_is_named(line: bytes) -> None:
    with pytest.raises(BundleDamaged, match=f"{PRIMARY}:1"):
        list(found_in(PRIMARY, [line]))
