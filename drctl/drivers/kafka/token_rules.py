"""Rules about delegation tokens and users (DescribeAcls, KIP-140 and KIP-373), which the client library cannot read.

Version 2 is the first with tagged fields, version 3 the first that knows rules about users (Kafka 3.3). Of an older
broker those about tokens are all that there are.
"""

from drctl.drivers.kafka.raw import RawConnection
from drctl.drivers.kafka.wire_format import INT8, INT16, INT32, WireReader
from drctl.errors import Unsupported
from drctl.model.access import DELEGATION_TOKEN, USER, AclRule

# The request's key, and the versions from which on it is understood here, and from which on users are told.
DESCRIBE_ACLS, FLEXIBLE, OF_USERS = 29, 2, 3
KINDS = {6: DELEGATION_TOKEN, 7: USER}
"""Kafka's numbers of resources and their names (``ResourceType``)."""
PATTERNS = {3: "LITERAL", 4: "PREFIXED"}
OPERATIONS = dict(
    enumerate(
        (
            "ALL",
            "READ",
            "WRITE",
            "CREATE",
            "DELETE",
            "ALTER",
            "DESCRIBE",
            "CLUSTER_ACTION",
            "DESCRIBE_CONFIGS",
            "ALTER_CONFIGS",
            "IDEMPOTENT_WRITE",
            "CREATE_TOKENS",
            "DESCRIBE_TOKENS",
            "TWO_PHASE_COMMIT",
        ),
        start=2,
    )
)
"""Kafka's numbers of operations and their names (``AclOperation``)."""
ALLOW, ANY = 3, INT8.pack(1)
NULL = b"\0"

type TokenRules = tuple[int, frozenset[AclRule]]
"""An error, and the rules."""


def ask_token_rules(line: RawConnection) -> TokenRules:
    """Ask one broker for all of them; all brokers know the same. Unsupported before Kafka 2.4."""
    version = min(line.newest(DESCRIBE_ACLS), OF_USERS)
    if version < FLEXIBLE:
        raise Unsupported(f"{line.name}: tells its rules as Kafka before 2.4 did", remedy="update its brokers")
    found = frozenset[AclRule]()
    for kind in KINDS if version >= OF_USERS else [number for number, name in KINDS.items() if name != USER]:
        # Any name, pattern, principal, host, operation and permission; and no tagged field.
        body = INT8.pack(kind) + NULL + ANY + NULL + NULL + ANY + ANY + NULL
        error, rules = rules_in(line.ask(DESCRIBE_ACLS, version, body, flexible=True))
        if error:
            return error, frozenset()
        found |= rules
    return 0, found


def rules_in(answer: WireReader) -> TokenRules:
    """Read an answer. A number that is not known here is told as such: a rule of a newer Kafka is no reason to stop."""
    answer.number(INT32)  # for how long the broker holds us back
    error, found = answer.number(INT16), set[AclRule]()
    answer.optional_string()
    for _ in range(answer.count()):
        kind, name, pattern = answer.number(INT8), answer.string(), answer.number(INT8)
        for _ in range(answer.count()):
            principal, host = answer.string(), answer.string()
            operation, permission = answer.number(INT8), answer.number(INT8)
            answer.tags()
            found.add(
                AclRule(
                    principal,
                    host,
                    OPERATIONS.get(operation, f"OPERATION_{operation}"),
                    KINDS.get(kind, f"KIND_{kind}"),
                    name,
                    PATTERNS.get(pattern, f"PATTERN_{pattern}"),
                    permission == ALLOW,
                )
            )
        answer.tags()
    answer.tags()
    return error, frozenset(found)
