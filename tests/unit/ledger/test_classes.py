"""The page of classes: complete, and every history that it names is there and shows a class of its row."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from drctl.ledger.control import COPIED, DELETED, PLANTED
from drctl.ledger.findings import Examples, Findings, GroupFindings, RecordFindings
from tests.unit.drills.stored import stored
from tests.unit.ledger.broken_run import WAYS

PAGE = Path("docs/proof-classes.md").read_text("utf-8")
HISTORIES = Path("tests/histories")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]
NAMED = sorted(set(re.findall(r"`([a-z-]+\.jsonl)`", PAGE)))
KEYS = [row for row in ROWS if row[0][:1].isdigit()]
OTHERS = [row for row in ROWS if len(row) == 4 and row[0] not in ("Class", "---")]
CONTROLS = [row for row in ROWS if len(row) == 5 and row[0] not in ("#", "What is broken", "---") and row not in KEYS]
CLASSES = {
    name for kind in (RecordFindings, GroupFindings) for name, value in kind.__annotations__.items()
    if value is Examples
}  # fmt: skip
ACROSS_SITES = (
    "phantom", "corrupt", "misrouted", "truncated tail", "late", "expired", "stranded", "mirror gap",
    "mirror duplicate", "mirror reorder", "source truncated before the mirror", "group skip", "group replay",
    "split write", "fence breach", "recovered", "fault not injected", "vacuous",
)  # fmt: skip
"""Classes that Jepsen's keys have not: 17, of which one is of two kinds."""
ON_THE_WAY_HOME = {"read again": "repeated", "read what was never sent": "phantom"}


def test_every_one_of_jepsens_keys_has_its_row() -> None:
    told = [int(number) for row in KEYS for number in _span(row[0])]
    assert told == list(range(1, 26))


def _span(number: str) -> range:
    first, _, last = number.partition("–")
    return range(int(first), int(last or first) + 1)


def test_every_class_across_sites_and_of_vacuity_has_its_row() -> None:
    names = ", ".join(row[0] for row in OTHERS)
    assert [each for each in ACROSS_SITES if each not in names] == []
    assert len(OTHERS) == 21


def test_every_class_that_the_checker_counts_is_on_the_page_and_defined_where_it_is_counted() -> None:
    assert {"lost", "skipped"} <= CLASSES
    assert {name for name in CLASSES if f"`{name}`" not in PAGE} == set()
    defined = f"{RecordFindings.__doc__}{GroupFindings.__doc__}"
    assert {name for name in CLASSES if f"``{name}``" not in defined} == set()


def test_what_the_page_takes_for_a_class_of_ours_is_one() -> None:
    for row in (*KEYS, *OTHERS):
        assert set(re.findall(r"`([a-z_]+)`", row[-3])) - {"drctl"} <= CLASSES, row


def test_what_is_looked_for_has_a_history_and_what_is_not_has_a_reason() -> None:
    for here, definition, history in [row[-3:] for row in (*KEYS, *OTHERS)]:
        assert definition
        assert bool(history) != here.startswith(("not looked for", "told by")), (here, definition)


@pytest.mark.parametrize("name", NAMED)
def test_a_history_that_the_page_names_is_there(name: str) -> None:
    head = json.loads((HISTORIES / name).read_text("utf-8").splitlines()[0])
    assert head.get("verdict") or head.get("error")


@pytest.mark.parametrize("row", [*KEYS, *OTHERS], ids=lambda row: " ".join(row[:2])[:40])
def test_the_histories_of_a_row_show_its_classes(row: list[str]) -> None:
    classes = set(re.findall(r"`([a-z_]+)`", row[-3])) & CLASSES
    shown = {name: set(_shown(HISTORIES / name)) for name in re.findall(r"`([a-z-]+\.jsonl)`", row[-1])}
    if classes and shown:
        assert {name for name, each in shown.items() if each and not each & classes} == set()
        assert classes <= set[str]().union(*shown.values())


def _shown(path: Path) -> Iterator[str]:
    """Return the classes in which the checker names anything of this history, at any site; none if it is refused."""
    drill = stored(path)
    if "error" in drill.head:
        return
    found = drill.judged(drill.plain())
    for findings in (found.findings, found.standby):
        yield from _named(findings) if findings else ()
    for reason in found.reasons:
        yield from (name for words, name in ON_THE_WAY_HOME.items() if f" {words}" in reason)


def _named(findings: Findings) -> Iterator[str]:
    for part in (findings.records, *findings.groups):
        yield from (name for name in CLASSES if getattr(part, name, None))


def test_only_one_history_of_the_page_is_refused_before_it_is_judged() -> None:
    refused = [name for name in NAMED if "error" in stored(HISTORIES / name).head]
    assert refused == ["record-that-is-none.jsonl"]


def test_every_negative_control_is_planted_somewhere_and_in_generated_runs() -> None:
    assert len(CONTROLS) == 9
    ways = {way.__name__ for way in WAYS}
    for _, named, here, generated, history in CONTROLS:
        assert set(re.findall(r"`([a-z_]+)`", named)) <= CLASSES
        assert set(re.findall(r"`([a-z_]+)`", here)) <= {*PLANTED, DELETED, *COPIED}
        assert set(re.findall(r"`([a-z_]+)`", generated)) & ways
        assert history
