"""The groups that a broker coordinates, of every type (ListGroups, KIP-518 and KIP-848).

librdkafka's own call passes over every group whose protocol type is neither empty nor "consumer", so that share groups
(KIP-932) and streams groups (KIP-1071) never appear in it.
"""

from collections.abc import Collection
from dataclasses import dataclass

from drctl.drivers.kafka.raw import RawConnection
from drctl.drivers.kafka.wire_format import INT16, INT32, WireReader, array, string
from drctl.errors import Unsupported
from drctl.model.session import GroupProtocol, GroupState

LIST_GROUPS, FLEXIBLE, STATED, TYPED = 16, 3, 4, 5
"""The request's key; the first version with tagged fields, and those from which on states and types are told."""
TYPES = {kind.value: kind for kind in GroupProtocol if kind not in (GroupProtocol.OTHER, GroupProtocol.UNTOLD)}
SPOKEN = ("", "consumer")
"""Protocol types of consumer groups; empty is one in which nobody has ever been, only positions were committed."""
STATES = {
    "Empty": GroupState.EMPTY,
    "Stable": GroupState.STABLE,
    "PreparingRebalance": GroupState.REBALANCING,
    "CompletingRebalance": GroupState.REBALANCING,
    "Assigning": GroupState.REBALANCING,
    "Reconciling": GroupState.REBALANCING,
    "NotReady": GroupState.REBALANCING,
    "Dead": GroupState.DEAD,
}


@dataclass(frozen=True, slots=True)
class ListedGroup:
    """A group as its broker lists it; the state is UNKNOWN where the broker tells none, or one not known here."""

    protocol: GroupProtocol
    state: GroupState


type Listing = tuple[int, dict[str, ListedGroup]]
"""An error, and groups by name."""


def list_groups(line: RawConnection, types: Collection[GroupProtocol]) -> Listing:
    """Ask one broker for its groups, of these types only if there are any. Unsupported before Kafka 2.4.

    A broker that tells no types (before Kafka 3.8) has none that could be asked for.
    """
    version = min(line.newest(LIST_GROUPS), TYPED)
    if version < FLEXIBLE:
        raise Unsupported(f"{line.name}: lists its groups as Kafka before 2.4 did", remedy="update its brokers")
    if types and version < TYPED:
        return 0, {}
    wanted = array([string(each.value) for each in types])
    # No state is left out: of a group that is not asked about nobody would say that it is there.
    body = (array([]) if version >= STATED else b"") + (wanted if version >= TYPED else b"") + b"\0"
    return groups_in(line.ask(LIST_GROUPS, version, body, flexible=True), version)


def groups_in(answer: WireReader, version: int) -> Listing:
    """Read a broker's answer of that version. Malformed if it is none.

    Groups of programs that use Kafka to agree among themselves (workers of Connect, schema registries) are left out:
    nobody in them has a position.
    """
    answer.number(INT32)  # for how long the broker holds us back
    error, found = answer.number(INT16), dict[str, ListedGroup]()
    for _ in range(answer.count()):
        name, spoken = answer.string(), answer.string()
        state = answer.string() if version >= STATED else ""
        kind = answer.string() if version >= TYPED else ""
        answer.tags()
        if (protocol := _protocol(kind.lower(), spoken)) is not None:
            found[name] = ListedGroup(protocol, STATES.get(state, GroupState.UNKNOWN))
    answer.tags()
    return error, found


def _protocol(kind: str, spoken: str) -> GroupProtocol | None:
    if kind in ("", GroupProtocol.CLASSIC) and spoken not in SPOKEN:
        return None
    return TYPES.get(kind, GroupProtocol.OTHER) if kind else GroupProtocol.UNTOLD
