"""Requests about consumer groups, each asked of the broker that coordinates the group.

librdkafka's admin client has calls for some of them, and ends the process by them while coordinators move: positions
that are answered with NOT_COORDINATOR make it read memory that is not there (its issue 5040), and a request that can no
longer be sent frees what its answer is then kept in (its pull request 5397). That is while brokers fail.
"""

import math
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched

from drctl.drivers.kafka.connections import Connections, Place
from drctl.drivers.kafka.listing import ListedGroup, list_groups
from drctl.drivers.kafka.wire_format import INT8, INT16, INT32, Malformed, WireReader, array, string
from drctl.errors import Unreachable, Unsupported
from drctl.model.session import GroupProtocol

# Version 4 (KIP-699, Kafka 3.0) finds the coordinators of many groups in one request.
FIND_COORDINATOR, FIND_VERSION = 10, 4
GROUP, NO_TAGS = INT8.pack(0), b"\0"
MOVING = {14: "it is loading the group", 15: "there is none yet", 16: "it is none any more"}
"""Errors of a coordinator that is about to be another one, or ready."""
AT_ONCE = 64
"""Groups in one request."""
ANSWER = 3.0
"""Seconds for one answer: a broker that takes longer may be frozen, and then another one takes over."""
REACHABLE = "check that its brokers run and can be reached"
AGAIN = 0.1
"""Seconds until a coordinator is sought again."""


@dataclass(frozen=True, slots=True)
class Question[T]:
    """Describe a request to a coordinator, with tagged fields; answers come by group, each with its error."""

    api: int
    version: int
    body: Callable[[Sequence[str]], bytes]
    told: Callable[[WireReader], Mapping[str, tuple[int, T]]]


