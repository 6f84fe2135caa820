"""Small resources that Strimzi's definitions accept, in both versions."""

from copy import deepcopy
from typing import Any

OFFSETS = {"name": "home-offsets"}


def mirror_maker(version: str) -> dict[str, Any]:
    """North is copied to south, beside a mirror of somebody else."""
    part: dict[str, Any] = {"tasksMax": 1, "config": {"exactly.once.support": "required"}, "state": "running"}
    source = {**part, "listOffsets": {"toConfigMap": OFFSETS}, "alterOffsets": {"fromConfigMap": OFFSETS}}
    ours = {"sourceConnector": source, "checkpointConnector": part, "topicsPattern": ".*"}
    if version == "v1":
        target = {
            "alias": "south",
            "bootstrapServers": "south:9092",
            "groupId": "mm2",
            "configStorageTopic": "mm2-configs",
            "offsetStorageTopic": "mm2-offsets",
            "statusStorageTopic": "mm2-status",
        }
        mirrors: list[dict[str, Any]] = [
            {"source": {"alias": "west", "bootstrapServers": "west:9092"}, "sourceConnector": part},
            {"source": {"alias": "north", "bootstrapServers": "north:9092"}, **ours},
        ]
        spec: dict[str, Any] = {"version": "4.3.1", "replicas": 1, "target": target, "mirrors": mirrors}
    else:
        names = ("west", "north", "south")
        spec = {
            "version": "3.9.0",
            "replicas": 1,
            "connectCluster": "south",
            "clusters": [{"alias": name, "bootstrapServers": f"{name}:9092"} for name in names],
            "mirrors": [
                {"sourceCluster": "west", "targetCluster": "south", "sourceConnector": part},
                {"sourceCluster": "north", "targetCluster": "south", "heartbeatConnector": part, **ours},
            ],
        }
    return {"metadata": {"name": "home"}, "spec": deepcopy(spec)}


def kafka_connect(version: str) -> dict[str, Any]:
    """A KafkaConnect whose operator acts on KafkaConnectors."""
    spec: dict[str, Any] = {"replicas": 1, "bootstrapServers": "south:9092"}
    if version == "v1":
        names = {"groupId": "mirror", "configStorageTopic": "c", "offsetStorageTopic": "o", "statusStorageTopic": "s"}
        spec |= names
    meta = {"name": "mirror", "annotations": {"strimzi.io/use-connector-resources": "true"}}
    return {"metadata": meta, "spec": spec}


def kafka(version: str) -> dict[str, Any]:
    """A Kafka with one listener, its user operator told to ignore nobody."""
    authentication = {"type": "scram-sha-512"}
    listener = {"name": "external", "port": 9094, "type": "nodeport", "tls": True, "authentication": authentication}
    cluster: dict[str, Any] = {"listeners": [listener], "authorization": {"type": "simple"}}
    if version != "v1":
        cluster |= {"replicas": 3, "storage": {"type": "ephemeral"}}
    return {"metadata": {"name": "north"}, "spec": {"kafka": cluster, "entityOperator": {"userOperator": {}}}}


def node_pool() -> dict[str, Any]:
    """Three brokers."""
    storage = {"type": "ephemeral"}
    spec = {"replicas": 3, "roles": ["broker"], "storage": storage}
    return {"metadata": {"name": "broker", "labels": {"strimzi.io/cluster": "north"}}, "spec": spec}


def kafka_user(name: str, kind: str) -> dict[str, Any]:
    """An application that writes orders."""
    orders = {"type": "topic", "name": "orders", "patternType": "literal"}
    rules = [{"type": "allow", "resource": orders, "operations": ["Read", "Write"], "host": "*"}]
    authorization = {"type": "simple", "acls": rules}
    spec = {"authentication": {"type": kind}, "authorization": authorization}
    return {"metadata": {"name": name, "labels": {"strimzi.io/cluster": "north"}}, "spec": spec}
