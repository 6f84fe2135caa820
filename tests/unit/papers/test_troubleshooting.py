"""Whoever comes with an exit code finds it, and finds no code that drctl never returns."""

import re
import runpy
from pathlib import Path

from drctl.cli import EXIT_CODES
from drctl.decide.rules import GateCategory
from drctl.errors import DrctlError
from drctl.model.verdict import Verdict, exit_code

CHECKOUT = Path(__file__).parents[3]
PAGE = CHECKOUT / "docs" / "troubleshooting.md"
TABLE = runpy.run_path(str(CHECKOUT / "tools/rules_table.py"))


def _section(title: str) -> str:
    return PAGE.read_text(encoding="utf-8").partition(f"## {title}\n")[2].partition("\n## ")[0]


def _rows() -> dict[int, list[str]]:
    rows = [line.strip("|").split("|") for line in _section("By exit code").splitlines() if line.startswith("| ")]
    return {int(row[0]): [cell.strip() for cell in row[1:]] for row in rows if row[0].strip().isdigit()}


def _codes(kind: type[DrctlError]) -> set[int]:
    return {kind.exit_code}.union(*map(_codes, kind.__subclasses__()))


def test_every_exit_code_is_there_and_no_other_in_the_order_of_their_numbers() -> None:
    returned = _codes(DrctlError) | {concern.value for concern in GateCategory} | {exit_code(each) for each in Verdict}
    assert list(_rows()) == sorted(returned | {0, 130})


def test_every_exit_code_says_what_to_do() -> None:
    for code, (meaning, causes, remedy) in _rows().items():
        assert meaning, code
        assert remedy, code
        assert causes or code == 0, code


def test_it_calls_a_code_what_the_help_calls_it() -> None:
    helped = {int(code): said for code, said in re.findall(r"^ *(\d+)  (.+)$", EXIT_CODES, re.MULTILINE)}
    assert set(helped) == set(_rows())
    for code, (meaning, *_) in _rows().items():
        ours = re.sub(r"^(gate|verdict): ", "", meaning)
        assert helped[code].startswith(ours), code


def test_the_rules_are_those_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert TABLE["BEGIN"] in text
    assert TABLE["placed"](text) == text, "run `make docs`"
