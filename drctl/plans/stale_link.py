"""Watch whether a link that runs copies at all, before anybody is stopped: behind the fence clients wait for it."""

from collections.abc import Mapping
from datetime import timedelta

from drctl.decide.rules import Blocker, Rule
from drctl.decide.staleness import link_silent, worth_watching
from drctl.errors import DrctlError
from drctl.model.facts import Facts
from drctl.model.offsets import TopicPartition
from drctl.plans.position_gate import Say, nowhere
from drctl.ports import World

AGAIN = 1.0
"""Seconds between two looks at what the link has copied."""


def stale_link(world: World, facts: Facts, *, say: Say = nowhere) -> tuple[Blocker, ...]:
    """Return the reason not to begin over a link that copies nothing; nothing where it copies, or has nothing to copy.

    It takes no time unless a record has waited for as long as a link may need three times over; then it ends with the
    first record that is copied. Raises nothing that a port raises. Where clients are not at the source, another rule
    says so.
    """
    after = worth_watching(facts.link)
    lag = facts.link.lag.value
    if after is None or lag is None or facts.client_routing.value != facts.source.name:
        return ()
    name, clock, began = facts.link.link.name, world.clock, world.clock.monotonic()
    first, failure = lag.frontier, ""
    while True:
        try:
            # Asked for all partitions at once and compared as a whole: the question is whether the link
            # copies anything at all, not how fast.
            now = world.links[facts.source.name, facts.target.name].replication.frontier()
            first, failure = now if first is None else first, ""
            if _copied(first, now):
                return ()
        except DrctlError as error:  # a worker that is asked often may be late with one answer
            failure = str(error)
        if (watched := timedelta(seconds=clock.monotonic() - began)) >= after:
            break
        say(f"{name}: watching for {watched.total_seconds():.0f} s of {after.total_seconds():.0f} whether it copies")
        clock.sleep(AGAIN)
    if failure:
        detail = f"{name}: whether it copies anything was not seen: {failure}"
        return (Blocker(Rule.LAG_UNKNOWN, detail, "see the reason, then look again"),)
    return (link_silent(name, watched, lag.total),)


def _copied(before: Mapping[TopicPartition, int], now: Mapping[TopicPartition, int]) -> bool:
    """Whether it has noted anything since; set back counts, too: somebody is at work on it, and the lag tells."""
    return dict(before) != dict(now)
