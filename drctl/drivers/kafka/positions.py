"""Consumer groups of one site and their positions."""

import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count

from confluent_kafka import KafkaError

from drctl.drivers.kafka.asking_again import asked_again
from drctl.drivers.kafka.errors import ENDS_BY_ITSELF
from drctl.drivers.kafka.group_requests import CLASSIC_GROUP, CONSUMER_GROUP, DELETED_GROUP, POSITIONS, committing
from drctl.drivers.kafka.listing import ListedGroup
from drctl.drivers.kafka.site import KafkaSite
from drctl.errors import DrctlError, PositionsPending
from drctl.model import offsets
from drctl.model.offsets import Committed
from drctl.model.session import IMMOVABLE, Group, GroupProtocol, GroupState

IN_FLIGHT = 8
"""Commits under way at once: a broker takes one after the other from a connection, and one takes a replication."""
PERMITTED = 16
"""Requests that one permission is good for: half as many are under way at once anyway."""
PERMITTED_FOR = 1.0
"""Seconds that it is good for: before a request is sent, an earlier one may be waited for. And for so long a request is
sent again whose coordinator has moved."""

FEW = 16
"""Groups that are described one by one, however many others the site has."""

DESCRIBED = (GroupProtocol.CLASSIC, GroupProtocol.CONSUMER)
LISTED = (GroupProtocol.SHARE, GroupProtocol.STREAMS)
"""Kinds of groups of which coordinators tell members here, and those of which only the list of groups tells."""
NONE_SUCH = (KafkaError.GROUP_ID_NOT_FOUND, KafkaError.UNSUPPORTED_VERSION)


