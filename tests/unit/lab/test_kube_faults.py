"""Faults of the Kubernetes lab: what they do to its parts and what others tell, on stand-ins of node and kubectl."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from drctl.cli.lab_kube import fault
from drctl.drivers.store.clock import SystemClock
from drctl.errors import LabError
from drctl.lab.kube import evidence, outages, storage
from drctl.lab.kube.faults import FAULTS, HEAL
from drctl.lab.kube.lab import KubeLab
from drctl.lab.kube.storage import Storage
from drctl.lab.layout import plan_layout
from drctl.lab.processes import ProcessStatus

MOUNTED = "63 43 7:3 / {place} rw,noatime - ext4 /dev/loop3 rw\n"


class Kept:
    """Processes of which only is kept what was asked."""

    def __init__(self, **states: str) -> None:
        self.states = states
        self.asked: list[str] = []
        self.clock = SystemClock()
        self.folder = Path()

    def status(self, name: str) -> ProcessStatus:
        return ProcessStatus(name, 1, self.states.get(name, "running"), 0)

    def signal(self, name: str, signal: str) -> None:
        self.asked.append(f"{signal} {name}")
        self.states[name] = {"SIGKILL": "gone", "SIGSTOP": "stopped"}.get(signal, "running")

    def wait_gone(self, name: str) -> None:
        assert self.states[name] == "gone"

    def start(self, name: str, argv: list[str]) -> None:
        assert argv
        assert self.states.get(name) == "gone"
        self.asked.append(f"start {name}")
        self.states[name] = "running"
        if name == storage.DRIVER_PROCESS:
            option = next(each for each in argv if each.startswith("--socket="))
            Path(option.removeprefix("--socket=")).touch()


class Told:
    """A kubectl that tells what it was given, by words of the question."""

    def __init__(self, **answers: Any) -> None:
        self.answers_by = answers

    def run(self, *words: str) -> str:
        return json.dumps(self.answers_by["summary"] if "/stats/summary" in words[-1] else {})

    def get(self, kind: str, _: str) -> dict[str, Any]:
        return dict(self.answers_by.get(kind, {}))

    def answers(self) -> bool:
        return True


def a_lab(tmp_path: Path, *, summary: Any = None, **states: str) -> tuple[KubeLab, Kept]:
    """A lab without anything that runs, and what it asks of the processes of Kubernetes."""
    lab, kept = KubeLab(tmp_path, plan_layout(3), SystemClock()), Kept(**states)
    lab.processes = Kept()  # type: ignore[assignment]
    kubectl = Told(
        summary=summary,
        csinode={"spec": {"drivers": [{"name": storage.DRIVER}]}},
        pvc={"spec": {"volumeName": "pv-1"}},
        pv={"metadata": {"uid": "u-1"}, "spec": {"csi": {"volumeHandle": "v-1"}}},
    )
    plane = SimpleNamespace(kubectl=kubectl, credentials=lambda _: tmp_path / "kubeconfig", address=None)
    node = SimpleNamespace(
        processes=kept, plane=plane, folder=tmp_path, kubelet_folder=tmp_path / "kubelet", ready=lambda: True,
        seen_from_here=lambda path: tmp_path / str(path).lstrip("/"), inside=lambda *words: kept.asked.append(words[2]),
    )  # fmt: skip
    lab.cluster = SimpleNamespace(  # type: ignore[assignment]
        processes=kept, plane=plane, node=node, kubectl=kubectl, storage=Storage(node),  # type: ignore[arg-type]
    )  # fmt: skip
    return lab, kept


def mount(tmp_path: Path) -> None:
    """Let the node's kernel tell that a volume is mounted, by a loop device of this machine that is none."""
    table = tmp_path / "proc/1/mountinfo"
    table.parent.mkdir(parents=True)
    table.write_text(MOUNTED.format(place=tmp_path / "kubelet/pods/a"))


def summary(*claims: str, pod: str = "north-broker-2") -> dict[str, Any]:
    volumes = [{"name": "x"}, *({"pvcRef": {"name": claim}, "availableBytes": 7} for claim in claims)]
    return {"pods": [{"podRef": {"name": "other"}}, {"podRef": {"name": pod}, "volume": volumes}]}


def test_the_commands_help_names_every_fault() -> None:
    told = CliRunner().invoke(fault, ["--help"]).output
    assert [kind for kind in FAULTS if kind not in told] == []


@pytest.mark.parametrize("kind", sorted(FAULTS.keys() - {HEAL}))
def test_a_pod_that_is_not_there_is_named_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(evidence, "PATIENCE", 0.0)
    lab, kept = a_lab(tmp_path)
    with pytest.raises(LabError, match="the lab has no broker pod north-broker-9"):
        FAULTS[kind](lab, "north-broker-9")
    assert kept.asked == []


def detached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str) -> tuple[KubeLab, Path]:
    """A lab whose node refuses a write to a volume that is mounted, once its file is there; and that file."""
    lab, _ = a_lab(tmp_path)
    mount(tmp_path)
    probe = tmp_path / str(tmp_path / "kubelet/pods/a/probe").lstrip("/")
    probe.parent.mkdir(parents=True)

    def refuse(*_: str) -> str:
        probe.touch()
        raise LabError(f"dd on the node: dd: error writing 'probe': {why}\n0 bytes copied")

    monkeypatch.setattr(evidence, "PATIENCE", 0.0)
    monkeypatch.setattr(lab.cluster.node, "inside", refuse)
    monkeypatch.setattr(Storage, "_source", lambda *_: str(tmp_path / "volumes/v-1/image"))
    monkeypatch.setattr(Storage, "tear_off", lambda *_: None)
    return lab, probe


