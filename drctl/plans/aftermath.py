"""Tell what a failover that stands has left to do: its tail saved or not, and what was decided about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from drctl.errors import NotFound, Refused
from drctl.model.fence import FenceState
from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence, Run, RunState
from drctl.model.salvage import Decision, StrandedSpan
from drctl.plans import failovers
from drctl.plans.selection import DECISION, SALVAGE, chosen
from drctl.plans.step_evidence import HandoverPoint, MeasuredLoss, left_if_any
from drctl.plans.tails import EXPORT, observed, read
from drctl.ports import World

COMPARE = "compare-returned-site"
"""The step whose evidence tells what a returned site lacks of what it had."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """A finished failover that no move has followed: ``run.source`` was lost, ``run.target`` serves.

    ``frontier``: by source partition the first offset not known to be at the target. ``ends``: where the target ended
    before it was opened. ``seen``: the lost site's ends when somebody last saw it, empty if nobody did. ``fence`` is
    what was shown of it last, ``opened`` for how long it may have taken writes before that, if it is known.
    """

    run: Run
    began: datetime
    frontier: Mapping[TopicPartition, int]
    ends: Mapping[TopicPartition, int]
    seen: Mapping[TopicPartition, int]
    fence: FenceState
    opened: Evidence = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Salvaged:
    """A finished salvage: its run, the tails with their partitions, and how many committed records each topic lost.

    ``less`` names topics whose log at the returned site is no longer the one that was copied, with why: what was saved
    of them may be at the serving site, too, and only a full copy brings them home.
    """

    run: Run
    tails: Mapping[TopicPartition, StrandedSpan]
    committed: Mapping[str, int]
    less: Mapping[str, str] = field(default_factory=dict)


def aftermath(world: World) -> Aftermath:
    """The failover that stands. NotFound if there is none; Refused while it is unfinished, and under the default
    replication policy, where copies cannot be confused with what is written beside them.
    """
    found = failovers.standing(world)
    if found is None:
        raise NotFound(
            "no failover stands: the last move was a planned one, and left nothing behind",
            remedy="see 'drctl status'; to move the work use 'drctl switchover'",
        )
    if not found.finished:
        raise Refused(
            f"failover {found.run.id} has not finished",
            remedy=f"'drctl failover --to {found.run.target}' continues it",
        )
    link = world.plan.link(found.run.source, found.run.target)
    if link.prefix:
        raise Refused(
            f"under the default replication policy nothing is stranded: what {found.run.source} has more than "
            f"{found.run.target} is copied under names of its own once link {link.name} runs on",
            remedy=f"resume the link's connectors at {found.run.target}; then 'drctl switchover' brings the work home",
        )
    measured = left_if_any(MeasuredLoss, found.evidence)
    point = left_if_any(HandoverPoint, found.evidence)
    return Aftermath(
        run=found.run,
        began=world.journal.entries(found.run.id)[0].at,
        frontier=measured.frontier if measured else {},
        ends=point.ends if point else {},
        seen=measured.source_ends if measured else {},
        fence=found.fence,
        opened=found.opened,
    )


def last_salvage(world: World, failover: Aftermath) -> Salvaged:
    """The newest finished salvage after that failover. NotFound if the tail was not salvaged yet."""
    for run, state in reversed(world.journal.runs()):
        # What was salvaged before that failover is the tail of another one.
        if run.id == failover.run.id:
            break
        if run.kind == SALVAGE and state is RunState.DONE and run.source == failover.run.source:
            seen = observed(world, run.id)
            told, less = seen[EXPORT], seen.get(COMPARE, {}).get("less", {})
            return Salvaged(run, read(told["tails"]), {t: c["committed"] for t, c in told["topics"].items()}, less)
    raise NotFound(
        f"what run {failover.run.id} left behind at {failover.run.source} was not salvaged yet",
        remedy="run 'drctl salvage' once its brokers answer",
    )


def decided(world: World, failover: str) -> Mapping[str, tuple[Decision, Evidence]]:
    """By topic what was decided and carried out after that failover, the newest counting, with what was said of it."""
    found: dict[str, tuple[Decision, Evidence]] = {}
    for run, state in world.journal.runs():
        if run.kind == DECISION and state is RunState.DONE:
            said = chosen(world, run.id)
            if said["failover"] == failover:
                found[said["topic"]] = (Decision(said["decision"]), said | {"run": run.id})
    return found


def undecided(world: World, failover: Aftermath, salvaged: Salvaged) -> tuple[str, ...]:
    """Topics with committed records in their tail about which nobody has decided, sorted.

    A decision counts for as many records as there were then.
    """
    done = decided(world, failover.run.id)
    return tuple(
        sorted(
            topic
            for topic, count in salvaged.committed.items()
            # A later salvage may find more than the person knew of who has decided.
            if count and (topic not in done or done[topic][1]["records"] != count)
        )
    )
