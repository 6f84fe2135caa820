"""How a site's clients log in, and how that is renewed while they work.

A login is read where it lies: in a properties file and the stores that it names, or in Strimzi's secrets. What is read
stays in memory; nothing of it is written, logged or shown.

| what happens | what is done |
| --- | --- |
| a client is made, and a file has changed | it is read at once: looking at its time costs nothing |
| a client is made, and secrets were read half a minute ago | they are read in the background, for the next client |
| brokers reject the login, or we their certificate | it is read again, at most once a second while it is the same |
| it cannot be read, or is broken: half written, no API server | what is known stays, and the error says why |
| another login was read | new clients are made with it; those of the one before are given up by whoever holds them |

Example: a password is changed at 12:00:00 and its secret is written at 12:00:02. A question at 12:00:01 is rejected,
finds the secret unchanged, and waits; at 12:00:02 the secret is another one, so new clients are made and it is asked
once more.

Invariant: a login is replaced only by one that could be read whole and differs. ``_read`` assigns ``_login`` in one
place, behind ``_made``, which raises where anything is missing.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drctl.drivers.kafka.errors import Causes
from drctl.drivers.kafka.properties import user
from drctl.errors import DrctlError

LOG = logging.getLogger("drctl.kafka")
LOOK = 1.0
"""Seconds between two looks at files, and between two readings of a login that was rejected: brokers and whoever
writes the secret are rarely further apart than a few of them."""
FRESH = 30.0
"""Seconds after which secrets are read again without need: three requests to an API server, which others use, too."""
SETTLE = 3.0
"""Seconds for which a new login may be rejected: each broker takes in a changed password by itself."""
CLOSED_WITHIN = 2.0
"""Seconds for a reading that is under way when it is closed: it may be asking Kubernetes."""
EVERY_CLIENT = {"socket.connection.setup.timeout.ms": 5000, "reconnect.backoff.max.ms": 500}

type Ask = Callable[[], Mapping[str, str]]
"""Asks for what a client is made with."""


@dataclass(frozen=True, slots=True)
class LoginSource:
    """Say where a login is read: ``files`` are all that ``ask`` opens itself; none where it asks an API server."""

    ask: Ask
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Login:
    """Hold what clients of one user at one site are made with, and what such clients were told."""

    settings: dict[str, Any] = field(repr=False)
    causes: Causes
    seal: bytes = field(repr=False)


class KeptLogin:
    """The login of a site's clients: asked for at first use, and again as it is renewed; any thread may ask."""

    def __init__(
        self, site: str, source: Mapping[str, str] | Ask | LoginSource, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Settings that are given, and not asked for, never change. ``now`` tells monotonic time in seconds."""
        self.site, self._now = site, now
        self._given = source if isinstance(source, Mapping) else None
        asked = dict if isinstance(source, Mapping) else source
        self._source = asked if isinstance(asked, LoginSource) else LoginSource(asked)
        self._lock = threading.RLock()
        self._login: Login | None = None
        self._read_at = self._looked_at = 0.0
        self._stamps: tuple[object, ...] = ()
        self._reading: threading.Thread | None = None

    @property
    def asked(self) -> Login | None:
        """The login, if it was asked for before."""
        return self._login

    def known(self) -> Login:
        """The login as it was read last; asked for, which may raise, only if it never was."""
        if self._login is None:
            with self._lock:
                if self._login is None:
                    self._read_at = self._looked_at = self._now()
                    self._login = self._made()
        return self._login

    def newest(self) -> Login:
        """The login for a new client: as it lies there now, as far as that is known without waiting.

        Only where the one before was rejected is an API server waited for.
        """
        login = self.known()
        if login.causes.rejected:
            self.renew(login)
        elif self._given is None and self._now() - self._looked_at >= LOOK:
            self._looked_at = self._now()
            self._look()
        return self.known()

    def renew(self, rejected: Login | None) -> bool:
        """Read the login again that was rejected; whether there is another one by now.

        What keeps it from being read is added to what ``rejected`` says of itself, and not raised.
        """
        if self._given is not None or rejected is None:
            return False
        with self._lock:
            if self._login is not rejected:
                return True
            if self._now() - self._read_at < LOOK and self._stamps == self._stamped(rejected.settings):
                return False
            return self._read(rejected)

    def close(self) -> None:
        """Wait a moment for a reading that is under way."""
        if self._reading is not None:
            self._reading.join(CLOSED_WITHIN)

    def _look(self) -> None:
        login = self.known()
        if self._source.files:
            if self._stamps != self._stamped(login.settings):
                self.renew(login)
        elif self._now() - self._read_at >= FRESH and (self._reading is None or not self._reading.is_alive()):
            self._reading = threading.Thread(target=self.renew, args=(login,), name=f"login-{self.site}", daemon=True)
            self._reading.start()

    def _read(self, before: Login) -> bool:
        """Whether another login was read; called with the lock held."""
        self._read_at = self._now()
        try:
            found = self._made()
        except DrctlError as error:
            before.causes.read_again = f"it could not be read again: {error}"
            return False
        if found.seal == before.seal:
            before.causes.read_again = "it was read again and is still the same"
            return False
        found.causes.settled_at = self._now() + SETTLE
        self._login = found
        LOG.info("site %s: the login has changed, new clients are made with it", self.site)
        return True

    def _made(self) -> Login:
        # Each before it is read, so that what changes meanwhile is noticed with the next look.
        own = tuple(_stamp(path) for path in self._source.files)
        given = self._given if self._given is not None else self._source.ask()
        settings: dict[str, Any] = {**EVERY_CLIENT, **given}
        stores = self._stamped(settings)[len(own) :]
        causes = Causes(self.site, str(settings["bootstrap.servers"]), user(settings))
        found = Login(settings, causes, _seal(settings))
        self._stamps = own + stores
        return found

    def _stamped(self, settings: Mapping[str, Any]) -> tuple[object, ...]:
        """Times, sizes and places of the files; a mounted secret is another file behind its link once it changes."""
        if not self._source.files:
            return ()
        return tuple(_stamp(path) for path in (*self._source.files, *_stores(settings)))


def _stores(settings: Mapping[str, Any]) -> list[Path]:
    """Files that the client library reads by itself, when a client is made."""
    return [Path(str(value)) for key, value in sorted(settings.items()) if key.endswith(".location")]


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_mtime_ns, seen.st_size, seen.st_ino


def _seal(settings: Mapping[str, Any]) -> bytes:
    """Digest settings and what is in the files that they name: the same name may stand for another certificate."""
    hashed = hashlib.sha256()
    for key, value in sorted(settings.items()):
        hashed.update(f"{key}\0{value}\0".encode())
    for path in _stores(settings):
        try:
            hashed.update(path.read_bytes())
        except OSError:
            hashed.update(b"\0")  # the client that is made with it says what is wrong
    return hashed.digest()
