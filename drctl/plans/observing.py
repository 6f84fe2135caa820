"""Observe what the gates and ``drctl plan`` judge by: both sites, the link once its tasks run, every position."""

from collections.abc import Callable
from typing import NamedTuple

from drctl.decide.rules import Blocker
from drctl.model.facts import Facts
from drctl.plans.kept_positions import unkept_positions
from drctl.plans.position_gate import AGED, JudgedPositions, Say, judge_positions, nowhere
from drctl.plans.proofs import Proofs
from drctl.plans.stale_link import stale_link
from drctl.ports import World

type Observe = Callable[[World, str, str], Facts]
"""``drctl.monitors.observe``, handed in by the command line or the service: plans do not import monitors."""

AGAIN = 1.0
"""Seconds between two looks."""
PATIENCE = 10.0
"""Seconds in which a worker hands out tasks: a rebalance takes one or two, a worker that has gone is missed for longer
(scheduled.rebalance.max.delay.ms, five minutes), and that is a reason to wait for a person to see."""


class Judged(NamedTuple):
    """Hold what was observed, every position, and all reasons to wait that took more than one look to see."""

    facts: Facts
    positions: JudgedPositions
    reasons: tuple[Blocker, ...]


def once_assigned(observe: Observe, world: World, source: str, target: str, *, say: Say = nowhere) -> Facts:
    """Observe; again for some seconds while tasks of the link are UNASSIGNED or RESTARTING.

    MirrorMaker 2 changes the tasks of its source connector whenever it finds a topic or a partition, and Connect stops
    and starts them all for it. Refused for that, a switchover that nothing stands in the way of would fail by chance.
    """
    deadline = world.clock.monotonic() + PATIENCE
    say(f"looking at {source}, {target} and the link between them")
    while _in_motion(facts := observe(world, source, target)) and world.clock.monotonic() < deadline:
        say(f"waiting until the tasks of {facts.link.link.name} are assigned")
        world.clock.sleep(AGAIN)
    return facts


def observed_and_judged(
    observe: Observe,
    world: World,
    source: str,
    target: str,
    *,
    accept_repeats: bool,
    proofs: Proofs | None = None,
    say: Say = nowhere,
) -> Judged:
    """Observe, see whether the link copies, judge every position and whether it was kept at the standby.

    After a wait the facts are those of afterwards.
    """
    facts = once_assigned(observe, world, source, target, say=say)
    began = world.clock.monotonic()
    silent = stale_link(world, facts, say=say)
    waited = world.clock.monotonic() - began >= AGED
    say("translating and proving every position as it is now")
    judged = judge_positions(world, facts, accept_repeats=accept_repeats, proofs=proofs, say=say)
    if waited or judged.waited:
        facts = once_assigned(observe, world, source, target, say=say)
    unkept = unkept_positions(world, facts, judged.answers) if judged.answers is not None else ()
    return Judged(facts, judged, (*silent, *judged.reasons, *unkept))


def _in_motion(facts: Facts) -> bool:
    status = facts.link.status.value
    return status is not None and any(connector.in_motion for connector in status.connectors)