class KafkaPositions:
    """Implements :class:`drctl.ports.ConsumerGroups`."""

    def __init__(self, site: KafkaSite, now: Callable[[], float] = time.monotonic, in_flight: int = IN_FLIGHT) -> None:
        self.site, self._now, self._in_flight = site, now, in_flight

    @asked_again
    def groups(self) -> Mapping[str, GroupProtocol]:
        return {name: group.protocol for name, group in self._listed().items()}

    def _listed(
        self, types: Collection[GroupProtocol] = (), beside: Collection[str] | None = None
    ) -> Mapping[str, ListedGroup]:
        error, found = self.site.list_groups(types, beside)
        if error:
            raise self._refused(error, "list all of its groups")
        return found

    @asked_again
    def describe(self, groups: Collection[str]) -> Mapping[str, Group]:
        # One listing by each broker tells of all groups that are empty, of which there is nothing more to ask.
        # For a handful of groups it is the dearer one, where the site has many thousands of others.
        wanted, listed = set(groups), self._listed() if len(groups) > FEW else None
        found = {
            name: Group(name, each.protocol, GroupState.EMPTY)
            for name, each in (listed or {}).items()
            if name in wanted and each.protocol in DESCRIBED and each.state is GroupState.EMPTY
        }
        for name, (error, group) in self.site.ask_coordinators(wanted - found.keys(), CLASSIC_GROUP).items():
            if error and error not in NONE_SUCH:
                raise self._refused(error, f"describe group {name}")
            found[name] = group or Group(name, GroupProtocol.OTHER, GroupState.DEAD)
        others = {name for name in groups if found[name].state is GroupState.DEAD}
        for name, (error, group) in self.site.ask_coordinators(others, CONSUMER_GROUP).items():
            if error and error not in NONE_SUCH:
                raise self._refused(error, f"describe group {name}")
            if group is not None and not error:
                found[name] = group
            else:
                found[name] = Group(name, GroupProtocol.OTHER, GroupState.DEAD)
        return {**found, **self._of_other_kinds({n for n in others if found[n].state is GroupState.DEAD}, listed)}

    def _of_other_kinds(self, names: Collection[str], listed: Mapping[str, ListedGroup] | None) -> Mapping[str, Group]:
        """Those of them that are share or streams groups, which the questions about consumer groups call dead.

        Where all groups are listed, those of a kind that is not known here, too: nobody can ask for them by name.
        """
        if not names:
            return {}
        if listed is None:
            # Of these types only, and by nobody but their coordinators, which have just answered: a short
            # answer however many groups there are, and no broker more that may be silent.
            listed = self._listed(LISTED, names)
        return {
            name: Group(name, listed[name].protocol, listed[name].state)
            for name in names
            if name in listed and listed[name].protocol in IMMOVABLE
        }

    @asked_again
    def committed(self, groups: Collection[str]) -> Mapping[str, Mapping[offsets.TopicPartition, Committed]]:
        found: dict[str, Mapping[offsets.TopicPartition, Committed]] = {}
        pending: dict[str, Collection[offsets.TopicPartition]] = {}
        for group, (error, held) in self.site.ask_coordinators(groups, POSITIONS).items():
            doing = f"read the positions of group {group}"
            if held is None or error:
                raise self._refused(error, doing)
            for at, fault in held.refused.items():
                raise self._refused(fault, f"{doing} at {_shown(at)}")
            found[group] = held.positions
            if held.undecided:
                pending[group] = held.undecided
        if pending:
            raise PositionsPending(
                f"site {self.site.name}: transactions are open that commit positions of {_named(pending)}",
                remedy=ENDS_BY_ITSELF,
                found=found,
                pending=pending,
            )
        return found

    def commit(self, group: str, positions: Mapping[offsets.TopicPartition, Committed]) -> None:
        for error in self.commit_all({group: positions}, lambda: None).values():
            raise error

    def commit_all(
        self, positions: Mapping[str, Mapping[offsets.TopicPartition, Committed]], permit: Callable[[], None]
    ) -> Mapping[str, DrctlError]:
        refused: dict[str, DrctlError] = {}
        for group, future in self._sent({group: each for group, each in positions.items() if each}, permit):
            try:
                future.result()
            except DrctlError as error:
                refused[group] = error
        return refused

    def _sent(
        self, positions: Mapping[str, Mapping[offsets.TopicPartition, Committed]], permit: Callable[[], None]
    ) -> "Iterator[tuple[str, Future[None]]]":
        """Commit for each group in the order given, some at once, and give the answers in that order."""
        sent, permitted_at, pending = count(), self._now(), deque[tuple[str, Future[None]]]()
        with ThreadPoolExecutor(self._in_flight, f"commit-{self.site.name}") as pool:
            for group, wanted in positions.items():
                now = self._now()
                # Asking for each commit would cost a read of the state file and one of client routing per group.
                # Who has lost the lease sends for about PERMITTED_FOR seconds more, which others wait out.
                if next(sent) % PERMITTED == 0 or now - permitted_at > PERMITTED_FOR:
                    permit()
                    permitted_at = now
                pending.append((group, pool.submit(self._commit, group, wanted)))
                if len(pending) >= self._in_flight:
                    yield pending.popleft()
            yield from pending

    def _commit(self, group: str, positions: Mapping[offsets.TopicPartition, Committed]) -> None:
        doing = f"commit positions for group {group}"
        asked = self.site.ask_coordinators(
            [group], committing(group, positions), within=self.site.change_timeout, again_within=PERMITTED_FOR
        )
        error, refused = asked[group]
        for at, fault in (refused or {}).items():
            raise self._refused(fault, f"{doing} at {_shown(at)}")
        if error:
            raise self._refused(error, doing)

    def forget(self, group: str) -> None:
        asked = self.site.ask_coordinators([group], DELETED_GROUP, within=self.site.change_timeout)
        error, _ = asked[group]
        # A group that does not exist is as forgotten as it can be.
        if error and error not in NONE_SUCH:
            raise self._refused(error, f"delete group {group}")

    def _refused(self, error: int, doing: str) -> DrctlError:
        return self.site.causes.translate(KafkaError(error), doing)


def _shown(at: offsets.TopicPartition) -> str:
    return f"{at.topic}-{at.partition}"


def _named(groups: Collection[str]) -> str:
    names = sorted(groups)
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more groups" if len(names) > 5 else "")
