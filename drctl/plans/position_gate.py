"""Every position as it could be handed over now, asked before anything is changed."""

from collections.abc import Callable

from drctl.decide.rules import Blocker, Rule
from drctl.decide.rules_positions import position_blockers
from drctl.errors import DrctlError
from drctl.model.facts import Facts
from drctl.plans.positions import Answers, translate_groups
from drctl.plans.proofs import Proofs
from drctl.ports import Clock, World

TRIES = 5
AGAIN = 1.0
"""How often at most, and after how many seconds again, positions are asked for while there are reasons.

Both logs go on while they are read: a sync that comes a moment after its record, a topic that is just being made, a log
that is compacted meanwhile look like what no waiting makes better, and are over after a second or two.
"""


def settled(ask: Callable[[], Answers], clock: Clock, *, accept_repeats: bool) -> tuple[Answers, tuple[Blocker, ...]]:
    """Return what ``ask`` answers once it gives no reasons, or the last time, and the reasons."""
    for attempt in range(1, TRIES + 1):
        answers = ask()
        reasons = tuple(position_blockers(answers, accept_repeats=accept_repeats))
        if not reasons or attempt == TRIES:
            break
        clock.sleep(AGAIN)
    return answers, reasons


def judge_positions(
    world: World, facts: Facts, *, accept_repeats: bool, proofs: Proofs | None = None
) -> tuple[Answers | None, str, tuple[Blocker, ...]]:
    """Return the answers (or None and why), and every reason to wait that positions give.

    Raises nothing that a port raises. Of a site that is silent nothing is asked: that is a reason of its own.
    """
    source, target = facts.source, facts.target
    for site in (source, target):
        if not site.cluster.known:
            return None, f"{site.name}: {site.cluster.unknown}", ()
    try:
        answers, reasons = settled(
            lambda: translate_groups(world, source.name, target.name, world.plan.groups, proofs=proofs),
            world.clock,
            accept_repeats=accept_repeats,
        )
    except DrctlError as error:
        why = str(error)
        remedy = error.remedy or "see 'drctl groups translate'"
        return None, why, (Blocker(Rule.POSITIONS_UNKNOWN, f"no position can be told: {why}", remedy),)
    return answers, "", reasons
