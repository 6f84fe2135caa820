"""The rights that deploy/ ships: all that drctl does succeeds with them, and each single one is needed and named."""

import base64
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest

from drctl.decide.leadership import terms
from drctl.drivers.kube.kubelets import ProxiedKubelets
from drctl.drivers.store.clock import SystemClock
from drctl.drivers.strimzi.access import StrimziAccess
from drctl.drivers.strimzi.fence import StrimziFence
from drctl.drivers.strimzi.replication import StrimziReplication
from drctl.errors import DrctlError, NotFound
from drctl.lab.kube import ControlPlane, control_plane
from drctl.model.offsets import TopicPartition
from drctl.model.resources import KAFKA, KAFKA_USER, MIRROR_MAKER, SECRET, STRIMZI_KINDS
from drctl.model.site import Canary, Site, Strimzi
from drctl.monitors.kubernetes import KubeObserver
from drctl.service.election import Election
from tests.contract.waiting import until
from tests.fakes import FakeClock, FakeFence, FakeSite
from tests.fakes.strimzi_stand_in import FakeConnectRest, StrimziStandIn
from tests.kube.deployed import Account, Right, apply_strictly, built, rights
from tests.kube.stage import StrimziSpace, prepare, resources, user
from tests.kube.strimzi_manifests import kafka, kafka_user, mirror_maker
from tests.unit.drivers.strimzi import LINK
from tests.unit.drivers.test_strimzi_fence import SHOP, denials

CLOCK = SystemClock()
VERSION = "v1"
NAMES = Strimzi("north", "external", "drctl", "canary", take_ownership=True)
SITE = Site("north", "", None, "", Canary(None, "canary"), None, NAMES)


class Kafka:
    """A site run by Strimzi in namespace kafka, as its administrator, and drctl's own lease beside it."""

    def __init__(self, plane: ControlPlane) -> None:
        plane.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kafka"}})
        apply_strictly(plane, built("base"))
        self.space = StrimziSpace(plane, VERSION, "kafka")
        self.plane, self.ended = plane, Event()
        self.space.put(KAFKA.at(VERSION), kafka(VERSION))
        listeners = [{"name": "external", "bootstrapServers": "north:9094", "certificates": ["trust"]}]
        self.space.write_status(KAFKA.at(VERSION), "north", {"listeners": listeners})
        for name in ("drctl", "canary", "shop"):
            self.space.put(KAFKA_USER.at(VERSION), kafka_user(name, "scram-sha-512"))
            password = base64.b64encode(b"secret").decode()
            self.space.put(SECRET, {"metadata": {"name": name}, "data": {"password": password}})
        mirror = mirror_maker(VERSION)
        for part in mirror["spec"]["mirrors"]:
            for key in ("listOffsets", "alterOffsets"):
                for end in part["sourceConnector"].get(key, {}).values():
                    end["name"] = "drctl-offsets"
        self.space.put(MIRROR_MAKER.at(VERSION), mirror)
        self.api = self.space.resources("strimzi-cluster-operator")
        self.operator = StrimziStandIn(self.api, FakeConnectRest(), self.space.write_status, VERSION)
        self.thread = Thread(target=self._operate)
        self.thread.start()
        self.replication = StrimziReplication(LINK, self.space.resources(), CLOCK, take=True)
        self.fence = StrimziFence(self.strike(), self.space.resources(), NAMES)

    def _operate(self) -> None:
        while not self.ended.wait(0.1):
            with suppress(DrctlError):
                self.operator.reconcile()

    @staticmethod
    def strike() -> FakeFence:
        site = FakeSite("north", {"orders": 1})
        site.allowed.add(SHOP)
        return FakeFence(site)

    def runs(self) -> None:
        self.replication.resume()
        until(CLOCK, "the link works", lambda: self.replication.status().working)

    def halts(self, *, with_offsets: bool) -> None:
        self.replication.stop()
        until(CLOCK, "the link halts", lambda: self.replication.status().halted)
        if with_offsets:
            self.replication.frontier()
        else:
            self.plane.kubectl.run("delete", "configmap", "drctl-offsets", "-n", "kafka", "--ignore-not-found")

    def close(self) -> None:
        self.ended.set()
        self.thread.join()
        self.space.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    with control_plane(tmp_path_factory.mktemp("rights") / "kubernetes") as plane:
        prepare(plane, VERSION)
        made = Kafka(plane)
        yield made
        made.close()


