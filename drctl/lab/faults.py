"""Bad things to do to a lab, each with evidence from somebody who is not the injector.

A fault is a function of the lab and a target; adding one means adding it to ``FAULTS``. The observers are the kernel's
process table, the other brokers' metadata and connections through the wire: none of them learns of a signal from us.
Those of the wire are in :mod:`drctl.lab.wire_faults`.
"""

import resource
from collections.abc import Callable

from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.errors import DrctlError, LabError
from drctl.lab.clocks import SKEW, skew_by_hours
from drctl.lab.injecting import FaultEvidence, connects, evidence_of, signalled
from drctl.lab.lab import Lab
from drctl.lab.layout import SITES, wire
from drctl.lab.parts import loopback
from drctl.lab.side_topics import overtake, recreate
from drctl.lab.strays import write_at_standby
from drctl.lab.wire_faults import cut_link, heal_link, hold_answers, slow_link

type Fault = Callable[[Lab, str], FaultEvidence]


def kill(lab: Lab, process: str) -> FaultEvidence:
    """SIGKILL to one process. Seen gone by the kernel, and for a broker by the other brokers' metadata."""
    at = signalled(lab, process, "SIGKILL")
    return evidence_of(lab, "kill", process, at, by="the process table", look=lambda: _state(lab, process, "gone"))


def pause(lab: Lab, process: str) -> FaultEvidence:
    """SIGSTOP: the process keeps its connections and answers nothing."""
    at = signalled(lab, process, "SIGSTOP")
    return evidence_of(lab, "pause", process, at, by="the process table", look=lambda: _state(lab, process, "stopped"))


def go_on(lab: Lab, process: str) -> FaultEvidence:
    """SIGCONT: the process goes on where it stood."""
    at = signalled(lab, process, "SIGCONT")
    return evidence_of(
        lab, "continue", process, at, by="the process table", look=lambda: _state(lab, process, "running")
    )


def stop(lab: Lab, process: str) -> FaultEvidence:
    """SIGTERM: a broker hands its partitions over and ends cleanly."""
    at = signalled(lab, process, "SIGTERM")
    return evidence_of(lab, "stop", process, at, by="the process table", look=lambda: _state(lab, process, "gone"))


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
    return evidence_of(
        lab, "restart", process, at, by="the process table", look=lambda: _state(lab, process, "running")
    )


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

    return evidence_of(lab, "lose-site", site, at, by="a client of the site", look=nobody_answers)


def fail_writes(lab: Lab, broker: str) -> FaultEvidence:
    """Let the kernel refuse every write of a broker to a file (EFBIG). Seen by its parent: it ends, and by itself.

    A broker whose only log directory fails halts. The limit is that of the process, so one that is started again has
    none.
    """
    if broker not in (name for site in SITES for name in lab.layout[site].brokers):
        raise LabError(f"{broker} is no broker", remedy="name one, such as north-broker-1")
    before = lab.processes.status(broker)
    if before.state == "gone":
        raise LabError(f"{broker} is gone already", remedy="restart it first")
    at = lab.clock.now()
    try:
        _, most = resource.prlimit(before.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(before.pid, resource.RLIMIT_FSIZE, (0, most))
    except OSError as error:
        raise LabError(f"{broker}: its writes cannot be made to fail: {error}", remedy="see the reason") from error

    def halted() -> str:
        seen = lab.processes.status(broker)
        by_itself = seen.state == "gone" and seen.exit_code is not None and seen.exit_code > 0
        return f"pid {seen.pid} ended by itself, with exit code {seen.exit_code} and by no signal" if by_itself else ""

    return evidence_of(lab, "fail-writes", broker, at, by="the parent of the process", look=halted)


FAULTS: dict[str, Fault] = {
    "kill": kill,
    "pause": pause,
    "continue": go_on,
    "stop": stop,
    "restart": restart,
    "lose-site": lose_site,
    "fail-writes": fail_writes,
    SKEW: skew_by_hours,
    "cut-link": cut_link,
    "hold-answers": hold_answers,
    "slow-link": slow_link,
    "overtake-link": overtake,
    "recreate-topic": recreate,
    "write-at-standby": write_at_standby,
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


def _state(lab: Lab, process: str, wanted: str) -> str:
    seen = lab.processes.status(process)
    return f"pid {seen.pid} is {seen.state}" if seen.state == wanted else ""
