"""Client routing in Kubernetes: a key of a ConfigMap, or where a Service leads."""

from typing import Any

from drctl.errors import Conflict, DrctlError, Forbidden
from drctl.model.resources import Object
from drctl.model.routing import FieldValue, RoutingField
from drctl.ports import Resources


class KubeClientRouting:
    """Implements :class:`drctl.ports.ClientRouting`, by server-side apply of one field as ``drctl``.

    The resource must exist: what else is in it is its owner's. Only onto what was looked at, so an owner that came
    meanwhile is met, not overwritten. Conflict names who owns the field, unless the plan file lets drctl take it.
    """

    def __init__(self, routing: RoutingField, resources: Resources) -> None:
        self.routing, self.resources = routing, resources

    def site(self) -> str | None:
        found = self._told(self._get())
        if found == self.routing.closed:
            return None
        for site, value in self.routing.values.items():
            if found == value:
                return site
        raise DrctlError(
            f"client routing cannot be read: {self.routing} {'holds nothing of a site' if found else 'is not there'}",
            remedy="let it say what clientRouting in the plan file names for the site that serves",
        )

    def route_to(self, site: str | None) -> None:
        item, value = self._get(), self._value(site)
        if self._told(item) != value:
            self._apply(item, value, rehearse=False)

    def obstacle(self) -> str:
        item = self._get()
        # The field is rehearsed with what it does not hold: an owner is only met where the value changes.
        others = (each for each in (self.routing.closed, *self.routing.values.values()) if each != self._told(item))
        try:
            self._apply(item, next(others), rehearse=True)
        except (Conflict, Forbidden) as error:
            return f"{self.routing} cannot be changed: {error}"
        return ""

    def _get(self) -> Object:
        return self.resources.get(self.routing.kind, self.routing.name)

    def _value(self, site: str | None) -> FieldValue:
        return self.routing.closed if site is None else self.routing.values[site]

    def _told(self, item: Object) -> FieldValue | None:
        node: Any = item
        for key in self.routing.field:
            node = node.get(key) if isinstance(node, dict) else None
        return node if isinstance(node, str | dict) else None

    def _apply(self, item: Object, value: FieldValue, *, rehearse: bool) -> None:
        outer, inner = self.routing.field
        body = {"metadata": {"resourceVersion": item["metadata"]["resourceVersion"]}, outer: {inner: value}}
        take = self.routing.place.take_ownership
        self.resources.apply(self.routing.kind, self.routing.name, body, take=take, rehearse=rehearse)
