"""Whether a site can be reached: its first connection, sought anew while it is doubted, and failures told again."""

import threading
import time
from collections.abc import Callable
from typing import Any

from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient

from drctl.drivers.kafka.connecting import first_answer
from drctl.drivers.kafka.errors import Causes
from drctl.errors import ConfigInvalid, DrctlError, Unauthenticated, Unreachable

CONNECT, DOUBTED_CONNECT = 8.0, 3.0
"""Seconds that the first answer of a site may take; that of a doubted one, which is probably gone."""
FAILURE_HOLDS = 5.0
"""Seconds for which a site that could not be reached is taken to be still out of reach."""


def _again(failure: Exception) -> Exception:
    """The same error for another caller: one that is raised twice would grow its traceback."""
    return type(failure)(str(failure), remedy=failure.remedy) if isinstance(failure, DrctlError) else failure


class SiteReach:
    """A site's admin client, connected when first needed, and how the last attempt to reach the site has failed.

    ``lock`` is held while it connects: clients of the site are taken and given back under it.
    """

    def __init__(
        self,
        name: str,
        config: Callable[[], dict[str, Any]],
        causes: Callable[[], Causes],
        *,
        doubted: bool,
        looking: bool,
    ) -> None:
        """``config`` and ``causes`` are asked when the site is first needed, and may raise."""
        self.name, self.doubted, self.looking = name, doubted, looking
        self.lock = threading.Lock()
        self._config, self._causes = config, causes
        self._admin: AdminClient | None = None
        self._failed: tuple[float, Exception] | None = None
        self._told = threading.Condition(self.lock)
        self._seeker: threading.Thread | None = None
        self._closing = threading.Event()

    def admin(self) -> AdminClient:
        """The admin client, connected. Unreachable or Unauthenticated if it cannot connect."""
        if self.doubted:
            return self._sought()
        with self.lock:
            if self._admin is None:
                self._refuse_while_failed()
                self._admin = self._connected()
        return self._admin

    def seek(self) -> None:
        """Begin to look for a doubted site, so that its silence is known by the time somebody asks."""
        with self.lock:
            if self._seeker is None:
                self._seeker = threading.Thread(target=self._seek, name=f"seek-{self.name}", daemon=True)
                self._seeker.start()

    def require(self) -> None:
        """Raise the failure that still holds; of a doubted site the first attempt is waited for."""
        if self.doubted:
            self._sought()
        else:
            self._refuse_while_failed()

    def connect(self, client: AdminClient | Consumer) -> None:
        """Wait for the site's first answer to this client. A failure to reach it is noted."""
        seconds = DOUBTED_CONNECT if self.doubted else CONNECT
        try:
            first_answer(client, self._causes(), seconds, self._closing.is_set, looking=self.looking)
        except DrctlError as error:
            self._note(error)
            raise

    def failure(self, failure: DrctlError) -> DrctlError:
        """The same, as a request has met it; of a doubted site it is noted, and raised again for some seconds."""
        if self.doubted:
            self._note(failure)
        return failure

    def stop(self) -> None:
        """Seek no longer, and let nobody wait for it."""
        with self._told:
            self._closing.set()
            self._told.notify_all()
        if self._seeker is not None:
            self._seeker.join(2)  # it may be asking Kubernetes how to log in

    def released(self) -> list[AdminClient]:
        """Give the admin client away to whoever closes it; called with the ``lock`` held."""
        admin, self._admin = self._admin, None
        return [] if admin is None else [admin]

    def _sought(self) -> AdminClient:
        self.seek()
        with self._told:
            self._told.wait_for(lambda: self._closing.is_set() or self._admin is not None or self._failed is not None)
            if self._admin is not None:
                self._refuse_while_failed()
                return self._admin
            closed = Unreachable(f"site {self.name}: its connections are closed", remedy="run the command again")
            raise closed if self._failed is None else _again(self._failed[1])

    def _seek(self) -> None:
        while not self._closing.is_set():
            found, failure = None, None
            try:
                found = self._connected()
            except Exception as error:  # noqa: BLE001 - it is told to whoever asks
                failure = (time.monotonic(), error)
            with self._told:
                self._admin, self._failed = found, failure
                self._told.notify_all()
            if failure is None:
                return
            # A login that is refused is refused again half a second later, and stands in the brokers' log
            # each time. A site that is silent may be back by then.
            self._closing.wait(FAILURE_HOLDS if isinstance(failure[1], Unauthenticated | ConfigInvalid) else 0.5)

    def _connected(self) -> AdminClient:
        admin = self._causes().client(AdminClient, self._config())
        self.connect(admin)
        return admin

    def _refuse_while_failed(self) -> None:
        """Tell a failure again for some seconds without trying: a look at a dead site asks many things of it."""
        if self._failed is not None and time.monotonic() - self._failed[0] < FAILURE_HOLDS:
            raise _again(self._failed[1])

    def _note(self, failure: DrctlError) -> None:
        if isinstance(failure, Unreachable):
            self._failed = (time.monotonic(), failure)
