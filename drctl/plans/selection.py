"""Which part of a plan file's work moves: chosen by a person, and without what was handed over before.

| the last run that ended as done and concerns the group | it lives at | a move to that site takes it along |
| --- | --- | --- |
| none, or a switchover, failover or failback | the primary | yes |
| a handover to south, no move or undo since | south | no: it has committed there since |
| an undo of that handover, of a group that it gave back | the primary | yes |

Example: run 7 hands dispatch over from north to south. A switchover to south leaves dispatch alone, and so does the
group-offset sync towards south. An undo (run 8) puts it back: it moves with the others again. Once a move is done, all
live at the new primary, and nothing is away any more.

Invariant: g is away at s <=> the last of these runs that concerns g is a handover of g to s.
Runs are read in the order in which they were begun, and runs of one plan file exclude each other until they have ended.
A move clears all that was away; a handover or an undo first clears its groups, and only a handover adds them again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from drctl.decide.rules import GateCategory
from drctl.errors import Blocked, NotFound
from drctl.model.chain import canonical, digest
from drctl.model.plan_file import PlanFile
from drctl.model.run import Event, Evidence, Run, RunState
from drctl.model.workloads import Workload
from drctl.ports import World

SWITCHOVER, HANDOVER, UNDO, GROUP_SYNC = "switchover", "handover", "undo", "group-sync"
FAILOVER, FENCE, SALVAGE, DECISION, FAILBACK = "failover", "fence", "salvage", "decision", "failback"
REVERSAL, UNFENCE = "reversal", "unfence"
"""Kinds of runs."""
MOVES = (SWITCHOVER, FAILOVER, FAILBACK)
"""Kinds that move all of the work from one site to the other."""
MOVE_GROUPS = (*MOVES, HANDOVER, UNDO)
"""Kinds that move groups, and so have to know as which groups the sinks read."""
DONE_BEFORE = "done before"
"""Where a step that was refused in the middle notes what it had done."""
AWAITED = "awaited approval"
"""Where a run that was refused for want of an approval notes what one would bind to."""
SINK_GROUPS = "sink groups"
"""Where a run, and group-offset sync, note as which groups the sinks read."""

APPROVAL = "approval"
"""No run: an approval is journaled under this kind."""
PAUSE = "pause"
"""No run: a pause, and its end before its time, is journaled under this kind."""
DOCTOR = "doctor"
"""Safe changes at a standby; such a run moves nothing, and no other waits for its end."""
DRILL = "drill"
"""An isolated drill: it moves nothing of the workload, and no other run waits for its end."""
LIVE_DRILL = "live-drill"
"""A drill with the real work: its moves are runs of their own, and it keeps no other run out."""
DRILL_WORD = "drill-word"
"""No run: a person's word on how a live drill ends is journaled under this kind."""
ADOPTION = "adoption"
"""Deny rules that were taken for drctl's own; no other run waits for its end."""
RESTART = "restart"
"""Tasks of a link that had failed and were restarted; no other run waits for its end."""
CAPACITY = "capacity"
"""A standby that was scaled up ahead of a shift; no other run waits for its end."""


def narrowed(
    world: World, *, workloads: Collection[str] = (), groups: Collection[str] = (), topics: Collection[str] = ()
) -> World:
    """The same world with a smaller plan: only what is named; of what nothing is named, everything.

    NotFound for a name that the plan file does not have, or if no group is left. Blocked for a group that may be the
    one of a sink, while nobody knows as which group that reads.
    """
    plan = world.plan
    _require_named("workload", workloads, [w.name for w in plan.workloads])
    _require_named("topic", topics, plan.topics)
    if set(groups) - set(plan.own_groups):
        _require_groups(plan, groups)
    kept = tuple(_kept(plan, w, groups, topics) for w in plan.workloads if not workloads or w.name in workloads)
    smaller = replace(plan, workloads=tuple(w for w in kept if (w.groups or w.sinks) and w.topics))
    if not smaller.own_groups and not smaller.sinks:
        raise NotFound("no group is left of what was chosen", remedy="choose groups and topics of the same workload")
    return replace(world, plan=smaller)


def moving(world: World, target: str) -> World:
    """The world of a move to that site: groups that were handed over to it alone stay as they are."""
    return without(world, handed_over(world, target))


