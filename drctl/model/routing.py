"""Model client routing: by commands, or by one field of one resource in Kubernetes and what it says for each site."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from drctl.model.resources import CONFIG_MAP, SERVICE, Kind

type FieldValue = str | Mapping[str, str]

CLOSED_NAME = "closed.drctl.invalid"
"""Where an ExternalName leads that is closed: a name that never resolves (RFC 6761, section 6.4)."""
CLOSED_SELECTOR: Mapping[str, str] = {"drctl.io/closed": "true"}
"""What a closed Service selects, which no pod has. Without any selector its endpoints would stay as they are."""


@dataclass(frozen=True, slots=True)
class RoutingPlace:
    """The API server in which it is kept. ``take_ownership``: drctl may set the field although another manager does."""

    kubeconfig: Path
    context: str
    namespace: str
    take_ownership: bool = False


@dataclass(frozen=True, slots=True)
class RoutingField:
    """Name the field that clients follow.

    ``values`` are what it says by site, ``closed`` while it is closed to consumers; no two of them are the same.
    """

    place: RoutingPlace
    kind: Kind
    name: str
    field: tuple[str, ...]
    values: Mapping[str, FieldValue]
    closed: FieldValue

    def __str__(self) -> str:
        return f"{self.kind.name}/{self.name}: .{'.'.join(self.field)}"


@dataclass(frozen=True, slots=True)
class RoutingCommands:
    """Client routing made of commands: ``route_to`` is given the site, ``read`` prints it."""

    route_to: tuple[str, ...] = field(repr=False)
    read: tuple[str, ...] = field(repr=False)
    timeout: timedelta


def in_config_map(place: RoutingPlace, name: str, key: str, sites: tuple[str, ...]) -> RoutingField:
    """A key of a ConfigMap that holds the site's name, and nothing while it is closed."""
    return RoutingField(place, CONFIG_MAP, name, ("data", key), {site: site for site in sites}, "")


def by_external_name(place: RoutingPlace, name: str, names: Mapping[str, str]) -> RoutingField:
    """A Service of type ExternalName: a name in the cluster's DNS that leads to a name of the site."""
    return RoutingField(place, SERVICE, name, ("spec", "externalName"), dict(names), CLOSED_NAME)


def by_selector(place: RoutingPlace, name: str, selectors: Mapping[str, Mapping[str, str]]) -> RoutingField:
    """A Service that selects pods of the site."""
    values = {site: dict(labels) for site, labels in selectors.items()}
    return RoutingField(place, SERVICE, name, ("spec", "selector"), values, CLOSED_SELECTOR)
