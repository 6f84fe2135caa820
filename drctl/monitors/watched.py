"""One kind of resource at one site, followed: listed once, then watched, listed again once the server has forgotten."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from drctl.errors import DrctlError, NotFound
from drctl.model.reading import Reading
from drctl.model.resources import Happening, Kind, Object, Where
from drctl.monitors.readings import is_silence
from drctl.ports import Clock, Resources

ROUND = 25.0
"""Seconds of one watch. Its end is a sign of life, too, so a reading is never older than this while all is well."""


class Watched[T]:
    """The resources of a kind, each translated by ``read`` when it changes and only then.

    ``read`` gives None for what is none of ours; what it cannot read is named in ``strange``. A reading is as old as
    the server's last sign of life; how old is too old is decided elsewhere. Readings may be asked for while another
    thread follows.
    """

    def __init__(
        self,
        resources: Resources,
        kind: Kind,
        clock: Clock,
        read: Callable[[Object, datetime], T | None],
        where: Where | None = None,
    ) -> None:
        self.resources, self.kind, self.clock = resources, kind, clock
        self.read, self.where = read, where or Where()
        self.ahead = timedelta(0)
        self.strange: set[str] = set()
        self.silent = False
        self.translated = 0
        self._kind: Kind | None = None
        self._lock = threading.Lock()
        self._items: dict[str, T] = {}
        self._since = ""
        self._seen_at: datetime | None = None
        self._trouble = ""

    def reading(self) -> Reading[Mapping[str, T]]:
        """All resources by name as they were at the last sign of life, or why there are none to show."""
        with self._lock:
            if self._seen_at is None or (self._trouble and not self._since):
                return Reading(None, self.clock.now(), self._trouble or "not looked at yet", self.silent)
            return Reading(dict(self._items), self._seen_at)

    @property
    def trouble(self) -> str:
        """Why the last try failed, empty if it did not."""
        return self._trouble

    def look(self) -> None:
        """List again. What fails is the reading's reason; nothing is raised that a port raises."""
        try:
            kind = self._found_kind()
            # Before the request: what the list shows was so when it was asked at the earliest, and a slow
            # answer must not look fresh.
            began = self.clock.now()
            listing = self.resources.list(kind, self.where)
        except DrctlError as error:
            self._fail(error)
            return
        items: dict[str, T] = {}
        self.strange.clear()
        for item in listing.items:
            self._take(items, item)
        with self._lock:
            self._items, self._since, self._seen_at = items, listing.version, began
            self._trouble, self.ahead, self.silent = "", listing.ahead, False

    def follow(self, seconds: float = ROUND) -> bool:
        """Watch for that long, or list where nothing was listed yet; returns whether the server answered."""
        if not self._since:
            self.look()
            return not self._trouble
        since = self._since
        try:
            for change in self.resources.watch(self._found_kind(), since, seconds, self.where):
                # The server has forgotten the version that we go on from (410): between it and now
                # something may have happened that no watch will tell.
                if change.what is Happening.EXPIRED:
                    self._since = ""
                    self.look()
                    return not self._trouble
                with self._lock:
                    self._apply(change.what, change.item)
                    self._since, self._seen_at = change.version, self.clock.now()
        except DrctlError as error:
            self._fail(error)
            return False
        with self._lock:
            # A watch that came to its end told everything until then.
            self._seen_at, self._trouble, self.silent = self.clock.now(), "", False
        return True

    def _apply(self, what: Happening, item: Object) -> None:
        name = str(item.get("metadata", {}).get("name", ""))
        if what is Happening.DELETED:
            self._items.pop(name, None)
        elif what is not Happening.BOOKMARK:
            # Taken out first: a resource that can no longer be read, or is none of ours any more, must not
            # stay as it was.
            self._items.pop(name, None)
            self._take(self._items, item)

    def _take(self, items: dict[str, T], item: Object) -> None:
        """One resource of a shape that we cannot read is left out: the others are still worth seeing."""
        self.translated += 1
        name = str(item.get("metadata", {}).get("name", ""))
        try:
            value = self.read(item, self.clock.now())
        except (AttributeError, KeyError, TypeError, ValueError):
            self.strange.add(f"{self.kind.name}/{name}")
            return
        self.strange.discard(f"{self.kind.name}/{name}")
        if value is not None:
            items[name] = value

    def _found_kind(self) -> Kind:
        """The kind in the version that this site serves: Strimzi's newest before an older one."""
        if self.kind.version:
            return self.kind
        if self._kind is not None:
            return self._kind
        served = self.resources.served(self.kind.group)
        if not served:
            raise NotFound(f"the API group {self.kind.group} is not served", remedy="install Strimzi's definitions")
        self._kind = self.kind.at("v1" if "v1" in served else served[0])
        return self._kind

    def despair(self, why: str) -> None:
        """Not looked at, because the same server has just failed to answer."""
        self.silent = True
        with self._lock:
            self._trouble = why

    def _fail(self, error: DrctlError) -> None:
        """Keep what was seen and let it grow old, unless we are denied to look at all."""
        self.silent = is_silence(error)
        with self._lock:
            self._trouble = str(error) or type(error).__name__
            # Denied, or no such kind: what was seen before cannot be watched on, and would otherwise be
            # shown for as long as the limit of age allows.
            if not error.transient:
                self._since, self._kind = "", None
