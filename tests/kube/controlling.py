"""The controller in pods of the lab, as tests look at it, give it commands and cut it off."""

import json
import subprocess
import sys
import tarfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from threading import Timer
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from drctl.drivers.kafka.fence import AclFence
from drctl.drivers.kafka.positions import KafkaPositions
from drctl.drivers.kafka.records import KafkaRecords
from drctl.drivers.kafka.traffic import Outcome, Outgoing, Writer
from drctl.drivers.store.clock import SystemClock
from drctl.errors import LabError
from drctl.lab.kube import KubeLab
from drctl.lab.kube.binaries import labkube
from drctl.lab.kube.controller import NAMESPACE, Controller
from drctl.lab.kube.controller_image import TAGS
from drctl.lab.layout import CANARY_TOPIC, GROUPS
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.site import Canary
from drctl.plans.steps.fence_writes import FenceWrites
from tests.contract.waiting import settled, until
from tests.kube.harness import CHECKOUT

CLOCK = SystemClock()
wait = partial(until, CLOCK, seconds=240)
"""For what several processes or the brokers' own copies have to come to."""
SELECTOR = "app.kubernetes.io/name=drctl"
IN_POD = ("exec", "deploy/drctl", "-c", "drctl", "--", "drctl")
READINGS = TopicPartition("turbines.readings", 0)
RECORDS = 300


def comes_to[T](what: str, look: Callable[[], T], wanted: Callable[[T], bool]) -> T:
    """What a look shows once it is as wanted, within the same time."""
    return settled(CLOCK, what, look, wanted, 240)


@contextmanager
def killed_after(seconds: float, process: "subprocess.Popen[str]") -> Iterator[None]:
    """Kill a process whose words are read if that lasts longer: reading its pipe has no deadline of its own."""
    ending = Timer(seconds, process.kill)
    ending.start()
    try:
        yield
    finally:
        ending.cancel()