def test_a_dead_volume_is_told_in_the_words_of_the_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab, probe = detached(tmp_path, monkeypatch, "Input/output error")
    assert FAULTS["detach-volume"](lab, "north-broker-2").observation.endswith("'probe': Input/output error")
    assert not probe.exists()


def test_a_volume_that_is_only_full_is_not_dead_and_keeps_no_probe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, probe = detached(tmp_path, monkeypatch, "No space left on device")
    with pytest.raises(LabError, match="timed out") as told:
        FAULTS["detach-volume"](lab, "north-broker-2")
    assert "drctl lab kube fault heal north-broker-2" in told.value.remedy
    assert not probe.exists()


def test_a_volume_refuses_writes_once_its_file_system_is_to_turn_read_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, kept = a_lab(tmp_path)
    mount(tmp_path)
    monkeypatch.setattr(storage, "EXT4", tmp_path / "ext4")
    monkeypatch.setattr(Storage, "_source", lambda *_: str(tmp_path / "volumes/v-1/image"))
    with pytest.raises(LabError, match="/dev/loop3 fail"):
        lab.cluster.storage.refuse_writes("v-1")
    trigger = tmp_path / "ext4/loop3/trigger_fs_error"
    trigger.parent.mkdir(parents=True)
    lab.cluster.storage.refuse_writes("v-1")
    assert kept.asked == ["remount,errors=remount-ro"] * 2
    assert trigger.read_text()


def test_a_volume_that_is_mounted_nowhere_cannot_refuse_writes(tmp_path: Path) -> None:
    lab, kept = a_lab(tmp_path)
    mount(tmp_path)
    with pytest.raises(LabError, match="mounted nowhere"):
        lab.cluster.storage.refuse_writes("v-1")
    assert kept.asked == []


def test_a_volume_is_known_by_the_uid_of_what_its_claim_is_bound_to(tmp_path: Path) -> None:
    lab, _ = a_lab(tmp_path)
    assert lab.cluster.storage.uid("data-0-north-broker-2") == "u-1"


@pytest.mark.parametrize(
    ("told", "left"),
    [
        (summary("data"), {"data": 7}),
        (summary(), {}),
        (summary("data", pod="else"), None),
        ({"pods": [{"podRef": {"name": "north-broker-2"}}]}, {}),
    ],
    ids=["measured", "its volume is not", "another pod is", "nothing of it is"],
)
def test_a_pod_that_is_not_measured_is_told_from_one_whose_volume_is_not(
    tmp_path: Path, told: dict[str, Any], left: dict[str, int] | None
) -> None:
    lab, _ = a_lab(tmp_path, summary=told)
    assert evidence.measured(lab, "north-broker-2") == left


def test_a_driver_is_seen_to_be_gone_only_where_kubelet_measured_the_volume_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, kept = a_lab(tmp_path, summary=summary())
    monkeypatch.setattr(evidence, "PATIENCE", 0.0)
    with pytest.raises(LabError, match="kubelet measures claim data-0-north-broker-2"):
        FAULTS["kill-csi-driver"](lab, "north-broker-2")
    assert kept.asked == []


def test_a_killed_driver_is_told_by_what_kubelet_measures_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, kept = a_lab(tmp_path)
    told = iter([{"data-0-north-broker-2": 7}, {"data-0-north-broker-2": 7}, None, {}])
    monkeypatch.setattr(outages, "measured", lambda *_: next(told))
    found = FAULTS["kill-csi-driver"](lab, "north-broker-2")
    assert kept.asked == [f"SIGKILL {storage.DRIVER_PROCESS}"]
    assert "claim data-0-north-broker-2 no longer" in found.observation
    assert next(told, "all was asked") == "all was asked"


@pytest.mark.parametrize("sidecars", ["running", "gone"])
def test_a_driver_comes_back_with_its_sidecars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sidecars: str) -> None:
    """They end at the next call after they lost it, which may be after it is back."""
    monkeypatch.setattr(storage, "part", lambda _: tmp_path)
    states = {storage.DRIVER_PROCESS: "gone", **dict.fromkeys(storage.SIDECARS, sidecars)}
    lab, kept = a_lab(tmp_path, **states)
    socket = lab.cluster.storage.socket
    socket.parent.mkdir(parents=True)
    socket.touch()
    outages.mend_outages(lab)
    started = [word for word in kept.asked if word.startswith("start")]
    assert started == [f"start {name}" for name in (storage.DRIVER_PROCESS, *storage.SIDECARS)]
    assert lab.cluster.storage.driver_runs()


def test_a_frozen_api_server_is_thawed_and_what_runs_is_left_alone(tmp_path: Path) -> None:
    lab, kept = a_lab(tmp_path, **{outages.API_SERVER: "stopped"})
    outages.mend_outages(lab)
    assert kept.asked == [f"SIGCONT {outages.API_SERVER}"]
