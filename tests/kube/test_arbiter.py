"""The contract of the arbiter on a real API server: the suite is the one that the fake passes; and its rights there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from drctl.drivers.kube.arbiter import ConfigMapArbiter
from drctl.errors import Forbidden
from drctl.lab.kube import ControlPlane
from drctl.lab.kube.kubectl import Kubectl
from tests.contract.test_arbiter import *  # noqa: F403
from tests.contract.test_arbiter import NORTH
from tests.kube.harness import namespace, resources, user


@contextmanager
def _limited(plane: ControlPlane, folder: Path, *verbs: str) -> Iterator[ConfigMapArbiter]:
    """An arbiter that was never told, as a user that may do this with its ConfigMap and nothing else."""
    space = namespace(plane)
    meta = {"name": "drctl-arbiter", "namespace": space}
    Kubectl(plane.kubeconfig, space).apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
    rule: dict[str, Any] = {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [meta["name"]]}
    api = resources(plane, space, kubeconfig=user(plane, folder, [{**rule, "verbs": list(verbs)}]))
    try:
        yield ConfigMapArbiter(api, meta["name"])
    finally:
        api.close()


def test_get_and_patch_on_the_one_config_map_are_enough(plane: ControlPlane, tmp_path: Path) -> None:
    with _limited(plane, tmp_path, "get", "patch") as arbiter:
        arbiter.write(NORTH, expected=None)
        assert arbiter.read() == NORTH


@pytest.mark.parametrize(("left", "missing"), [("get", "patch"), ("patch", "get")])
def test_one_verb_less_is_refused_by_name(plane: ControlPlane, tmp_path: Path, left: str, missing: str) -> None:
    said = f'cannot {missing} resource "configmaps"'
    with _limited(plane, tmp_path, left) as arbiter, pytest.raises(Forbidden, match=said):
        arbiter.write(NORTH, expected=None)
