"""The contract of Arbiter: in memory, a file, and a ConfigMap of an API in memory; of a real one in tests/kube."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Thread

import pytest

from drctl.drivers.kube.arbiter import KEY, ConfigMapArbiter
from drctl.drivers.store.arbiter import FileArbiter
from drctl.errors import NotFound, Superseded, Unreachable, Unsupported
from drctl.model.arbiter import ArbiterRecord
from drctl.model.resources import CONFIG_MAP
from drctl.ports import Arbiter
from tests.contract.api import ApiHarness
from tests.fakes import FakeApi, FakeArbiter, FakeResources, ThirdPlace

NORTH = ArbiterRecord("wind-farm", "north", 6, "r5")
SOUTH = ArbiterRecord("wind-farm", "south", 7, "r6")

type Reached = Callable[[], Arbiter]
"""One more controller's way to one arbiter."""


def _in_memory(_: Path) -> Reached:
    place = ThirdPlace()
    return lambda: FakeArbiter(place)


def _in_a_file(folder: Path) -> Reached:
    return lambda: FileArbiter(folder / "arbiter.json")


def _in_a_config_map(_: Path) -> Reached:
    api = FakeApi()
    api.put(CONFIG_MAP, {"metadata": {"name": "drctl-arbiter"}})
    return lambda: ConfigMapArbiter(FakeResources(api), "drctl-arbiter")


@pytest.fixture(params=[_in_memory, _in_a_file, _in_a_config_map])
def reached(request: pytest.FixtureRequest, tmp_path: Path) -> Reached:
    made: Reached = request.param(tmp_path)
    return made


def test_an_arbiter_that_was_never_told_holds_nothing(reached: Reached) -> None:
    assert reached().read() is None


def test_what_one_has_told_the_other_reads(reached: Reached) -> None:
    reached().write(NORTH, expected=None)
    assert reached().read() == NORTH
    reached().write(SOUTH, expected=NORTH)
    assert reached().read() == SOUTH


@pytest.mark.parametrize("expected", [None, SOUTH, replace(NORTH, epoch=5), replace(NORTH, run="")])
def test_who_expected_something_else_changes_nothing(reached: Reached, expected: ArbiterRecord | None) -> None:
    reached().write(NORTH, expected=None)
    with pytest.raises(Superseded) as met:
        reached().write(SOUTH, expected=expected)
    assert met.value.remedy
    assert reached().read() == NORTH


def test_of_several_who_claim_at_once_one_is_taken(reached: Reached) -> None:
    reached().write(NORTH, expected=None)
    taken: list[str] = []
    at_once = Barrier(6)

    def claim(number: int) -> None:
        mine, arbiter = replace(SOUTH, run=f"r{number}"), reached()
        at_once.wait()
        try:
            arbiter.write(mine, expected=NORTH)
        except Superseded:
            return
        taken.append(mine.run)

    claimants = [Thread(target=claim, args=(number,)) for number in range(6)]
    for each in claimants:
        each.start()
    for each in claimants:
        each.join()
    held = reached().read()
    assert held is not None
    assert taken == [held.run]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"plan": "p", "primary": "n", "epoch": "1", "run": ""}', "\x00"])
def test_what_is_no_record_is_told_and_never_taken_for_none(tmp_path: Path, text: str) -> None:
    api = FakeApi()
    api.put(CONFIG_MAP, {"metadata": {"name": "drctl-arbiter"}, "data": {KEY: text}})
    (tmp_path / "arbiter.json").write_text(text)
    for arbiter in (FileArbiter(tmp_path / "arbiter.json"), ConfigMapArbiter(FakeResources(api), "drctl-arbiter")):
        for ask in (arbiter.read, lambda to=arbiter: to.write(SOUTH, expected=None)):
            with pytest.raises(Unsupported, match="holds no record") as met:
                ask()
            assert met.value.remedy


def test_a_config_map_or_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        ConfigMapArbiter(FakeResources(FakeApi()), "drctl-arbiter").write(NORTH, expected=None)
    gone = FileArbiter(tmp_path / "gone" / "arbiter.json")
    for ask in (gone.read, lambda: gone.write(NORTH, expected=None)):
        with pytest.raises(Unreachable, match="cannot be used"):
            ask()
    assert not (tmp_path / "gone").exists()


def test_other_things_in_the_config_map_stay(api: ApiHarness) -> None:
    api.put("drctl-arbiter", {"note": "for people"})
    arbiter = ConfigMapArbiter(api.resources, "drctl-arbiter")
    arbiter.write(NORTH, expected=None)
    arbiter.write(SOUTH, expected=NORTH)
    assert arbiter.read() == SOUTH
    assert api.resources.get(CONFIG_MAP, "drctl-arbiter")["data"]["note"] == "for people"


def test_who_wrote_onto_an_older_version_of_the_config_map_is_refused(api: ApiHarness) -> None:
    api.put("drctl-arbiter", {})
    one, other = (ConfigMapArbiter(api.resources, "drctl-arbiter") for _ in range(2))
    one.write(NORTH, expected=None)
    other.write(SOUTH, expected=NORTH)
    with pytest.raises(Superseded):
        one.write(replace(NORTH, epoch=8), expected=NORTH)
    assert one.read() == SOUTH
