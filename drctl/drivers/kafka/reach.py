"""Whether a site can be reached: its first connection, sought anew while it is doubted, and failures told again."""

import threading
import time

from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient

from drctl.drivers.kafka.asking_again import logged_in
from drctl.drivers.kafka.connecting import first_answer
from drctl.drivers.kafka.login import KeptLogin, Login
from drctl.errors import ConfigInvalid, DrctlError, Unauthenticated, Unreachable

CONNECT, DOUBTED_CONNECT = 8.0, 3.0
"""Seconds that the first answer of a site may take; that of a doubted one, which is probably gone."""
FAILURE_HOLDS = 5.0
"""Seconds for which a site that could not be reached is taken to be still out of reach."""
RETIRED_FOR = 30.0
"""Seconds until the client of an earlier login is taken down: longer than any question that it may have under way,
which would end without an answer."""


def _again(failure: Exception) -> Exception:
    """The same error for another caller: one that is raised twice would grow its traceback."""
    return type(failure)(str(failure), remedy=failure.remedy) if isinstance(failure, DrctlError) else failure


class SiteReach:
    """A site's admin client, connected when first needed, and how the last attempt to reach the site has failed.

    One whose login was renewed since gives way to another. ``lock`` is held while it connects: clients of the site are
    taken and given back under it.
    """

    def __init__(self, name: str, login: KeptLogin, *, doubted: bool, looking: bool) -> None:
        """``login`` is asked when the site is first needed, and may raise."""
        self.name, self.doubted, self.looking = name, doubted, looking
        self.lock = threading.Lock()
        self._login = login
        self._admin: AdminClient | None = None
        self._used: Login | None = None
        self._retired: list[tuple[float, AdminClient]] = []
        self._failed: tuple[float, Exception] | None = None
        self._told = threading.Condition(self.lock)
        self._seeker: threading.Thread | None = None
        self._closing = threading.Event()

    def admin(self) -> AdminClient:
        """The admin client, connected. Unreachable or Unauthenticated if it cannot connect."""
        if self._admin is not None:
            self._login.newest()  # not under the lock: where the login was rejected, an API server may be waited for
        if self.doubted:
            return self._sought()
        with self.lock:
            self._retire_outdated()
            if self._admin is None:
                self._refuse_while_failed()
                self._used, self._admin = self._connected()
            return self._admin

    def hear(self) -> None:
        """Let the admin client report what it was told: it says of a rejected login only when it is asked."""
        if (admin := self._admin) is not None:
            admin.poll(0)

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

    def connect(self, client: AdminClient | Consumer, login: Login) -> None:
        """Wait for the site's first answer to this client of that login. A failure to reach it is noted."""
        seconds = DOUBTED_CONNECT if self.doubted else CONNECT
        try:
            first_answer(client, login.causes, seconds, self._closing.is_set, looking=self.looking)
        except DrctlError as error:
            self._note(error)
            raise
        self._failed = None

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
        """Give all admin clients away to whoever closes them; called with the ``lock`` held."""
        admin, self._admin = self._admin, None
        retired, self._retired = [each for _, each in self._retired], []
        return retired if admin is None else [*retired, admin]

    def _retire_outdated(self) -> None:
        """Put the client of an earlier login away, and take down what was put away long ago; with the lock held."""
        now = time.monotonic()
        if self._admin is not None and self._used is not self._login.known():
            self._retired.append((now + RETIRED_FOR, self._admin))
            # How the earlier one failed says nothing of the next.
            self._admin, self._seeker, self._failed = None, None, None
        if any(until <= now for until, _ in self._retired):
            over = [each for until, each in self._retired if until <= now]
            self._retired = [each for each in self._retired if each[0] > now]
            # The library takes an admin client down with its last reference, which may take long.
            threading.Thread(target=over.clear, name=f"retire-{self.name}", daemon=True).start()

    def _sought(self) -> AdminClient:
        with self.lock:
            self._retire_outdated()
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
            used, found, failure = None, None, None
            try:
                used, found = self._connected()
            except Exception as error:  # noqa: BLE001 - it is told to whoever asks
                failure = (time.monotonic(), error)
            with self._told:
                self._used, self._admin, self._failed = used, found, failure
                self._told.notify_all()
            if failure is None:
                return
            self._closing.wait(FAILURE_HOLDS if isinstance(failure[1], Unauthenticated | ConfigInvalid) else 0.5)

    def _connected(self) -> tuple[Login, AdminClient]:
        def connected(login: Login) -> tuple[Login, AdminClient]:
            admin = login.causes.client(AdminClient, login.settings)
            self.connect(admin, login)
            return login, admin

        return logged_in(self._login, connected)

    def _refuse_while_failed(self) -> None:
        """Tell a failure again for some seconds without trying: a look at a dead site asks many things of it."""
        if self._failed is not None and time.monotonic() - self._failed[0] < FAILURE_HOLDS:
            raise _again(self._failed[1])

    def _note(self, failure: DrctlError) -> None:
        if isinstance(failure, Unreachable):
            self._failed = (time.monotonic(), failure)
