"""One class name, one thing: a reader who meets a name need not ask which one it is."""

import ast
from collections import Counter
from pathlib import Path

PACKAGE = Path(__file__).parents[3] / "drctl"


def test_no_public_class_name_twice_in_the_package() -> None:
    assert _twice() == set()


def test_a_name_that_is_twice_is_noticed() -> None:
    names = Counter(_public("class A: ...\nclass _B: ...") + _public("class A: ...\nclass _B: ..."))
    assert names == {"A": 2}


def _twice() -> set[str]:
    names = Counter(name for path in PACKAGE.rglob("*.py") for name in _public(path.read_text(encoding="utf-8")))
    assert names["DrctlError"] == 1
    return {name for name, count in names.items() if count > 1}


def _public(source: str) -> list[str]:
    tops = ast.parse(source).body
    return [node.name for node in tops if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
