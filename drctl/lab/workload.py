"""The lab's applications at work: producers and groups in the shape of the plan's users, every record numbered."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from drctl.errors import LabError
from drctl.lab.clients.producer import TOPICS as PRODUCED
from drctl.lab.lab import Lab
from drctl.lab.layout import SITES, TOPICS
from drctl.lab.steady import SteadyTime
from drctl.ledger.history import read_lines
from drctl.ledger.reach import Reach

COMPACTED = ("shop.prices",)
SHARES = {"turbines": 0.6, "orders": 0.25, "prices": 0.15}
PRODUCERS = {"turbines": "turbines", "orders": "shop", "prices": "shop"}
"""Each producer with the Kafka user that it is."""


@dataclass(frozen=True, slots=True)
class GroupShape:
    """A consumer group of the workload; ``rate`` in records per second keeps it behind, 0 lets it run."""

    name: str
    kind: str
    topics: tuple[str, ...]
    members: int = 1
    rate: float = 0


GROUPS = (
    GroupShape("dispatch", "classic", ("turbines.readings",)),
    GroupShape("reporting", "classic", ("turbines.readings", "shop.orders"), rate=60),
    GroupShape("billing", "static", ("shop.orders",), members=2),
    GroupShape("forecast", "cooperative", ("turbines.readings",), members=2),
    GroupShape("pricing", "kip-848", ("shop.prices", "shop.orders"), members=2),
)

READS = {group.name: group.topics for group in GROUPS}
"""The topics that each group reads."""

CLIENTS = (*(f"producer-{kind}" for kind in SHARES), *(f"consumer-{group.name}" for group in GROUPS))
"""Every client by the name of its history."""

CATCH_UP = 120.0
"""Seconds in which groups must reach the end: at full speed they need two or three, a machine under pressure many."""


def clients(
    lab: Lab,
    run: UUID,
    time: SteadyTime,
    history: Callable[[str], Path],
    *,
    rate: float,
    burst: int,
    leave: bool = False,
) -> Iterator[tuple[str, list[str]]]:
    """Every client as the name of its process and its command; ``history`` tells the file of one of ``CLIENTS``.

    ``leave``: they abandon a site whose brokers all refuse connections.
    """

    def told(module: str, name: str, user: str, pace: float, arguments: list[str]) -> tuple[str, list[str]]:
        argv = [sys.executable, "-m", f"drctl.lab.clients.{module}", "--run", str(run), "--rate", str(pace)]
        argv += ["--history", str(history(f"{module}-{name}"))]
        argv += ["--client-routing", str(lab.folder / "client-routing.json"), "--time-offset", repr(time.offset)]
        argv += ["--leave-lost-sites"] if leave else []
        for site in SITES:
            there = lab.site(site)
            argv += ["--site", f"{site}={there.bootstrap_servers}={there.client_properties(user)}"]
        return f"client-{name}", [*argv, *arguments]

    for kind, share in SHARES.items():
        partitions = str(TOPICS[PRODUCED[kind]])
        arguments = ["--kind", kind, "--partitions", partitions, "--burst", str(int(burst * share))]
        yield told("producer", kind, PRODUCERS[kind], rate * share, arguments)
    for group in GROUPS:
        arguments = ["--group", group.name, "--kind", group.kind, "--members", str(group.members)]
        arguments += [word for topic in group.topics for word in ("--topic", topic)]
        yield told("consumer", group.name, "readers", group.rate, arguments)


@dataclass(slots=True)
class LabWorkload:
    """Running clients; ``histories`` is the folder with their history files, ``time`` what their lines go by.

    ``leave_lost_sites``: clients abandon a site whose brokers all refuse connections, instead of waiting for it.
    """

    lab: Lab
    run: UUID
    histories: Path
    time: SteadyTime
    leave_lost_sites: bool = False
    _read: dict[Path, int] = field(default_factory=dict)
    _counts: Counter[str] = field(default_factory=Counter)
    _reach: Reach = field(default_factory=lambda: Reach(READS))
    _worked: set[tuple[str, str]] = field(default_factory=set)
    _told: set[str] = field(default_factory=set)
    """The clients that were told to end."""

    @staticmethod
    def start(
        lab: Lab,
        run: UUID,
        histories: Path,
        time: SteadyTime,
        *,
        rate: float = 150,
        burst: int = 6000,
        leave_lost_sites: bool = False,
    ) -> "LabWorkload":
        """Start every client: ``rate`` records per second in all, after ``burst`` records at once as a backlog.

        What is compared with their histories must be told by the same ``time``.
        """
        found = clients(
            lab, run, time, lambda name: histories / f"{name}.jsonl", rate=rate, burst=burst, leave=leave_lost_sites
        )
        for client in found:
            lab.processes.start(*client)
        return LabWorkload(lab, run, histories, time, leave_lost_sites)

    def stop_producers(self) -> None:
        """Let the producers finish what is in hand and end."""
        self._stop([f"client-{kind}" for kind in SHARES])

    def hurry(self) -> None:
        """Let the groups that lag on purpose read at full speed."""
        self._pace("SIGUSR1")

    def slow_down(self) -> None:
        """Let them read much slower than before, until they are to hurry, so that they lag again."""
        self._pace("SIGHUP")

    def _pace(self, signal: str) -> None:
        for group in GROUPS:
            if group.rate:
                self.lab.processes.signal(f"client-{group.name}", signal)

    def catch_up(self, say: Callable[[str], None] = lambda _: None, seconds: float = CATCH_UP) -> bool:
        """Let every group read at full speed until it is at the end of what was acknowledged. Stop producers before.

        Returns whether all came there in time. Who did not is named by the verdict, which is then not *proved*.
        """
        self.hurry()
        deadline = self.lab.clock.monotonic() + seconds
        while short := self.short():
            if self.lab.clock.monotonic() > deadline:
                return False
            say("groups catch up: " + ", ".join(f"{group} has {count} to go" for group, count in short.items()))
            self.lab.clock.sleep(0.5)
        return True

    def stop_consumers(self) -> None:
        """Let the groups commit, leave and end."""
        self._stop([f"client-{group.name}" for group in GROUPS])

    def stop(self) -> None:
        """End whatever still runs, producers first."""
        self.stop_producers()
        self.stop_consumers()

    def require_working(self) -> None:
        """LabError if a client has ended that nobody has told to, with the last words of its log."""
        working = {f"client-{name}" for name in (*SHARES, *READS)} - self._told
        for seen in self.lab.status():
            if seen.name in working and seen.state == "gone":
                how = "killed" if seen.exit_code is None or seen.exit_code < 0 else f"exit code {seen.exit_code}"
                said = self.lab.processes.reason(seen.name)
                raise LabError(
                    f"{seen.name} ended by itself ({how}), so that its history breaks off:\n{said}",
                    remedy=f"see {self.lab.processes.log(seen.name).name} among the lab's logs",
                )

    def complete(self) -> bool:
        """Whether every client ran until it was told to end and then ended by itself, so that no history breaks off."""
        clients = {f"client-{name}" for name in (*SHARES, *READS)}
        ended = {seen.name for seen in self.lab.status() if seen.exit_code == 0}
        written = {path.stem for path in self.histories.glob("*.jsonl")}
        return clients <= ended and set(CLIENTS) <= written

    def _stop(self, names: list[str]) -> None:
        self._told.update(names)
        for name in names:
            self.lab.processes.signal(name, "SIGTERM")
        for name in names:
            try:
                self.lab.processes.wait_gone(name, 60)
            except LabError as error:
                raise LabError(f"{error}; it is here:\n{self._stack(name)}") from error

    def _stack(self, name: str) -> str:
        """Return where the threads of a client are, as it writes them to its log."""
        log = self.lab.processes.log(name)
        before = log.stat().st_size if log.exists() else 0
        self.lab.processes.signal(name, "SIGUSR2")
        self.lab.clock.sleep(1)
        return log.read_bytes()[before:].decode(errors="replace") if log.exists() else "it has no log"

    def counts(self) -> Counter[str]:
        """Records so far: ``acknowledged``, ``aborted``, ``doubtful`` and, per group, ``processed <group>``."""
        self._read_on()
        return self._counts

    def short(self) -> dict[str, int]:
        """The groups that are not yet at the acknowledged end of what they read, with how many sequences they lack."""
        self._read_on()
        return self._reach.short()

    def absent(self, site: str) -> tuple[str, ...]:
        """The clients, by the names of their histories, that have done no work at that site yet."""
        self._read_on()
        return tuple(client for client in CLIENTS if (client, site) not in self._worked)

    def _read_on(self) -> None:
        for path in self.histories.glob("*.jsonl"):
            for line in read_lines(path, after=self._read.get(path, 0)):
                kind = f"processed {line.more['group']}" if line.kind == "processed" else line.kind
                self._counts[kind] += len(line.records)
                self._reach.take(line)
                if line.records and line.kind in ("acknowledged", "processed"):
                    self._worked.add((path.stem, line.site))
                self._read[path] = self._read.get(path, 0) + 1
