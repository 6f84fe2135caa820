"""Client routing in Kubernetes: a key of a ConfigMap, or where a Service leads."""

from collections.abc import Iterable, Iterator
from typing import Any

from drctl.errors import Conflict, DrctlError, Forbidden
from drctl.model.resources import SERVICE, Object
from drctl.model.routing import FieldValue, RoutingField
from drctl.ports import Resources
from drctl.ports.newest import onto_newest

EXTERNAL_NAME, CLUSTER_IP = "ExternalName", "ClusterIP"
"""Types of a Service: the one that is a name in DNS, and the usual one, which selects pods."""


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
            self._rehearse(item, value)
            # Not again where somebody wrote meanwhile: it may be a drctl that took over from this one.
            self._apply(item, value, rehearse=False)

    def obstacle(self) -> str:
        self._get()  # where it cannot be asked that is no obstacle
        try:
            onto_newest(self._rehearse_another)
        except (Conflict, Forbidden) as error:
            return f"{self.routing} cannot be changed: {error}"
        return ""

    def _rehearse_another(self) -> None:
        """Rehearse the field with what it does not hold: an owner is only met where the value changes."""
        item = self._get()
        values = (self.routing.closed, *self.routing.values.values())
        self._rehearse(item, next(each for each in values if each != self._told(item)))

    def _rehearse(self, item: Object, value: FieldValue) -> None:
        """Conflict where it cannot be, or where more than the field would go with it.

        What was applied as ``drctl`` beside it would: server-side apply takes away what its manager does not name.
        """
        after = self._apply(item, value, rehearse=True)
        if lost := ", ".join(self._changed(item, after)):
            raise Conflict(
                f"{self.routing}: {lost} was applied as field manager drctl, too, and would go with the change",
                remedy="apply the whole of it as another field manager, and only that field as drctl",
            )

    def _changed(self, before: Object, after: Object) -> Iterator[str]:
        """Name what a change touches beside the field."""
        outer, inner = self.routing.field
        for path in ((outer,), ("metadata", "labels"), ("metadata", "annotations")):
            old, new = _at(before, path) or {}, _at(after, path) or {}
            changed = (key for key in sorted({*old, *new}) if old.get(key) != new.get(key))
            yield from (f".{'.'.join(path)}.{key}" for key in changed if (*path, key) != (outer, inner))

    def _get(self) -> Object:
        item = self.resources.get(self.routing.kind, self.routing.name)
        if self.routing.kind == SERVICE:
            self._require_type(str(_at(item, ("spec", "type")) or CLUSTER_IP))
        return item

    def _require_type(self, found: str) -> None:
        """Conflict for a Service whose type does not follow the field, which then leads nobody."""
        by_name = self.routing.field == ("spec", "externalName")
        if by_name != (found == EXTERNAL_NAME):
            raise Conflict(
                f"{self.routing} leads nobody: the Service's type is {found}",
                remedy=f"{'externalNames are' if by_name else 'selectors are not'} for a Service of type ExternalName",
            )

    def _value(self, site: str | None) -> FieldValue:
        return self.routing.closed if site is None else self.routing.values[site]

    def _told(self, item: Object) -> FieldValue | None:
        found = _at(item, self.routing.field)
        return found if isinstance(found, str | dict) else None

    def _apply(self, item: Object, value: FieldValue, *, rehearse: bool) -> Object:
        outer, inner = self.routing.field
        body = {"metadata": {"resourceVersion": item["metadata"]["resourceVersion"]}, outer: {inner: value}}
        take = self.routing.place.take_ownership
        return self.resources.apply(self.routing.kind, self.routing.name, body, take=take, rehearse=rehearse)


def _at(item: Object, path: Iterable[str]) -> Any:
    node: Any = item
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node