def without(world: World, groups: Collection[str]) -> World:
    """The same world with a plan that does not name these groups."""
    if not groups:
        return world
    plan = world.plan
    stays, stopped = (lambda group: group not in groups), (lambda sink: plan.group_of(sink) not in groups)
    return replace(world, plan=replace(plan, workloads=tuple(w.only(stays, stopped) for w in plan.workloads)))


def handed_over(world: World, target: str) -> Mapping[str, str]:
    """Groups that live at that site because a handover took them there and nothing moved them since; with its run."""
    away: dict[str, tuple[str, str]] = {}
    for run, state in world.journal.runs():
        if run.kind == UNDO:
            for group in undone(world, run, state):
                away.pop(group, None)
        elif state is not RunState.DONE:
            continue
        elif run.kind in MOVES:
            away.clear()
        elif run.kind == HANDOVER:
            away |= dict.fromkeys(chosen(world, run.id).get("groups", ()), (run.target, run.id))
    return {group: run for group, (site, run) in away.items() if site == target}


def undone(world: World, run: Run, state: RunState) -> Sequence[str]:
    """Return the groups that an undo gave back: all once it is done, and those before one that was refused."""
    if state is RunState.DONE:
        return tuple(chosen(world, run.id).get("groups", ()))
    told = [entry.body.get(DONE_BEFORE, ()) for entry in world.journal.entries(run.id)]
    return tuple(group for groups in told for group in groups)


def left_by_failover(world: World, site: str) -> bool:
    """Whether the last move was a failover away from that site: it waits for its tail to be salvaged."""
    moves = [run for run, state in world.journal.runs() if run.kind in MOVES and state is RunState.DONE]
    return bool(moves) and moves[-1].kind == FAILOVER and moves[-1].source == site


def chosen(world: World, run: str) -> Evidence:
    """Return what a run said at its start."""
    return next((entry.body for entry in world.journal.entries(run) if entry.event is Event.RUN_STARTED), {})


def contents(plan: PlanFile) -> Evidence:
    """Return what moves, for the journal; ``moves`` digests all that may not be edited while a run is unfinished.

    That is what moves, between which sites over which links, and whom the fence exempts. Addresses, logins, guards and
    hooks may be edited.
    """
    return {"groups": list(plan.groups), "topics": list(plan.topics), "moves": moves_digest(plan)}


def sink_groups_to_note(world: World) -> Evidence:
    """As which groups the sinks read, for the journal: None where that is unknown, nothing where nobody was asked."""
    told = {sink: each.name for sink, each in world.plan.sink_groups.items()}
    return {SINK_GROUPS: told} if told else {}


def moves_digest(plan: PlanFile) -> str:
    """The digest of all that may not be edited while a run is unfinished; nobody is asked for it."""
    workloads = [[w.name, w.topics, w.groups, w.sinks, list(map(str, w.carriers))] for w in plan.workloads]
    links = [[k.name, k.source, k.target, k.replication_principal, k.prefix] for k in plan.links]
    platform = [[site.name, sorted(site.platform_principals)] for site in plan.sites if site.platform_principals]
    return digest(canonical([workloads, [site.name for site in plan.sites], links, *([platform] if platform else [])]))


def _require_named(what: str, wanted: Collection[str], known: Sequence[str]) -> None:
    if missing := sorted(set(wanted) - set(known)):
        raise NotFound(f"the plan file names no {what} {', '.join(missing)}", remedy=f"use one of {', '.join(known)}")


def _require_groups(plan: PlanFile, groups: Collection[str]) -> None:
    missing, unknown = sorted(set(groups) - set(plan.groups)), plan.unknown_sinks
    if missing and unknown:
        raise Blocked(
            f"the plan file names no group {', '.join(missing)}, and which groups its sinks read as is not known",
            (f"{sink}: {each.unknown} ({each.remedy})" for sink, each in sorted(unknown.items())),
            exit_code=GateCategory.WORKER.value,
            remedy="remove the reasons and run the command again",
        )
    _require_named("group", groups, plan.groups)


def _kept(plan: PlanFile, workload: Workload, groups: Collection[str], topics: Collection[str]) -> Workload:
    """A sink of which nobody knows the group moves with its workload, and with no group that was chosen."""
    smaller = workload.only(
        lambda group: not groups or group in groups, lambda sink: not groups or plan.group_of(sink) in groups
    )
    return replace(smaller, topics=tuple(t for t in workload.topics if not topics or t in topics))
