"""drctl plan runbooks."""

from pathlib import Path

from click.testing import CliRunner

from drctl.cli import cli
from drctl.errors import NotFound
from drctl.lab.connect import write_links
from drctl.lab.files import write_clients, write_plan
from drctl.lab.layout import plan_layout


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
