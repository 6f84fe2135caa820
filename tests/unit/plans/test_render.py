"""The runbook is the plan."""

import re
import shlex
from pathlib import Path

import pytest

from drctl.cli import EXIT_CODES
from drctl.decide.rules import GateCategory
from drctl.errors import DrctlError
from drctl.model.fence import MARK
from drctl.model.site import Canary, Site
from drctl.model.verdict import Verdict, exit_code
from drctl.plans import render
from drctl.plans.switchover import ordered

RUNBOOKS = Path(__file__).parents[3] / "runbooks"


def test_every_page_is_what_the_plans_say_today() -> None:
    for name, text in render.pages().items():
        assert (RUNBOOKS / name).read_text(encoding="utf-8") == text, "run `make runbooks`"


def test_the_folder_holds_no_page_without_a_plan() -> None:
    assert {path.name for path in RUNBOOKS.glob("*.md")} == set(render.pages())


def test_a_page_names_every_step_and_the_rollback() -> None:
    text = render.pages()["switchover.md"]
    plan = ordered("source", "target", observe=lambda *_: None)  # type: ignore[arg-type]
    for step in (*plan.steps, *plan.rollback):
        assert f"`{step.name}`" in text
        assert step.title in text
    assert text.count("**point of no return**") == 1


def test_writing_the_pages_makes_the_folder(tmp_path: Path) -> None:
    render.main(tmp_path / "new")
    assert (tmp_path / "new" / "switchover.md").is_file()


def _codes(text: str) -> set[int]:
    return {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}


def _kinds(kind: type[DrctlError]) -> set[int]:
    return {kind.exit_code}.union(*map(_kinds, kind.__subclasses__()))


def test_every_exit_code_says_what_to_do() -> None:
    table = _codes(render.pages()[render.BEGIN])
    told = {int(code) for code in re.findall(r"(?:^|\s)(\d{1,3}) (?=\s?\S)", EXIT_CODES)}
    assert table == told
    raised = (
        _kinds(DrctlError) | {concern.value for concern in GateCategory} | {exit_code(verdict) for verdict in Verdict}
    )
    assert table == raised | {0, 130}


def test_the_page_to_begin_with_leads_to_every_other() -> None:
    pages = render.pages()
    for name in pages.keys() - {render.BEGIN}:
        assert f"]({name})" in pages[render.BEGIN]


def test_lifting_by_hand_names_all_four_rules() -> None:
    lines = [line for line in render.pages()[render.BEGIN].splitlines() if "kafka-acls.sh" in line]
    assert any("--remove" in line for line in lines)
    for line in lines:
        words = shlex.split(line)
        for option in ("--topic", "--transactional-id"):
            assert [words[n + 1] for n, word in enumerate(words) if word == option] == ["*", MARK]
        if "--list" not in words:
            assert "--deny-principal" in words
            assert "--operation" in words


SITES = tuple(
    Site(name, f"kafka.{name}.example:9094", Path(f"/plan files/{name}.properties"), f"http://{name}:8083", CANARY)
    for CANARY in [Canary(None, "drctl.canary")]
    for name in ("north", "south")
)


@pytest.mark.parametrize("sites", [(), SITES])
def test_lines_can_be_given_to_a_shell(sites: tuple[Site, ...]) -> None:
    for text in render.pages(sites).values():
        lines = re.findall(r"See for yourself: `(.*)`", text)
        for line in [
            *lines,
            *(row.strip() for row in text.splitlines() if row.strip().startswith(("kafka-", "curl "))),
        ]:
            words = shlex.split(line, comments=True)
            if words[0].startswith("kafka-"):
                assert {"--command-config", "--consumer.config"} & set(words)
            # What a shell would expand stands in quotes.
            assert not re.search(r"[?*]", re.sub(r"\"[^\"]*\"|'[^']*'", "", line))


def test_pages_for_a_plan_file_name_its_sites() -> None:
    pages = render.pages(SITES)
    for text in pages.values():
        assert not re.search(r"\$(SOURCE|TARGET)", text.replace("export SOURCE", "").replace("export TARGET", ""))
        assert "--to target" not in text
    assert "drctl switchover --to south" in pages["switchover.md"]
    assert "--command-config '/plan files/north.properties' --list" in pages["switchover.md"]
    assert "drctl failback --to north" in pages["failback.md"]


def test_what_strimzi_tells_stays_a_variable() -> None:
    site = Site("north", "", None, "", Canary(None, "drctl.canary"))
    assert render.ShellAddress.of("source", site) == render.SOURCE
