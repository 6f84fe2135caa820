"""What ``tools/fuzz.py`` mangles, and with what: a document of each kind that is as it should be."""

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

NASTY = (
    *(b"[" * 5000, b"{" * 200, b"- " * 200, b"? " * 100, b'{"a":' * 200, b"a" * 40_000),
    *(b"9" * 5000, b"-", b"1e999", b"NaN", b"0x", b"1_0", b"2001-99-99", b"99999999999999999h", b"\xd9\xa3"),
    *(b"\x00", b"\x1b]0;x\x07", b"\n", b"\r", b"\t", b" ", b"\xc2\x85", b"\xe2\x80\xa8", b"\xff"),
    *(b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"\\", b'"', b"'", b":", b": ", b",", b"]", b"}", b"#"),
    *(b"&a ", b"*a ", b"<<: ", b"!!binary ", b"!x ", b"%YAML 1.1\n---\n", b"---\n", b"...\n", b"|\n", b">\n"),
    *(b"null", b"true", b"[::1", b"://", b"@"),
)
"""What documents of all kinds stumble over."""

OTHERS: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        -1,
        0,
        7,
        1.5,
        -(1 << 63),
        (1 << 63) - 1,
        1e300,
        "",
        "x",
        "7",
        "\x00",
        "\x1b]0;x\x07",
        "\u2028",
    ),
    *([], {}, [1], [[]], {"a": 1}, {"": None}, "a" * 5000, "../../x", "2026-11-24T10:00:00", "/"),
)
"""Values that stand where others were expected."""

