"""Failback: the site that was lost takes the work back; only what is new is copied, and what was stranded skipped,
unless a topic is recreated.
"""

from collections.abc import Collection
from dataclasses import replace

from drctl.errors import NotFound
from drctl.model.loss import AcceptedLoss
from drctl.plans import switchover
from drctl.plans.observing import Observe
from drctl.plans.plan import Plan
from drctl.plans.selection import FAILBACK
from drctl.plans.steps.catch_up import CatchUp
from drctl.plans.steps.check_gates import CheckGates
from drctl.plans.steps.check_homecoming import CheckHomecoming
from drctl.plans.steps.raise_epoch import RaiseEpoch
from drctl.plans.steps.recreate_topics import RecreateTopics, RestoreTopics
from drctl.plans.steps.restore_retention import RestoreRetention
from drctl.plans.steps.start_link_home import StartLinkHome
from drctl.ports import World

NOTHING = AcceptedLoss()


def plan(
    world: World,
    source: str,
    target: str,
    *,
    observe: Observe,
    accept_repeats: bool = False,
    recreate: Collection[str] = (),
    accepted: AcceptedLoss = NOTHING,
) -> Plan:
    """The failback from ``source``, which serves, to ``target``, which was lost.

    Topics named in ``recreate`` are recreated at the target and copied whole; of what the source no longer has of them
    at most ``accepted`` is given up. NotFound as for a switchover, and for a topic that the plan file does not name.
    """
    switchover.plan(world, source, target, observe=observe)
    if unknown := sorted(set(recreate).difference(world.plan.topics)):
        known = ", ".join(world.plan.topics)
        raise NotFound(f"the plan file names no topic {', '.join(unknown)}", remedy=f"use one of {known}")
    return ordered(source, target, observe=observe, accept_repeats=accept_repeats, recreate=recreate, accepted=accepted)


def ordered(
    source: str,
    target: str,
    *,
    observe: Observe,
    accept_repeats: bool = False,
    recreate: Collection[str] = (),
    accepted: AcceptedLoss = NOTHING,
) -> Plan:
    """The same without a world to check against, for the runbook. From its gates on it is a switchover."""
    topics = tuple(sorted(set(recreate)))
    move = switchover.ordered(source, target, observe=observe, accept_repeats=accept_repeats)
    rest = tuple(
        CheckGates(observe, asks=False, accept_repeats=accept_repeats) if step.name == CheckGates.name else step
        for step in move.steps
        if step.name != RaiseEpoch.name
    )
    steps = (
        # Its own gates come first and ask for what no switchover knows: a tail that is saved and decided
        # on. Those of the switchover are asked again behind the copy, when there is something to judge.
        CheckHomecoming(observe, topics, accepted),
        RaiseEpoch(),
        RecreateTopics(topics),
        StartLinkHome(),
        CatchUp(),
        *rest,
        # Last of all: until the work is home, retention at the returned site must delete nothing.
        RestoreRetention(),
    )
    about = {"recreate": list(topics), "accepted loss": str(accepted)} if topics else {}
    return replace(move, kind=FAILBACK, steps=steps, rollback=(RestoreTopics(), *move.rollback), about=about)
