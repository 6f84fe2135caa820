"""A Kubernetes API in memory: versions, watches, ownership of fields, and all the ways in which it lets one down."""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from datetime import timedelta
from threading import RLock
from typing import Any

from drctl.errors import Conflict, DrctlError, Forbidden, NotFound, Unreachable
from drctl.model.kubernetes import Usage
from drctl.model.resources import Happening, Kind, Listing, Object, WatchEvent, Where
from tests.fakes.clock import FakeClock
from tests.fakes.effects import Effects

ALL = Where()
type Key = tuple[str, str, str]
"""Plural, namespace, name."""
WHOLE = {"services": frozenset({("spec", "selector")})}
"""By plural, mappings that are one field to the API server (``mapType: atomic``)."""
_SCALARS = frozenset({str, int, float, bool})


class FakeApi:
    """What all clients of one API server share.

    ``groups`` are the served versions per API group. ``down``: it does not answer. ``silent``: watches bring nothing,
    not even their end. ``forbidden``: verb and plural that are denied. ``forgets``: nothing before the present version
    is known any more. ``ahead``: its clock before ours.
    """

    def __init__(self, groups: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self.groups = dict(groups or {})
        self.objects: dict[Key, dict[str, Any]] = {}
        self.owners: dict[Key, dict[tuple[str, ...], set[str]]] = {}
        self.log: list[tuple[int, Key, WatchEvent]] = []
        self.version = 1
        self.forgotten = 0
        self.down = self.silent = False
        self.forbidden: set[tuple[str, str]] = set()
        self.ahead = timedelta(0)
        self.asked: list[tuple[str, str]] = []
        self.lock = RLock()

    def put(self, kind: Kind, body: Object, *, namespace: str = "kafka", manager: str = "kubectl") -> None:
        """Create or replace a resource as somebody else; its status comes with it."""
        name = str(body["metadata"]["name"])
        key = (kind.plural, _space(kind, namespace), name)
        self.write(kind, key, _copied(dict(body)))
        self.owners[key] = {path: {manager} for path in _leaves(body, WHOLE.get(kind.plural, frozenset()))}

    def write(self, kind: Kind, key: Key, body: dict[str, Any]) -> dict[str, Any]:
        """Store it with its next version, and its next generation where anything but metadata and status changed."""
        before = self.objects.get(key)
        meta: dict[str, Any] = {**body.get("metadata", {}), "name": key[2]}
        kept = before["metadata"] if before else {}
        meta["uid"] = meta.get("uid") or kept.get("uid") or f"uid-{self.version}"
        same = before is not None and _wanted(before) == _wanted(body)
        meta["generation"] = kept.get("generation", 0) + (not same)
        stored = {**body, "apiVersion": kind.api_version, "kind": kind.name, "metadata": meta}
        if before is not None and _unversioned(before) == _unversioned(stored):
            return before
        self.version += 1
        meta["resourceVersion"] = str(self.version)
        self.objects[key] = stored
        what = Happening.MODIFIED if before else Happening.ADDED
        self.log.append((self.version, key, WatchEvent(what, _copied(stored), str(self.version))))
        return stored

    def write_status(self, kind: Kind, name: str, status: Object, *, namespace: str = "kafka") -> None:
        """Set a resource's status as its operator."""
        key = (kind.plural, _space(kind, namespace), name)
        with self.lock:
            self.write(kind, key, {**self.objects[key], "status": _copied(dict(status))})

    def remove(self, kind: Kind, name: str, *, namespace: str = "kafka") -> None:
        """Delete a resource as somebody else."""
        key = (kind.plural, _space(kind, namespace), name)
        gone = self.objects.pop(key)
        self.owners.pop(key, None)
        self.version += 1
        self.log.append((self.version, key, WatchEvent(Happening.DELETED, gone, str(self.version))))

    def forget(self) -> None:
        """Compact: who asks for older versions is told to list again."""
        self.forgotten = self.version


class FakeResources:
    """Implements :class:`drctl.ports.Resources` over a :class:`FakeApi`."""

    def __init__(
        self,
        api: FakeApi,
        clock: FakeClock | None = None,
        effects: Effects | None = None,
        *,
        namespace: str = "kafka",
        manager: str = "drctl",
    ) -> None:
        self.api, self.clock, self.effects = api, clock or FakeClock(), effects or Effects()
        self.namespace, self.manager = namespace, manager

    def _reach(self, verb: str, kind: Kind) -> None:
        self.api.asked.append((verb, kind.plural))
        if self.api.down:
            raise Unreachable("the API server does not answer", remedy="check that it runs")
        if (verb, kind.plural) in self.api.forbidden:
            said = f'User "drctl" cannot {verb} resource "{kind.plural}" in API group "{kind.group}"'
            raise Forbidden(said, remedy="grant that verb")
        if "." in kind.group and not kind.group.endswith("k8s.io") and kind.version not in self.served(kind.group):
            raise NotFound("the server could not find the requested resource", remedy="install its definition")

    def served(self, group: str) -> tuple[str, ...]:
        if self.api.down:
            raise Unreachable("the API server does not answer", remedy="check that it runs")
        return self.api.groups.get(group, ())

    def list(self, kind: Kind, where: Where = ALL) -> Listing:
        self._reach("list", kind)
        space = _space(kind, self.namespace)
        there = sorted(item for item in self.api.objects.items() if item[0][:2] == (kind.plural, space))
        found = tuple(_copied(each) for _, each in there if _selected(each, where))
        return Listing(found, str(self.api.version), self.api.ahead)

    def watch(self, kind: Kind, since: str, seconds: float, where: Where = ALL) -> Iterator[WatchEvent]:
        self._reach("watch", kind)
        if self.api.silent:
            self.clock.sleep(seconds)
            raise Unreachable("the API server does not answer (ReadTimeoutError)")
        if int(since) < self.api.forgotten:
            yield WatchEvent(Happening.EXPIRED, {}, since)
            return
        self.clock.sleep(seconds)
        space = _space(kind, self.namespace)
        for version, (plural, place, _), change in list(self.api.log):
            if version > int(since) and (plural, place) == (kind.plural, space) and _selected(change.item, where):
                yield change
        yield WatchEvent(Happening.BOOKMARK, {}, str(self.api.version))

    def get(self, kind: Kind, name: str) -> Object:
        self._reach("get", kind)
        return _copied(self._found(kind, name))

    def apply(self, kind: Kind, name: str, body: Object, *, take: bool = False, rehearse: bool = False) -> Object:
        self._reach("patch", kind)
        with self.api.lock:
            return self._apply(kind, name, body, take=take, rehearse=rehearse)

    def _apply(self, kind: Kind, name: str, body: Object, *, take: bool, rehearse: bool) -> Object:
        key = (kind.plural, _space(kind, self.namespace), name)
        before = self.api.objects.get(key)
        owners = {path: set(who) for path, who in self.api.owners.get(key, {}).items()}
        self._newest(before, body)
        after = _copied(before) if before else {}
        paths = set(_leaves(body, WHOLE.get(kind.plural, frozenset())))
        for path in paths:
            wanted, others = _value(body, path), owners.get(path, set()) - {self.manager}
            if _value(after, path) != wanted:
                if others and not take:
                    owner = ", ".join(f'conflict with "{other}"' for other in sorted(others))
                    raise Conflict(f"Apply failed: {owner}: .{'.'.join(path)}", remedy="takeOwnership: true")
                owners[path] = set()
            _put(after, path, wanted)
            owners.setdefault(path, set()).add(self.manager)
        for path in [path for path, who in owners.items() if self.manager in who and path not in paths]:
            owners[path].discard(self.manager)
            if not owners[path]:
                del owners[path]
                _drop(after, path)
        if rehearse:
            return {**after, "metadata": {**after.get("metadata", {}), "name": name}}
        with self.effects(f"apply {kind.name}/{name}"):
            stored = self.api.write(kind, key, after)
            self.api.owners[key] = owners
        return _copied(stored)

    def patch(self, kind: Kind, name: str, changes: Object, *, subresource: str = "") -> Object:
        self._reach("patch", kind)
        if subresource:
            changes = {key: each for key, each in changes.items() if key in ("metadata", subresource)}
        key = (kind.plural, _space(kind, self.namespace), name)
        with self.api.lock, self.effects(f"patch {kind.name}/{name}"):
            before = self._found(kind, name)
            self._newest(before, changes)
            return _copied(self.api.write(kind, key, _merged(_copied(before), changes)))

    def _found(self, kind: Kind, name: str) -> dict[str, Any]:
        try:
            return self.api.objects[kind.plural, _space(kind, self.namespace), name]
        except KeyError:
            raise NotFound(f'{kind.plural} "{name}" not found', remedy="correct the name") from None

    @staticmethod
    def _newest(before: Object | None, body: Object) -> None:
        version = body.get("metadata", {}).get("resourceVersion")
        if version and (before is None or before["metadata"]["resourceVersion"] != version):
            raise Conflict("the object has been modified", remedy="look at it again")


class FakeKubelets:
    """Implements :class:`drctl.ports.Kubelets`: what each node tells, or why it tells nothing."""

    def __init__(self) -> None:
        self.nodes: dict[str, Mapping[str, Usage] | DrctlError] = {}
        self.asked: list[str] = []

    def usage(self, node: str) -> Mapping[str, Usage]:
        self.asked.append(node)
        told = self.nodes.get(node, {})
        if isinstance(told, DrctlError):
            raise told
        return told


def _copied[T](value: T) -> T:
    """Return a copy that shares nothing with the value which could be changed; for bodies, which are JSON.

    ``deepcopy`` does the same at several times the cost, for it also keeps track of what stands in two places: the
    specs on Strimzi's resources copy some thousand bodies each.
    """
    made: Any = value
    if type(made) is dict:
        made = {key: _copied(each) for key, each in made.items()}
    elif type(made) is list:
        made = [_copied(each) for each in made]
    elif made is not None and type(made) not in _SCALARS:
        made = deepcopy(made)
    copy: T = made
    return copy


def _space(kind: Kind, own: str) -> str:
    return "" if kind.namespace is None else kind.namespace or own


def _wanted(body: Object) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in ("metadata", "status", "apiVersion", "kind")}


