"""Two real Kafka sites on one machine, with a Connect worker each and MirrorMaker 2 between them."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from drctl.drivers.connect.replication import ConnectReplication
from drctl.drivers.connect.worker import Worker
from drctl.drivers.store.clock import SystemClock
from drctl.errors import LabError, Unreachable
from drctl.lab.broker import configuration, format_site
from drctl.lab.certificates import Authority
from drctl.lab.connect import write_links, write_worker
from drctl.lab.database import PROCESS as DATABASE
from drctl.lab.files import write_clients, write_plan
from drctl.lab.layout import SITES, USERS, Node, SiteLayout, class_path, free_ports, java, plan_layout, wire
from drctl.lab.processes import Processes, ProcessStatus
from drctl.lab.provisioning import provision
from drctl.lab.sinks import TABLE, Sinks
from drctl.lab.site import LabSite
from drctl.model.site import Link
from drctl.ports import Clock

type Progress = Callable[[str], None]

HERDER_DIED = "Uncaught exception in herder work thread"
READY = "lab.json"
"""Written when the lab is complete; holds its layout."""


class Lab:
    """A running lab. Used as a context manager it goes down at the end."""

    def __init__(self, folder: Path, sites: dict[str, SiteLayout], clock: Clock) -> None:
        self.folder = folder
        self.layout = sites
        self.clock = clock
        self.processes = Processes(folder, clock)
        self.plan_file = folder / "plan.yaml"
        self._sinks: Sinks | None = None
        self._supervisor: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(
        cls, folder: Path, *, small: bool = False, sinks: bool = False, progress: Progress = lambda _: None
    ) -> "Lab":
        """Start a lab that dies with this process. LabError, with the reason from the log, if it cannot.

        A lab that runs in that folder is declined; one that died there is cleaned away first. With ``sinks`` it has a
        database, and its workers can fill it.
        """
        folder, clock = folder.resolve(), SystemClock()
        class_path()
        if Processes(folder, clock).answers():
            raise LabError(f"a lab runs in {folder}", remedy="use it, or take it down with 'drctl lab down'")
        if folder.exists():
            if any(folder.iterdir()) and not (folder / "logs").exists() and not (folder / READY).exists():
                raise LabError(f"{folder} is not empty and no lab's", remedy="name a new or empty folder")
            shutil.rmtree(folder)
        lab = cls(folder, plan_layout(1 if small else 3), clock)
        try:
            lab._supervisor = lab.processes.launch_supervisor()
            if sinks:
                lab._sinks = Sinks.prepare(folder, *free_ports(1))
                lab.start_database()
                progress("PostgreSQL up")
            lab._bring_up(progress)
        except BaseException:
            lab.down()
            raise
        return lab

    @classmethod
    def attach(cls, folder: Path) -> "Lab":
        """The lab that runs in that folder. LabError if there is none or it is not complete."""
        folder = folder.resolve()
        try:
            document = json.loads((folder / READY).read_text())
        except (OSError, ValueError) as error:
            raise LabError(f"no lab runs in {folder}", remedy="start one with 'drctl lab up'") from error
        sites = {
            name: SiteLayout(name, tuple(Node(**node) for node in site["nodes"]), site["connect"])
            for name, site in document.items()
        }
        lab = cls(folder, sites, SystemClock())
        lab.processes.ask({"do": "list"})
        lab._sinks = Sinks.found(folder)
        return lab

    @property
    def sinks(self) -> Sinks:
        """What sink connectors need. LabError if the lab was started without."""
        if self._sinks is None:
            raise LabError(f"the lab in {self.folder} has no sinks", remedy="start one with sinks")
        return self._sinks

    def site(self, name: str) -> LabSite:
        """One of the two sites, ``north`` or ``south``."""
        return LabSite(self.layout[name], self.folder)

    def detach(self) -> None:
        """Let the lab outlive this process."""
        self.processes.ask({"do": "detach"})
        self._supervisor = None

    def down(self) -> None:
        """End every process of the lab and remove its folder."""
        if self.processes.answers():
            self.processes.ask({"do": "down"})
        if self._supervisor and self._supervisor.stdin:
            self._supervisor.stdin.close()
            self._supervisor.wait()
        deadline = self.clock.monotonic() + 20
        while self.processes.answers() and self.clock.monotonic() < deadline:
            self.clock.sleep(0.05)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.down()

    def status(self) -> tuple[ProcessStatus, ...]:
        """Every process of the lab."""
        return self.processes.all()

    def start_broker(self, name: str) -> None:
        """Start (again) one broker and wait until its port answers."""
        site, node = next((s, n) for s in self.layout.values() for n in s.nodes if s.broker(n.number) == name)
        self._launch_broker(site, node)
        self._wait_for_ports(name, [node.client])

    def start_worker(self, site: str) -> None:
        """Start (again) a site's Connect worker and wait until it answers."""
        self._launch_worker(self.layout[site])
        self._wait_for_worker(self.layout[site])

    def start_wire(self, source: str) -> None:
        """Start (again) the wire that leads from a site to the other one's worker."""
        pairs = [f"{node.wire}:{node.link}" for node in self.layout[source].nodes]
        self.processes.start(wire(source), [sys.executable, "-m", "drctl.lab.wire", *pairs])

    def start_database(self) -> None:
        """Start (again) the sinks' database and wait until it answers."""
        self.sinks.database.launch(self.processes)
        deadline = self.clock.monotonic() + 60
        while not self.sinks.database.ready():
            self._still_there(DATABASE, deadline)
            self.clock.sleep(0.1)
        self.sinks.database.rows(TABLE)

    # From here on: bringing it up.

    def _bring_up(self, progress: Progress) -> None:
        began = self.clock.monotonic()

        def took() -> str:
            return f"{self.clock.monotonic() - began:.1f} s"

        self._write_files()
        progress(f"{len(self.layout['north'].nodes)} brokers per site; formatting their storage")
        with ThreadPoolExecutor(2) as pool:
            for site in self.layout.values():
                self.start_wire(site.name)
            list(pool.map(lambda site: format_site(site, self.folder), self.layout.values()))
        for site in self.layout.values():
            for node in site.nodes:
                self._launch_broker(site, node)
        for site in self.layout.values():
            for name, node in zip(site.brokers, site.nodes, strict=True):
                self._wait_for_ports(name, [node.client, node.internal])
            self._provision(site)
            progress(f"{site.name}: {len(site.nodes)} broker(s) up and provisioned after {took()}")
            # Not before: a worker that meets brokers without its rights gives up for good.
            self._launch_worker(site)
        for site in self.layout.values():
            self._wait_for_worker(site)
            progress(f"{site.name}: Connect worker up after {took()}")
        self._start_link()
        progress(f"link north-to-south: MirrorMaker 2 runs after {took()}")
        (self.folder / READY).write_text(json.dumps({name: asdict(site) for name, site in self.layout.items()}))

    def _write_files(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in SITES:
            folder = self.folder / "certificates" / name
            authority = Authority.create(f"lab-{name}", folder, self.clock.now())
            for common_name in ("broker", *USERS):
                authority.issue(common_name, folder)
        write_clients(self.folder)
        write_links(self.layout, self.folder)
        write_plan(self.layout, self.folder)

    def _launch_broker(self, site: SiteLayout, node: Node) -> None:
        command = java("kafka.Kafka", str(configuration(site, node, self.folder)))
        self.processes.start(site.broker(node.number), command)

    def _launch_worker(self, site: SiteLayout) -> None:
        main = "org.apache.kafka.connect.cli.ConnectDistributed"
        self.processes.start(site.worker, java(main, str(write_worker(site, self.folder)), heap="384m"))

    def _wait_for_ports(self, process: str, ports: Iterable[int], seconds: float = 240) -> None:
        deadline = self.clock.monotonic() + seconds
        for port in ports:
            while not _answers(port):
                self._still_there(process, deadline)
                self.clock.sleep(0.05)

    def _provision(self, site: SiteLayout) -> None:
        """On a busy machine a broker's port answers long before the broker does; provisioning may be done again."""
        deadline = self.clock.monotonic() + 240
        while True:
            try:
                return provision(self.site(site.name))
            except Unreachable:
                self._still_there(site.brokers[0], deadline)
                self.clock.sleep(0.1)

    def _still_there(self, process: str, deadline: float) -> None:
        if self.processes.status(process).state == "gone":
            raise LabError(f"{process} ended while starting:\n{self.processes.reason(process)}", remedy="see its log")
        if self.clock.monotonic() > deadline:
            raise LabError(f"{process} does not answer:\n{self.processes.reason(process)}", remedy="see its log")

    def _wait_for_worker(self, site: SiteLayout) -> None:
        """Until its herder works: its web server answers earlier, and goes on to for a while after a herder's end."""
        deadline = self.clock.monotonic() + 240
        worker = Worker(f"http://localhost:{site.connect}", self.clock)
        try:
            while True:
                try:
                    worker.refuse_unsettled("nobody")
                    return
                except Unreachable:
                    self._still_there(site.worker, deadline)
                    self._revive(site)
                    self.clock.sleep(0.1)
        finally:
            worker.client.close()

    def _revive(self, site: SiteLayout) -> None:
        """On a busy machine a worker may give up on its brokers, even after it has answered; its JVM stays up."""
        if HERDER_DIED in self.processes.reason(site.worker):
            self.processes.signal(site.worker, "SIGKILL")
            self.processes.wait_gone(site.worker)
            (self.folder / "logs" / f"{site.worker}.log").rename(self.folder / f"{site.worker}-1.log")
            self._launch_worker(site)

    def _start_link(self) -> None:
        file = self.folder / "links" / "north-to-south.json"
        link = Link("north-to-south", "north", "south", file, "User:mm2")
        replication = ConnectReplication(link, self.site("south").connect_url, self.clock)
        deadline = self.clock.monotonic() + 120
        try:
            for reached in (self._asked_to_run, self._runs):
                while not reached(replication):
                    self._still_there("south-connect", deadline)
                    self._revive(self.layout["south"])
                    self.clock.sleep(0.2)
        finally:
            replication.close()

    @staticmethod
    def _asked_to_run(replication: ConnectReplication) -> bool:
        """Resuming is idempotent; a worker that is still busy starting is asked again."""
        try:
            replication.resume()
        except Unreachable:
            return False
        return True

    @staticmethod
    def _runs(replication: ConnectReplication) -> bool:
        try:
            status = replication.status()
        except Unreachable:
            return False
        for connector in status.connectors:
            if trace := connector.trace or next((task.trace for task in connector.tasks if task.trace), ""):
                raise LabError(f"{connector.name} failed: {trace}", remedy="see logs/south-connect.log")
        # A checkpoint connector has no task while there is no group.
        return status.working


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    return True


def default_folder() -> Path:
    """Where ``drctl lab up`` puts a lab unless told otherwise."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(os.environ.get("DRCTL_LAB") or Path(state) / "drctl" / "lab")
