"""Clients are sent on by a resource of Kubernetes: proven through what they bootstrap through, or nothing is begun."""

from collections.abc import Mapping

import pytest

from drctl.drivers.kube.client_routing import KubeClientRouting
from drctl.errors import Blocked, RolledBack, Unauthenticated, Unreachable
from drctl.model.routing import RoutingField
from drctl.model.run import RunState
from tests.contract.routing import FIELDS, MANIFESTS, OWNER, handed_over, place
from tests.fakes import FakeApi, FakeBrokers, FakeResources, FakeSite, FakeWorld, fake_world
from tests.spec.following import typed
from tests.spec.harness import (
    cut_then_resumed,
    require_nothing_lost_or_repeated,
    require_rolled_back,
    require_served_by,
    switch,
)


class FollowingEntryPoint:
    """What clients bootstrap through: it leads where the field leads, and nowhere while that is closed."""

    servers = "kafka.clients.svc:9092"

    def __init__(self, field: RoutingField, resources: FakeResources, sites: Mapping[str, FakeSite]) -> None:
        self.field, self.resources, self.sites = field, resources, sites

    def cluster_id(self, site: str) -> str:
        outer, inner = self.field.field
        told = self.resources.get(self.field.kind, self.field.name)[outer][inner]
        leads = next((name for name, value in self.field.values.items() if value == told), None)
        if leads is None:
            raise Unreachable(f"entry point {self.servers}: no such host", remedy="wait")
        if leads != site:
            raise Unauthenticated(f"entry point {self.servers}: the login is not known", remedy="check the login")
        return FakeBrokers(self.sites[site]).cluster().cluster_id


class Routed:
    """A world whose clients follow a resource. ``owned``: the field is the owner's, who applied the manifest."""

    def __init__(self, shape: str, *, owned: bool = False, take: bool = False) -> None:
        self.earth, self.api, self.field = fake_world(), FakeApi(), FIELDS[shape](place(take=take))
        self.owner = FakeResources(self.api, manager=OWNER)
        self.shape = shape
        ours = FakeResources(self.api, self.earth.clock, self.earth.effects)
        if owned:
            self.owner.apply(self.field.kind, self.field.name, MANIFESTS[shape])
        else:
            handed_over(self.field, MANIFESTS[shape], ours, self.owner)
        routing = KubeClientRouting(self.field, ours)
        self.earth.routing = routing  # type: ignore[assignment]
        for producer in self.earth.producers:
            producer.routing = routing  # type: ignore[assignment]
        for consumer in self.earth.consumers.values():
            consumer.routing = routing  # type: ignore[assignment]
        self.earth.entry_point = FollowingEntryPoint(self.field, ours, self.earth.sites)  # type: ignore[assignment]
        self.earth.effects.names.clear()

    def owner_applies(self) -> None:
        """The pipeline applies its manifest again, and owns the field with drctl."""
        self.owner.apply(self.field.kind, self.field.name, MANIFESTS[self.shape], take=True)


def _turns(shape: str) -> list[tuple[int, str]]:
    routed = Routed(shape)
    switch(routed.earth.ports())
    return [(n, name) for n, name in enumerate(routed.earth.effects.names) if name.startswith("apply")]


TURNS = [(shape, number) for shape in FIELDS for number, _ in _turns(shape)]


def untouched(earth: FakeWorld) -> bool:
    return all(name.startswith("journal") for name in earth.effects.names)


@pytest.mark.parametrize("shape", FIELDS)
def test_a_switchover_sends_clients_on_and_the_target_answers_through_the_entry_point(shape: str) -> None:
    routed = Routed(shape)
    result = switch(routed.earth.ports())
    assert result.state is RunState.DONE
    told = result.evidence["route-clients-to-target"]
    assert (told["client routing"], told["entry point"]) == ("south", "kafka.clients.svc:9092")
    assert told["cluster"] == routed.earth.ports().sites["south"].brokers.cluster().cluster_id
    require_served_by(routed.earth, "south")
    require_nothing_lost_or_repeated(routed.earth, "south")


def test_it_is_closed_and_turned_once_each() -> None:
    assert [len(_turns(shape)) for shape in FIELDS] == [2, 2, 2]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(("shape", "effect"), TURNS)
def test_killed_around_turning_it_and_resumed_a_run_ends_as_if_undisturbed(
    shape: str, effect: int, before: bool
) -> None:
    routed = Routed(shape)
    cut_then_resumed(routed.earth, effect, before=before)
    assert routed.earth.journal.runs()[-1][1] is RunState.DONE
    require_nothing_lost_or_repeated(routed.earth, "south")


@pytest.mark.parametrize("shape", FIELDS)
def test_an_owner_of_the_field_is_named_before_anything_is_done(shape: str) -> None:
    routed = Routed(shape, owned=True)
    with pytest.raises(Blocked) as caught:
        switch(routed.earth.ports())
    assert caught.value.exit_code == 38
    (reason,) = caught.value.reasons
    assert OWNER in reason
    assert str(routed.field) in reason
    assert untouched(routed.earth)
    assert OWNER in typed(routed.earth, ("plan", "switchover", "--to", "south")).text


def test_with_leave_it_is_taken_from_its_owner() -> None:
    routed = Routed("config-map", owned=True, take=True)
    assert switch(routed.earth.ports()).state is RunState.DONE


def test_an_owner_that_comes_in_the_middle_stops_the_run_which_rolls_back() -> None:
    routed = Routed("external-name")

    def come(effect: str) -> None:
        if effect.startswith("deny"):
            routed.owner_applies()

    routed.earth.effects.watchers.append(come)
    with pytest.raises(RolledBack, match=OWNER) as caught:
        switch(routed.earth.ports())
    require_rolled_back(routed.earth, caught.value)
    assert routed.earth.routing.site() == "north"


def test_a_right_that_is_missing_is_named_with_its_verb_before_anything_is_done() -> None:
    routed = Routed("selector")
    routed.api.forbidden.add(("patch", "services"))
    with pytest.raises(Blocked) as caught:
        switch(routed.earth.ports())
    assert any('cannot patch resource "services"' in reason for reason in caught.value.reasons)
    assert untouched(routed.earth)


def test_while_its_api_server_is_silent_nothing_is_begun_and_it_is_told() -> None:
    routed = Routed("config-map")
    routed.api.down = True
    with pytest.raises(Unreachable, match="API server does not answer"):
        switch(routed.earth.ports())
    assert routed.earth.effects.names == []
    assert "where clients are sent is unknown: the API server" in typed(routed.earth, ("status",)).text
