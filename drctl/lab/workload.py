"""The lab's applications at work: producers and groups in the shape of the plan's users, every record numbered."""

import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from drctl.lab.clients.producer import TOPICS as PRODUCED
from drctl.lab.lab import Lab
from drctl.lab.layout import SITES, TOPICS
from drctl.ledger.history import read_lines

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


@dataclass(slots=True)
class Workload:
    """Running clients; ``histories`` is the folder with their history files."""

    lab: Lab
    run: UUID
    histories: Path
    _read: dict[Path, int] = field(default_factory=dict)
    _counts: Counter[str] = field(default_factory=Counter)

    @staticmethod
    def start(lab: Lab, run: UUID, histories: Path, *, rate: float = 150, burst: int = 6000) -> "Workload":
        """Start every client: ``rate`` records per second in all, after ``burst`` records at once as a backlog."""
        workload = Workload(lab, run, histories)
        for kind, share in SHARES.items():
            topic = PRODUCED[kind]
            arguments = ["--kind", kind, "--partitions", str(TOPICS[topic]), "--burst", str(int(burst * share))]
            workload._launch("producer", kind, PRODUCERS[kind], rate * share, arguments)
        for group in GROUPS:
            arguments = ["--group", group.name, "--kind", group.kind, "--members", str(group.members)]
            arguments += [word for topic in group.topics for word in ("--topic", topic)]
            workload._launch("consumer", group.name, "readers", group.rate, arguments)
        return workload

    def _launch(self, module: str, name: str, user: str, rate: float, arguments: list[str]) -> None:
        argv = [sys.executable, "-m", f"drctl.lab.clients.{module}", "--run", str(self.run), "--rate", str(rate)]
        argv += ["--history", str(self.histories / f"{module}-{name}.jsonl")]
        argv += ["--front-door", str(self.lab.folder / "front-door.json")]
        for site in SITES:
            there = self.lab.site(site)
            argv += ["--site", f"{site}={there.bootstrap_servers}={there.client_properties(user)}"]
        self.lab.processes.start(f"client-{name}", [*argv, *arguments])

    def stop_producers(self) -> None:
        """Let the producers finish what is in hand and end."""
        self._stop([f"client-{kind}" for kind in SHARES])

    def stop_consumers(self) -> None:
        """Let the groups commit, leave and end."""
        self._stop([f"client-{group.name}" for group in GROUPS])

    def stop(self) -> None:
        """End whatever still runs, producers first."""
        self.stop_producers()
        self.stop_consumers()

    def complete(self) -> bool:
        """Whether every client ran until it was told to end and then ended by itself, so that no history breaks off."""
        clients = {f"client-{name}" for name in (*SHARES, *(group.name for group in GROUPS))}
        return all(seen.exit_code == 0 for seen in self.lab.status() if seen.name in clients)

    def _stop(self, names: list[str]) -> None:
        for name in names:
            self.lab.processes.signal(name, "SIGTERM")
        for name in names:
            self.lab.processes.wait_gone(name, 60)

    def counts(self) -> Counter[str]:
        """Records so far: ``acknowledged``, ``aborted``, ``doubtful`` and, per group, ``processed <group>``."""
        for path in self.histories.glob("*.jsonl"):
            for line in list(read_lines(path))[self._read.get(path, 0) :]:
                kind = f"processed {line.more['group']}" if line.kind == "processed" else line.kind
                self._counts[kind] += len(line.records)
                self._read[path] = self._read.get(path, 0) + 1
        return self._counts
