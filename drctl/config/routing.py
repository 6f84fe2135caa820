"""The ``clientRouting`` of the plan file: its shape, its values, and what contradicts itself."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

from drctl.config.values import (
    SHAPE,
    Command,
    File,
    HostName,
    LabelKey,
    LabelValue,
    MapKey,
    Name,
    Resource,
    Servers,
    SiteName,
    Text,
    Wait,
    milliseconds,
)
from drctl.config.workloads import WorkloadPart
from drctl.model.routing import (
    CLOSED_NAME,
    CLOSED_SELECTOR,
    RoutingCommands,
    RoutingField,
    RoutingPlace,
    by_external_name,
    by_selector,
    in_config_map,
)
from drctl.model.scaling import Scalable

PLACE = ("clientRouting", "kubernetes")


class _Part(BaseModel):
    model_config = SHAPE


class RoutingCommandPart(_Part):
    """Client routing that commands change: ``routeTo`` is given the site as its last word, ``read`` prints it."""

    route_to: Command
    read: Command
    timeout: Wait = "30s"  # DNS services and load balancers answer within seconds; clients wait for it


class ConfigMapRoutingPart(_Part):
    """A ConfigMap whose key holds the name of the site that serves, and nothing while consumers are to keep away.

    It must exist, with the site that serves in it. A file that is mounted from it changes about a minute later.
    """

    name: Resource
    key: MapKey = "site"


class ServiceRoutingPart(_Part):
    """A Service that clients bootstrap through: by site either ``externalNames`` or ``selectors`` of pods.

    It must exist, with what it has for the site that serves. While consumers are to keep away it leads nowhere:
    ``closed.drctl.invalid``, or the selector ``drctl.io/closed=true``, which no pod may have.
    """

    name: Name
    external_names: dict[SiteName, HostName] = {}
    selectors: dict[SiteName, Annotated[dict[LabelKey, LabelValue], Field(min_length=1)]] = {}

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.external_names) == bool(self.selectors):
            raise ValueError("expected either externalNames or selectors")
        return self


class KubernetesRoutingPart(_Part):
    """Client routing in Kubernetes: a ``configMap`` or a ``service``, in one API server.

    drctl owns the one field that it changes (server-side apply as ``drctl``). ``takeOwnership`` lets it take the field
    from another field manager; without it such a conflict is shown before anything is done.
    """

    kubeconfig: File
    context: Text
    namespace: Name
    # Off: an owner such as GitOps sets its own value back, and clients with it, unless it was told of ours.
    take_ownership: bool = False
    config_map: ConfigMapRoutingPart | None = None
    service: ServiceRoutingPart | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.config_map is None) == (self.service is None):
            raise ValueError("expected either configMap or service")
        return self


class ClientRoutingPart(_Part):
    """Name what clients follow: a file, relative to the plan file, commands, or a resource of Kubernetes."""

    file: File | None = None
    command: RoutingCommandPart | None = None
    kubernetes: KubernetesRoutingPart | None = None
    entry_point: Servers | None = None

    @model_validator(mode="after")
    def _one_of_all(self) -> Self:
        if sum(each is not None for each in (self.file, self.command, self.kubernetes)) != 1:
            raise ValueError("expected one of file, command and kubernetes")
        return self


def frozen_routing(
    here: Path, part: ClientRoutingPart, sites: tuple[str, ...]
) -> Path | RoutingCommands | RoutingField:
    """Return what clients follow, with paths made absolute."""
    if part.command is not None:
        command, seconds = part.command, milliseconds(part.command.timeout)
        return RoutingCommands(tuple(command.route_to), tuple(command.read), timedelta(milliseconds=seconds))
    kube = part.kubernetes
    if kube is None:
        return here / (part.file or "")
    place = RoutingPlace(here / kube.kubeconfig, kube.context, kube.namespace, kube.take_ownership)
    match kube.config_map, kube.service:
        case ConfigMapRoutingPart(name=name, key=key), _:
            return in_config_map(place, name, key, sites)
        case _, ServiceRoutingPart(name=name, external_names=names) if names:
            return by_external_name(place, name, names)
        case _, ServiceRoutingPart(name=name, selectors=selectors):
            return by_selector(place, name, selectors)
    raise ValueError("neither configMap nor service")  # the model has refused that


def routing_faults(part: ClientRoutingPart, sites: list[str], at: Callable[..., str]) -> Iterator[str]:
    """Sites that a Service has no place for, and places that cannot be told apart, each with file and line."""
    service = part.kubernetes.service if part.kubernetes is not None else None
    if service is None:
        return
    key = "externalNames" if service.external_names else "selectors"
    values = service.external_names or service.selectors
    where = at(*PLACE, "service", key) + f"service {service.name}: {key}: "
    for site in sites:
        if site not in values:
            yield where + f"site {site} is missing"
    for site in values:
        if site not in sites:
            yield where + f"there is no site {site}"
    told = list(values.items())
    for index, (site, value) in enumerate(told):
        if other := next((other for other, before in told[:index] if before == value), None):
            yield where + f"{other} and {site} are the same, so nobody can tell where clients are sent"
        if value in (CLOSED_NAME, CLOSED_SELECTOR):
            yield where + f"{site} has what drctl sets to close it"


def frozen_restarts(workload: WorkloadPart) -> tuple[Scalable, ...]:
    """Return what of a workload is restarted once clients are routed to another site."""
    return tuple(Scalable(part.kind, part.name, part.namespace or "") for part in workload.restarts)


def restart_faults(
    workloads: Sequence[WorkloadPart], routing: ClientRoutingPart, at: Callable[..., str]
) -> Iterator[str]:
    """Restarts in no API server, and twice of the same, each with file and line."""
    own = routing.kubernetes.namespace if routing.kubernetes is not None else ""
    known: set[tuple[str, str, str]] = set()
    for index, workload in enumerate(workloads):
        for number, part in enumerate(workload.restarts):
            where = at("workloads", index, "restarts", number) + f"restart of {part.name}: "
            if routing.kubernetes is None:
                yield where + "it needs clientRouting.kubernetes, which says in which API server it is"
            place = (part.kind, part.name, part.namespace or own)
            if place in known:
                yield where + "it is named twice"
            known.add(place)
