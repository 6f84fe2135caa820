"""Signals seen while a live drill's work stays at the other site: those that send it home, and those only noted.

A signal is blocking by its name, and ends the stay once it stood in :data:`IN_A_ROW` looks. Unknown counts as standing.

==========================  ==================================================================  ========
name                        seen                                                                blocking
==========================  ==================================================================  ========
a rule's, as in readiness   the serving site is silent, lacks brokers or leaders, or refuses    yes
                            an ordinary client's write
under-replicated            a partition of the workload has fewer in sync than replicas there   yes
link-home-late              the link home is behind by more than allowed, or that is unknown    yes
group-not-arrived           a group that had members has none, longer than allowed              yes
group-behind-its-position   a group stands before the position that was handed over             yes
groups-unknown              the groups could not be seen                                        yes
watch-NAME                  a command of the plan file did not end with exit code 0             yes
a rule's, as in readiness   whatever else stands in the way of the way home, or costs           no
==========================  ==================================================================  ========

Example: a broker of south dies behind look 7. Looks 8, 9 and 10 say *brokers-missing*: behind look 10 the work goes
home. It comes back behind look 9: look 10 does not say so, and the work stays.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from drctl.decide.overrides import name_of
from drctl.decide.readiness import blockers, warnings
from drctl.decide.rules_sites import source_ailments
from drctl.model.facts import Facts
from drctl.model.guards import Guards

IN_A_ROW = 3
"""Looks: one alone may have met an election of leaders or a rebalance, which clients outlast."""
UNDER_REPLICATED, LINK_HOME_LATE = "under-replicated", "link-home-late"
NOT_ARRIVED, BEHIND, GROUPS_UNKNOWN = "group-not-arrived", "group-behind-its-position", "groups-unknown"


class StaySignal(NamedTuple):
    """One thing that was seen, and whether it sends the work home where it goes on."""

    name: str
    detail: str
    blocking: bool = True


@dataclass(frozen=True, slots=True)
class ArrivedGroup:
    """A group at the site that it was moved to: its members, and partitions before and beyond what was handed over."""

    members: int
    behind: tuple[str, ...] = ()
    beyond: int = 0


def site_signals(facts: Facts, guards: Guards, lag_at_most: timedelta, now: datetime) -> Iterator[StaySignal]:
    """Judge both sites and the link home; ``facts`` are in the direction of the way home."""
    blocking = [StaySignal(name_of(each.rule), each.detail) for each in source_ailments(facts)]
    yield from blocking
    yield from _replication(facts)
    yield from _link_home(facts, lag_at_most)
    told = {each[:2] for each in blocking}
    for found in (*blockers(facts, guards, now), *warnings(facts)):
        if (name_of(found.rule), found.detail) not in told:
            yield StaySignal(name_of(found.rule), found.detail, blocking=False)


def group_signals(
    groups: Mapping[str, ArrivedGroup], expected: Collection[str], *, may_arrive: bool
) -> Iterator[StaySignal]:
    """Judge the groups; ``expected`` had members before, ``may_arrive`` says that they still have time to come."""
    for name, group in sorted(groups.items()):
        if name in expected and not group.members:
            yield StaySignal(NOT_ARRIVED, f"{name} has no member", blocking=not may_arrive)
        if group.behind:
            yield StaySignal(BEHIND, f"{name} stands before its position: {', '.join(group.behind[:5])}")


def standing(looks: Sequence[Collection[StaySignal]]) -> tuple[StaySignal, ...]:
    """Return the blocking signals of the last look whose names stood in all of the last looks; none before these."""
    if len(looks) < IN_A_ROW:
        return ()
    always = set.intersection(*map(_blocking, looks[-IN_A_ROW:]))
    return tuple(each for each in looks[-1] if each.blocking and each.name in always)


def _blocking(look: Collection[StaySignal]) -> set[str]:
    return {each.name for each in look if each.blocking}


def _replication(facts: Facts) -> Iterator[StaySignal]:
    if facts.source.topics.value is None:
        return  # a rule says so: the site is silent, or its topics could not be read
    for topic in facts.source.topics.value.values():
        if topic.name not in facts.workload_topics:
            continue
        lacking = [str(n) for n, each in enumerate(topic.partitions) if len(each.in_sync) < len(each.replicas)]
        if lacking:
            detail = f"{facts.source.name}: {topic.name}: fewer in sync than replicas in partition {', '.join(lacking)}"
            yield StaySignal(UNDER_REPLICATED, detail)


def _link_home(facts: Facts, lag_at_most: timedelta) -> Iterator[StaySignal]:
    name, lag = facts.link.link.name, facts.link.lag
    if lag.value is None:
        yield StaySignal(LINK_HOME_LATE, f"{name}: how far it is behind is unknown: {lag.unknown}")
    elif lag.value.total and (lag.value.seconds is None or lag.value.seconds > lag_at_most.total_seconds()):
        late = "for nobody knows how long" if lag.value.seconds is None else f"for {lag.value.seconds:.0f} s"
        yield StaySignal(LINK_HOME_LATE, f"{name}: {lag.value.total} records wait, {late}")
