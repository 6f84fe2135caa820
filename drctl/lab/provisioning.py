"""Topics, rights and the standby's fence of a new lab site."""

from drctl.drivers.kafka.fence import AclFence
from drctl.drivers.kafka.journal_copy import TOPIC as JOURNAL
from drctl.drivers.kafka.provision import allow, create_topics
from drctl.lab.layout import CANARY_TOPIC, TOPICS, other
from drctl.lab.rights import CLIENTS, RIGHTS
from drctl.lab.site import LabSite
from drctl.model.canary import CANARY_RECORDS
from drctl.model.fence import DenyRule, Scope
from drctl.model.site import Canary


def provision(site: LabSite) -> None:
    """Make a site ready: idempotent, as its administrator."""
    kafka, replicas, source = site.kafka(), site.layout.replicas, other(site.name)
    forever = {"cleanup.policy": "compact", "min.compaction.lag.ms": str(10 * 365 * 86_400_000)}
    compacted = {"cleanup.policy": "compact", "segment.ms": "10000", "min.cleanable.dirty.ratio": "0.1"}
    topics: dict[str, tuple[int, int, dict[str, str]]] = {
        name: (count, replicas, compacted if name == "shop.prices" else {}) for name, count in TOPICS.items()
    }
    topics[CANARY_TOPIC] = (1, replicas, {})
    topics[CANARY_RECORDS] = (3, replicas, {"cleanup.policy": "delete", "retention.ms": "86400000"})
    topics[JOURNAL] = (1, replicas, {"cleanup.policy": "delete", "retention.ms": "-1"})
    topics[f"mm2-offset-syncs.{source}.internal"] = (1, replicas, forever)
    topics[f"{source}.checkpoints.internal"] = (1, replicas, {"cleanup.policy": "compact"})
    try:
        create_topics(kafka, topics)
        allow(kafka, RIGHTS)
        if site.name == "south":
            # The normal state of a standby: nobody but the replication user may write.
            canary = Canary(site.client_properties("canary"), CANARY_TOPIC)
            fence = AclFence(kafka, canary)
            # From the list, not read back: a broker's copy of the rules may lag behind those just made.
            writers = {principal for principal, operation, *_ in CLIENTS if operation == "WRITE"}
            fence.deny([DenyRule(writer, scope) for writer in writers for scope in Scope])
    finally:
        kafka.close()
