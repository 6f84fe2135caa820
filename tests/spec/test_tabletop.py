"""A drill at the table: it reads, writes nothing anywhere, tells what a move would meet, and is never a proof."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drctl.cli import drill, tabletop, verify
from drctl.drills.bundle.manifest import RunKind, parsed
from drctl.drills.bundle.write import seal
from drctl.errors import BundleDamaged, ConfigInvalid, ReportContradicted
from drctl.model.link import ConnectorState
from drctl.ports import World
from tests.fakes import FakeWorld
from tests.spec.clinic import well
from tests.spec.harness import switch

VACUOUS = 22


@pytest.fixture
def earth(monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    earth = well()

    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield earth.ports()

    monkeypatch.setattr(tabletop, "opened", opened)
    return earth


def held(report: Path, *words: str) -> Result:
    arguments = ["--level", "tabletop", "--report", str(report), *words]
    return CliRunner().invoke(drill.command, arguments, obj=Path("plan.yaml"))


def checked(report: Path) -> Result:
    return CliRunner().invoke(verify.command, [str(report), "-o", "json"])


def body(report: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((report / "tabletop.json").read_text())
    return found


def test_nothing_is_written_anywhere_not_even_by_the_canary(earth: FakeWorld, tmp_path: Path) -> None:
    earth.effects.names.clear()
    before = {
        name: {partition: len(log.entries) for partition, log in site.logs.items()}
        for name, site in earth.sites.items()
    }
    done = held(tmp_path)
    assert done.exit_code == VACUOUS, done.output
    assert earth.effects.names == []
    assert not earth.journal.runs()
    for name, site in earth.sites.items():
        assert {partition: len(log.entries) for partition, log in site.logs.items()} == before[name]
    assert body(tmp_path)["notTried"] == ["north: the canary", "south: the canary"]


def test_what_a_move_would_meet_is_told(earth: FakeWorld, tmp_path: Path) -> None:
    held(tmp_path)
    told = body(tmp_path)
    assert (told["source"], told["target"], told["blockers"]) == ("north", "south", [])
    assert {each["name"]: each["positions"] == each["proven"] for each in told["groups"]} == {  # type: ignore[attr-defined]
        "billing": True,
        "dispatch": True,
    }
    assert told["pause"] == {"expectedSeconds": None, "measuredSeconds": [], "objectiveSeconds": 60.0}
    assert told["failover"]["recordsLost"] == 0  # type: ignore[index]
    steps = [each["name"] for each in told["steps"]]  # type: ignore[attr-defined]
    assert steps[0] == "check-gates"
    assert "unfence-target" in steps


def test_a_pause_that_was_measured_before_is_expected(earth: FakeWorld, tmp_path: Path) -> None:
    switch(earth.ports())
    earth.come_to_rest()
    held(tmp_path, "--to", "north")
    told = body(tmp_path)
    assert (told["source"], told["target"]) == ("south", "north")
    assert told["pause"]["expectedSeconds"] is not None  # type: ignore[index]


def test_what_stands_in_the_way_is_told_and_is_the_exit_code(earth: FakeWorld, tmp_path: Path) -> None:
    earth.mirrors["north", "south"].state = ConnectorState.STOPPED
    done = held(tmp_path)
    assert done.exit_code == 32
    assert "Stands in the way" in done.output
    assert body(tmp_path)["blockers"]


def test_a_silent_site_is_unknown_and_not_well(earth: FakeWorld, tmp_path: Path) -> None:
    earth.south.down = True
    done = held(tmp_path)
    assert done.exit_code == 30
    told = body(tmp_path)
    assert told["failover"] is None
    assert told["failoverUnknown"]
    assert "unknown records lost" in done.output


def test_it_says_everywhere_what_it_is_and_never_proved(earth: FakeWorld, tmp_path: Path) -> None:
    done = held(tmp_path)
    page = (tmp_path / "tabletop.html").read_text()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["manifest.json", "tabletop.html", "tabletop.json"]
    for text in (done.output, page):
        assert "tabletop" in text.lower()
        assert "vacuous" in text
    assert "TABLETOP: not a drill, and no proof" in page
    assert (body(tmp_path)["level"], body(tmp_path)["verdict"]) == ("tabletop", "vacuous")
    assert parsed((tmp_path / "manifest.json").read_bytes()).run_kind is RunKind.TABLETOP
    assert earth.north.name


def test_verified_by_others_it_is_vacuous(earth: FakeWorld, tmp_path: Path) -> None:
    held(tmp_path)
    done = checked(tmp_path)
    assert done.exit_code == VACUOUS
    told = json.loads(done.stdout)
    assert (told["runKind"], told["verdict"], told["reported"]) == ("tabletop", "vacuous", "vacuous")
    assert earth.north.name


def test_one_that_calls_itself_proved_contradicts_itself(earth: FakeWorld, tmp_path: Path) -> None:
    held(tmp_path)
    forged = body(tmp_path) | {"verdict": "proved", "level": "lab"}
    (tmp_path / "tabletop.json").write_text(json.dumps(forged))
    assert isinstance(checked(tmp_path).exception, BundleDamaged)
    seal(tmp_path, str(forged["id"]), RunKind.TABLETOP, None)
    assert isinstance(checked(tmp_path).exception, ReportContradicted)
    assert earth.north.name


@pytest.mark.parametrize("kind", [RunKind.DRILL, RunKind.UNPLANNED_DRILL, RunKind.EXPERIMENT])
def test_sealed_as_a_drill_it_is_damaged(earth: FakeWorld, tmp_path: Path, kind: RunKind) -> None:
    held(tmp_path)
    (tmp_path / "tabletop.json").rename(tmp_path / "report.json")
    (tmp_path / "tabletop.html").rename(tmp_path / "report.html")
    seal(tmp_path, "tabletop", kind, None)
    assert isinstance(checked(tmp_path).exception, BundleDamaged)
    assert earth.north.name


def test_it_is_not_laid_beside_the_report_of_a_drill(earth: FakeWorld, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text('{"verdict": "proved"}')
    assert isinstance(held(tmp_path).exception, ConfigInvalid)
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]
    assert earth.north.name


@pytest.mark.parametrize("words", [("--unplanned",), ("--small",), ("--rate", "120"), ("--keep",)])
def test_what_is_the_labs_is_wrong_usage(earth: FakeWorld, tmp_path: Path, words: tuple[str, ...]) -> None:
    done = held(tmp_path, *words)
    assert done.exit_code == 2
    assert "belongs to --level lab" in done.output
    assert earth.north.name
