"""What the sentences about live drills share: a world that allows one, its approval, and who performs it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from drctl.drills.live.drill import LiveDrill
from drctl.errors import ApprovalMissing
from drctl.model.calendar import Calendar
from drctl.model.capacity import Shift
from drctl.model.live import LiveDrillTerms, StayWatch
from drctl.model.run import RunResult, RunState
from drctl.model.terms import Terms
from drctl.monitors import observe
from drctl.plans import runner
from drctl.plans.approvals import approve
from drctl.plans.awaiting import awaited
from drctl.plans.live import LiveState, begin_live_drill, end_live_drill
from drctl.plans.plan import Plan
from drctl.plans.selection import SWITCHOVER
from drctl.ports import World
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.harness import RecordingObserver, require_nothing_lost_or_repeated

ANNA, BEN = Terms(by="anna", account="a"), Terms(by="ben", account="b")
STAY = timedelta(seconds=90)
ALWAYS = Shift("", tuple(range(7)), 0, 24 * 60)
THERE, HOME = ("north", "south", RunState.DONE), ("south", "north", RunState.DONE)
"""The moves of a drill, as :func:`moves` tells them."""
ERRORS = StayWatch("client-errors", ("errors", "--since", "1m"), timedelta(seconds=5))


def allowing(earth: FakeWorld, *watches: StayWatch) -> FakeWorld:
    """The same world, whose plan file allows a live drill at any time; ``watches`` are asked during the stay."""
    terms = LiveDrillTerms(STAY, timedelta(seconds=45), timedelta(seconds=60), watches)
    calendar = Calendar(ZoneInfo("UTC"), "UTC", (ALWAYS,), ())
    earth.plan = replace(earth.plan, live_drills=terms, guards=replace(earth.plan.guards, calendar=calendar))
    for site in earth.sites.values():
        site.tells_time = True  # a lag of unknown age counts as too late, and some record waits at every look
    return earth


def moved(plan: Plan, world: World, terms: Terms) -> RunResult:
    return runner.run(plan, world, RecordingObserver(), terms)


@dataclass(slots=True)
class Performed:
    """One process' attempt at a drill: itself, where it stood then, and what it has said."""

    drill: LiveDrill
    state: LiveState
    lines: list[str] = field(default_factory=list)


def perform(
    world: World, drill: str = "", *, terms: Terms = ANNA, heard: Callable[[str], None] = lambda _: None
) -> Performed:
    """Go on with the drill of that id, or begin one from north to south."""
    identity = drill or begin_live_drill(world, "north", "south", terms).id
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        heard(line)

    performing = LiveDrill(world, identity, terms, observe=observe, move=moved, say=say)
    return Performed(performing, performing.perform(), lines)


def approved(earth: FakeWorld) -> FakeWorld:
    """A drill was asked for by Anna, refused for want of an approval, and Ben has given one."""
    world = earth.new_process()
    done = perform(world)
    assert isinstance(done.drill.failed, ApprovalMissing)
    assert done.state.there is not None
    end_live_drill(world, done.state.run, good=False, told={"failure": "no approval"})
    wanted = awaited(world, done.state.there.run.id)
    approve(world, BEN, wanted.seen, "the window is open", run=wanted.run.id)
    earth.effects.names.clear()
    return earth


def ready(*watches: StayWatch) -> FakeWorld:
    """A world in which a drill may begin: allowed and approved."""
    return approved(allowing(fake_world(), *watches))


def after(earth: FakeWorld, seconds: float, act: Callable[[], object]) -> None:
    """Somebody else acts once, when so much time has passed behind the beginning of the next stay at south."""
    since: list[float] = []

    def tick() -> None:
        if earth.routing.site() != "south":
            return
        if not since:
            since.append(earth.clock.monotonic())
        if earth.clock.monotonic() - since[0] >= seconds:
            earth.clock.actors.remove(tick)
            act()

    earth.clock.actors.append(tick)


def require_each_read_once(earth: FakeWorld, served_by: str) -> None:
    """The same as :func:`require_nothing_lost_or_repeated`, once the slow group has had time for all of a stay."""
    earth.come_to_rest()
    earth.come_to_rest()
    require_nothing_lost_or_repeated(earth, served_by)


def ended_by(done: Performed) -> str:
    assert done.state.ended is not None
    return str(done.state.ended.body["why"])


def moves(earth: FakeWorld) -> list[tuple[str, str, RunState]]:
    return [(run.source, run.target, state) for run, state in earth.journal.runs() if run.kind == SWITCHOVER]


def staying() -> FakeWorld:
    """A drill whose drctl was killed in the middle of its stay."""
    earth = ready()
    die_in_the_stay(earth)
    return earth


def die_in_the_stay(earth: FakeWorld) -> None:
    def die() -> None:
        raise Killed

    after(earth, 60, die)
    with pytest.raises(Killed):
        perform(earth.new_process())
