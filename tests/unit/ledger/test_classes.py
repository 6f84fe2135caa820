"""The page of classes: complete, and every history that it names is there and shows what it says."""

import json
import re
from pathlib import Path

import pytest

from drctl.ledger.findings import Examples, GroupFindings, RecordFindings

PAGE = Path("docs/proof-classes.md").read_text("utf-8")
HISTORIES = Path("tests/histories")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]
NAMED = sorted(set(re.findall(r"`([a-z-]+\.jsonl)`", PAGE)))


def test_every_one_of_jepsens_keys_has_its_row() -> None:
    numbers = [row[0] for row in ROWS if row[0][:1].isdigit()]
    told = [int(n) for each in numbers for n in _span(each)]
    assert told == list(range(1, 26))


def _span(number: str) -> range:
    first, _, last = number.partition("–")
    return range(int(first), int(last or first) + 1)


def test_every_class_that_the_checker_counts_is_on_the_page() -> None:
    counted = {name for kind in (RecordFindings, GroupFindings) for name, value in kind.__annotations__.items()
               if value is Examples}  # fmt: skip
    assert {"lost", "skipped"} <= counted
    assert {name for name in counted if f"`{name}`" not in PAGE} == set()


def test_what_is_looked_for_has_a_history_and_what_is_not_has_a_reason() -> None:
    jepsens = [row for row in ROWS if row[0][:1].isdigit()]
    others = [row for row in ROWS if len(row) == 4 and row[0] not in ("Class", "---")]
    assert len(others) == 21
    for here, definition, history in [row[-3:] for row in (*jepsens, *others)]:
        assert definition
        assert bool(history) != here.startswith(("not looked for", "told by")), (here, definition)


@pytest.mark.parametrize("name", NAMED)
def test_a_history_that_the_page_names_is_there(name: str) -> None:
    head = json.loads((HISTORIES / name).read_text("utf-8").splitlines()[0])
    assert head.get("verdict") or head.get("error")
