"""An API server in memory that lets its user do what roles say and nothing more, reached by HTTP as the real one is."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from drctl.errors import Conflict, NotFound
from drctl.model import resources as of
from drctl.model.resources import Kind, Where
from tests.fakes import FakeApi, FakeClock, FakeResources
from tests.unit.drivers.serving import served

USER = "system:serviceaccount:drctl:drctl"
NAMES = {kind.plural: kind.name for kind in vars(of).values() if isinstance(kind, Kind)}
KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{{name: lab, cluster: {{server: "{url}"}}}}]
users: [{{name: drctl, user: {{token: s3cret}}}}]
contexts: [{{name: lab, context: {{cluster: lab, user: drctl}}}}]
"""


class Grant(NamedTuple):
    """What a role lets do in a namespace, anywhere where that is None, and with one name where it says which."""

    space: str | None
    group: str
    resource: str
    verb: str
    name: str = ""

    def covers(self, asked: "Grant") -> bool:
        return self[1:4] == asked[1:4] and self.space in (None, asked.space) and self.name in ("", asked.name)


class Denied(Exception):
    """A request that no grant covers."""


class AuthorizedApi:
    """``grants`` are what its user may do; ``asked`` is what was tried, in Kubernetes' terms."""

    def __init__(self, api: FakeApi) -> None:
        self.api, self.clock = api, FakeClock()
        self.grants: list[Grant] = []
        self.asked: set[Grant] = set()
        self.lock = threading.RLock()

    def authorize(self, asked: Grant) -> None:
        self.asked.add(asked)
        if not any(grant.covers(asked) for grant in self.grants):
            named = f'{asked.resource} "{asked.name}"' if asked.name else asked.resource
            where = f' in the namespace "{asked.space}"' if asked.space else " at the cluster scope"
            raise Denied(
                f'{named} is forbidden: User "{USER}" cannot {asked.verb} resource "{asked.resource}"'
                f' in API group "{asked.group}"{where}'
            )

    def answer(self, method: str, url: str, body: Any) -> tuple[int, object]:
        """Status and document; of a watch the lines."""
        parts = [unquote(part) for part in urlsplit(url).path.strip("/").split("/")]
        query = dict(parse_qsl(urlsplit(url).query))
        group, *rest = parts[1:] if parts[0] == "apis" else ("", *parts[1:])
        if not rest:
            versions = [{"version": each} for each in self.api.groups.get(group, ())]
            return (200, {"versions": versions}) if versions else (404, {"message": "no such group"})
        version, *rest = rest
        space = rest[1] if rest[0] == "namespaces" else None
        plural, name, *more = [*(rest[2:] if space else rest), "", ""]
        subresource = next(filter(None, more), "")
        resource = f"{plural}/{subresource}" if subresource else plural
        place = FakeResources(self.api, self.clock, namespace=space or "", manager=query.get("fieldManager", "drctl"))
        kind = Kind(group, version, plural, NAMES.get(plural, plural), None if space is None else "")
        try:
            if method == "PATCH":
                return 200, self._written(place, kind, Grant(space, group, resource, "patch", name), body, query)
            return 200, self._read(place, kind, Grant(space, group, resource, "get", name), query)
        except Denied as denied:
            return 403, {"kind": "Status", "message": str(denied), "code": 403}
        except NotFound as missing:
            return 404, {"kind": "Status", "message": str(missing), "code": 404}
        except Conflict as conflict:
            return 409, {"kind": "Status", "message": str(conflict), "code": 409}

    def _read(self, place: FakeResources, kind: Kind, asked: Grant, query: Mapping[str, str]) -> object:
        where = Where(query.get("labelSelector", ""), query.get("fieldSelector", ""))
        if query.get("watch") == "true":
            self.authorize(asked._replace(verb="watch"))
            told = place.watch(kind, query["resourceVersion"], 0, where)
            return [{"type": each.what.value, "object": each.item or _bookmark(each.version)} for each in told]
        if not asked.name:
            self.authorize(asked._replace(verb="list"))
            listing = place.list(kind, where)
            return {"metadata": {"resourceVersion": listing.version}, "items": listing.items}
        self.authorize(asked)
        return place.get(kind, asked.name)

    def _written(self, place: FakeResources, kind: Kind, asked: Grant, body: Any, query: Mapping[str, str]) -> object:
        self.authorize(asked)
        if "force" not in query:  # which only an apply has
            return place.patch(kind, asked.name, body)
        if (kind.plural, asked.space or "", asked.name) not in self.api.objects:
            self.authorize(asked._replace(verb="create"))  # as the API server does behind the patch
        return place.apply(kind, asked.name, body, take=query["force"] == "true", rehearse="dryRun" in query)

    @contextmanager
    def serving(self, folder: Path) -> Iterator[Path]:
        """Serve until the context is left; yields a kubeconfig whose context is ``lab``."""
        ours = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet: the second would wait for an acknowledgement of the first

            def do_GET(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with ours.lock:
                    status, told = ours.answer(self.command, self.path, json.loads(raw or b"null"))
                lines = told if isinstance(told, list) else [told]
                content = b"\n".join(json.dumps(each).encode() for each in lines) + b"\n"
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_PATCH(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None: ...

        with served(Handler) as url:
            path = folder / "kubeconfig"
            path.write_text(KUBECONFIG.format(url=url))
            yield path


def _bookmark(version: str) -> Mapping[str, Any]:
    return {"metadata": {"resourceVersion": version}}