def lab_command(lab: KubeLab, word: str) -> str:
    """What ``drctl lab kube WORD`` prints, which must succeed."""
    words = [sys.executable, "-m", "drctl", "lab", "kube", word, "--dir", str(lab.folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=CHECKOUT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def drctl(controller: Controller, *words: str) -> str:
    """What a command that is given in a pod prints. LabError with its words if it fails."""
    return controller.kubectl.run(*IN_POD, *words, seconds=400)


def document(controller: Controller, *words: str) -> Any:
    """The same as JSON."""
    return json.loads(drctl(controller, *words, "-o", "json"))


def addresses(controller: Controller) -> dict[str, str]:
    """The address of each pod that has one, those that are ending included."""
    pods = controller.kubectl.list("pods", SELECTOR)
    found = {each["metadata"]["name"]: each.get("status", {}).get("podIP", "") for each in pods}
    return {name: address for name, address in found.items() if address}


def staying(controller: Controller) -> set[str]:
    """The pods that are not ending."""
    pods = controller.kubectl.list("pods", SELECTOR)
    return {each["metadata"]["name"] for each in pods if "deletionTimestamp" not in each["metadata"]}


def leaders(controller: Controller) -> list[str]:
    """The pods whose service says of itself that it may act; more than one only where they did so at once."""
    found = {name: at for name, at in addresses(controller).items() if _health(at).get("leading")}
    if len(found) < 2:
        return list(found)
    # They are asked one after the other: the first may have given up before the next took over. Asked again in
    # the opposite order, who led before and behind another did so beside it.
    return [name for name, at in reversed(found.items()) if _health(at).get("leading")]


def holder(controller: Controller) -> str:
    """The pod that the Lease names; empty if none."""
    spec = controller.kubectl.get("lease", "drctl").get("spec", {})
    return str(spec.get("holderIdentity") or "").partition("_")[0]


def _health(address: str) -> dict[str, Any]:
    try:
        with urlopen(f"http://{address}:8080/healthz", timeout=3) as answer:
            told = json.load(answer)
    except HTTPError as unwell:
        told = json.load(unwell)
    except (OSError, ValueError):  # not there, or cut off
        return {}
    return dict(told.get("leadership", {}))


def evict(controller: Controller, pod: str) -> str:
    """Ask for a pod's eviction, as who drains a node does; returns how that is refused, empty if it is not."""
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": NAMESPACE}}
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}/eviction"
    try:
        controller.kubectl.run("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))
    except LabError as refused:
        return str(refused)
    return ""


def previous_manifests(folder: Path) -> Path:
    """``deploy/`` as it was one commit before."""
    words = ["git", "-C", str(CHECKOUT), "archive", "HEAD~1", "deploy"]
    archive = subprocess.run(words, capture_output=True, check=False)
    assert archive.returncode == 0, archive.stderr
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as tar:
        tar.extractall(folder, filter="data")
    return folder / "deploy"


def give_work(lab: KubeLab) -> None:
    """Write records that are copied, and let each group of the plan file stand in the middle of them."""
    north, south = lab.site("north").kafka("turbines"), lab.site("south").kafka("admin")
    told = Writer(north).write([Outgoing(READINGS, b"key", b"%d" % number) for number in range(RECORDS)])
    north.close()
    assert told == [Outcome.WRITTEN] * RECORDS
    admin = lab.site("north").kafka("admin")
    for group in GROUPS:
        KafkaPositions(admin).commit(group, {READINGS: Committed(RECORDS // 2)})
    admin.close()
    records = KafkaRecords(south)
    wait("the records are at south", lambda: records.bounds([READINGS])[READINGS].stable >= RECORDS)
    south.close()


def await_denied(lab: KubeLab, site: str, wanted: Callable[[list[str]], bool]) -> None:
    """Wait until deny rules bind whom they are to bind: a broker answers from its own copy, which may be behind."""
    comes_to(f"the deny rules at {site} are as wanted", partial(denied, lab, site), wanted)


def bound(controller: Controller) -> dict[str, list[str]]:
    """Whom deny rules bind at each site by a status, once it knows; somebody at north."""

    def told() -> dict[str, Any]:
        return {site["name"]: site["denied"]["value"] for site in document(controller, "status")["sites"]}

    return comes_to(
        "whom deny rules bind is known", told, lambda found: bool(found["north"]) and None not in found.values()
    )


def roles(controller: Controller, wanted: Mapping[str, Collection[str]]) -> dict[str, str]:
    """The role of each site once it is one of those that are wanted; unknown is a look that saw too little."""

    def seen() -> dict[str, str]:
        return {site["name"]: site["role"] for site in document(controller, "status")["sites"]}

    return comes_to(f"the sites are {wanted}", seen, lambda found: all(found[x] in wanted[x] for x in wanted))


def denied(lab: KubeLab, site: str) -> list[str]:
    """Whom deny rules of a fence's shape bind at a site, as one of its brokers tells."""
    kafka = lab.site(site).kafka("admin")
    try:
        fence = AclFence(kafka, Canary(lab.site(site).client_properties("canary"), CANARY_TOPIC))
        return sorted({rule.principal for rule in fence.standing()})
    finally:
        kafka.close()


@contextmanager
def frozen_switchover(controller: Controller, target: str) -> Iterator[None]:
    """A switchover in a pod that was stopped where it stands once the source's writers were denied."""
    begun = _switchover_that_fences(controller, target)
    try:
        _stop(controller.lab, b"switchover")
        yield
    finally:
        begun.kill()
        begun.communicate()


@dataclass(frozen=True)
class Upgrade:
    """What came of an upgrade amid a switchover: the run as it was left and as it ended, and the sites after that."""

    replaced: bool
    left: dict[str, Any]
    ended: dict[str, Any]
    roles: dict[str, str]


def upgrade_amid_a_run(before: Controller, after: Controller) -> Upgrade:
    """From what the commit before shipped to this one, and another image, while a run is under way in a pod."""
    before.install(TAGS[0])
    give_work(after.lab)
    with frozen_switchover(after, "south"):
        old = staying(after)
        after.install(TAGS[1])
    left, *_ = document(after, "runs", "list", "--own")["items"]
    drctl(after, "runs", "resume")
    ended, *_ = document(after, "runs", "list", "--own")["items"]
    came = roles(after, {"south": ["primary"], "north": ["standby", "fenced"]})
    return Upgrade(not old & staying(after), left, ended, came)


def require_finished_by_the_new_pods(upgrade: Upgrade) -> None:
    """The run that the upgrade cut off is the one that ended, and both sites are as it leaves them."""
    assert upgrade.replaced
    assert (upgrade.left["run"], upgrade.left["state"]) == ("switchover", "interrupted")
    assert upgrade.ended["id"] == upgrade.left["id"]
    assert upgrade.ended["state"] in ("done", "completed-with-exceptions")
    assert upgrade.roles["south"] == "primary"
    assert upgrade.roles["north"] in ("standby", "fenced")


def require_no_traces(lab: KubeLab) -> None:
    """Nothing of drctl is left that would act, or that the API server would wait for."""
    extending = "validatingwebhookconfigurations,mutatingwebhookconfigurations,crd"
    assert lab.kubectl.run("get", extending, "-o", "name") == ""
    kinds = "roles,rolebindings,clusterroles,clusterrolebindings,leases,serviceaccounts,secrets,deployments,pods"
    names = lab.kubectl.run("get", kinds, "-A", "-o", "name").splitlines()
    assert [name for name in names if "drctl" in name] == []


def _switchover_that_fences(controller: Controller, target: str) -> "subprocess.Popen[str]":
    """Where gates do not let it begin, such as while no replica leads and keeps positions, it is given again."""
    command = [labkube(), "kubectl", "--kubeconfig", str(controller.kubectl.kubeconfig), "-n", NAMESPACE, *IN_POD]
    command += ["switchover", "--to", target, "--yes"]
    command += ["--override", "target-weaker", "--reason", "the lab has a single broker there"]
    deadline = CLOCK.monotonic() + 240
    while True:
        begun = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert begun.stderr is not None
        said = []
        with killed_after(300, begun):
            for line in begun.stderr:
                said.append(line)
                if line.startswith("✓") and FenceWrites.title in line:
                    return begun
        begun.wait(60)
        assert CLOCK.monotonic() < deadline, "".join(said)
        CLOCK.sleep(3)


def _stop(lab: KubeLab, word: bytes) -> None:
    """SIGSTOP to the drctl on the node that was given this command."""
    for path in lab.cluster.node.seen_from_here("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it may have ended meanwhile
            if word in (path / "cmdline").read_bytes().split(b"\0"):
                lab.cluster.node.inside("sh", "-c", f"kill -STOP {path.name}")
                return
    raise AssertionError(f"no process on the node was given {word!r}")
