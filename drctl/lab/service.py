"""drctl's own service beside a lab: it keeps the standby's group positions in sync while the primary works."""

import sys

from drctl.drivers.kafka.positions import KafkaPositions
from drctl.errors import DrctlError, LabError
from drctl.lab.injecting import connects
from drctl.lab.lab import Lab
from drctl.lab.layout import GROUPS
from drctl.lab.ports import free_ports

PROCESS = "drctl-service"
SERVES_WITHIN = 120.0
"""Seconds until it takes connections, and until it has committed something new: it first reads all positions."""


def is_there(lab: Lab) -> bool:
    """Whether it runs, or at least has not ended."""
    return any(each.name == PROCESS and each.state != "gone" for each in lab.status())


def start(lab: Lab) -> None:
    """Start it, at the port that it had before if it had one, and wait until it takes connections."""
    file = lab.folder / f"{PROCESS}.port"
    if not file.exists():
        file.write_text(str(free_ports(1)[0]))
    address = f"127.0.0.1:{port(lab)}"
    command = [sys.executable, "-m", "drctl", "-v", "-f", str(lab.plan_file), "service", "run", "--sync-groups"]
    lab.processes.start(PROCESS, [*command, "--listen", address, "--interval", "3s"], end="SIGTERM")
    deadline = lab.clock.monotonic() + SERVES_WITHIN
    while not connects(port(lab)):
        if not is_there(lab) or lab.clock.monotonic() > deadline:
            raise LabError(f"{PROCESS} does not serve:\n{lab.processes.reason(PROCESS)}", remedy="see its log")
        lab.clock.sleep(0.1)


def end(lab: Lab) -> list[str]:
    """Ask it to end and wait until it has; return it if it was there."""
    if not is_there(lab):
        return []
    lab.processes.terminate(PROCESS)
    return [PROCESS]


def port(lab: Lab) -> int:
    """Return the port at which it serves, or did. LabError if it was never started."""
    try:
        return int((lab.folder / f"{PROCESS}.port").read_text())
    except (OSError, ValueError) as error:
        raise LabError(f"{PROCESS} was never started in this lab", remedy="start it first") from error


def refuses(lab: Lab) -> str:
    """Tell that a client of it gets no connection."""
    return "" if connects(port(lab)) else f"connections to port {port(lab)} are refused"


def await_progress(lab: Lab, standby: str) -> int:
    """Wait until it has committed positions at the standby that are beyond those of now; return by how many records.

    It needs groups at work. LabError if it has not in time.
    """
    begun, deadline = committed(lab, standby), lab.clock.monotonic() + SERVES_WITHIN
    while (now := committed(lab, standby)) is None or begun is None or now <= begun:
        begun = now if begun is None else begun
        if lab.clock.monotonic() > deadline:
            raise LabError(f"{PROCESS} has kept no position in sync in {SERVES_WITHIN:.0f} s", remedy="see its log")
        lab.clock.sleep(0.5)
    return now - begun


def committed(lab: Lab, site: str) -> int | None:
    """Return the sum of all positions of the workload's groups at a site; None while nobody tells."""
    kafka = lab.site(site).kafka("drctl")
    try:
        told = KafkaPositions(kafka).committed(GROUPS)
    except DrctlError:
        return None
    finally:
        kafka.close()
    return sum(each.offset for positions in told.values() for each in positions.values())
