"""A standby that a shift demands more of, and a service that may scale it up ahead of that shift."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from drctl.model.capacity import Capacity, Demand, Shift
from drctl.model.run import RunState
from drctl.model.scaling import DEPLOYMENT, NODE_POOL, Scalable
from tests.fakes import FakeWorld
from tests.spec.housing import housed
from tests.spec.serving import EVERY, Service

GATE, POOL = Scalable(DEPLOYMENT, "gate"), Scalable(NODE_POOL, "broker")
ALL = tuple(range(7))
SCALED = "scale Deployment/gate to 2 at south"
OBSERVED = "journal says step-observed scale-ahead"


def demanding(*, begins_in: int = 10, pools: bool = True) -> FakeWorld:
    """A shift begins in so many minutes and demands two gates and five brokers; the service may scale 15 min ahead."""
    earth = housed()
    zone = ZoneInfo("Europe/Berlin")
    begins = earth.clock.now().astimezone(zone) + timedelta(minutes=begins_in)
    minute = begins.hour * 60 + begins.minute
    late = Shift("late", ALL, minute, (minute + 480) % 1440, Demand({"gate": 2, "dispatch": 4}, {"broker": 5}))
    rest = Shift("rest", ALL, (minute + 480) % 1440, minute)
    earth.plan = replace(
        earth.plan,
        capacity=Capacity(zone, "Europe/Berlin", (late, rest), pools, timedelta(0), timedelta(minutes=15)),
    )
    for scaling in earth.scaling.values():
        scaling.create(GATE, 1)
        scaling.create(POOL, 3)
    earth.effects.names.clear()
    return earth


def scalings(earth: FakeWorld) -> list[str]:
    return [name for name in earth.effects.names if name.startswith("scale ")]


def watched(service: Service, looks: int = 1) -> None:
    for _ in range(looks):
        service.look()
        service.earth.clock.sleep(EVERY.total_seconds())


def states(earth: FakeWorld) -> list[RunState]:
    return [state for run, state in earth.journal.runs() if run.kind == "capacity"]
