"""Share what every client of the workload needs: its arguments, client routing, a way to end."""

import argparse
import faulthandler
import os
import signal
import socket
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from uuid import UUID

from drctl.drivers.kafka.properties import load
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.store.client_routing import FileClientRouting
from drctl.drivers.store.clock import SystemClock
from drctl.errors import DrctlError
from drctl.lab.steady import SteadyTime
from drctl.ledger.history import HistoryWriter
from drctl.ports import Clock

STOP = threading.Event()
"""Set by SIGTERM: finish what is in hand, commit, leave."""

UNPACED = threading.Event()
"""Set by SIGUSR1: keep to no rate any more, so that a group which lags on purpose reaches the end."""

SLOWED = threading.Event()
"""Set by SIGHUP: keep to a tenth of the rate until SIGUSR1 comes, so that a group which has caught up lags again."""

SLOWER = 10
"""How many times slower. It lags then at whatever rate the drill writes, and still has something to show."""

HEEDED: dict[int, tuple[threading.Event, threading.Event | None]] = {
    signal.SIGTERM: (STOP, None),
    signal.SIGUSR1: (UNPACED, SLOWED),
    signal.SIGHUP: (SLOWED, UNPACED),
}
"""By signal what it sets, and what it ends."""


def _heed() -> NoReturn:
    while True:
        sets, ends = HEEDED[signal.sigwait(HEEDED)]
        if ends is not None:
            ends.clear()
        sets.set()


def end(failed: str = "") -> NoReturn:
    """End this process, all of whose work is done, and say why if it failed.

    Not in Python's order: librdkafka takes its clients down then, which now and then never ends
    (confluentinc/confluent-kafka-go#463; an abandoned member waits for its coordinator, too).
    """
    if failed:
        sys.stderr.write(f"{failed}\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1 if failed else 0)


def arguments(description: str) -> argparse.ArgumentParser:
    """The options that all clients share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--site", action="append", required=True, metavar="NAME=SERVERS=PROPERTIES")
    parser.add_argument("--client-routing", type=Path, required=True)
    parser.add_argument("--history", type=Path, required=True)
    parser.add_argument("--run", type=UUID, required=True)
    parser.add_argument("--rate", type=float, required=True, help="records per second; 0 for as fast as possible")
    parser.add_argument(
        "--time-offset", type=float, required=True, help="what to add to the monotonic clock for seconds since 1970"
    )
    parser.add_argument(
        "--leave-lost-sites", action="store_true", help="leave a site once each of its brokers refuses connections"
    )
    # By a thread of its own: a handler that came while this one looks at an event would wait for it without end.
    signal.pthread_sigmask(signal.SIG_BLOCK, HEEDED)
    threading.Thread(target=_heed, name="signals", daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.register(signal.SIGUSR2)  # tells in the client's log where each of its threads stands
    return parser


@dataclass(slots=True)
class Surroundings:
    """A client's sites, client routing, history and clock, and the time that its whole run shares.

    ``addresses`` are the brokers of each site that the client leaves once it is lost; of others none.
    """

    sites: dict[str, KafkaSite]
    routing: FileClientRouting
    history: HistoryWriter
    clock: Clock
    time: SteadyTime
    addresses: dict[str, list[tuple[str, int]]] = field(default_factory=dict)

    @staticmethod
    def of(options: argparse.Namespace) -> "Surroundings":
        sites, addresses = {}, {}
        for text in options.site:
            name, servers, properties = text.split("=", 2)
            sites[name] = KafkaSite(name, {**load(Path(properties)), "bootstrap.servers": servers})
            if options.leave_lost_sites:
                addresses[name] = [_address(server) for server in servers.split(",")]
        clock, history = SystemClock(), HistoryWriter(options.history)
        time = SteadyTime(clock, options.time_offset)
        return Surroundings(sites, FileClientRouting(options.client_routing), history, clock, time, addresses)

    def now(self) -> float:
        """When what is written down now happened."""
        return self.time.now()

    def await_site(self) -> str | None:
        """The site that client routing names, unless it is lost; None once the client is to end."""
        while not STOP.is_set():
            if (site := self.where()) is not None and not self.lost(site):
                return site
            STOP.wait(0.1)
        return None

    def where(self) -> str | None:
        """The site that client routing names now, None while it is closed or cannot be read."""
        try:
            return self.routing.site()
        except DrctlError:
            return None

    def lost(self, site: str) -> bool:
        """Whether this client leaves lost sites and every broker of this one refuses it; silence is no refusal."""
        known = self.addresses.get(site, [])
        # A refused connection is an answer of the machine that no process listens; silence may be a broker
        # that is frozen, and comes back.
        return bool(known) and all(_refuses(address) for address in known)


def _address(server: str) -> tuple[str, int]:
    host, _, port = server.rpartition(":")
    return host, int(port)


def _refuses(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, 1).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


class Pace:
    """Lets ``rate`` records a second pass, evenly, a tenth of them while ``SLOWED`` is set.

    All that come pass, if the rate is 0 or while ``UNPACED`` is set.
    """

    def __init__(self, clock: Clock, rate: float) -> None:
        self.clock = clock
        self.rate = rate
        self.due = clock.monotonic()

    def wait(self, records: int = 1) -> None:
        """Wait until that many more records may pass, or until the client is to end."""
        if not self.rate or UNPACED.is_set():
            return
        now = self.clock.monotonic()
        rate = self.rate / SLOWER if SLOWED.is_set() else self.rate
        # A client that was held up makes up for one second at most: else it would come back with a burst
        # that no application sends.
        self.due = max(self.due, now - 1) + records / rate
        STOP.wait(max(0.0, self.due - now))
