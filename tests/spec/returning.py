"""A world after a failover, as the failover leaves it: north is lost with a tail that never reached south, and back."""

from dataclasses import dataclass, field

from drctl.model.fence import DenyRule, Scope
from drctl.model.link import ConnectorState
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Event, Evidence, Run, RunResult, RunState
from drctl.model.salvage import Decision, Fate
from drctl.monitors import observe
from drctl.plans import decision, evidence, failback, runner, salvage
from drctl.plans.aftermath import aftermath, last_salvage
from drctl.plans.export import saved
from drctl.plans.plan import StepContext
from drctl.plans.selection import FAILOVER
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world
from tests.fakes.world import APPLICATIONS
from tests.spec.harness import RecordingObserver

FAILOVER_RUN = "20260101T000000-failover"


@dataclass(slots=True)
class Aftermath:
    """The lost site is back. ``lost``: what was acknowledged there and is not at south, in order."""

    earth: FakeWorld
    frontier: dict[TopicPartition, int]
    ends: dict[TopicPartition, int]
    lost: dict[TopicPartition, list[bytes]]
    begun: dict[TopicPartition, int] = field(default_factory=dict)


def returned(*, fence: str = "pending", behind: int = 0, batch: int = 3) -> Aftermath:
    """North was lost under load and is back. ``behind`` records were copied and not noted (an at-least-once link)."""
    earth = fake_world()
    link = earth.mirrors["north", "south"]
    link.batch = batch
    earth.settle(1)
    link.holds = True
    aborted = earth.north.begin(APPLICATIONS[1])
    aborted.write(TopicPartition("shop.orders", 0), b"aborted")
    aborted.abort()
    earth.settle(1.5)
    earth.north.down = True
    link.state = ConnectorState.STOPPED
    frontier = {p: link.stored.get(p, -1) + 1 for p in earth.north.logs if p.topic in link.topics}
    ends = {p: earth.south.logs[p].bounds.stable for p in frontier}
    lost = {p: earth.north.payloads(p)[len(earth.south.payloads(p)) :] for p in frontier}
    for p, offset in frontier.items() if behind else ():
        known = [o for o, _ in earth.north.logs[p].data(0, offset)]
        frontier[p] = known[-behind]
    _hand_positions_over(earth, frontier)
    if fence != "pending":
        earth.north.denials = {DenyRule(p, s) for p in (*APPLICATIONS, "User:canary") for s in Scope}
    _write_down(earth, fence, frontier, ends)
    earth.south.denials.clear()
    for site in earth.sites.values():
        site.allowed.add("User:drctl")  # it may replay
    earth.routing.route_to("south")
    earth.settle(3)
    earth.north.down, link.holds = False, False
    earth.effects.names.clear()
    return Aftermath(earth, frontier, ends, lost)


def _hand_positions_over(earth: FakeWorld, frontier: dict[TopicPartition, int]) -> None:
    for name in earth.consumers:
        for p in frontier:
            before = earth.north.group(name).committed.get(p, Committed(0)).offset
            read = len(list(earth.north.logs[p].data(0, before)))
            there = [offset for offset, _ in earth.south.logs[p].data(0)]
            at = there[read] if read < len(there) else earth.south.logs[p].bounds.stable
            earth.south.group(name).committed[p] = Committed(at)


def _write_down(
    earth: FakeWorld, fence: str, frontier: dict[TopicPartition, int], ends: dict[TopicPartition, int]
) -> None:
    run = Run(FAILOVER_RUN, FAILOVER, earth.plan.name, earth.plan.digest, "north", "south", earth.epochs.current() + 1)
    earth.journal.begin(run)
    earth.journal.append(run.id, Event.RUN_STARTED)
    steps: dict[str, Evidence] = {
        "fence-what-answers": {"fence": fence},
        "measure-loss": {"frontier": evidence.to_json(frontier), "source ends": evidence.to_json(frontier)},
        "record-handover-point": {"ends": evidence.to_json(ends)},
    }
    for step, body in steps.items():
        earth.journal.append(run.id, Event.STEP_OBSERVED, step, body)
    earth.epochs.raise_to(run.epoch, expected=run.epoch - 1)
    earth.journal.end(run.id, RunState.DONE)


def salve(world: World) -> RunResult:
    """One process' salvage."""
    failover = aftermath(world)
    plan = salvage.ordered(failover.run.source, failover.run.target, failover.run.id)
    return runner.run(plan, world, RecordingObserver())


def decide(world: World, topic: str, wanted: Decision, records: int | None = None) -> RunResult:
    """One process' decision."""
    failover = aftermath(world)
    salvaged = last_salvage(world, failover)
    plan = decision.made(failover, salvaged, topic, wanted, by="Ada", reason="a test", records=records)
    return runner.run(plan, world, RecordingObserver())


def decide_all(earth: FakeWorld, wanted: Decision = Decision.HAND_OVER) -> None:
    """The same about every topic."""
    for topic in earth.plan.topics:
        decide(earth.ports(), topic, wanted)


def go_home(world: World) -> RunResult:
    """One process' failback."""
    plan = failback.plan(world, "south", "north", observe=observe)
    return runner.run(plan, world, RecordingObserver())


def rescued(earth: FakeWorld, fate: Fate = Fate.COMMITTED) -> dict[TopicPartition, list[bytes]]:
    """What the newest salvage holds of that fate, in order."""
    world = earth.ports()
    found = last_salvage(world, aftermath(world))
    ctx = StepContext(world, found.run, {}, {}, True, lambda _: None, lambda: None)
    return {
        p: [r.value or b"" for r in saved(ctx, found.run.id, tail) if r.fate is fate] for p, tail in found.tails.items()
    }
