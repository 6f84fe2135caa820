"""Retention held still on a site's topics, and given back: nothing may be deleted before it is salvaged."""

from collections.abc import Mapping

from drctl.model.run import Event, Evidence, RunState
from drctl.plans.selection import FAILBACK, SALVAGE
from drctl.ports import SitePorts, World

FREEZE = "freeze-retention"
"""The step whose intent remembers what was set before."""

FOREVER = str(2**63 - 1)
FROZEN: Mapping[str, str] = {
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "min.compaction.lag.ms": FOREVER,
    "max.compaction.lag.ms": FOREVER,
}
"""The longest lag of compaction goes with the shortest: brokers decline a shortest one that is longer."""


def settings(site: SitePorts, topics: tuple[str, ...]) -> dict[str, dict[str, str | None]]:
    """Return what is set for these topics themselves, None where there is only the default."""
    return {topic: _frozen_ones(own) for topic, own in sorted(site.topics.own(topics).items())}


def _frozen_ones(own: Mapping[str, str]) -> dict[str, str | None]:
    return {key: own.get(key) for key in FROZEN}


def is_frozen(site: SitePorts, topics: tuple[str, ...]) -> bool:
    """Whether every topic keeps everything."""
    return all(found == FROZEN for found in settings(site, topics).values())


def before(world: World, site: str) -> Evidence:
    """By topic what was set at that site before drctl froze it first, since it was last given back; empty if never."""
    found: Evidence = {}
    for run, state in world.journal.runs():
        if run.kind == FAILBACK and run.target == site and state is RunState.DONE:
            found = {}
        elif run.kind == SALVAGE and run.source == site:
            for entry in world.journal.entries(run.id):
                if entry.step == FREEZE and entry.event is Event.STEP_INTENDED:
                    # What was noted first counts: a second salvage finds what drctl has frozen itself, and
                    # given back as what was there before, it would stay frozen for good.
                    found = entry.body["before"] | found
    return found
