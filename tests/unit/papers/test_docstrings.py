"""Docstrings that make sense in an editor's hover."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[3] / "drctl"


def test_no_docstring_of_the_package_begins_with_what() -> None:
    found = [f"{path.relative_to(PACKAGE.parent)}: {text}" for path in PACKAGE.rglob("*.py") for text in _first(path)]
    assert len(found) > 1000
    assert [each for each in found if _begins_with_what(each.partition(": ")[2])] == []


def test_one_that_does_is_noticed() -> None:
    assert _begins_with_what("What a run has written.")
    assert not _begins_with_what("Whatever a run has written.")


def _begins_with_what(docstring: str) -> bool:
    return docstring.split(maxsplit=1)[0].lower() == "what"


def _first(path: Path) -> Iterator[str]:
    """The first line of each docstring."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and (text := ast.get_docstring(node)):
            yield text.splitlines()[0]
