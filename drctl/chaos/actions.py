"""Actions for experiments on the lab. Each raises if it did not do what it says."""

import json
from dataclasses import asdict

from chaoslib.exceptions import ActivityFailed

from drctl.chaos.stage import lab, note
from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.errors import DrctlError
from drctl.lab.faults import FAULTS, FaultEvidence, unlisted
from drctl.lab.lab import Lab

__all__ = ["inject", "kill_leader", "restart_dead_brokers"]


def inject(fault: str, target: str) -> str:
    """Inject one of the lab's faults; returns what somebody else saw of it."""
    try:
        return _noted(FAULTS[fault](lab(), target))
    except (DrctlError, KeyError) as error:
        raise ActivityFailed(f"{fault} of {target}: {error}") from error


def kill_leader(site: str, topic: str, partition: int) -> str:
    """SIGKILL to the broker that leads a partition; evidence is that the other brokers no longer list it."""
    try:
        there = lab()
        leader = _leader(there, site, topic, partition)
        seen = FAULTS["kill"](there, there.layout[site].broker(leader))
        deadline = there.clock.monotonic() + 30
        while not (told := unlisted(there, site, leader)):
            if there.clock.monotonic() > deadline:
                raise ActivityFailed(f"broker {leader} of {site} is still listed by the others")
            there.clock.sleep(0.2)
    except (DrctlError, LookupError) as error:
        raise ActivityFailed(f"leader of {topic}-{partition} at {site}: {error}") from error
    return _noted(FaultEvidence("kill", seen.target, seen.injected_at, "the other brokers", told))


def restart_dead_brokers(site: str) -> list[str]:
    """Start every broker of a site that is gone, and wait until it answers."""
    there = lab()
    gone = [name for name in there.layout[site].brokers if there.processes.status(name).state == "gone"]
    for name in gone:
        FAULTS["restart"](there, name)
    return gone


def _leader(there: Lab, site: str, topic: str, partition: int) -> int:
    kafka = there.site(site).kafka("drctl")
    try:
        return KafkaBrokers(kafka).topics([topic])[topic].partitions[partition].leader
    finally:
        kafka.close()


def _noted(evidence: FaultEvidence) -> str:
    note(json.dumps({**asdict(evidence), "injected_at": evidence.injected_at.timestamp()}))
    return f"{evidence.observer}: {evidence.observation}"