PLAN = b"""\
apiVersion: drctl.io/v1alpha1
kind: DisasterRecoveryPlan
metadata: {name: plant}
spec:
  sites:
    - name: DC1
      kafka: {bootstrapServers: "n:1, [::1]:2", clientProperties: c, canary: {clientProperties: c, topic: canary}}
      connect: {url: "http://n:8083"}
      kubernetes: {kubeconfig: c, context: north, namespace: kafka, pods: app=kafka}
    - name: us_east
      kafka: {bootstrapServers: "s:1", clientProperties: c, canary: {clientProperties: c, topic: canary}}
      connect: {url: "https://s:8083"}
  links:
    - {name: n-s, source: DC1, target: us_east, connectors: c, replicationPrincipal: "User:mm2"}
    - {name: s-n, source: us_east, target: DC1, connectors: c, replicationPrincipal: "User:mm2", separator: "-"}
  workloads:
    - {name: all, topics: [readings, a.b], groups: ["billing[/prod]"], sinks: [lake]}
  objectives: {recoveryTime: 1h30m, recoveryPoint: 0s}
  guards: {fenceWindow: 5s, maxLag: 5, coolDown: 1m}
  hooks: {pre: [{command: [sh, -c, x], timeout: 1m}]}
  clientRouting: {file: client-routing.json}
  state: {file: state.sqlite}
"""
MIRROR = "org.apache.kafka.connect.mirror.Mirror"
ALIASES = {"source.cluster.alias": "north", "target.cluster.alias": "south", "tasks.max": 2}
LINKS = json.dumps(
    {k: {"connector.class": f"{MIRROR}{k}Connector", **ALIASES} for k in ("Source", "Checkpoint", "Heartbeat")},
    indent=1,
)
EXPERIMENT = (ROOT / "experiments" / "leader-broker-killed.yaml").read_bytes()
RECORD = json.dumps(
    {"offset": 1, "timestamp": 5, "timestampType": "CreateTime", "transaction": "committed", "leaderEpoch": None}
    | {"key": None, "value": "dg==", "headers": [["h", "dg=="]]}
)
RUN = '{"epoch": 3, "id": "r", "kind": "switchover", "plan": "p", "plan_digest": "d", "source": "n", "target": "s"}'
POSITION = b"\x00\x01\x00\x05group\x00\x05topic" + bytes(4)
VALUE = bytes.fromhex("0003" + "0000000000000007" + "00000001" + "0000" + "0000000000000005")
PROPERTIES = b"""\
# of the security team
security.protocol = SASL_PLAINTEXT
sasl.mechanism:SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\
  username="drctl" password="caf\\u00e9 x";
request.timeout.ms=30000
connections.max.idle.ms=540000
"""
CONNECTOR = json.dumps(
    {"name": "x", "connector": {"state": "RUNNING", "worker_id": "w:1"}, "connector.class": "c"}
    | {"tasks": [{"id": 0, "state": "FAILED", "trace": "a.b.C: no\n\tat x\nCaused by: y"}]}
    | {"offsets": [{"partition": {"cluster": "north", "topic": "t", "partition": 0}, "offset": {"offset": 5}}]}
)
"""One answer for all that a worker is asked about a connector: status, configuration and offsets."""
METRICS = b"""\
# TYPE server_connections_software gauge
server_connections_software{clientSoftwareName="a\\"b",clientSoftwareVersion="3.7.0",listener="TLS-9093"} 2.0
"""
SCHEMAS = json.dumps(
    [{"subject": "orders-value", "version": 1, "id": 7, "schemaType": "AVRO", "schema": '{"type": "string"}'}]
)
SIGHTINGS = json.dumps({"sites": {"north": [{"part": "kafka", "met": True, "seenAt": "2026-11-24T10:00:00+00:00"}]}})
HISTORY = b"""\
{"kind": "acknowledged", "at": 1.5, "site": "north", "records": [[1, "t", 0, 1, "k"], [1, "t", 0, 2, "k"]]}
{"kind": "processed", "at": 2, "site": "north", "records": [[1, "t", 0, 1]], "group": "billing"}
"""
GROUPS = (
    b"\0\0\0\0\2\2g\2\2t\2\0\0\0\0\0\0\0\0\0\0\0\3\xff\xff\xff\xff\2m\0\0\0\0\0\0\0\0",
    (
        b"\0\0\0\0\2\0\0\2g\7Stable\x09consumer\6range\2\2m\0\2c\2h\2\0\x14\0\0\0\0\0\1\0\1t\0\0\0\1\0\0\0\0\0\0\0\0\0"
        b"\x80\0\0\0\0\0"
    ),
)
"""A coordinator's answers about positions, and about a classic group."""
HEADERS = b"1 1/2"
COPIED = b"""\
{"number": 1, "change": "run-ended", "about": "r1", "content": "done",
 "digest": "92abe8a246f2c6faeaa3c87a586303eea806aa302c18c7b8768a0c39c367d50e"}
"""
KUBECONFIG = b"""\
apiVersion: v1
kind: Config
current-context: other
clusters:
  - {name: here, cluster: {server: "https://h:1", insecure-skip-tls-verify: true, tls-server-name: h}}
users:
  - {name: us, user: {token: abc.def-ghi, username: me, password: x}}
contexts:
  - {name: north, context: {cluster: here, user: us, namespace: kafka}}
  - {name: other, context: {cluster: here, user: us}}
"""
STRIMZI_LISTENER = {"name": "external", "tls": True, "authentication": {"type": "tls"}}
STRIMZI_CONNECTOR = {"name": "north->south.MirrorSourceConnector", "connector": {"state": "RUNNING"}}
STRIMZI_PART = {"config": {"tasks.max": 2}, "state": "running", "listOffsets": {"toConfigMap": {"name": "offsets"}}}
KUBERNETES = json.dumps(
    {
        "kind": "List",
        "versions": [{"version": "v1"}],
        "metadata": {"name": "north", "resourceVersion": "5", "generation": 1, "annotations": {"a": "b"}},
        "spec": {
            "kafka": {"listeners": [STRIMZI_LISTENER]},
            "target": {"alias": "south"},
            "mirrors": [{"source": {"alias": "north"}, "sourceConnector": STRIMZI_PART}],
        },
        "status": {
            "observedGeneration": 1,
            "listeners": [{"name": "external", "bootstrapServers": "h:1", "certificates": ["CA"]}],
            "secret": "drctl",
            "conditions": [{"type": "Warning", "status": "True", "reason": "x", "message": "y"}],
            "connectors": [STRIMZI_CONNECTOR | {"tasks": [{"id": 0, "state": "FAILED", "trace": "a.b.C: no"}]}],
        },
        "data": {
            "user.crt": "Q0VSVA==",
            "user.key": "S0VZ",
            "north--south.MirrorSourceConnector.json": json.dumps(
                {
                    "offsets": [
                        {"partition": {"cluster": "north", "topic": "t", "partition": 0}, "offset": {"offset": 5}}
                    ]
                }
            ),
        },
    }
)
"""One resource that is all that is asked for: a Kafka, a user and its secret, a KafkaMirrorMaker2, and its offsets."""
LISTED = json.dumps(
    {
        "type": "ADDED",
        "object": {"metadata": {"name": "x", "resourceVersion": "5"}},
        "versions": [{"version": "v1"}],
        "metadata": {"name": "x", "resourceVersion": "5"},
        "items": [{"metadata": {"name": "x", "resourceVersion": "5"}}],
        "pods": [{"volume": [{"pvcRef": {"name": "c", "namespace": "kafka"}, "capacityBytes": 5, "inodes": 9}]}],
    }
)
"""One answer for a list, a watch, a resource, an API group and a kubelet."""
BODY = json.dumps(
    {"plan": "d", "facts": "d", "declined": False, "reason": "x", "by": "erin", "n": [1.5, None, "\u00e9"]}
)
ARBITER = json.dumps({"plan": "wind-farm", "primary": "north", "epoch": 6, "run": "r5"})
SUMS = b"""\
9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  manifest.json
9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  topics/orders.jsonl.gz
"""
PRIVATE = b"""\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
"""
PUBLIC = b"""\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=
-----END PUBLIC KEY-----
"""
FAULT = b"""\
{"fault": "kill", "target": "north-broker-1", "observer": "the other brokers", "observation": "it is not listed"}
"""
SYNC = b"\x00\x05topic" + bytes(4) + bytes(7) + b"\x07" + bytes(7) + b"\x09"
CHECKPOINT = b"\x00\x05group" + b"\x00\x05topic" + bytes(4) + bytes(2) + bytes(8) + bytes(8) + b"\x00\x00"
