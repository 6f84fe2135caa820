"""Clients that read only when they start where to go are restarted once they were routed, once per run."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from drctl.errors import Blocked, Superseded
from drctl.model.loss import AcceptedLoss
from drctl.model.run import RunState
from drctl.model.scaling import DEPLOYMENT, STATEFUL_SET, Scalable
from drctl.model.terms import Terms
from tests.fakes import FakeClientRouting, FakeEntryPoint, FakeWorld, Killed, fake_world
from tests.spec.failing import fail_over, lose, synced
from tests.spec.following import typed
from tests.spec.handing_over import hand_over, stop
from tests.spec.harness import (
    cut_then_resumed,
    require_nothing_lost_or_repeated,
    require_served_by,
    switch,
)

TURBINES, SHOP = Scalable(STATEFUL_SET, "turbines"), Scalable(DEPLOYMENT, "shop", "shop")
PODS = {TURBINES: 3, SHOP: 2}


class ReadAtStart(FakeClientRouting):
    """What a client goes by that has read it when it started, and never reads it again."""

    def __init__(self, routing: FakeClientRouting) -> None:
        super().__init__(routing.site())
        self.routing = routing

    def start(self) -> None:
        """A pod begins, and reads."""
        self.pointer = self.routing.site()


def started(*, consumers: bool = False) -> FakeWorld:
    """Both producers run in pods that read only when they start where to write; so do the consumers, if asked."""
    earth = fake_world()
    workloads = tuple(replace(each, restarts=tuple(PODS)) for each in earth.plan.workloads)
    earth.plan = replace(earth.plan, workloads=workloads)
    clients = list(earth.producers)
    for (what, replicas), producer in zip(PODS.items(), clients, strict=True):
        made, view = earth.rollouts.create(what, replicas), ReadAtStart(earth.routing)
        producer.routing = view
        made.starts.append(view.start)
        if consumers:
            for consumer in earth.consumers.values():
                consumer.routing = view
    earth.effects.names.clear()
    return earth


def restarts(earth: FakeWorld) -> list[str]:
    return [name for name in earth.effects.names if name in {f"restart {what}" for what in PODS}]


def require_restarted(earth: FakeWorld) -> None:
    """Every pod is of the last run, and each object was asked once."""
    run = earth.journal.runs()[-1][0]
    for what in PODS:
        assert earth.rollouts.state(what).missing(run.id) == ""
    assert restarts(earth) == [f"restart {what}" for what in PODS]


def _effects() -> list[str]:
    earth = started()
    switch(earth.ports())
    return list(earth.effects.names)


EFFECTS = _effects()
AROUND = [
    n for n, name in enumerate(EFFECTS) if "restart-clients" in name or name.startswith(("restart S", "restart D"))
]


def test_behind_the_routing_they_are_restarted_and_go_on_at_the_target() -> None:
    earth = started()
    earth.entry_point = FakeEntryPoint(earth.routing, earth.sites, earth.clock)
    result = switch(earth.ports())
    told = result.evidence["restart-clients"]
    assert told["restarted"] == [str(what) for what in PODS]
    assert told["not restarted"] == {}
    assert told["cluster"] == earth.ports().sites["south"].brokers.cluster().cluster_id
    require_restarted(earth)
    require_served_by(earth, "south")
    require_nothing_lost_or_repeated(earth, "south")
    assert EFFECTS.index("routing to south") < EFFECTS.index(f"restart {TURBINES}")


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", AROUND, ids=[f"{n} {EFFECTS[n]}" for n in AROUND])
def test_cut_off_anywhere_around_it_each_is_restarted_once(effect: int, before: bool) -> None:
    earth = started()
    cut_then_resumed(earth, effect, before=before)
    assert earth.journal.runs()[-1][1] is RunState.DONE
    require_restarted(earth)
    require_nothing_lost_or_repeated(earth, "south")


def test_home_again_they_are_restarted_again() -> None:
    earth = started()
    switch(earth.ports())
    earth.effects.names.clear()
    switch(earth.new_process(), "south", "north")
    require_restarted(earth)
    require_nothing_lost_or_repeated(earth, "north")


def test_pods_that_do_not_come_are_told_with_their_reason_and_the_run_ends() -> None:
    earth = started()
    earth.rollouts.stuck.add(str(SHOP))
    result = switch(earth.ports())
    assert result.state is RunState.DONE
    missing = result.evidence["restart-clients"]["not restarted"]
    assert list(missing) == [str(SHOP)]
    assert "ImagePullBackOff" in missing[str(SHOP)]
    assert result.evidence["restart-clients"]["restarted"] == [str(TURBINES)]


def _paused(earth: FakeWorld) -> None:
    earth.rollouts.objects[str(SHOP)].held = ("its rollout is paused", "kubectl rollout resume deployment/shop")


def _missing(earth: FakeWorld) -> None:
    del earth.rollouts.objects[str(SHOP)]


def _silent(earth: FakeWorld) -> None:
    earth.rollouts.down = True


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(_paused, "rollout resume deployment/shop"), (_missing, "not found"), (_silent, "does not answer")],
)
def test_what_cannot_be_restarted_stands_in_the_way_before_anything_is_done(
    spoil: Callable[[FakeWorld], None], said: str
) -> None:
    earth = started()
    spoil(earth)
    with pytest.raises(Blocked) as caught:
        switch(earth.ports())
    assert caught.value.exit_code == 41
    assert any("shop" in reason and said in reason for reason in caught.value.reasons)
    assert all(name.startswith("journal") for name in earth.effects.names)
    assert said in typed(earth, ("plan", "switchover", "--to", "south")).text


def test_on_a_persons_word_it_is_left_and_told() -> None:
    earth = started()
    _paused(earth)
    result = switch(earth.ports(), terms=Terms(by="Ada", overrides={"restart-held": "I restart it myself"}))
    assert result.state is RunState.DONE
    assert "paused" in result.evidence["restart-clients"]["not restarted"][str(SHOP)]


def test_who_is_paused_in_the_middle_is_told_and_holds_up_nobody_else() -> None:
    earth = started()

    def pause(effect: str) -> None:
        if effect == "routing to south":
            _paused(earth)

    earth.effects.watchers.append(pause)
    result = switch(earth.ports())
    assert list(result.evidence["restart-clients"]["not restarted"]) == [str(SHOP)]
    assert restarts(earth) == [f"restart {TURBINES}"]


def test_who_is_no_longer_in_charge_restarts_nobody() -> None:
    earth = started()

    def overtake(effect: str) -> None:
        if effect == "journal says step-intended restart-clients":
            earth.epochs.raise_to(earth.epochs.current() + 1, expected=earth.epochs.current())

    earth.effects.watchers.append(overtake)
    with pytest.raises(Superseded):
        switch(earth.ports())
    assert restarts(earth) == []


def test_a_failover_restarts_them_and_a_paused_one_is_a_warning() -> None:
    earth = synced(started(consumers=True))
    lose(earth)
    _paused(earth)
    result = fail_over(earth.ports(), accepted=AcceptedLoss(10_000))
    assert result.state is RunState.DONE
    assert any("rollout resume" in warning for warning in result.evidence["check-gates"]["warnings"])
    assert list(result.evidence["restart-clients"]["not restarted"]) == [str(SHOP)]
    assert earth.producers[0].at == "south"


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("what", PODS, ids=str)
def test_a_failover_cut_off_around_it_restarts_each_once(what: Scalable, before: bool) -> None:
    whole = synced(started())
    lose(whole)
    whole.effects.names.clear()
    fail_over(whole.ports(), accepted=AcceptedLoss(10_000))
    earth = synced(started())
    lose(earth)
    earth.effects.names.clear()
    earth.effects.cut_off(whole.effects.names.index(f"restart {what}"), before=before)
    with pytest.raises(Killed):
        fail_over(earth.ports(), accepted=AcceptedLoss(10_000))
    assert fail_over(earth.new_process(), accepted=AcceptedLoss(10_000)).state is RunState.DONE
    require_restarted(earth)


def test_a_handover_of_one_group_turns_no_routing_and_restarts_nobody() -> None:
    earth = started()
    _paused(earth)
    stop(earth, "dispatch")
    assert hand_over(earth.ports(), "dispatch").state is RunState.DONE
    assert restarts(earth) == []
