"""The runbook is the plan."""

from pathlib import Path

from drctl.plans import render
from drctl.plans.switchover import ordered

RUNBOOKS = Path(__file__).parents[3] / "runbooks"


def test_every_page_is_what_the_plans_say_today() -> None:
    for name, text in render.pages().items():
        assert (RUNBOOKS / name).read_text(encoding="utf-8") == text, "run `make runbooks`"


def test_the_folder_holds_no_page_without_a_plan() -> None:
    assert {path.name for path in RUNBOOKS.glob("*.md")} == set(render.pages())


def test_a_page_names_every_step_and_the_way_back() -> None:
    text = render.pages()["switchover.md"]
    plan = ordered("source", "target", observe=lambda *_: None)  # type: ignore[arg-type]
    for step in (*plan.steps, *plan.way_back):
        assert f"`{step.name}`" in text
        assert step.title in text
    assert text.count("**point of no return**") == 1


def test_writing_the_pages_makes_the_folder(tmp_path: Path) -> None:
    render.main(tmp_path / "new")
    assert (tmp_path / "new" / "switchover.md").is_file()
