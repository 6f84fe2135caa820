"""Rules of style that no linter knows: comprehensions stand alone, and what lives longer than a line is a word."""

import ast
import runpy
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]
FIGURES = runpy.run_path(str(CHECKOUT / "tools/figures.py"))
PACKAGE = sorted((CHECKOUT / "drctl").rglob("*.py"))


def test_no_comprehension_stands_within_another_one() -> None:
    found = [f"{path.relative_to(CHECKOUT)}:{line}" for path in PACKAGE for line in FIGURES["nested"](_tree(path))]
    assert len(PACKAGE) > 500
    assert found == []


def test_no_name_of_one_letter_lives_longer_than_its_line() -> None:
    found = [f"{path.relative_to(CHECKOUT)}:{line} {name}" for path in PACKAGE for line, name in _short(path)]
    assert found == []


def test_what_is_against_the_rules_is_noticed() -> None:
    assert list(FIGURES["nested"](ast.parse("x = [[y for y in z] for z in w]"))) == [1]
    assert list(
        FIGURES["short_names"](ast.parse("n = 1\nfor k in ():\n    pass\nm = [\n    k\n    for k in ()\n]"))
    ) == [
        (1, "n"),
        (2, "k"),
        (4, "m"),
        (4, "k"),
    ]
    assert list(FIGURES["short_names"](ast.parse("names = [n for n in ()]\nkeys = sorted((), key=lambda k: k)"))) == []


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _short(path: Path) -> list[tuple[int, str]]:
    return list(FIGURES["short_names"](_tree(path)))
