"""The rights that deploy/ ships: all that drctl does succeeds with them, and each single one is needed and named."""

import base64
import operator
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest

from drctl.drivers.strimzi.fence import StrimziFence
from drctl.drivers.strimzi.replication import StrimziReplication
from drctl.errors import DrctlError
from drctl.lab.kube import ControlPlane, control_plane
from drctl.model.resources import KAFKA, KAFKA_CONNECT, KAFKA_USER, MIRROR_MAKER, SECRET
from tests.contract.waiting import settled, until, works
from tests.fakes.strimzi_stand_in import FakeConnectRest, StrimziStandIn
from tests.kube.acting import CLOCK, NAMES, Drctl, denial, restarted, strike
from tests.kube.deployed import Account, Right, apply_strictly, built, define, everywhere, rights
from tests.kube.harness import StrimziSpace, prepare, user
from tests.kube.strimzi_manifests import kafka, kafka_connect, kafka_user, mirror_maker
from tests.unit.drivers.strimzi import LINK

VERSION = "v1"


class Kafka:
    """A site run by Strimzi in namespace kafka, as its administrator, and drctl's own lease beside it."""

    def __init__(self, plane: ControlPlane) -> None:
        plane.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kafka"}})
        plane.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "clients"}})
        apply_strictly(plane, built("base"))
        everywhere(plane).apply(*(manifest for _, manifest in restarted()))
        define(plane)
        self.space = StrimziSpace(plane, VERSION, "kafka")
        self.plane, self.ended = plane, Event()
        self.space.put(KAFKA.at(VERSION), kafka(VERSION))
        listeners = [{"name": "external", "bootstrapServers": "north:9094", "certificates": ["trust"]}]
        status = {"listeners": listeners, "operatorLastSuccessfulVersion": "1.2.0"}
        self.space.write_status(KAFKA.at(VERSION), "north", status)
        self.space.put(KAFKA_CONNECT.at(VERSION), kafka_connect(VERSION))
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
        self.fence = StrimziFence(strike(), self.space.resources(), NAMES)

    def _operate(self) -> None:
        while not self.ended.wait(0.1):
            with suppress(DrctlError):
                self.operator.reconcile()

    def runs(self) -> None:
        self.replication.resume()
        works(CLOCK, self.replication)

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


def test_all_that_drctl_does_succeeds_with_the_rights_that_are_shipped(site: Kafka, account: Account) -> None:
    drctl = Drctl(site, account.kubeconfig())

    def denials() -> dict[str, str]:
        return {str(right): said for right in rights() if (said := denial(drctl, right))}

    # The server's authorizer sees new bindings a moment after they are stored, one before the other.
    settled(CLOCK, "nothing is denied", denials, operator.not_, 180)
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
