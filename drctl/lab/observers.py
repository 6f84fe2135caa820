"""Observe a fault as others than the injector do: a text that says it, empty as long as they do not see it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from drctl.errors import DrctlError, LabError
from drctl.lab.faults import unlisted
from drctl.lab.injecting import connects, forwards
from drctl.lab.lab import Lab
from drctl.lab.parts import loopback
from drctl.lab.roles import Leadership, coordinator, quorum_views

type Look = Callable[[], str]

SEEN_WITHIN = 60.0
"""Seconds for an observer: brokers are fenced after 9 s without heartbeats, and one request may take 15 s."""


def await_seen(lab: Lab, fault: str, observer: str, look: Look, seconds: float = SEEN_WITHIN) -> str:
    """Return what an observer sees of a fault as soon as it sees it. LabError if it has not in that time."""
    deadline = lab.clock.monotonic() + seconds
    while not (observation := look()):
        if lab.clock.monotonic() > deadline:
            raise LabError(f"{fault} was not seen by {observer} within {seconds:.0f} s")
        lab.clock.sleep(0.2)
    return observation


def none_listed(lab: Lab, site: str, brokers: Sequence[int]) -> str:
    """Tell that the other brokers list none of these any more."""
    told = [unlisted(lab, site, broker) for broker in brokers]
    return told[-1] if all(told) else ""


def all_refuse(lab: Lab, site: str, brokers: Sequence[int]) -> str:
    """Tell that a client gets no connection to any of these brokers."""
    ports = _ports(lab, site, brokers)
    host = loopback(lab.layout[site].host)
    return "" if any(connects(port, host) for port in ports) else f"connections to {_named(ports)} are refused"


def all_silent(lab: Lab, site: str, brokers: Sequence[int]) -> str:
    """Tell that these brokers take a client's connection and answer nothing, as frozen ones do."""
    ports = _ports(lab, site, brokers)
    host = loopback(lab.layout[site].host)
    if not all(connects(port, host) for port in ports):
        return ""
    with ThreadPoolExecutor(len(ports)) as pool:  # side by side, since each is listened to for a second
        answers = list(pool.map(partial(forwards, host=host), ports))
    return "" if any(answers) else f"{_named(ports)} take connections and answer nothing"


def worker_refuses(lab: Lab, site: str) -> str:
    """Tell that a client gets no connection to the site's Connect worker."""
    port = lab.layout[site].connect
    return "" if connects(port) else f"connections to port {port} are refused"


def worker_silent(lab: Lab, site: str) -> str:
    """Tell that the site's Connect worker takes a client's connection and answers nothing, as a frozen one does."""
    port = lab.layout[site].connect
    return f"port {port} takes connections and answers nothing" if connects(port) and not forwards(port) else ""


def wire_refuses(lab: Lab, source: str) -> str:
    """Tell that the wire from a site refuses connections while a broker behind it takes them."""
    node = lab.layout[source].nodes[0]
    if connects(node.wire) or not connects(node.client, loopback(lab.layout[source].host)):
        return ""
    return f"port {node.client} takes connections and port {node.wire}, the same broker through the wire, refuses them"


def another_controls(lab: Lab, site: str, former: Leadership) -> str:
    """Tell that all the other controllers follow one new leader, in a later epoch."""
    others = {number: view for number, view in quorum_views(lab, site).items() if number != former.leader}
    leaders = {view.leader for view in others.values()}
    later = all(view.epoch > former.epoch for view in others.values())
    if len(others) < len(lab.layout[site].nodes) - 1 or len(leaders) != 1 or not later:
        return ""
    (now,) = leaders
    if now in (-1, former.leader):
        return ""
    return f"nodes {sorted(others)} follow node {now} in epoch {max(view.epoch for view in others.values())}"


def another_coordinates(lab: Lab, site: str, group: str, former: int) -> str:
    """Tell that the other brokers list the former coordinator no more, and name another one for the group."""
    if not unlisted(lab, site, former):
        return ""
    try:
        now = coordinator(lab, site, group)
    except DrctlError:
        return ""
    return "" if now == former else f"broker {former} is not listed, and broker {now} coordinates {group}"


def _ports(lab: Lab, site: str, brokers: Sequence[int]) -> list[int]:
    return [node.client for node in lab.layout[site].nodes if node.number in brokers]


def _named(ports: Sequence[int]) -> str:
    return f"port{'s'[: len(ports) > 1]} {', '.join(map(str, ports))}"