def _unversioned(body: Object) -> dict[str, Any]:
    meta = {key: value for key, value in body["metadata"].items() if key != "resourceVersion"}
    return {**body, "metadata": meta}


def _leaves(
    body: Object, whole: frozenset[tuple[str, ...]] = frozenset(), path: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    """Every field that is a value; lists are one value, as in resources whose definition says nothing else.

    So are the mappings of ``whole``.
    """
    for key, value in body.items():
        here = (*path, key)
        if here in (("metadata", "name"), ("metadata", "resourceVersion"), ("apiVersion",), ("kind",)):
            continue
        if isinstance(value, Mapping) and value and here not in whole:
            yield from _leaves(value, whole, here)
        else:
            yield here


def _value(body: Object, path: Iterable[str]) -> object:
    node: Any = body
    for key in path:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def _put(body: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    for key in path[:-1]:
        body = body.setdefault(key, {})
    body[path[-1]] = _copied(value)


def _drop(body: dict[str, Any], path: tuple[str, ...]) -> None:
    for key in path[:-1]:
        body = body.get(key, {})
    body.pop(path[-1], None)


def _merged(body: dict[str, Any], changes: Object) -> dict[str, Any]:
    for key, value in changes.items():
        if value is None:
            body.pop(key, None)
        elif isinstance(value, Mapping):
            body[key] = _merged(dict(body.get(key) or {}), value)
        else:
            body[key] = _copied(value)
    return body


def _selected(item: Object, where: Where) -> bool:
    labels = item.get("metadata", {}).get("labels", {})
    wanted = [part.split("=", 1) for part in where.labels.split(",") if part]
    fields = [part.split("=", 1) for part in where.fields.split(",") if part]
    return all(labels.get(key) == value for key, value in wanted) and all(
        _value(item, key.split(".")) == value for key, value in fields
    )
