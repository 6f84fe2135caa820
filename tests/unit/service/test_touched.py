"""Events on the resources of Strimzi that a run has touched: each once, at its site, and never in anybody's way."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from drctl.errors import RolledBack
from drctl.model.resources import EVENT, KAFKA_USER
from drctl.model.run import Event, JournalEntry, Run
from drctl.model.shown import GROUP, VERSION
from drctl.monitors import status
from drctl.plans.standing import RunStanding, Told, told_runs
from drctl.ports import KubePorts, World
from drctl.service.showing import ResourceMirror
from drctl.service.touched import APART, KEPT, TouchedResources
from tests.fakes import FakeApi, FakeResources
from tests.fakes.kubernetes import FakeKubelets
from tests.spec.harness import switch
from tests.spec.strimzi_sites import SHAPES, StrimziEarth, strimzi_earth

LINKS = {"v1": "KafkaMirrorMaker2", "v1beta2": "KafkaMirrorMaker2", "connectors": "KafkaConnector"}


def seen(strimzi: StrimziEarth) -> World:
    """The world of a service that reaches both sites' Kubernetes."""
    world = strimzi.earth.ports()
    sites = {
        name: replace(ports, kubernetes=KubePorts(FakeResources(strimzi.spaces[name].api), FakeKubelets()))
        for name, ports in world.sites.items()
    }
    return replace(world, sites=sites)


def events(strimzi: StrimziEarth, site: str) -> list[dict[str, Any]]:
    objects = strimzi.spaces[site].api.objects
    return [item for (plural, *_), item in sorted(objects.items()) if plural == EVENT.plural]


def told(strimzi: StrimziEarth, site: str) -> set[tuple[str, str, str]]:
    """Reason, kind and name of what they are about."""
    about = [(each["reason"], each["involvedObject"]) for each in events(strimzi, site)]
    return {(reason, on["kind"], on["name"]) for reason, on in about}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_switchover_is_told_on_the_users_and_links_that_it_touched(shape: str) -> None:
    earth, strimzi = strimzi_earth(shape)
    result = switch(earth.ports())
    world = seen(strimzi)
    touched = TouchedResources(world)
    touched.tell(told_runs(world))
    assert touched.trouble == {}
    north, south = told(strimzi, "north"), told(strimzi, "south")
    assert {("FenceWrites", "KafkaUser", "shop"), ("FenceTransactions", "KafkaUser", "shop")} <= north
    assert ("UnfenceTarget", "KafkaUser", "shop") in south
    assert ("ReverseReplication", LINKS[shape]) in {each[:2] for each in north}
    assert LINKS[shape] in {kind for _, kind, _ in south}
    assert "mm2" not in {name for _, kind, name in north | south if kind == "KafkaUser"}
    (event,) = [each for each in events(strimzi, "south") if each["involvedObject"]["name"] == "shop"]
    user = strimzi.spaces["south"].api.objects[KAFKA_USER.plural, "kafka", "shop"]
    assert event["involvedObject"]["uid"] == user["metadata"]["uid"]
    assert all(word in event["message"] for word in (result.run.id, "unfence-target", "switchover from north to south"))


def test_who_leads_next_tells_nothing_twice_and_nothing_that_is_old() -> None:
    earth, strimzi = strimzi_earth()
    switch(earth.ports())
    world = seen(strimzi)
    TouchedResources(world).tell(told_runs(world))
    before = {site: events(strimzi, site) for site in strimzi.spaces}
    TouchedResources(world).tell(told_runs(world))
    assert {site: events(strimzi, site) for site in strimzi.spaces} == before
    for site, space in strimzi.spaces.items():
        for each in before[site]:
            space.api.remove(EVENT, each["metadata"]["name"])
    earth.clock.jump(KEPT + timedelta(seconds=1))
    TouchedResources(world).tell(told_runs(world))
    assert [event for site in strimzi.spaces for event in events(strimzi, site)] == []


def test_a_rollback_is_told_on_whom_the_run_had_denied() -> None:
    earth, strimzi = strimzi_earth()
    earth.consumers["billing"].stubborn = True
    with pytest.raises(RolledBack):
        switch(earth.ports())
    world = seen(strimzi)
    TouchedResources(world).tell(told_runs(world))
    assert {("FenceWrites", "KafkaUser", "shop"), ("UnfenceSource", "KafkaUser", "shop")} <= told(strimzi, "north")


def test_a_site_that_refuses_is_noted_is_not_asked_at_every_look_and_is_told_later() -> None:
    earth, strimzi = strimzi_earth()
    switch(earth.ports())
    world = seen(strimzi)
    touched = TouchedResources(world)
    north = strimzi.spaces["north"].api
    north.forbidden.add(("patch", "events"))
    touched.tell(told_runs(world))
    assert 'cannot patch resource "events"' in touched.trouble["north"]
    assert events(strimzi, "south") != []
    asked = len(north.asked)
    touched.tell(told_runs(world))
    assert len(north.asked) == asked
    north.forbidden.clear()
    earth.clock.jump(timedelta(seconds=APART))
    touched.tell(told_runs(world))
    assert touched.trouble == {}
    assert events(strimzi, "north") != []


def test_a_world_without_strimzi_or_kubernetes_is_left_alone() -> None:
    earth, strimzi = strimzi_earth()
    switch(earth.ports())
    without = earth.ports()
    TouchedResources(without).tell(told_runs(without))
    plan = replace(without.plan, sites=tuple(replace(each, strimzi=None) for each in without.plan.sites))
    bare = replace(seen(strimzi), plan=plan)
    TouchedResources(bare).tell(told_runs(bare))
    assert [event for site in strimzi.spaces for event in events(strimzi, site)] == []


def test_who_leads_tells_it_and_says_once_where_it_may_not() -> None:
    earth, strimzi = strimzi_earth()
    switch(earth.ports())
    strimzi.spaces["north"].api.forbidden.add(("patch", "events"))
    leads = [False]
    own = FakeResources(FakeApi({GROUP: (VERSION,)}), earth.clock, namespace="drctl")
    mirror = ResourceMirror(seen(strimzi), own, "drctl", {}, lambda: leads[0])
    look = status(earth.ports())
    mirror.write(look)
    assert events(strimzi, "south") == []
    leads[0] = True
    with capture_logs() as lines:
        for _ in range(3):
            mirror.write(look)
    refused = [line for line in lines if line["event"] == "events-not-written"]
    assert [line["site"] for line in refused] == ["north"]
    assert events(strimzi, "south") != []


def test_a_fence_that_is_pending_asks_nothing_of_the_site_that_is_lost() -> None:
    earth, strimzi = strimzi_earth()
    strimzi.lose()
    earth.north.down = True
    world = seen(strimzi)
    run = Run("r1", "failover", "p", "d", "north", "south", 2)
    pending = JournalEntry(
        1, run.id, earth.clock.now(), Event.STEP_OBSERVED, "fence-what-answers", {"fence": "pending"}
    )
    touched, before = TouchedResources(world), len(strimzi.spaces["north"].api.asked)
    touched.tell((Told(run, RunStanding.RUNNING, (pending,)),))
    assert touched.trouble == {}
    assert len(strimzi.spaces["north"].api.asked) == before