@pytest.fixture(scope="module")
def account(site: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Account:
    return Account(site.plane, tmp_path_factory.mktemp("accounts"))


class Drctl:
    """drctl's own drivers as a user with few rights."""

    def __init__(self, site: Kafka, kubeconfig: Path) -> None:
        self.site = site
        self.api = resources(site.plane, "kafka", kubeconfig=kubeconfig)
        self.own = resources(site.plane, "drctl", kubeconfig=kubeconfig)
        self.kubelets = ProxiedKubelets(self.api.client, "kafka")
        self.replication = StrimziReplication(LINK, self.api, CLOCK, take=True)

    def sees(self, plural: str, verb: str) -> str:
        """What the eye for that kind complains of."""
        eyes = KubeObserver(self.api, self.kubelets, CLOCK, "app=kafka", kinds=STRIMZI_KINDS)
        (eye,) = [each for each in eyes.all if each.kind.plural == plural]
        eye.look()
        if verb == "watch":
            eye.follow(1)
        return eye.trouble

    def logs_in(self, user: str) -> None:
        StrimziAccess(SITE, NAMES, self.api).client(user)

    def fences(self) -> None:
        self.site.fence.lift(denials(SHOP))
        StrimziFence(self.site.strike(), self.api, NAMES).deny(denials(SHOP))

    def stops(self) -> None:
        self.site.runs()
        self.replication.stop()

    def restarts(self, *, with_offsets: bool) -> None:
        self.site.halts(with_offsets=with_offsets)
        self.replication.restart_from({TopicPartition("orders", 0): 100})

    def stands(self) -> str:
        """What an election complains of in which the lease is taken."""
        clock = FakeClock()
        election = Election(self.own, "drctl", "me", terms(30), clock)
        election.turn()
        clock.jump(timedelta(seconds=31))
        election.turn()
        return election.trouble

    def measures(self) -> None:
        with suppress(NotFound):  # there is no such node, which only who may ask is told
            self.kubelets.usage("node")

    def close(self) -> None:
        self.api.close()
        self.own.close()


def acts(right: Right) -> Callable[[Drctl], str | None]:
    """What of drctl needs that right. KeyError for one that nothing needs."""
    if right.verb in ("list", "watch"):
        return lambda drctl: drctl.sees(right.resource, right.verb)
    return {
        ("kafkas", "get", ""): lambda drctl: drctl.logs_in("drctl"),
        ("kafkausers", "get", ""): lambda drctl: drctl.logs_in("drctl"),
        ("secrets", "get", "drctl"): lambda drctl: drctl.logs_in("drctl"),
        ("secrets", "get", "canary"): lambda drctl: drctl.logs_in("canary"),
        ("kafkausers", "patch", ""): lambda drctl: drctl.fences(),
        ("kafkamirrormaker2s", "get", ""): lambda drctl: drctl.replication.status(),
        ("kafkamirrormaker2s", "patch", ""): lambda drctl: drctl.stops(),
        ("configmaps", "get", "drctl-offsets"): lambda drctl: drctl.replication.frontier(),
        ("configmaps", "create", "drctl-offsets"): lambda drctl: drctl.restarts(with_offsets=False),
        ("configmaps", "patch", "drctl-offsets"): lambda drctl: drctl.restarts(with_offsets=True),
        ("leases", "get", "drctl"): lambda drctl: drctl.stands(),
        ("leases", "patch", "drctl"): lambda drctl: drctl.stands(),
        ("nodes/proxy", "get", ""): lambda drctl: drctl.measures(),
    }[right.resource, right.verb, right.name]


def denial(drctl: Drctl, right: Right) -> str:
    """How doing that is refused; empty if it is not."""
    try:
        said = acts(right)(drctl)
    except DrctlError as error:
        return f"{error}"
    return said if isinstance(said, str) else ""


def test_all_that_drctl_does_succeeds_with_the_rights_that_are_shipped(site: Kafka, account: Account) -> None:
    drctl = Drctl(site, account.kubeconfig())
    # The server's authorizer sees new bindings a moment after they are stored.
    until(CLOCK, "the roles are in force", lambda: not drctl.sees("nodes", "list") and not drctl.stands())
    assert {str(right): said for right in rights() if (said := denial(drctl, right))} == {}
    drctl.close()


@pytest.mark.parametrize("right", list(rights()), ids=str)
def test_each_right_is_needed_and_named_where_it_is_missing(site: Kafka, account: Account, right: Right) -> None:
    drctl = Drctl(site, account.kubeconfig(right))
    named = f'cannot {right.verb} resource "{right.resource}"'
    until(CLOCK, f"it is said that one {named}", partial(_says, drctl, right, named))
    drctl.close()


def _says(drctl: Drctl, right: Right, named: str) -> bool:
    return named in denial(drctl, right)


def test_an_account_without_roles_may_do_nothing(site: Kafka, account: Account, tmp_path: Path) -> None:
    drctl = Drctl(site, user(site.plane, tmp_path, []))
    assert all("cannot" in denial(drctl, right) for right in rights())
    drctl.close()


def test_the_token_of_a_remote_site_is_made_for_the_account(site: Kafka) -> None:
    apply_strictly(site.plane, built("overlays/two-sites/north"))
    secret = site.plane.kubectl.run("get", "secret", "drctl-token", "-n", "drctl", "-o", "jsonpath={.type}")
    assert secret == "kubernetes.io/service-account-token"
