"""The Kubernetes API of one site."""

from collections.abc import Iterator
from typing import Protocol

from drctl.model.resources import Kind, Listing, Object, WatchEvent, Where


class Resources(Protocol):
    """Resources by kind and name, in the site's namespace where the kind has one.

    All raise Unreachable within seconds where the API server accepts a connection and never answers, Forbidden naming
    the verb that is missing, NotFound where there is no such resource or no such kind.
    """

    def served(self, group: str) -> tuple[str, ...]:
        """The versions of an API group that are served, the server's favourite first; none where it is missing."""
        ...

    def list(self, kind: Kind, where: Where = ...) -> Listing:
        """All resources of a kind as of one version."""
        ...

    def watch(self, kind: Kind, since: str, seconds: float, where: Where = ...) -> Iterator[WatchEvent]:
        """Every change after that version as it happens, for that long, with a bookmark now and then.

        It ends by itself. Unreachable where it falls silent: nothing came although its time is over.
        """
        ...

    def get(self, kind: Kind, name: str) -> Object:
        """One resource."""
        ...

    def apply(self, kind: Kind, name: str, body: Object, *, take: bool = False, rehearse: bool = False) -> Object:
        """Make these fields ours and set them (server-side apply as ``drctl``); fields we set before and do not name
        any more are given up. Conflict names who owns a field that is to change, unless ``take``. ``rehearse`` changes
        nothing. A ``resourceVersion`` in ``body`` must still be the newest one.
        """
        ...

    def patch(self, kind: Kind, name: str, changes: Object, *, subresource: str = "") -> Object:
        """Merge these changes in, None for what is to go. A ``resourceVersion`` in them must still be the newest.

        With a ``subresource``, such as ``status``, only what belongs to it is changed.
        """
        ...
