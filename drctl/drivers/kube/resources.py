"""The Kubernetes API of one site, as mappings."""

from collections.abc import Iterator, Mapping
from copy import copy
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from drctl.drivers.kube.client import KubeClient
from drctl.drivers.kube.refusals import Expired
from drctl.errors import Conflict, NotFound
from drctl.model.resources import Happening, Kind, Listing, Object, WatchEvent, Where
from drctl.ports import Clock

MANAGER = "drctl"
# As many as kubectl asks for at a time: an API server reads a whole page from etcd at once.
PAGE = "500"
ALL = Where()


class KubeResources:
    """Implements :class:`drctl.ports.Resources`."""

    def __init__(
        self,
        site: str,
        kubeconfig: Path | None,
        context: str,
        namespace: str,
        clock: Clock,
        *,
        manager: str = MANAGER,
        patience: float | None = None,
    ) -> None:
        self.client = KubeClient(site, kubeconfig, context, patience=patience)
        self.namespace, self.clock, self.manager = namespace, clock, manager

    def as_manager(self, manager: str) -> "KubeResources":
        """The same API server over the same connections, under another field manager."""
        other = copy(self)
        other.manager = manager
        return other

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def served(self, group: str) -> tuple[str, ...]:
        try:
            said = self.client.send("GET", f"/apis/{group}").body
        except NotFound:
            return ()
        with self.client.understood():
            preferred = said.get("preferredVersion", {}).get("version", "")
            versions = [str(each["version"]) for each in said.get("versions", ())]
        return tuple(sorted(versions, key=lambda version: version != preferred))

    def list(self, kind: Kind, where: Where = ALL) -> Listing:
        # A list that takes so long that its own continuation expires is begun again, once.
        try:
            return self._all_pages(kind, where)
        except Expired:
            return self._all_pages(kind, where)

    def _all_pages(self, kind: Kind, where: Where) -> Listing:
        query = {**_selected(where), "limit": PAGE}
        items: list[Object] = []
        while True:
            answer = self.client.send("GET", self._path(kind), query)
            meta, page = answer.body.get("metadata", {}), answer.body.get("items") or []
            if not isinstance(meta, dict) or not isinstance(page, list):
                raise self.client.stranger("no list")
            items += map(self._named, page)
            if not meta.get("continue"):
                return Listing(tuple(items), str(meta.get("resourceVersion", "")), self._ahead(answer.date))
            # The pages are of one version of the store, so that nothing that moves from one to the other is
            # missed or told twice.
            query["continue"] = meta["continue"]

    def watch(self, kind: Kind, since: str, seconds: float, where: Where = ALL) -> Iterator[WatchEvent]:
        query = {
            **_selected(where),
            "watch": "true",
            "resourceVersion": since,
            # Without bookmarks the version of a kind that seldom changes grows old, and the next watch begins
            # with 410 and a list of all there is.
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(max(1, round(seconds))),
        }
        try:
            for line in self.client.lines(self._path(kind), query, seconds):
                yield self._change(line, since)
        except Expired:
            yield WatchEvent(Happening.EXPIRED, {}, since)

    def _change(self, line: Any, since: str) -> WatchEvent:
        item = line.get("object") or {}
        if line.get("type") != "ERROR":
            item = self._named(item)
        elif not isinstance(item, dict):
            raise self.client.stranger("no object")
        else:
            with self.client.understood():
                code = int(item.get("code") or 500)
            error = self.client.refused(code, item, "watch")
            if isinstance(error, Expired):
                return WatchEvent(Happening.EXPIRED, {}, since)
            raise error
        version = str(item.get("metadata", {}).get("resourceVersion") or since)
        try:
            return WatchEvent(Happening(line.get("type")), item, version)
        except ValueError:
            # A kind of event that came after us: what it speaks of is there and may have changed.
            return WatchEvent(Happening.MODIFIED, item, version)

    def get(self, kind: Kind, name: str) -> Object:
        return self._named(self.client.send("GET", self._path(kind, name)).body)

    def apply(self, kind: Kind, name: str, body: Object, *, take: bool = False, rehearse: bool = False) -> Object:
        named = {
            **body,
            "apiVersion": kind.api_version,
            "kind": kind.name,
            "metadata": {**body.get("metadata", {}), "name": name},
        }
        # Without force a field that another manager owns is a conflict which names it; with it two
        # controllers would take it from each other without end.
        query = {"fieldManager": self.manager, "force": "true" if take else "false", **_rehearsed(rehearse)}
        try:
            answer = self.client.send(
                "PATCH", self._path(kind, name), query, body=named, content="application/apply-patch+yaml"
            )
        except Conflict as conflict:
            if "conflict with" not in str(conflict):
                raise
            raise Conflict(
                str(conflict),
                remedy="let its owner give the field up, or let drctl take it: 'takeOwnership: true' in the plan file",
            ) from conflict
        changed: Object = answer.body
        return changed

    def patch(self, kind: Kind, name: str, changes: Object, *, subresource: str = "") -> Object:
        query = {"fieldManager": self.manager}
        path = self._path(kind, name) + (f"/{subresource}" if subresource else "")
        changed: Object = self.client.send(
            "PATCH", path, query, body=dict(changes), content="application/merge-patch+json"
        ).body
        return changed

    def _named(self, item: Any) -> Object:
        """An object as every API server sends one; whoever reads it may rely on its metadata."""
        meta = item.get("metadata") if isinstance(item, dict) else None
        if not isinstance(meta, dict):
            raise self.client.stranger("objects without metadata")
        named: Object = item
        return named

    def _path(self, kind: Kind, name: str = "") -> str:
        root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
        space = "" if kind.namespace is None else f"/namespaces/{quote(kind.namespace or self.namespace, safe='')}"
        return f"{root}{space}/{kind.plural}" + (f"/{quote(name, safe='')}" if name else "")

    def _ahead(self, date: str) -> timedelta:
        """The header has whole seconds, so less than one is none."""
        try:
            stamped = parsedate_to_datetime(date).astimezone(UTC)
        except (TypeError, ValueError):
            return timedelta(0)
        ahead = stamped - self.clock.now()
        return ahead if abs(ahead) > timedelta(seconds=1) else timedelta(0)


def _selected(where: Where) -> dict[str, str]:
    pairs: Mapping[str, str] = {"labelSelector": where.labels, "fieldSelector": where.fields}
    return {key: value for key, value in pairs.items() if value}


def _rehearsed(rehearse: bool) -> dict[str, str]:
    return {"dryRun": "All"} if rehearse else {}
