"""A Kafka site in pods: it is a site like any other, it can be hurt with evidence, and nothing of it stays behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from drctl.drills.pod_kills import campaign
from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.drivers.store.clock import SystemClock
from drctl.errors import LabError
from drctl.lab.kube import KubeLab, cgroups
from drctl.lab.kube.brokers import claim
from drctl.lab.kube.faults import FAULTS
from tests.kube.harness import CHECKOUT

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


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_when_the_starter_ends(tmp_path_factory: pytest.TempPathFactory, end: int) -> None:
    groups = sorted(path.name for path in cgroups.ROOT.glob(f"*/{cgroups.PREFIX}*"))
    folder = tmp_path_factory.mktemp("end") / "k"
    words = [sys.executable, "-m", "tests.kube.starter", str(folder)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) as starter:
        assert starter.stdout is not None
        number = int(starter.stdout.readline())
        assert traces(folder, number)
        starter.send_signal(end)
    deadline = CLOCK.monotonic() + 60
    while left := traces(folder, number):
        assert CLOCK.monotonic() < deadline, left
        CLOCK.sleep(0.2)
    assert sorted(path.name for path in cgroups.ROOT.glob(f"*/{cgroups.PREFIX}*")) == groups


def test_a_site_in_pods_is_a_site(kube_lab: KubeLab) -> None:
    kafka = kube_lab.site("north").kafka("drctl")
    assert sorted(broker.id for broker in KafkaBrokers(kafka).cluster().brokers) == [1, 2, 3]
    kafka.close()
    command = [sys.executable, "-m", "drctl", "-f", str(kube_lab.plan_file), "status"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    labels = kube_lab.kubectl.get("pod", kube_lab.pods[0])["metadata"]["labels"]
    assert labels["strimzi.io/cluster"] == "north"
    assert labels["strimzi.io/pool-name"] == "broker"


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
