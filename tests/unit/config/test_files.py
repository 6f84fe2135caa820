"""Files of a plan file that would damage each other are refused when it is read, with the line to change."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from drctl.config import load
from drctl.errors import ConfigInvalid
from tests.unit.config.plan_files import GOOD, written

STATE_LINE, ROUTING_LINE = 19, 18


def plan(folder: Path, state: str = "state/drctl.sqlite", routing: str = "client-routing.json") -> Path:
    return written(
        folder,
        GOOD.replace("file: state/drctl.sqlite", f"file: {state}").replace(
            "file: client-routing.json", f"file: {routing}"
        ),
    )


@pytest.mark.parametrize(
    ("state", "routing", "line", "said"),
    [
        ("s.sqlite", "s.sqlite", ROUTING_LINE, "client routing's file and the state file are both in "),
        ("s.sqlite", "./x/../s.sqlite", ROUTING_LINE, "client routing's file and the state file are"),
        ("s.sqlite", "s.lock", ROUTING_LINE, "client routing's file and the state file's lock are"),
        ("s.sqlite", "s.sqlite-wal", ROUTING_LINE, "client routing's file and the state file's -wal are"),
        ("s.sqlite", "s.sqlite-journal", ROUTING_LINE, "client routing's file and the state file's -journal are"),
        ("s.lock", "client-routing.json", STATE_LINE, "the state file's lock and the state file are"),
        ("salvage", "client-routing.json", STATE_LINE, "the folder of salvaged records and the state file are"),
        (
            "s.sqlite",
            "salvage/routing.json",
            ROUTING_LINE,
            "client routing's file and the folder of salvaged records are",
        ),
        ("state/s.sqlite", "state", ROUTING_LINE, "client routing's file and the state file are"),
        ("plan.yaml", "client-routing.json", STATE_LINE, "the state file and the plan file are"),
        ("s.sqlite", "plan.yaml", ROUTING_LINE, "client routing's file and the plan file are"),
        ("plan.sqlite", "c", ROUTING_LINE, "client routing's file and link n-s: connectors are"),
        ("c", "client-routing.json", STATE_LINE, "the state file and site south: canary.clientProperties are"),
    ],
)
def test_two_uses_of_one_file_are_refused(tmp_path: Path, state: str, routing: str, line: int, said: str) -> None:
    with pytest.raises(ConfigInvalid) as refused:
        load(plan(tmp_path, state, routing))
    assert f"plan.yaml:{line}: {said}" in str(refused.value)


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_one_file_under_two_names_is_refused(tmp_path: Path, link: Callable[[Path, Path], None]) -> None:
    (tmp_path / "client-routing.json").touch()
    link(tmp_path / "client-routing.json", tmp_path / "s.sqlite")
    with pytest.raises(
        ConfigInvalid, match=rf"plan\.yaml:{ROUTING_LINE}: client routing's file and the state file are"
    ):
        load(plan(tmp_path, "s.sqlite"))


def test_a_link_to_a_file_that_is_not_there_yet_is_followed(tmp_path: Path) -> None:
    (tmp_path / "client-routing.json").symlink_to("s.lock")
    with pytest.raises(ConfigInvalid, match=r"client routing's file and the state file's lock"):
        load(plan(tmp_path, "s.sqlite"))


def test_the_plan_file_is_known_by_the_name_that_a_link_gives_it_too(tmp_path: Path) -> None:
    path = plan(tmp_path, routing="plan.yaml")
    (tmp_path / "link.yaml").symlink_to(path)
    with pytest.raises(ConfigInvalid, match=r"link\.yaml:18: client routing's file and the plan file are"):
        load(tmp_path / "link.yaml")


@pytest.mark.parametrize("name", [".", "..", '"s\\0"'])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigInvalid, match=rf"plan\.yaml:{STATE_LINE}: (the state file |.* the character U\+0000)"):
        load(plan(tmp_path, name))
    with pytest.raises(
        ConfigInvalid, match=rf"plan\.yaml:{ROUTING_LINE}: (client routing's file |.* the character U\+)"
    ):
        load(plan(tmp_path, routing=name))


def test_files_beside_each_other_are_taken(tmp_path: Path) -> None:
    assert load(plan(tmp_path, "s.sqlite", "s.json")).state == tmp_path / "s.sqlite"
    (tmp_path / "salvage").mkdir()
    assert load(plan(tmp_path, "s.sqlite", "salvage.json")).client_routing == tmp_path / "salvage.json"
