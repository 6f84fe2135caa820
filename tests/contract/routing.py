"""Client routing as the contract suite plays on it: the fake, a file, commands, and resources of Kubernetes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from drctl.drivers.kube.client_routing import KubeClientRouting
from drctl.drivers.store.client_routing import FileClientRouting
from drctl.model.resources import Kind
from drctl.model.routing import RoutingField, RoutingPlace, by_external_name, by_selector, in_config_map
from drctl.ports import ClientRouting, Resources
from tests.fakes import FakeApi, FakeClientRouting, FakeResources

OWNER = "gitops"
NAMES = {"north": "kafka.north.example", "south": "kafka.south.example"}
SELECTORS = {"north": {"app": "kafka", "site": "north"}, "south": {"app": "kafka-south"}}
PORTS = [{"name": "kafka", "port": 9092, "protocol": "TCP"}]


def place(*, take: bool = False) -> RoutingPlace:
    return RoutingPlace(Path("/kubeconfig"), "clients", "clients", take)


FIELDS: dict[str, Callable[[RoutingPlace], RoutingField]] = {
    "config-map": lambda at: in_config_map(at, "client-routing", "site", ("north", "south")),
    "external-name": lambda at: by_external_name(at, "kafka", NAMES),
    "selector": lambda at: by_selector(at, "kafka", SELECTORS),
}
MANIFESTS: dict[str, dict[str, Any]] = {
    "config-map": {"data": {"site": "north", "note": "for clients"}},
    "external-name": {"spec": {"type": "ExternalName", "externalName": NAMES["north"]}},
    "selector": {"spec": {"ports": PORTS, "selector": SELECTORS["north"]}},
}


class RoutingHarness(Protocol):
    """The port is drctl's, and points to north at first; the manifest is somebody else's."""

    @property
    def routing(self) -> ClientRouting: ...


class KubeRoutingHarness(Protocol):
    """The same in Kubernetes. ``OWNER`` has applied the resource, without the field that clients follow if ``ours``."""

    shape: str

    @property
    def routing(self) -> KubeClientRouting: ...

    def taking(self) -> KubeClientRouting:
        """The driver with leave to take the field from its owner."""

    def told(self) -> Any:
        """The resource as it is."""

    def owned_by_others(self) -> None:
        """``OWNER`` applies its manifest with the field in it, as it is now."""

    def removed(self) -> None:
        """The resource is deleted."""

    def ours_whole(self) -> None:
        """The whole manifest is applied as drctl, and by nobody else."""

    def of_another_type(self) -> None:
        """``OWNER`` makes the Service one that does not follow the field."""


class FakeRoutingHarness:
    """The fake."""

    def __init__(self) -> None:
        self.routing = FakeClientRouting("north")


class FileRoutingHarness:
    """A file."""

    def __init__(self, folder: Path) -> None:
        self.routing = FileClientRouting(folder / "client-routing.json")
        self.routing.route_to("north")


class ResourcesRoutingHarness:
    """Resources of an API server, real or in memory, as drctl and as who owns the manifest."""

    def __init__(self, shape: str, ours: Resources, owner: Resources, remove: Callable[[Kind, str], object]) -> None:
        self.shape, self._ours, self._owner, self._remove = shape, ours, owner, remove
        self.field = FIELDS[shape](place())
        self.routing = KubeClientRouting(self.field, ours)
        handed_over(self.field, MANIFESTS[shape], ours, owner)

    def taking(self) -> KubeClientRouting:
        return KubeClientRouting(FIELDS[self.shape](place(take=True)), self._ours)

    def told(self) -> Any:
        return self._ours.get(self.field.kind, self.field.name)

    def owned_by_others(self) -> None:
        self._owner.apply(self.field.kind, self.field.name, MANIFESTS[self.shape], take=True)

    def removed(self) -> None:
        self._remove(self.field.kind, self.field.name)

    def of_another_type(self) -> None:
        spec = {"type": "ClusterIP", "ports": PORTS}
        if self.shape == "selector":
            spec = {"type": "ExternalName", "externalName": NAMES["north"]}
        self._owner.apply(self.field.kind, self.field.name, {"spec": spec}, take=True)

    def ours_whole(self) -> None:
        self.removed()
        self._ours.apply(self.field.kind, self.field.name, MANIFESTS[self.shape])


def handed_over(field: RoutingField, manifest: dict[str, Any], ours: Resources, owner: Resources) -> None:
    """The owner gives the field up to drctl: it applies all, drctl the field, then the owner leaves that out."""
    outer, inner = field.field
    owner.apply(field.kind, field.name, manifest)
    ours.apply(field.kind, field.name, {outer: {inner: manifest[outer][inner]}})
    left = {key: value for key, value in manifest[outer].items() if key != inner}
    owner.apply(field.kind, field.name, {outer: left})


def fake_kube_routing(shape: str) -> ResourcesRoutingHarness:
    """The drivers over an API in memory."""
    api = FakeApi()
    ours, owner = FakeResources(api), FakeResources(api, manager=OWNER)
    return ResourcesRoutingHarness(shape, ours, owner, api.remove)
