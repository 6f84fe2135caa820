"""Start the parts of a lab and wait for them: brokers, workers, proxies, links and a database."""

import socket
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from drctl.drivers.connect.replication import ConnectReplication
from drctl.drivers.connect.worker import Worker
from drctl.errors import LabError, Unreachable
from drctl.lab.broker import configuration, format_site
from drctl.lab.connect import write_worker
from drctl.lab.database import PROCESS as DATABASE
from drctl.lab.layout import JVM_ENVIRONMENT, LOGS, KraftNode, SiteLayout, java, other, wire
from drctl.lab.processes import Processes
from drctl.lab.provisioning import provision
from drctl.lab.rights import LINKS
from drctl.lab.sinks import TABLE, Sinks
from drctl.lab.site import LabSite
from drctl.lab.wire_bytes import Carried, carried
from drctl.model.links import Link
from drctl.ports import Clock

HERDER_DIED = "Uncaught exception in herder work thread"


class Parts:
    """The parts of one lab. Waiting for one that ends or stays silent is a LabError, with the reason from its log."""

    def __init__(self, folder: Path, sites: dict[str, SiteLayout], clock: Clock) -> None:
        self.folder = folder
        self.layout = sites
        self.clock = clock
        self.processes = Processes(folder, clock)
        self._sinks: Sinks | None = None

    @property
    def sinks(self) -> Sinks:
        """Return what sink connectors need. LabError if the lab was started without."""
        if self._sinks is None:
            raise LabError(f"the lab in {self.folder} has no sinks", remedy="start one with sinks")
        return self._sinks

    def site(self, name: str) -> LabSite:
        """One of the two sites, ``north`` or ``south``."""
        return LabSite(self.layout[name], self.folder)

    def start_broker(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        """Start (again) one broker, with this environment besides its own, and wait until its port answers."""
        site, node = next((s, n) for s in self.layout.values() for n in s.nodes if s.broker(n.number) == name)
        self._launch_broker(site, node, environment)
        self._wait_for_ports(name, site.host, [node.client])

    def start_brokers(self, site: str, names: Collection[str] | None = None) -> None:
        """Start (again) these brokers of a site, or all, and wait until their ports answer.

        They start at once, for one may be no quorum.
        """
        layout = self.layout[site]
        chosen = [node for node in layout.nodes if names is None or layout.broker(node.number) in names]
        # All are begun before the first is waited for: a controller alone forms no quorum, and its port
        # would not open.
        for node in chosen:
            self._launch_broker(layout, node)
        for node in chosen:
            self._wait_for_ports(layout.broker(node.number), layout.host, [node.client, node.internal])

    def start_worker(self, site: str) -> None:
        """Start (again) a site's Connect worker and wait until it answers."""
        self._launch_worker(self.layout[site])
        self._wait_for_worker(self.layout[site])

    def kill_site(self, site: str) -> None:
        """SIGKILL to its brokers and its Connect worker at once."""
        for process in (*self.layout[site].brokers, self.layout[site].worker):
            if self.processes.status(process).state != "gone":
                self.processes.signal(process, "SIGKILL")

    def start_wire(self, source: str) -> None:
        """Start (again) the wire that leads from a site to the other one's worker."""
        site = self.layout[source]
        pairs = [f"{node.wire}:{node.link}" for node in site.nodes]
        proxy = [sys.executable, "-m", "drctl.lab.tcp_proxy", "--count", str(self._counts(source))]
        self.processes.start(wire(source), [*proxy, loopback(site.host), *pairs])

    def carried(self, source: str) -> Carried:
        """Return what the wire from a site has carried, since the lab was made. LabError before it first listened."""
        return carried(self._counts(source))

    def start_database(self) -> None:
        """Start (again) the sinks' database and wait until it answers."""
        self.sinks.database.launch(self.processes)
        deadline = self.clock.monotonic() + 60
        while not self.sinks.database.ready():
            self._still_there(DATABASE, deadline)
            self.clock.sleep(0.1)
        self.sinks.database.rows(TABLE)

    def _counts(self, source: str) -> Path:
        return self.folder / f"{wire(source)}.bytes"

    def _format(self, site: SiteLayout) -> None:
        format_site(site, self.folder)

    def _launch_broker(self, site: SiteLayout, node: KraftNode, environment: Mapping[str, str] | None = None) -> None:
        command = java("kafka.Kafka", str(configuration(site, node, self.folder)))
        self.processes.start(site.broker(node.number), command, {**JVM_ENVIRONMENT, **(environment or {})})

    def _launch_worker(self, site: SiteLayout) -> None:
        main = "org.apache.kafka.connect.cli.ConnectDistributed"
        command = java(main, str(write_worker(site, self.folder)), heap="384m")
        self.processes.start(site.worker, command, JVM_ENVIRONMENT)

    def _wait_for_ports(self, process: str, host: str, ports: Iterable[int], seconds: float = 240) -> None:
        deadline = self.clock.monotonic() + seconds
        for port in ports:
            while not _answers(loopback(host), port):
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
        see = f"see {self.processes.log(process)}"
        if self.processes.status(process).state == "gone":
            raise LabError(f"{process} ended while starting:\n{self.processes.reason(process)}", remedy=see)
        if self.clock.monotonic() > deadline:
            raise LabError(f"{process} does not answer:\n{self.processes.reason(process)}", remedy=see)

    def _wait_for_worker(self, site: SiteLayout) -> None:
        """Until its herder works: its web server answers earlier, and goes on to for a while after a herder's end."""
        deadline = self.clock.monotonic() + 240
        worker = Worker(f"http://localhost:{site.connect}", self.clock)
        try:
            while True:
                try:
                    # About a connector that does not exist: the answer goes through the herder, and that is
                    # all that is wanted of it.
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
            self.processes.log(site.worker).rename(self.processes.log(f"{site.worker}-1"))
            self._launch_worker(site)

    def replication(self, source: str) -> ConnectReplication:
        """The link from a site to the other, through the other's worker; close it."""
        target = other(source)
        name = f"{source}-to-{target}"
        link = Link(name, source, target, self.folder / "links" / f"{name}.json", LINKS)
        return ConnectReplication(link, self.site(target).connect_url, self.clock)

    def _start_link(self, source: str) -> None:
        target, replication = other(source), self.replication(source)
        deadline = self.clock.monotonic() + 120
        try:
            for reached in (self._asked_to_run, self._runs):
                while not reached(replication):
                    self._still_there(self.layout[target].worker, deadline)
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

    def _runs(self, replication: ConnectReplication) -> bool:
        try:
            status = replication.status()
        except Unreachable:
            return False
        for connector in status.connectors:
            if trace := connector.trace or next((task.trace for task in connector.tasks if task.trace), ""):
                raise LabError(
                    f"{connector.name} failed: {trace}", remedy=f"see its worker's log in {self.folder / LOGS}"
                )
        # A checkpoint connector has no task while there is no group.
        # The last word, since a connector may be RUNNING before its tasks are.
        return status.working


def loopback(host: str) -> str:
    """The address of a host; of this one without asking, since localhost may mean IPv6."""
    return "127.0.0.1" if host == "localhost" else host


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 0.2).close()
    except OSError:
        return False
    return True
