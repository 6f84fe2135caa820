"""Deployments, StatefulSets and their pods: how the drivers of this family find them."""

from collections.abc import Mapping
from typing import Any

from drctl.model.resources import POD, Kind, Object, Where
from drctl.model.scaling import DEPLOYMENT, STATEFUL_SET, Scalable
from drctl.ports import Resources

APPS = {
    DEPLOYMENT: Kind("apps", "v1", "deployments", DEPLOYMENT),
    STATEFUL_SET: Kind("apps", "v1", "statefulsets", STATEFUL_SET),
}
ENDED = ("Succeeded", "Failed")


def beside(kind: Kind, what: Scalable) -> Kind:
    """That kind in the namespace in which the object is."""
    return Kind(kind.group, kind.version, kind.plural, kind.name, what.namespace)


def pods_of(resources: Resources, what: Scalable, item: Object) -> list[Object]:
    """Those that have not ended. Nothing is selected by an empty selector: it would be every pod there is."""
    selector = _selector(item)
    if not selector:
        return []
    # By the selector, and not by the number of replicas: a pod that is ending counts as none, and its
    # consumer still works.
    pods = resources.list(beside(POD, what), Where(labels=selector)).items
    return [pod for pod in pods if (pod.get("status") or {}).get("phase") not in ENDED]


def _selector(item: Object) -> str:
    """In the syntax of a list; a node pool tells it as its scale subresource does."""
    told = (item.get("status") or {}).get("labelSelector")
    if told:
        return str(told)
    selector = (item.get("spec") or {}).get("selector") or {}
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    return ",".join([*parts, *map(_expression, selector.get("matchExpressions") or ())])


def _expression(each: Mapping[str, Any]) -> str:
    values = f"({','.join(each.get('values') or ())})"
    words = {
        "In": f"{each['key']} in {values}",
        "NotIn": f"{each['key']} notin {values}",
        "DoesNotExist": f"!{each['key']}",
    }
    return words.get(each["operator"], str(each["key"]))
