"""Ports stay small enough for one fake each, and the recipe for a step names what a step has."""

import ast
import re
from pathlib import Path

from drctl.plans.plan import Step

CHECKOUT = Path(__file__).parents[3]
MOST = 7


def _ports() -> dict[str, int]:
    """How many methods each port has, by file and class."""
    return {
        f"{path.name}::{node.name}": sum(isinstance(part, ast.FunctionDef) for part in node.body)
        for path in (CHECKOUT / "drctl/ports").glob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in node.bases)
    }


def test_no_port_has_more_methods_than_contributing_says() -> None:
    ports = _ports()
    assert len(ports) > 30
    assert {name: count for name, count in ports.items() if count > MOST} == {}
    assert max(ports.values()) == MOST, "say in CONTRIBUTING.md how many it is now"


def test_the_recipe_for_a_step_names_what_a_step_has() -> None:
    text = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    recipe = text.partition("**Add a step.**")[2].partition("a frozen dataclass")[0]
    named = set(re.findall(r"`([a-z_]+)`", recipe))
    assert named == {name for name in {*vars(Step), *Step.__annotations__} if not name.startswith("_")}
