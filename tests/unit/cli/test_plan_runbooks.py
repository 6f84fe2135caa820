"""drctl plan runbooks."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from drctl.cli import cli
from drctl.config import load
from drctl.drivers.store.journal import SqliteJournal
from drctl.errors import ConfigInvalid, NotFound
from drctl.lab.connect import write_links
from drctl.lab.files import write_clients, write_plan
from drctl.lab.layout import plan_layout
from drctl.model.run import Event, Run, RunState
from drctl.plans.steps.drain_link import DrainLink
from tests.fakes.clock import FakeClock


def _plan(folder: Path) -> Path:
    sites = plan_layout(1)
    write_clients(folder)
    write_links(sites, folder)
    return write_plan(sites, folder, {})


def test_pages_are_written_without_asking_a_site(tmp_path: Path) -> None:
    plan = _plan(tmp_path)
    done = CliRunner().invoke(cli, ["-f", str(plan), "plan", "runbooks", "--to", "north", str(tmp_path / "pages")])
    assert done.exit_code == 0, done.output
    assert "README.md" in done.output
    assert "drctl switchover --to north" in (tmp_path / "pages" / "switchover.md").read_text()
    assert "drctl failback --to south" in (tmp_path / "pages" / "failback.md").read_text()


def test_a_site_that_the_plan_file_does_not_name_is_refused(tmp_path: Path) -> None:
    plan = _plan(tmp_path)
    done = CliRunner().invoke(cli, ["-f", str(plan), "plan", "runbooks", "--to", "east", str(tmp_path / "pages")])
    assert isinstance(done.exception, NotFound)
    assert not (tmp_path / "pages").exists()


@pytest.mark.parametrize("url", ["http://ops:k4n4ry@localhost:8083", "http://localhost:8083/$(k4n4ry)"])
def test_no_login_and_nothing_that_a_shell_would_run_comes_from_the_plan_file_into_a_page(
    tmp_path: Path, url: str
) -> None:
    plan = _plan(tmp_path)
    text = plan.read_text()
    (first, *_) = re.findall(r"http://[\w.]+:\d+", text)
    plan.write_text(text.replace(first, url))
    done = CliRunner().invoke(cli, ["-f", str(plan), "plan", "runbooks", "--to", "north", str(tmp_path / "pages")])
    pages = {page.name: page.read_text() for page in (tmp_path / "pages").iterdir()}
    assert done.exit_code == 0, done.output
    assert not [name for name, page in pages.items() if "k4n4ry" in page]
    assert 'curl "$TARGET_CONNECT/connectors?expand=status"' in pages["switchover.md"]


def test_each_step_is_told_with_what_the_command_says_and_how_long_it_took_before(tmp_path: Path) -> None:
    plan, clock = _plan(tmp_path), FakeClock()
    config = load(plan)
    config.state.parent.mkdir(parents=True, exist_ok=True)
    journal = SqliteJournal(config.state, clock)
    for number, seconds in enumerate((2, 5, 3)):
        run = Run(f"2026-{number}", "switchover", config.name, "d", "south", "north", 1)
        journal.begin(run)
        journal.append(run.id, Event.RUN_STARTED)
        journal.append(run.id, Event.STEP_INTENDED, "drain-link")
        clock.sleep(seconds)
        journal.append(run.id, Event.STEP_OBSERVED, "drain-link")
        if number == 1:  # cut off and continued: its seconds tell of the operator
            journal.append(run.id, Event.RUN_RESUMED)
        journal.end(run.id, RunState.DONE)
    words = ["-f", str(plan), "plan", "runbooks", "--to", "north", str(tmp_path / "pages")]
    assert CliRunner().invoke(cli, words).exit_code == 0
    text = (tmp_path / "pages" / "switchover.md").read_text()
    expected = f"{DrainLink.title} (… s)`; usually 2.5 s, at most 3.0 s (measured 2 times)"
    assert [line for line in text.splitlines() if line.startswith("Done looks like: `✓ 13/28") and expected in line]
    assert text.count("(measured") == 1
    assert "usually" not in (tmp_path / "pages" / "failover.md").read_text()


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    words = ["-f", str(_plan(tmp_path)), "plan", "runbooks", "--to", "north", str(tmp_path / "file" / "below")]
    assert isinstance(CliRunner().invoke(cli, words).exception, ConfigInvalid)
