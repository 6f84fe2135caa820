"""The controllers' quorum (DescribeQuorum, KIP-595 and KIP-836), for which the client library has no call.

Any broker hands the request on to the controller that leads. Version 1 tells when each voter was last as far as the
leader; version 2 adds names and addresses of which nothing is needed here.
"""

from collections.abc import Callable

from drctl.drivers.kafka.asking_again import Settings, never, with_settings
from drctl.drivers.kafka.raw import connected
from drctl.drivers.kafka.wire_format import INT16, INT32, INT64, Malformed, WireReader, array, string
from drctl.errors import DrctlError, Forbidden, Unreachable, Unsupported
from drctl.model.cluster import Broker
from drctl.model.sight import QuorumView

DESCRIBE_QUORUM, VERSION = 55, 1
METADATA = array([string("__cluster_metadata") + array([INT32.pack(0) + b"\0"]) + b"\0"]) + b"\0"
CLUSTER_AUTHORIZATION_FAILED = 31
NOBODY_LEADS = (5, 6, 7, 15, 41)
"""LEADER_NOT_AVAILABLE, NOT_LEADER_OR_FOLLOWER, REQUEST_TIMED_OUT, COORDINATOR_NOT_AVAILABLE, NOT_CONTROLLER."""
BEHIND = 10_000
"""Milliseconds since a voter was last as far as the leader. The log grows twice a second, and a voter that does not
fetch for two (``controller.quorum.fetch.timeout.ms``) is a candidate itself: five times that is no hiccup."""
ANSWER = 5.0
"""Seconds for one broker and the controller behind it."""


class KafkaQuorum:
    """Implements :class:`drctl.ports.Quorum`. ``settings`` are asked for when a broker is, and once more
    where they are ``renewed`` since a broker has rejected them."""

    def __init__(
        self, site: str, settings: Callable[[], Settings], renewed: Callable[[Settings], bool] = never
    ) -> None:
        self.site, self.settings, self.renewed = site, settings, renewed

    def told(self, broker: Broker) -> QuorumView:
        name = f"site {self.site}: broker {broker.id}"

        def ask(settings: Settings) -> WireReader:
            with connected(name, broker.host, broker.port, settings, ANSWER) as line:
                return line.ask(DESCRIBE_QUORUM, VERSION, METADATA, flexible=True)

        answer = with_settings(self.settings, self.renewed, ask)
        try:
            error, found = quorum_in(answer)
        except Malformed as malformed:
            raise Unsupported(f"{name}: its answer about the quorum is not one of Kafka's") from malformed
        if error == CLUSTER_AUTHORIZATION_FAILED:
            raise Forbidden(f"{name}: DESCRIBE on the cluster is denied", remedy="allow it, see docs/kafka-rights.md")
        if error in NOBODY_LEADS or (found is not None and found.leader < 0):
            raise Unreachable(f"{name}: no controller leads (error {error})", remedy="see the controllers' logs")
        if error or found is None:
            raise DrctlError(f"{name}: the controllers' quorum cannot be told (error {error})")
        return found


def quorum_in(answer: WireReader) -> tuple[int, QuorumView | None]:
    """An error, the answer's own or its partition's, and the quorum; None where the answer has no partition."""
    error, found = answer.number(INT16), None
    for _ in range(answer.count()):
        answer.string()
        for _ in range(answer.count()):
            answer.number(INT32)
            error = answer.number(INT16) or error
            found = _partition(answer)
        answer.tags()
    answer.tags()
    return error, found


def _partition(answer: WireReader) -> QuorumView:
    leader, epoch = answer.number(INT32), answer.number(INT32)
    answer.number(INT64)  # the high watermark
    voters, _ = _replicas(answer), _replicas(answer)
    answer.tags()
    # The leader's own time is by its clock now, as the others' are by the same clock: no other one is needed.
    now = voters.get(leader, -1)
    behind = frozenset(voter for voter, caught_up in voters.items() if now >= 0 and now - caught_up > BEHIND)
    return QuorumView(leader, epoch, frozenset(voters), behind)


def _replicas(answer: WireReader) -> dict[int, int]:
    """When each was last as far as the leader, in milliseconds by the leader's clock; -1 where it never was."""
    found = {}
    for _ in range(answer.count()):
        number = answer.number(INT32)
        answer.number(INT64)  # its log's end
        answer.number(INT64)  # when it fetched last
        found[number] = answer.number(INT64)
        answer.tags()
    return found
