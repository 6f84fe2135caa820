"""Readiness: every reason not to begin a switchover, and everything worth knowing before one.

:func:`blockers` returns all reasons at once, in the order to fix them; nothing means go. :func:`warnings` returns what
a switchover survives and what it costs.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from drctl.decide.equality import uncompared
from drctl.decide.own_rights import own_right_blockers
from drctl.decide.rules import Blocker, GateCategory, Rule
from drctl.decide.rules_disks import disk_blockers, disk_warnings
from drctl.decide.rules_links import link_blockers, link_warnings
from drctl.decide.rules_scaling import scaling_blockers, scaling_warnings
from drctl.decide.rules_sites import site_blockers, site_warnings
from drctl.decide.rules_workloads import workload_blockers, workload_warnings
from drctl.model.facts import Facts
from drctl.model.guards import Guards

__all__ = ["Blocker", "GateCategory", "Rule", "blockers", "costs", "warnings"]

OLDEST = timedelta(seconds=60)
"""Facts older than this say nothing about now."""


def blockers(facts: Facts, guards: Guards, now: datetime) -> Iterator[Blocker]:
    """Name all that stands in the way, in the order to fix it."""
    if now - facts.seen_at > OLDEST:
        age = (now - facts.seen_at).total_seconds()
        yield Blocker(Rule.FACTS_STALE, f"the sites were looked at {age:.0f} s ago", "look again")
    yield from site_blockers(facts)
    yield from own_right_blockers(facts)
    yield from disk_blockers(facts)
    yield from link_blockers(facts, guards.max_lag)
    yield from workload_blockers(facts)
    yield from scaling_blockers(facts)


def warnings(facts: Facts) -> Iterator[Blocker]:
    """Name all that does not stand in the way but is worth knowing: what it costs, and what could not be compared."""
    yield from costs(facts)
    yield from disk_warnings(facts)
    yield from uncompared(facts)


def costs(facts: Facts) -> Iterator[Blocker]:
    """Name all that does not stand in the way but costs something, with what it costs."""
    yield from site_warnings(facts)
    yield from link_warnings(facts)
    yield from workload_warnings(facts)
    yield from scaling_warnings(facts)
