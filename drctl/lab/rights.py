"""Who may do what in the lab: least rights for every client, no super user among them."""

from drctl.drivers.kafka.journal_copy import TOPIC as JOURNAL
from drctl.drivers.kafka.provision import Right
from drctl.lab.layout import CANARY_TOPIC, SITES
from drctl.model.canaries import PREFIX as DRILLS
from drctl.model.canary import CANARY_RECORDS

WORKER, LINKS, SINK = "User:connect", "User:mm2", "User:sinks"
"""A Connect worker itself, the connectors of its link, and the consumers of its sinks."""
INTERNAL = "__connect-"
"""Prefix of the topics in which a worker keeps its connectors' configurations, offsets and states."""

DRCTL: tuple[Right, ...] = (
    ("User:drctl", "DESCRIBE", "BROKER", "kafka-cluster"),
    ("User:drctl", "DESCRIBE_CONFIGS", "BROKER", "kafka-cluster"),
    ("User:drctl", "ALTER", "BROKER", "kafka-cluster"),
    ("User:drctl", "READ", "TOPIC", "*"),
    ("User:drctl", "DESCRIBE_CONFIGS", "TOPIC", "*"),
    ("User:drctl", "ALTER_CONFIGS", "TOPIC", "*"),
    ("User:drctl", "ALTER", "TOPIC", "*"),
    ("User:drctl", "DELETE", "TOPIC", "*"),
    ("User:drctl", "CREATE", "TOPIC", "*"),
    ("User:drctl", "READ", "GROUP", "*"),
    ("User:drctl", "DELETE", "GROUP", "*"),
    ("User:drctl", "WRITE", "TOPIC", JOURNAL),
    ("User:drctl", "WRITE", "TOPIC", f"{DRILLS}*"),
    ("User:drctl", "WRITE", "TRANSACTIONAL_ID", f"{DRILLS}*"),
)
"""ALTER on the cluster writes the fence's rules; READ on groups commits positions, DELETE undoes a first handover.
ALTER_CONFIGS on topics freezes a returned site's retention, and with ALTER it is for ``drctl doctor --fix``. DELETE
and CREATE on topics are for ``drctl failback --recreate`` and isolated drills. It may write to no topic but its
journal's and those of such a drill."""

REPLICATION: tuple[Right, ...] = tuple(
    (LINKS, "ALL", kind, name)
    for kind, name in (("TOPIC", "*"), ("GROUP", "*"), ("TRANSACTIONAL_ID", "*"), ("BROKER", "kafka-cluster"))
)

CONNECT: tuple[Right, ...] = (
    *((WORKER, operation, "TOPIC", f"{INTERNAL}*") for operation in ("READ", "WRITE", "CREATE", "DESCRIBE_CONFIGS")),
    *((WORKER, "READ", "GROUP", f"connect-{site}") for site in SITES),
    (WORKER, "WRITE", "TRANSACTIONAL_ID", "connect-cluster-*"),
)
"""Rights that a worker needs for itself: to its internal topics, its own group, and with exactly-once support the
transactions in which its leader writes configurations. It writes to no topic that moves, so the plan file exempts it
from the fence."""

SINKS: tuple[Right, ...] = (
    *((SINK, "READ", "TOPIC", name) for name in ("shop.*", "north.shop.*", "south.shop.*")),
    (SINK, "READ", "GROUP", "connect-*"),
    (SINK, "READ", "TOPIC", f"{INTERNAL}offsets"),
)
"""Rights that sink connectors need, as whoever their worker's consumers are. READ on a group lets a sink join it and
commit. An exactly-once worker reads its source connectors' offsets by the same consumers, hence the last one."""

CLIENTS: tuple[Right, ...] = (
    ("User:canary", "WRITE", "TOPIC", CANARY_TOPIC),
    ("User:canary", "WRITE", "TOPIC", CANARY_RECORDS),
    ("User:canary", "READ", "TOPIC", CANARY_RECORDS),
    *(("User:canary", "READ", "TOPIC", f"{site}.{CANARY_RECORDS}") for site in SITES),
    ("User:canary", "READ", "GROUP", CANARY_RECORDS),
    ("User:turbines", "WRITE", "TOPIC", "turbines.*"),
    ("User:turbines", "WRITE", "TOPIC", "dr.*"),
    ("User:shop", "WRITE", "TOPIC", "shop.*"),
    ("User:shop", "WRITE", "TOPIC", "dr.*"),
    ("User:shop", "WRITE", "TRANSACTIONAL_ID", "shop*"),
    ("User:readers", "READ", "TOPIC", "turbines.*"),
    ("User:readers", "READ", "TOPIC", "shop.*"),
    ("User:readers", "READ", "TOPIC", "dr.*"),
    ("User:readers", "READ", "TOPIC", "north.*"),
    ("User:readers", "READ", "TOPIC", "south.*"),
    ("User:readers", "READ", "GROUP", "*"),
)

RIGHTS = DRCTL + CONNECT + REPLICATION + SINKS + CLIENTS
