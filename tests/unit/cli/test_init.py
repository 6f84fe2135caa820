"""drctl init: a plan file that loads, decisions named, nothing overwritten, no secret written."""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import drctl.drivers.store.clock
import drctl.wiring.survey
from drctl.cli import init
from drctl.config import load
from drctl.drivers.connect.definitions import read
from drctl.errors import ConfigInvalid, Conflict, NotFound, Unreachable
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.session import GroupProtocol
from drctl.model.site import Site
from drctl.ports import SurveyPorts, World
from tests.fakes import FakeWorld, fake_world
from tests.fakes.silence import Silence, silence
from tests.unit.decide.test_proposal import SECRET, link

ORDERS = TopicPartition("shop.orders", 0)
IN_ALL = 10.0


@pytest.fixture
def earth(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeWorld:
    """The fake sites with connectors as a worker holds them, and client properties in this folder."""
    monkeypatch.chdir(tmp_path)
    earth = fake_world("to-db")
    earth.workers["south"].links = link("north", "south", topics=".*")
    earth.workers["north"].links = {}
    for name in ("north", "south"):
        (tmp_path / f"{name}.properties").write_text("security.protocol=PLAINTEXT\n")
    look_at(earth.ports(), monkeypatch)
    return earth


def look_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command see these sites, by their clock."""

    @contextmanager
    def opened(site: Site) -> Iterator[SurveyPorts]:
        ports = world.sites[site.name]
        yield SurveyPorts(site.name, ports.brokers, ports.positions, ports.access, ports.connectors)

    monkeypatch.setattr(drctl.wiring.survey, "open_survey", opened)
    monkeypatch.setattr(drctl.drivers.store.clock, "SystemClock", lambda: world.clock)


def words(*more: str, connect: str = "http://{}:8083") -> list[str]:
    told: list[str] = []
    for name in ("north", "south"):
        told += ["--bootstrap", f"{name}={name}:9092", "--properties", f"{name}={name}.properties"]
        told += ["--connect", f"{name}={connect.format(name)}"]
    return [*told, "--canary-topic", "canary", *more]


def typed(*more: str, connect: str = "http://{}:8083") -> Result:
    return CliRunner().invoke(init.command, words(*more, connect=connect), obj=Path("plan.yaml"))


def test_the_plan_file_loads_and_says_what_the_sites_show(earth: FakeWorld, tmp_path: Path) -> None:
    done = typed()
    assert done.exit_code == 0, done.output
    assert "plan.yaml: written, 2 topics, 2 groups, 1 sink" in done.output
    plan = load(tmp_path / "plan.yaml")
    assert plan.topics == ("shop.orders", "turbines.readings")
    assert plan.workloads[0].groups == ("billing", "dispatch")
    assert plan.sinks == ("to-db",)
    assert [each.bootstrap_servers for each in plan.sites] == ["north:9092", "south:9092"]
    assert {each.replication_principal for each in plan.links} == {"User:mm2"}
    assert json.loads((tmp_path / "client-routing.json").read_text()) == {"site": "north"}
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plan.yaml", "client-routing.json")}
    assert modes == {"plan.yaml": 0o600, "client-routing.json": 0o644}
    for each in plan.links:
        assert read(each).source.config["source.cluster.alias"] == each.source
    assert earth.effects.names == []


def test_where_a_decision_is_due_a_comment_says_so(earth: FakeWorld, tmp_path: Path) -> None:
    earth.south.logs = {p: log for p, log in earth.south.logs.items() if p.topic != "canary"}
    done = typed()
    text = (tmp_path / "plan.yaml").read_text()
    asked = [line.strip() for line in text.splitlines() if line.strip().startswith("# DECIDE: ")]
    assert f"({len(asked)} times)" in done.output
    for what in ("super.users", "canary does not exist here", "drctl's own stands here", "turned around", "promised"):
        assert any(what in line for line in asked), what


def test_no_secret_is_written_anywhere(earth: FakeWorld, tmp_path: Path) -> None:
    done = typed(connect="http://me:s3cret-login@{}:8083")
    assert done.exit_code == 0, done.output
    written = {file: file.read_text() for file in tmp_path.rglob("*") if file.is_file()}
    assert {file.name for file in written} >= {"plan.yaml", "north-to-south.json", "south-to-north.json"}
    for secret in (SECRET, "s3cret-login"):
        assert not [file for file, text in written.items() if secret in text]
        assert secret not in done.output
    text = written[tmp_path / "plan.yaml"]
    assert "a reference stands in the file instead: target.cluster.sasl.jaas.config of north-checkpoint, " in text


@pytest.mark.parametrize("there", ["plan.yaml", "links/south-to-north.json"])
@pytest.mark.parametrize("dangling", [False, True])
def test_what_is_there_is_not_overwritten_and_nothing_is_left_beside_it(
    earth: FakeWorld, tmp_path: Path, there: str, dangling: bool
) -> None:
    (tmp_path / "links").mkdir()
    if dangling:
        (tmp_path / there).symlink_to(tmp_path / "nowhere")
    else:
        (tmp_path / there).write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    done = typed()
    assert isinstance(done.exception, Conflict)
    assert there in str(done.exception)
    assert "--force" in done.exception.remedy
    assert sorted(tmp_path.rglob("*")) == before
    assert dangling or (tmp_path / there).read_text() == "mine"
    assert earth.north.name


def test_with_force_it_is_replaced_but_for_where_clients_are_sent(earth: FakeWorld, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("mine")
    (tmp_path / "client-routing.json").write_text('{"site": "south"}')
    done = typed("--force")
    assert done.exit_code == 0, done.output
    assert load(tmp_path / "plan.yaml").topics
    assert json.loads((tmp_path / "client-routing.json").read_text()) == {"site": "south"}
    assert earth.north.name


def test_a_plan_file_that_appears_meanwhile_is_kept_and_the_rest_is_taken_back(
    earth: FakeWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rename = os.link

    def late(old: Path, new: Path) -> None:
        if new.name == "plan.yaml":
            new.write_text("theirs")
        rename(old, new)

    monkeypatch.setattr(os, "link", late)
    done = typed()
    assert isinstance(done.exception, Conflict)
    assert (tmp_path / "plan.yaml").read_text() == "theirs"
    assert not list((tmp_path / "links").iterdir())
    assert not (tmp_path / "client-routing.json").exists()
    assert earth.north.name


def test_names_that_yaml_or_a_terminal_would_take_for_more_do_no_harm(earth: FakeWorld, tmp_path: Path) -> None:
    for name in ('a: "b" # c', "[x]", "no", "späte Gruppe", "bad\nname"):
        earth.north.group(name).committed[ORDERS] = Committed(1)
    earth.north.group("share\x1b[2J").protocol = GroupProtocol.SHARE
    assert typed().exit_code == 0
    groups = load(tmp_path / "plan.yaml").workloads[0].groups
    assert {'a: "b" # c', "[x]", "no", "späte Gruppe"} <= set(groups)
    text = (tmp_path / "plan.yaml").read_text()
    assert "DECIDE: group bad name has a name that no plan file can hold" in text
    assert "left out: share is a share group" in " ".join(text.split())
    assert "\x1b" not in text


def test_a_sink_that_no_plan_file_can_name_stays_behind_and_is_named(earth: FakeWorld, tmp_path: Path) -> None:
    earth.workers["north"].put("a/b", {"connector.class": "JdbcSink", "topics": "shop.orders"})
    assert typed().exit_code == 0
    assert load(tmp_path / "plan.yaml").sinks == ("to-db",)
    assert "DECIDE: sink a/b has a name that no plan file can hold" in (tmp_path / "plan.yaml").read_text()


def test_what_would_be_no_plan_file_is_not_written(earth: FakeWorld, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    done = typed("--name", "Not A Name")
    assert isinstance(done.exception, ConfigInvalid)
    assert f"{tmp_path / 'plan.yaml'}:" in str(done.exception)
    assert sorted(each for each in tmp_path.iterdir() if each.name != "links") == before
    assert earth.north.name


def test_a_site_that_is_silent_leaves_no_file(earth: FakeWorld, tmp_path: Path) -> None:
    earth.south.down = True
    before = sorted(tmp_path.rglob("*"))
    assert isinstance(typed().exception, Unreachable)
    assert sorted(tmp_path.rglob("*")) == before


def test_where_no_link_leads_no_file_is_written(earth: FakeWorld, tmp_path: Path) -> None:
    earth.workers["south"].links = {}
    assert isinstance(typed().exception, NotFound)
    assert not (tmp_path / "plan.yaml").exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--bootstrap", "west=west:9092"], "name two sites"),
        (["--connect", "north=http://again:8083"], "names site north twice"),
        (["--canary", "west=west.properties"], "which is none of north and south"),
        (["--canary", "canary.properties"], "takes SITE=VALUE"),
    ],
)
def test_options_that_do_not_fit_are_wrong_usage(earth: FakeWorld, more: list[str], said: str) -> None:
    done = typed(*more)
    assert done.exit_code == 2
    assert said in done.output
    assert earth.north.name


@pytest.mark.parametrize("how", Silence)
@pytest.mark.parametrize("site", ["north", "south"])
def test_a_site_that_is_silent_is_named_in_time_and_nothing_is_written(
    earth: FakeWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, site: str, how: Silence
) -> None:
    before, began = sorted(tmp_path.rglob("*")), earth.clock.monotonic()
    look_at(silence(earth, site, how), monkeypatch)
    done = typed()
    assert isinstance(done.exception, Unreachable)
    assert site in str(done.exception)
    assert sorted(tmp_path.rglob("*")) == before
    assert earth.clock.monotonic() - began < IN_ALL