class Coordinators:
    """Finds each group's coordinator, and finds it again when it has moved; lists what all of them coordinate."""

    def __init__(self, connections: Connections, now: Callable[[], float] = time.monotonic) -> None:
        self._connections, self._now = connections, now
        self._closing = threading.Event()
        self._known: dict[str, Place] = {}
        self._telling: Place | None = None

    def close(self) -> None:
        """Ask nothing any more."""
        self._closing.set()
        self._connections.close()

    def ask[T](
        self,
        groups: Collection[str],
        brokers: Callable[[], Sequence[Place]],
        question: Question[T],
        *,
        within: float,
        again_within: float | None = None,
    ) -> Mapping[str, tuple[int, T | None]]:
        """Every group's error and answer (None where its coordinator cannot be found for that error).

        ``brokers`` tells who may know the coordinators. Unreachable where one has no answer ``within`` seconds. A
        question may be asked again although it has changed something, and only ``again_within`` seconds if that is
        said: what permits a change does not hold for long.
        """
        began, found = self._now(), dict[str, tuple[int, T | None]]()
        deadline, last = began + within, began + (within if again_within is None else min(within, again_within))
        while left := sorted(set(groups) - found.keys()):
            why = ""
            try:
                found |= self._find(left, brokers, deadline)
                for place, some in self._by_coordinator(left):
                    found |= self._asked(place, some, question, deadline)
            except Unreachable as error:
                why = str(error)
            for group in left:
                if group in found and found[group][0] in MOVING:
                    why = f"the coordinator of group {group} does not answer: {MOVING[found.pop(group)[0]]}"
                    # Its coordinator is sought afresh: NOT_COORDINATOR does not say who it is now.
                    self._known.pop(group, None)
            # The cause of the last attempt is told, not that time has passed: it names the group and what its
            # coordinator said.
            if why and (self._now() > last or self._closing.wait(AGAIN)):
                raise Unreachable(why, remedy=REACHABLE)
        return found

    def of(self, groups: Collection[str]) -> Sequence[Place]:
        """Where these groups were coordinated when they were last asked about; empty unless it is known of each."""
        known = self._known.copy()
        return sorted({known[group] for group in groups}) if known.keys() >= set(groups) else []

    def list_all(
        self, brokers: Sequence[Place], types: Collection[GroupProtocol] = (), *, within: float
    ) -> tuple[int, Mapping[str, ListedGroup]]:
        """Every broker's groups, of these types only if there are any; or an error, of the first that has one.

        Unreachable where a broker does not list its groups ``within`` seconds: without it they would not be all.
        """
        deadline, found = self._now() + within, dict[str, ListedGroup]()
        for place in brokers:
            error, theirs = self._listed(place, types, deadline)
            if error:
                return error, {}
            found |= theirs
        return 0, found

    def _listed(
        self, place: Place, types: Collection[GroupProtocol], deadline: float
    ) -> tuple[int, Mapping[str, ListedGroup]]:
        name = f"the broker at {place[0]}:{place[1]}"
        # Nobody else tells of its groups: a first try finds out that a connection is dead, and the next one
        # has all the time that is left, since a list of very many groups may need it.
        least = ANSWER
        while True:
            left = min(least, max(0.05, deadline - self._now()))
            try:
                with self._connections.to(name, place, left) as line:
                    error, found = list_groups(line, types)
                if error not in MOVING:
                    return error, found
                silent = Unreachable(f"{name} does not list its groups: {MOVING[error]}", remedy=REACHABLE)
            except Malformed as malformed:
                said = f"{name}: its list of groups is not one of Kafka's: {malformed}"
                raise Unsupported(said, remedy="see who answers at that address") from malformed
            except Unreachable as unreachable:
                silent = unreachable
            # A connection that was closed while nobody used it fails once, and is made again.
            least = math.inf
            if self._now() > deadline or self._closing.wait(AGAIN):
                raise silent

    def _find(
        self, groups: Sequence[str], brokers: Callable[[], Sequence[Place]], deadline: float
    ) -> Mapping[str, tuple[int, None]]:
        """Make the coordinators known; returns the groups whose cannot be, with why."""
        refused: dict[str, tuple[int, None]] = {}
        for some in batched([group for group in groups if group not in self._known], AT_ONCE):
            for group, (error, place) in self._from_any(brokers(), some, deadline).items():
                if error:
                    refused[group] = error, None
                else:
                    self._known[group] = place
        return refused

    def _from_any(
        self, brokers: Sequence[Place], groups: Sequence[str], deadline: float
    ) -> Mapping[str, tuple[int, Place]]:
        silent = Unreachable("it tells of no broker", remedy=REACHABLE)
        # The broker that answered last comes first; the others are tried in the order in which the metadata
        # names them.
        for place in sorted(brokers, key=lambda each: each != self._telling):
            try:
                answer = self._answer(place, groups, COORDINATOR, deadline)
            except Unreachable as error:
                silent = error
            else:
                self._telling = place
                return answer
        raise silent

    def _by_coordinator(self, groups: Sequence[str]) -> Iterator[tuple[Place, Sequence[str]]]:
        places: dict[Place, list[str]] = {}
        for group in groups:
            if group in self._known:
                places.setdefault(self._known[group], []).append(group)
        for place, theirs in places.items():
            for some in batched(theirs, AT_ONCE):
                yield place, some

    def _asked[T](
        self, place: Place, groups: Sequence[str], question: Question[T], deadline: float
    ) -> Mapping[str, tuple[int, T]]:
        try:
            return self._answer(place, groups, question, deadline)
        except Unreachable:
            # All groups of that broker, not only those that were asked about: it will be as silent to them.
            for group in [group for group, known in self._known.copy().items() if known == place]:
                self._known.pop(group, None)
            raise

    def _answer[T](
        self, place: Place, groups: Sequence[str], question: Question[T], deadline: float
    ) -> Mapping[str, tuple[int, T]]:
        name = f"the broker at {place[0]}:{place[1]}"
        left = min(ANSWER, max(0.05, deadline - self._now()))
        try:
            with self._connections.to(name, place, left) as line:
                answer = line.ask(question.api, question.version, question.body(groups), flexible=True)
                found = question.told(answer)
                if found.keys() != set(groups):
                    raise Malformed("it is about other groups than asked")
        except Malformed as error:
            said = f"{name}: its answer about groups is not one of Kafka's: {error}"
            raise Unsupported(said, remedy="see who answers at that address") from error
        return found


def _coordinators_told(answer: WireReader) -> Mapping[str, tuple[int, Place]]:
    answer.number(INT32)  # for how long the broker holds us back
    found = {}
    for _ in range(answer.count()):
        group = answer.string()
        answer.number(INT32)
        host, port, error = answer.string(), answer.number(INT32), answer.number(INT16)
        answer.optional_string()
        answer.tags()
        found[group] = error, (host, port)
    answer.tags()
    return found


def _coordinators_body(groups: Sequence[str]) -> bytes:
    return GROUP + array([string(group) for group in groups]) + NO_TAGS


COORDINATOR = Question(FIND_COORDINATOR, FIND_VERSION, _coordinators_body, _coordinators_told)
"""Where a group's coordinator is; any broker knows."""
