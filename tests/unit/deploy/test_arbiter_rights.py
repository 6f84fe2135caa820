"""The rights of an arbiter in a ConfigMap, as docs/kubernetes-rights.md has them: enough, and each one needed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drctl.drivers.kube.arbiter import ConfigMapArbiter
from drctl.drivers.kube.resources import KubeResources
from drctl.errors import Forbidden
from drctl.model.arbiter import ArbiterRecord
from drctl.model.resources import CONFIG_MAP
from tests.fakes import FakeApi, FakeClock
from tests.unit.deploy.authorizing import AuthorizedApi, Grant

NAME, SPACE = "drctl-arbiter", "third"
VERBS = ("get", "patch")
NORTH = ArbiterRecord("wind-farm", "north", 6, "r5")
SOUTH = ArbiterRecord("wind-farm", "south", 7, "r6")


@contextmanager
def reached(folder: Path, *, without: str = "", name: str = NAME) -> Iterator[tuple[AuthorizedApi, ConfigMapArbiter]]:
    """An arbiter that was never told, of which drctl may do what the page says, less one verb; the API server too."""
    api = FakeApi()
    for each in (NAME, "another"):
        api.put(CONFIG_MAP, {"metadata": {"name": each}}, namespace=SPACE)
    server = AuthorizedApi(api)
    server.grants = [Grant(SPACE, "", "configmaps", verb, NAME) for verb in VERBS if verb != without]
    with server.serving(folder) as kubeconfig:
        resources = KubeResources("of the arbiter", kubeconfig, "lab", SPACE, FakeClock())
        try:
            yield server, ConfigMapArbiter(resources, name)
        finally:
            resources.close()


def test_the_rights_on_the_page_are_enough_and_all_are_used(tmp_path: Path) -> None:
    with reached(tmp_path) as (server, arbiter):
        assert arbiter.read() is None
        arbiter.write(NORTH, expected=None)
        arbiter.write(SOUTH, expected=NORTH)
        assert arbiter.read() == SOUTH
    assert {asked.verb for asked in server.asked} == set(VERBS)
    page = Path(__file__).parents[3].joinpath("docs/kubernetes-rights.md").read_text(encoding="utf-8")
    assert "With `automaticFailover.arbiter.configMap` get and patch on that one config map" in page


@pytest.mark.parametrize(
    ("verb", "act"),
    [
        ("get", lambda arbiter: arbiter.read()),
        ("get", lambda arbiter: arbiter.write(NORTH, expected=None)),
        ("patch", lambda arbiter: arbiter.write(NORTH, expected=None)),
    ],
    ids=["get-to-read", "get-to-write", "patch-to-write"],
)
def test_a_verb_less_is_refused_by_name_and_never_taken_for_an_arbiter_without_record(
    tmp_path: Path, verb: str, act: Callable[[ConfigMapArbiter], object]
) -> None:
    with (
        reached(tmp_path, without=verb) as (server, arbiter),
        pytest.raises(Forbidden, match=f'cannot {verb} resource "configmaps"') as met,
    ):
        act(arbiter)
    assert met.value.remedy
    assert "data" not in server.api.objects["configmaps", SPACE, NAME]


def test_no_other_config_map_is_open_to_it(tmp_path: Path) -> None:
    with reached(tmp_path, name="another") as (_, arbiter), pytest.raises(Forbidden, match="another"):
        arbiter.read()
