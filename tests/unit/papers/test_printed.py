"""Pages that are printed from the code say what the code says today."""

import runpy
from pathlib import Path

from drctl.config import schema

CHECKOUT = Path(__file__).parents[3]
REFERENCE = runpy.run_path(str(CHECKOUT / "tools/plan_reference.py"))
LIFE = runpy.run_path(str(CHECKOUT / "tools/life.py"))


def test_the_reference_of_the_plan_file_is_what_the_models_say_today() -> None:
    assert (CHECKOUT / "docs/plan-file.md").read_text(encoding="utf-8") == REFERENCE["page"](), "run `make docs`"


def test_every_key_of_the_plan_file_has_its_line_and_no_line_is_without_key() -> None:
    models = REFERENCE["models"]()
    keys = {model: set(part["properties"]) for model, part in models.items()}
    assert {model: set(lines) for model, lines in REFERENCE["meanings"]().items()} == keys
    assert set(models) == set(schema()["$defs"]) | {REFERENCE["ROOT"]}


def test_the_life_of_a_switchover_is_what_the_plan_says_today() -> None:
    text = (CHECKOUT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert LIFE["BEGIN"] in text
    assert LIFE["placed"](text) == text, "run `make docs`"
