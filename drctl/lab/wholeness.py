"""Whether a lab is whole: every part runs, every broker is listed, every replica is in sync and the link copies.

And what a control has done to a topic, so that it may lose records, is taken back.
"""

from collections.abc import Iterator

from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.errors import DrctlError, LabError
from drctl.lab.clocks import skewed_brokers
from drctl.lab.lab import Lab
from drctl.lab.layout import SITES, TOPICS, wire
from drctl.lab.losses import weakened
from drctl.lab.roles import OFFSETS_TOPIC
from drctl.lab.wire_faults import mark

WHOLE_WITHIN = 180.0
"""Seconds in which a restarted site must be in sync again: it takes some, and a machine under pressure many."""

REPLICATED = (*TOPICS, OFFSETS_TOPIC, "__transaction_state")
"""Topics that must be in sync; those that a site does not have yet are left out."""


def shortcomings(lab: Lab) -> list[str]:
    """Return everything that keeps a lab from being whole; nothing is asked of Kafka while a process is not running."""
    return list(_processes(lab)) or [*(each for site in SITES for each in replica_gaps(lab, site)), *link_gaps(lab)]


def await_whole(lab: Lab, seconds: float = WHOLE_WITHIN) -> None:
    """Wait until a lab is whole. LabError, with everything that it lacks, if it does not become so in that time."""
    deadline = lab.clock.monotonic() + seconds
    while missing := shortcomings(lab):
        if lab.clock.monotonic() > deadline:
            raise LabError(
                f"the lab is not whole within {seconds:.0f} s: {'; '.join(missing)}",
                remedy="undo the fault with 'drctl lab fault', or start a new lab",
            )
        lab.clock.sleep(0.5)


def await_in_sync(lab: Lab, site: str, seconds: float = WHOLE_WITHIN) -> None:
    """Wait until a site lists every broker and has every replica in sync, as between the restarts of two brokers."""
    deadline = lab.clock.monotonic() + seconds
    while missing := replica_gaps(lab, site):
        if lab.clock.monotonic() > deadline:
            raise LabError(f"not within {seconds:.0f} s: {'; '.join(missing)}", remedy="see the brokers' logs")
        lab.clock.sleep(0.5)


def _processes(lab: Lab) -> Iterator[str]:
    parts = [name for site in SITES for name in (*lab.layout[site].brokers, lab.layout[site].worker, wire(site))]
    states = lab.states()
    for name in parts:
        if (state := states.get(name, "gone")) != "running":
            yield f"{name} is {state}"
    for site in SITES:
        if mark(lab, site).exists():
            yield f"{wire(site)} is turned: it holds answers, or lets them wait"
        yield from (f"the clock of {name} is wrong" for name in skewed_brokers(lab, site))
        if weakened(lab, site).exists():
            yield f"topics of {site} have settings that let them lose records"


def replica_gaps(lab: Lab, site: str) -> list[str]:
    """Return the brokers of a site that its metadata does not list, and the partitions with a replica out of sync."""
    kafka = lab.site(site).kafka("drctl")
    try:
        brokers = KafkaBrokers(kafka)
        listed = {broker.id for broker in brokers.cluster().brokers}
        topics = brokers.topics(REPLICATED)
    except DrctlError as error:
        return [f"{site} does not answer: {error}"]
    finally:
        kafka.close()
    gaps = [f"broker {n.number} of {site} is not listed" for n in lab.layout[site].nodes if n.number not in listed]
    for name, topic in topics.items():
        behind = sum(len(each.in_sync) < len(each.replicas) for each in topic.partitions)
        if behind:
            gaps.append(f"{behind} partitions of {name} at {site} have a replica out of sync")
    return gaps


def link_gaps(lab: Lab, source: str = SITES[0]) -> list[str]:
    """Return why the link from a site does not copy; nothing if it does."""
    replication = lab.replication(source)
    try:
        status = replication.status()
    except DrctlError as error:
        return [f"the link from {source} does not answer: {error}"]
    finally:
        replication.close()
    return [] if status.working else [f"the link from {source} does not run: {status.source.reason or 'no task runs'}"]
