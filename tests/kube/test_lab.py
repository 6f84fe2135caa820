"""A Kafka site in pods: it is a site like any other, it can be hurt with evidence, and nothing of it stays behind."""

import json
import operator
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from drctl.drills.pod_kills import campaign
from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.drivers.store.clock import SystemClock
from drctl.errors import LabError
from drctl.lab.kube import KubeLab, cgroups
from drctl.lab.kube.brokers import claim
from drctl.lab.kube.faults import FAULTS
from drctl.lab.kube.node import NAME
from tests.contract.waiting import settled
from tests.kube.harness import CHECKOUT
from tests.lab.usage import drctl

CLOCK = SystemClock()


def traces(folder: Path, number: int) -> list[str]:
    """What is left of a Kubernetes in a folder: processes, mounts, loop devices, network, cgroups."""
    left = [f"interface drctl{number}"] if Path(f"/sys/class/net/drctl{number}").exists() else []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if str(folder).encode() in command and path.parent.name != str(os.getpid()):
            left.append(f"process {command!r}")
    left += [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(folder) in line]
    left += [
        str(path) for path in Path("/sys/block").glob("loop*/loop/backing_file") if str(folder) in path.read_text()
    ]
    return left


def control_groups() -> set[str]:
    """The control groups of labs whose process is gone; those that run beside these tests have theirs."""
    names = {path.name for path in cgroups.ROOT.glob(f"*/{cgroups.PREFIX}*")}
    return {name for name in names if not Path("/proc", name.removeprefix(cgroups.PREFIX)).exists()}


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_when_the_starter_ends(tmp_path_factory: pytest.TempPathFactory, end: int) -> None:
    before = control_groups()
    folder = tmp_path_factory.mktemp("end") / "k"
    words = [sys.executable, "-m", "tests.kube.starter", str(folder)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) as starter:
        assert starter.stdout is not None
        number = int(starter.stdout.readline())
        assert traces(folder, number)
        starter.send_signal(end)
    settled(CLOCK, "nothing of it is left", lambda: traces(folder, number), operator.not_)
    settled(CLOCK, "its control groups are gone", lambda: control_groups() - before, operator.not_)


def test_a_site_in_pods_is_a_site(kube_lab: KubeLab) -> None:
    kafka = kube_lab.site("north").kafka("drctl")
    brokers = KafkaBrokers(kafka)
    # A test before may have had a broker killed, whose pod is ready a moment before all brokers know of it.
    settled(
        CLOCK,
        "all brokers know of each other",
        lambda: sorted(broker.id for broker in brokers.cluster().brokers),
        lambda ids: ids == [1, 2, 3],
    )
    kafka.close()
    labels = kube_lab.kubectl.get("pod", kube_lab.pods[0])["metadata"]["labels"]
    assert labels["strimzi.io/cluster"] == "north"
    assert labels["strimzi.io/pool-name"] == "broker"


def test_a_status_tells_of_pods_and_volumes(kube_lab: KubeLab) -> None:
    def told() -> dict[str, Any]:
        done = drctl(kube_lab, "status", "-o", "json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = next(each for each in json.loads(done.stdout)["sites"] if each["name"] == "north")
        return found

    # The kubelet measures the volumes about once a minute.
    north = settled(
        CLOCK,
        "pods, volumes and brokers are seen and well",
        told,
        lambda seen: seen["health"]["scope"] == "well" and _all_measured(seen["kubernetes"]["volumes"]["value"]),
        180,
    )
    pods, volumes = north["kubernetes"]["pods"]["value"], north["kubernetes"]["volumes"]["value"]
    assert [(each["broker"], each["pod"], each["ready"]) for each in pods] == [
        (number, pod, "True") for number, pod in enumerate(kube_lab.pods, 1)
    ]
    assert [each["claim"] for each in volumes] == [claim(pod) for pod in kube_lab.pods]
    assert {each["health"] for each in volumes} == {"healthy"}
    assert all(each["attachedTo"] == [NAME] for each in volumes)
    assert north["kubernetes"]["unusable"] == []
    assert north["kafka"]["quorum"]["leader"] in (1, 2, 3)


def _all_measured(volumes: list[dict[str, Any]] | None) -> bool:
    return bool(volumes) and all(each["free"] is not None for each in volumes or ())


def test_pods_that_are_killed_under_load_lose_no_acknowledged_record(kube_lab: KubeLab) -> None:
    result = campaign(kube_lab, 4, seed=7)
    assert result.faults == dict.fromkeys(result.faults, 0)
    assert (result.skipped, result.same_volume) == (0, 4)
    assert result.proved, result


BREAKING = (
    "detach-volume", "lose-volume", "fill-volume", "refuse-attach", "lose-node", "lose-image", "forbid-scheduling",
    "report-abnormal", "fail-writes", "kill-csi-driver", "freeze-api-server", "cut-network",
)  # fmt: skip


@pytest.mark.parametrize("fault", BREAKING)
def test_a_fault_is_seen_by_another_than_its_injector_and_heals(kube_lab: KubeLab, fault: str) -> None:
    pod = kube_lab.pods[1]
    before = kube_lab.cluster.storage.volume(claim(pod))
    evidence = FAULTS[fault](kube_lab, pod)
    assert evidence.observation
    assert FAULTS["heal"](kube_lab, pod).observation == f"{pod} is ready"
    kept = kube_lab.cluster.storage.volume(claim(pod)) == before
    assert kept == (fault != "lose-volume")


def test_a_pod_that_is_not_there_is_named(kube_lab: KubeLab) -> None:
    with pytest.raises(LabError, match="north-broker-9"):
        FAULTS["fill-volume"](kube_lab, "north-broker-9")
