"""A world whose consumers live in the pods of Deployments, and follow no client routing."""

from dataclasses import replace

from drctl.model.scaling import DEPLOYMENT, STATEFUL_SET, Carrier, Scalable
from tests.fakes import FakeWorld, fake_world
from tests.fakes.scaling import Housing

DISPATCH = Scalable(DEPLOYMENT, "dispatch")
BILLING = Scalable(STATEFUL_SET, "billing")
BEFORE = {DISPATCH: 3, BILLING: 2}
CARRIERS = tuple(Carrier(what, (what.name,)) for what in BEFORE)


def housed(*sinks: str) -> FakeWorld:
    """At north three pods of one group and two of the other, at south the same objects with no pod."""
    earth = fake_world(*sinks)
    workloads = tuple(replace(each, carriers=CARRIERS) for each in earth.plan.workloads)
    earth.plan = replace(earth.plan, workloads=workloads)
    for what, replicas in BEFORE.items():
        earth.scaling["north"].create(what, replicas)
        earth.scaling["south"].create(what, 0)
        earth.consumers[what.name].routing = Housing(what, earth.scaling)
    earth.settle(1)
    earth.effects.names.clear()
    return earth


def require_pods(earth: FakeWorld, site: str, wanted: dict[Scalable, int] = BEFORE) -> None:
    """At that site so many of each work, at the other none is left, and nothing is kept where they work."""
    for name, scaling in earth.scaling.items():
        for what, replicas in wanted.items():
            seen = scaling.state(what)
            if name == site:
                assert (seen.wanted, seen.available, seen.kept) == (replicas, replicas, None), (name, str(what))
            else:
                assert seen.is_down, (name, str(what))
