"""Bad things to do to a lab, each with evidence from somebody who is not the injector.

A fault is a function of the lab and a target; adding one means adding it to ``FAULTS``. The observers are the kernel's
process table, the other brokers' metadata and connections through the wire: none of them learns of a signal from us.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.errors import DrctlError, LabError
from drctl.lab.lab import Lab
from drctl.lab.layout import SITES, wire
from drctl.lab.parts import loopback

PATIENCE = 30.0
"""Seconds within which a fault must have been seen."""


@dataclass(frozen=True, slots=True)
class FaultEvidence:
    """That a fault happened: what was done to what, and what somebody else saw of it.

    ``injected_at`` is right before it was done, ``observed_at`` when the observer first saw it.
    """

    fault: str
    target: str
    injected_at: datetime
    observer: str
    observation: str
    observed_at: datetime


type Fault = Callable[[Lab, str], FaultEvidence]


def kill(lab: Lab, process: str) -> FaultEvidence:
    """SIGKILL to one process. Seen gone by the kernel, and for a broker by the other brokers' metadata."""
    at = _signal(lab, process, "SIGKILL")
    return _seen(lab, "kill", process, at, by="the process table", look=lambda: _state(lab, process, "gone"))


def pause(lab: Lab, process: str) -> FaultEvidence:
    """SIGSTOP: the process keeps its connections and answers nothing."""
    at = _signal(lab, process, "SIGSTOP")
    return _seen(lab, "pause", process, at, by="the process table", look=lambda: _state(lab, process, "stopped"))


def go_on(lab: Lab, process: str) -> FaultEvidence:
    """SIGCONT: the process goes on where it stood."""
    at = _signal(lab, process, "SIGCONT")
    return _seen(lab, "continue", process, at, by="the process table", look=lambda: _state(lab, process, "running"))


def stop(lab: Lab, process: str) -> FaultEvidence:
    """SIGTERM: a broker hands its partitions over and ends cleanly."""
    at = _signal(lab, process, "SIGTERM")
    return _seen(lab, "stop", process, at, by="the process table", look=lambda: _state(lab, process, "gone"))


def restart(lab: Lab, process: str) -> FaultEvidence:
    """Start a broker, a worker or a wire that is gone. Seen by its own port and the cluster's metadata."""
    workers, wires = {lab.layout[s].worker: s for s in SITES}, {wire(s): s for s in SITES}
    brokers = [name for s in SITES for name in lab.layout[s].brokers]
    if process not in (*brokers, *workers, *wires):
        raise LabError(
            f"{process} is nothing that can be restarted",
            remedy=f"use one of {', '.join((*brokers, *workers, *wires))}",
        )
    at = lab.clock.now()
    if process in workers:
        lab.start_worker(workers[process])
    elif process in wires:
        lab.start_wire(wires[process])
    else:
        lab.start_broker(process)
    return _seen(lab, "restart", process, at, by="the process table", look=lambda: _state(lab, process, "running"))


def lose_site(lab: Lab, site: str) -> FaultEvidence:
    """SIGKILL to every process of a site at once. Seen by a client that no longer gets a connection."""
    if site not in SITES:
        raise LabError(f"the lab has no site {site}", remedy=f"use one of {', '.join(SITES)}")
    layout = lab.layout[site]
    at = lab.clock.now()
    lab.kill_site(site)

    def nobody_answers() -> str:
        open_ports = [node.client for node in layout.nodes if connects(node.client, loopback(layout.host))]
        return "" if open_ports else f"connections to all {len(layout.nodes)} client ports are refused"

    return _seen(lab, "lose-site", site, at, by="a client of the site", look=nobody_answers)


def cut_link(lab: Lab, source: str) -> FaultEvidence:
    """Stop the wire from a site: the other site's worker reads into a black hole; clients do not notice."""
    process = _wire_of(source)
    at = _signal(lab, process, "SIGSTOP")

    def dark() -> str:
        node = lab.layout[source].nodes[0]
        if connects(node.client) and not forwards(node.wire):
            return f"port {node.client} answers and port {node.wire}, the same broker through the wire, does not"
        return ""

    return _seen(lab, "cut-link", source, at, by="a probe through the wire and one past it", look=dark)


def heal_link(lab: Lab, source: str) -> FaultEvidence:
    """Let the wire from a site carry again."""
    process = _wire_of(source)
    if lab.processes.status(process).state == "gone":
        lab.start_wire(source)
    at = _signal(lab, process, "SIGCONT")

    def carries() -> str:
        port = lab.layout[source].nodes[0].wire
        return f"port {port} answers through the wire" if forwards(port) else ""

    return _seen(lab, "heal-link", source, at, by="a probe through the wire", look=carries)


FAULTS: dict[str, Fault] = {
    "kill": kill,
    "pause": pause,
    "continue": go_on,
    "stop": stop,
    "restart": restart,
    "lose-site": lose_site,
    "cut-link": cut_link,
    "heal-link": heal_link,
}

UNDOING = ("continue", "restart", "heal-link")
"""Which of them end a fault and are none."""


def unlisted(lab: Lab, site: str, broker: int) -> str:
    """Return what the other brokers say of one that is gone: nothing. Empty while they still list it."""
    kafka = lab.site(site).kafka("drctl")
    try:
        listed = [b.id for b in KafkaBrokers(kafka).cluster().brokers]
    except DrctlError:
        return ""
    finally:
        kafka.close()
    return "" if broker in listed else f"brokers listed in the metadata: {listed}"


def _wire_of(source: str) -> str:
    if source not in SITES:
        raise LabError(f"the lab has no site {source}", remedy=f"use one of {', '.join(SITES)}")
    return wire(source)


def _signal(lab: Lab, process: str, signal: str) -> datetime:
    if lab.processes.status(process).state == "gone":
        raise LabError(f"{process} is gone already", remedy="restart it first")
    at = lab.clock.now()
    lab.processes.signal(process, signal)
    return at


def _seen(lab: Lab, fault: str, target: str, at: datetime, *, by: str, look: Callable[[], str]) -> FaultEvidence:
    deadline = lab.clock.monotonic() + PATIENCE
    while not (observation := look()):
        if lab.clock.monotonic() > deadline:
            raise LabError(f"{fault} of {target} was not seen by {by} within {PATIENCE:.0f} s")
        lab.clock.sleep(0.05)
    return FaultEvidence(fault, target, at, by, observation, lab.clock.now())


def _state(lab: Lab, process: str, wanted: str) -> str:
    seen = lab.processes.status(process)
    return f"pid {seen.pid} is {seen.state}" if seen.state == wanted else ""


def connects(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody takes a connection to this port."""
    try:
        socket.create_connection((host, port), 0.5).close()
    except OSError:
        return False
    return True


def forwards(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a TLS server behind this port answers a greeting: a stopped wire or broker accepts and says nothing."""
    try:
        with socket.create_connection((host, port), 1) as connection:
            connection.settimeout(1)
            connection.sendall(b"no TLS greeting, so that a live broker hangs up or sends an alert\r\n")
            connection.recv(1)
    except ConnectionResetError:
        return True
    except OSError:
        return False
    return True
