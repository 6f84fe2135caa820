"""Faults of the wire between two sites: cut, one way only, slow; and its repair.

A wire that was turned (see :mod:`drctl.lab.tcp_proxy`) looks to the process table as if nothing were wrong, so that a
file tells of it from before until it is open again.
"""

import socket
from collections.abc import Callable
from pathlib import Path

from drctl.errors import LabError
from drctl.lab.injecting import NO_GREETING, FaultEvidence, answers_after, connects, evidence_of, forwards, signalled
from drctl.lab.lab import Lab
from drctl.lab.layout import SITES, KraftNode, wire
from drctl.lab.parts import loopback
from drctl.lab.tcp_proxy import HOLD, OPEN, SLOW, SLOW_BY

TCP = Path("/proc/net/tcp")
"""The kernel's table of IPv4 connections: of each line the third word is the far end, the fourth the state."""
CLOSE_WAIT = "08"
"""The far end has hung up, and this one has not."""


def cut_link(lab: Lab, source: str) -> FaultEvidence:
    """Stop the wire from a site: the other site's worker reads into a black hole; clients do not notice."""
    at = signalled(lab, _wire_of(source), "SIGSTOP")

    def dark() -> str:
        node = _first(lab, source)
        if connects(node.client, loopback(lab.layout[source].host)) and not forwards(node.wire):
            return f"port {node.client} answers and port {node.wire}, the same broker through the wire, does not"
        return ""

    return evidence_of(lab, "cut-link", source, at, by="a probe through the wire and one past it", look=dark)


def hold_answers(lab: Lab, source: str) -> FaultEvidence:
    """Let requests through the wire from a site, and no answers: a partition one way.

    Seen by the kernel: a broker hangs up on what it got through the wire, and whoever asked is not told.
    """

    def one_way() -> str:
        node = _first(lab, source)
        if not forwards(node.client, loopback(lab.layout[source].host)) or not _reaches_in_vain(node):
            return ""
        return f"the broker behind port {node.wire} hung up on what it got through the wire, and no answer came back"

    by = "the kernel's table of connections"
    return _turned(lab, "hold-answers", source, HOLD, by=by, look=one_way)


def slow_link(lab: Lab, source: str) -> FaultEvidence:
    """Let every answer through the wire from a site wait. Seen by a probe through the wire and one past it."""

    def late() -> str:
        node = _first(lab, source)
        through = answers_after(lab.clock, node.wire)
        past = answers_after(lab.clock, node.client, loopback(lab.layout[source].host))
        if through is None or past is None or through < max(SLOW_BY, past + SLOW_BY / 2):
            return ""
        return f"port {node.wire} answers after {through:.2f} s, and port {node.client}, past it, after {past:.2f} s"

    return _turned(lab, "slow-link", source, SLOW, by="a probe through the wire and one past it", look=late)


def heal_link(lab: Lab, source: str) -> FaultEvidence:
    """Let the wire from a site carry again, whatever was done to it."""
    process = _wire_of(source)
    at = lab.clock.now()
    if lab.processes.status(process).state == "gone":
        lab.start_wire(source)
    else:
        signalled(lab, process, "SIGCONT")
        if mark(lab, source).exists():
            signalled(lab, process, OPEN)
    mark(lab, source).unlink(missing_ok=True)

    def carries() -> str:
        port = _first(lab, source).wire
        return f"port {port} answers through the wire" if forwards(port) else ""

    return evidence_of(lab, "heal-link", source, at, by="a probe through the wire", look=carries)


def mark(lab: Lab, source: str) -> Path:
    """Return the file that is there while the wire from a site is turned."""
    return lab.folder / f"{_wire_of(source)}.turned"


def _turned(lab: Lab, fault: str, source: str, signal: str, *, by: str, look: Callable[[], str]) -> FaultEvidence:
    # Before the signal: a wire that is thought to be turned and is not is opened for nothing, and no harm is done.
    mark(lab, source).touch()
    return evidence_of(lab, fault, source, signalled(lab, _wire_of(source), signal), by=by, look=look)


def _reaches_in_vain(node: KraftNode) -> bool:
    """Whether a broker hangs up on what reaches it through the wire, and whoever has sent it is not told."""
    before = _hung_up(node.link)
    try:
        with socket.create_connection(("127.0.0.1", node.wire), 1) as connection:
            connection.settimeout(2)
            connection.sendall(NO_GREETING)
            try:
                connection.recv(1)
            except TimeoutError:
                return _hung_up(node.link) > before  # while it is open: the wire hangs up behind whoever asked
    except OSError:
        return False
    return False


def _hung_up(port: int) -> int:
    """How many of this machine's connections to a port have been closed at its side only."""
    found = 0
    for line in TCP.read_text().splitlines()[1:]:
        far, state = line.split()[2:4]
        found += state == CLOSE_WAIT and int(far.rpartition(":")[2], 16) == port
    return found


def _first(lab: Lab, source: str) -> KraftNode:
    return lab.layout[source].nodes[0]


def _wire_of(source: str) -> str:
    if source not in SITES:
        raise LabError(f"the lab has no site {source}", remedy=f"use one of {', '.join(SITES)}")
    return wire(source)
