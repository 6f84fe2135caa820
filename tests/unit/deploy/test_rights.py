"""The rights that deploy/ ships: all that drctl does succeeds with them; each is needed, named and told of.

``tests/kube/test_rights.py`` does the same on a real API server, whose word counts; here it is seen at once.
"""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from drctl.drivers.strimzi.fence import StrimziFence
from drctl.drivers.strimzi.replication import StrimziReplication
from drctl.model import shown
from drctl.model.resources import KAFKA, KAFKA_CONNECT, KAFKA_USER, MIRROR_MAKER, SECRET, STRIMZI, STRIMZI_CORE
from drctl.service.election import LEASE
from tests.fakes import FakeApi, FakeClock, FakeResources
from tests.fakes.strimzi_stand_in import FakeConnectRest, StrimziStandIn
from tests.kube.acting import NAMES, Drctl, denial, restarted, strike
from tests.kube.deployed import DEPLOY, RIGHTS, Right, labelled, rights
from tests.kube.strimzi_manifests import kafka, kafka_connect, kafka_user, mirror_maker
from tests.unit.deploy.authorizing import AuthorizedApi, Grant
from tests.unit.drivers.strimzi import LINK

VERSION, OFFSETS = "v1", "drctl-offsets"
PAGE = (DEPLOY.parent / "docs" / "kubernetes-rights.md").read_text(encoding="utf-8")


def grants(*, without: Right | None = None) -> Iterator[Grant]:
    """What the service account is given, less one right; a role that nothing binds to it gives nothing."""
    manifests = [each for path in RIGHTS for each in YAML(typ="safe").load_all((DEPLOY / path).read_text()) if each]
    bound = {
        (each["roleRef"]["kind"], each["roleRef"]["name"], each["metadata"].get("namespace"))
        for each in manifests
        if {"kind": "ServiceAccount", "name": "drctl", "namespace": "drctl"} in each.get("subjects", ())
    }
    for role in manifests:
        space = role["metadata"].get("namespace")
        if "rules" in role and (role["kind"], role["metadata"]["name"], space) in bound:
            for right in (each for each in rights() if each != without and each.role == labelled(role)):
                yield Grant(space, right.group, right.resource, right.verb, right.name)


class Site:
    """A site run by Strimzi in namespace kafka, whose operator's stand-in acts on everything at once."""

    def __init__(self) -> None:
        self.api, self.clock = (
            FakeApi({**dict.fromkeys((STRIMZI, STRIMZI_CORE), (VERSION,)), shown.GROUP: (shown.VERSION,)}),
            FakeClock(),
        )
        listeners = [{"name": "external", "bootstrapServers": "north:9094", "certificates": ["trust"]}]
        status = {"listeners": listeners, "operatorLastSuccessfulVersion": "1.2.0"}
        self.api.put(KAFKA.at(VERSION), {**kafka(VERSION), "status": status})
        self.api.put(KAFKA_CONNECT.at(VERSION), kafka_connect(VERSION))
        for name in ("drctl", "canary", "shop"):
            self.api.put(KAFKA_USER.at(VERSION), kafka_user(name, "scram-sha-512"))
            password = base64.b64encode(b"secret").decode()
            self.api.put(SECRET, {"metadata": {"name": name}, "data": {"password": password}})
        mirror = mirror_maker(VERSION)
        ours = mirror["spec"]["mirrors"][1]["sourceConnector"]
        ours |= {
            "listOffsets": {"toConfigMap": {"name": OFFSETS}},
            "alterOffsets": {"fromConfigMap": {"name": OFFSETS}},
        }
        self.api.put(MIRROR_MAKER.at(VERSION), mirror)
        for kind, manifest in restarted():
            self.api.put(kind, manifest, namespace="clients")
        self.api.put(LEASE, {"metadata": {"name": "drctl"}, "spec": {}}, namespace="drctl")
        operator = FakeResources(self.api, self.clock, manager="strimzi-cluster-operator")
        self.operator = StrimziStandIn(operator, FakeConnectRest(), self.api.write_status, VERSION)
        self.operator.reconcile()
        self.clock.actors.append(self.operator.reconcile)
        admin = FakeResources(self.api, self.clock)
        self.replication = StrimziReplication(LINK, admin, self.clock, take=True)
        self.fence = StrimziFence(strike(), admin, NAMES)

    def runs(self) -> None:
        self.replication.resume()
        self.operator.reconcile()
        assert self.replication.status().working

    def halts(self, *, with_offsets: bool) -> None:
        self.replication.stop()
        self.operator.reconcile()
        if with_offsets:
            self.replication.frontier()
        else:
            self.api.objects.pop(("configmaps", "kafka", OFFSETS), None)
            self.api.owners.pop(("configmaps", "kafka", OFFSETS), None)


class Reconciled(AuthorizedApi):
    """One whose site's operator has acted before a change is answered."""

    def __init__(self, site: Site) -> None:
        super().__init__(site.api)
        self.site = site

    def answer(self, method: str, url: str, body: Any) -> tuple[int, object]:
        told = super().answer(method, url, body)
        if method == "PATCH":
            self.site.operator.reconcile()
        return told


@pytest.fixture
def server() -> Reconciled:
    return Reconciled(Site())


@pytest.fixture
def drctl(server: Reconciled, tmp_path: Path) -> Iterator[Drctl]:
    with server.serving(tmp_path) as kubeconfig:
        made = Drctl(server.site, kubeconfig)
        yield made
        made.close()


def test_all_that_drctl_does_succeeds_with_the_rights_that_are_shipped(server: Reconciled, drctl: Drctl) -> None:
    server.grants = list(grants())
    assert {str(right): said for right in rights() if (said := denial(drctl, right))} == {}
    asked = {(each.group, each.resource, each.verb) for each in server.asked}
    assert asked == {(right.group, right.resource, right.verb) for right in rights()}


@pytest.mark.parametrize("right", list(rights()), ids=str)
def test_each_right_is_needed_and_named_where_it_is_missing(server: Reconciled, drctl: Drctl, right: Right) -> None:
    server.grants = list(grants(without=right))
    assert f'cannot {right.verb} resource "{right.resource}"' in denial(drctl, right)


def test_an_account_without_roles_may_do_nothing(drctl: Drctl) -> None:
    assert all("cannot" in denial(drctl, right) for right in rights())


@pytest.mark.parametrize("right", list(rights()), ids=str)
def test_each_right_is_on_the_page_that_says_what_for(right: Right) -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")
    ]
    found = [cells for cells in rows if right.resource in cells[1] and right.verb in cells[2].split(", ")]
    assert any(not right.name or f"`{right.name}`" in cells[1] for cells in found)
