"""Probes for experiments on the lab: a bare bool or int each, since the toolkit misreads anything richer."""

from drctl.chaos.environment import lab
from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.errors import DrctlError
from drctl.lab.layout import TOPICS
from drctl.lab.wholeness import link_gaps

__all__ = ["all_partitions_in_sync", "brokers_listed", "link_runs"]


def brokers_listed(site: str) -> int:
    """How many brokers the site's metadata lists; 0 if nobody answers."""
    kafka = lab().site(site).kafka("drctl")
    try:
        return len(KafkaBrokers(kafka).cluster().brokers)
    except DrctlError:
        return 0
    finally:
        kafka.close()


def all_partitions_in_sync(site: str) -> bool:
    """Whether every replica of the workload's topics is in sync."""
    kafka = lab().site(site).kafka("drctl")
    try:
        topics = KafkaBrokers(kafka).topics(TOPICS).values()
        return all(len(p.in_sync) == len(p.replicas) for topic in topics for p in topic.partitions)
    except DrctlError:
        return False
    finally:
        kafka.close()


def link_runs(source: str) -> bool:
    """Whether the link from a site copies, as its worker tells: its connectors and all their tasks run."""
    return not link_gaps(lab(), source)
