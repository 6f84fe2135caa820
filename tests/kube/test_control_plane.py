"""The bare API server: it answers, and it goes."""

from pathlib import Path

import pytest

from drctl.errors import LabError
from drctl.lab.kube import binaries, control_plane


def test_a_bare_api_server_keeps_what_is_applied_and_goes_with_its_user(tmp_path: Path) -> None:
    with control_plane(tmp_path / "plane") as plane:
        thing = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "thing"}, "data": {"of": "value"}}
        plane.kubectl.apply(thing)
        assert plane.kubectl.get("configmap", "thing")["data"] == {"of": "value"}
        assert plane.kubectl.get("configmap", "nothing") == {}
        pids = [process.pid for process in plane.processes.all()]
        assert len(pids) == 2
    assert not plane.kubectl.answers()
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_a_part_that_was_not_built_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRCTL_CACHE", str(tmp_path))
    with pytest.raises(LabError) as raised:
        binaries.part("csi")
    assert "make setup-kube" in str(raised.value.remedy)
