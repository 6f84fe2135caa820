"""Deployments move with their workload: sentences about pods, and about what their consumers read."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from drctl.errors import Blocked, DeadlinePassed, RolledBack
from drctl.model.loss import AcceptedLoss
from drctl.model.run import RunResult, RunState
from drctl.model.scaling import Scaler
from drctl.model.terms import Terms
from drctl.monitors import observe
from drctl.plans import handover, runner
from drctl.plans.selection import narrowed
from drctl.ports import World
from tests.fakes import FakeWorld, Killed
from tests.spec.failing import fail_over, lose, synced
from tests.spec.harness import (
    RecordingObserver,
    cut_then_resumed,
    go_on,
    killed_at,
    require_nothing_lost_or_repeated,
    require_rolled_back,
    switch,
    watch_for_two_open_sites,
)
from tests.spec.housing import BEFORE, BILLING, CARRIERS, DISPATCH, housed, require_pods


def _effects_of_a_switchover() -> list[str]:
    earth = housed()
    switch(earth.ports())
    return [f"{number} {name}" for number, name in enumerate(earth.effects.names)]


def _with_a_member_that_lives_elsewhere() -> FakeWorld:
    """Its pods end, and it stays: somebody runs it by hand."""
    earth = housed()
    earth.consumers["billing"].stubborn = True
    return earth


def _effects_of_a_rollback() -> list[str]:
    earth = _with_a_member_that_lives_elsewhere()
    with pytest.raises(RolledBack):
        switch(earth.ports())
    return [f"{number} {name}" for number, name in enumerate(earth.effects.names)]


FORWARD = _effects_of_a_switchover()
BACK = _effects_of_a_rollback()


def test_a_switchover_scales_down_here_and_up_there_and_every_record_is_read_once() -> None:
    earth = housed()
    result = switch(earth.ports())
    assert result.evidence["scale-up-target"]["replicas"] == {str(what): n for what, n in BEFORE.items()}
    assert result.evidence["scale-up-target"]["not available"] == {}
    assert earth.scaling["north"].state(DISPATCH).kept == 3
    require_pods(earth, "south")
    require_nothing_lost_or_repeated(earth, "south")


def test_home_again_they_have_what_the_other_site_had() -> None:
    earth = housed()
    switch(earth.ports())
    earth.scaling["south"].scale(DISPATCH, 5)
    earth.settle()
    switch(earth.new_process(), "south", "north")
    require_pods(earth, "north", {DISPATCH: 5, BILLING: 2})
    require_nothing_lost_or_repeated(earth, "north")


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", range(len(FORWARD) - 1), ids=FORWARD[:-1])
def test_cut_off_anywhere_and_continued_the_numbers_are_found_again(effect: int, before: bool) -> None:
    earth = housed()
    both_open = watch_for_two_open_sites(earth)
    cut_then_resumed(earth, effect, before=before)
    assert both_open == []
    assert earth.journal.runs()[-1][1] is RunState.DONE
    require_pods(earth, "south")
    require_nothing_lost_or_repeated(earth, "south")


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", range(len(BACK) - 1), ids=BACK[:-1])
def test_a_rollback_cut_off_anywhere_scales_up_again_what_there_was(effect: int, before: bool) -> None:
    earth = _with_a_member_that_lives_elsewhere()
    with pytest.raises(RolledBack) as caught:
        cut_then_resumed(earth, effect, before=before)
    require_rolled_back(earth, caught.value)
    require_pods(earth, "north")


def test_an_abort_scales_up_again_at_the_source() -> None:
    earth = housed()
    number = next(n for n, name in enumerate(FORWARD) if "scale StatefulSet/billing to 0" in name)
    earth.effects.cut_off(number, before=False)
    with pytest.raises(Killed):
        switch(earth.ports())
    with pytest.raises(RolledBack):
        go_on(earth.new_process(), Terms(by="Ada", abort="not tonight"))
    require_pods(earth, "north")
    require_nothing_lost_or_repeated(earth, "north")


def test_pods_that_are_ending_are_waited_for() -> None:
    earth = housed()
    earth.scaling["north"].lingers = 40
    switch(earth.ports())
    require_pods(earth, "south")
    require_nothing_lost_or_repeated(earth, "south")


def test_a_pod_that_does_not_end_is_named_and_turns_the_run_back() -> None:
    earth = housed()
    earth.scaling["north"].lingers = 10_000
    with pytest.raises(RolledBack, match=r"waiting until .*: Deployment/dispatch has .*dispatch-0") as caught:
        switch(earth.ports())
    assert isinstance(caught.value.__cause__, DeadlinePassed)


def test_who_scales_up_behind_our_back_before_the_target_is_open_turns_the_run_back() -> None:
    earth = housed()

    def meddle(effect: str) -> None:
        if effect == "journal says step-observed scale-down-source":
            earth.scaling["north"].objects[str(DISPATCH)].wanted = 1

    earth.effects.watchers.append(meddle)
    with pytest.raises(RolledBack, match="scale-down-source"):
        switch(earth.ports())


def test_what_was_stopped_on_purpose_stays_stopped() -> None:
    earth = housed()
    earth.scaling["north"].scale(DISPATCH, 0)
    earth.settle()
    switch(earth.ports())
    require_pods(earth, "south", {DISPATCH: 0, BILLING: 2})


def test_pods_that_do_not_come_up_are_told_and_the_run_ends() -> None:
    earth = housed()
    earth.scaling["south"].stuck.add(str(DISPATCH))
    result = switch(earth.ports())
    assert result.state is RunState.DONE
    assert result.evidence["scale-up-target"]["not available"] == {str(DISPATCH): "0 of 3 replicas are available"}
    assert result.evidence["watch-first-commits"]["not arrived"] == ["group dispatch"]


def test_an_autoscaler_rests_at_0_and_may_take_replicas_once_they_are_back() -> None:
    earth = housed()
    for scaling in earth.scaling.values():
        scaling.objects[str(DISPATCH)].scalers.append(Scaler("HorizontalPodAutoscaler", "load", 1, 2))
    switch(earth.ports())
    require_pods(earth, "south", {DISPATCH: 2, BILLING: 2})
    require_nothing_lost_or_repeated(earth, "south")


def _owned(earth: FakeWorld) -> None:
    earth.scaling["south"].objects[str(BILLING)].owners.add("argocd-controller")


def _autoscaled(earth: FakeWorld) -> None:
    earth.scaling["north"].objects[str(DISPATCH)].scalers.append(Scaler("ScaledObject", "events", 0, 9))


def _missing(earth: FakeWorld) -> None:
    del earth.scaling["south"].objects[str(DISPATCH)]


def _silent(earth: FakeWorld) -> None:
    earth.scaling["south"].down = True


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            _owned,
            r"south: StatefulSet/billing: spec.replicas is set by a manifest of argocd-controller .*takeOwnership",
        ),
        (_autoscaled, r"north: Deployment/dispatch: ScaledObject/events scales it up from 0 .*paused"),
        (_missing, "south: there is no Deployment/dispatch"),
        (_silent, "south: its deployments: .*does not answer"),
    ],
)
def test_what_would_undo_or_forbid_the_scaling_stands_in_the_way(spoil: Callable[[FakeWorld], None], said: str) -> None:
    earth = housed()
    spoil(earth)
    with pytest.raises(Blocked, match="1 reason to wait") as refused:
        switch(earth.ports())
    assert refused.value.exit_code == 41
    assert re.search(said, refused.value.reasons[0])
    assert not [name for name in earth.effects.names if name.startswith(("scale", "keep"))]


def test_a_manifest_that_drctl_may_overrule_is_no_reason_to_wait() -> None:
    earth = housed()
    _owned(earth)
    taken = tuple(replace(each, what=replace(each.what, take=True)) for each in CARRIERS)
    workloads = tuple(replace(each, carriers=taken) for each in earth.plan.workloads)
    earth.plan = replace(earth.plan, workloads=workloads)
    switch(earth.ports())
    require_pods(earth, "south")


def hand_over(world: World, *groups: str) -> RunResult:
    plan = handover.ordered("north", "south", observe=observe)
    return runner.run(plan, narrowed(world, groups=groups), RecordingObserver())


def _effects_of_a_handover() -> list[str]:
    earth = housed()
    hand_over(earth.ports(), "dispatch")
    return [f"{number} {name}" for number, name in enumerate(earth.effects.names)]


HANDED = _effects_of_a_handover()


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", range(len(HANDED)), ids=HANDED)
def test_a_group_that_is_handed_over_takes_its_deployment_along_and_the_other_stays(effect: int, before: bool) -> None:
    earth = housed()
    earth.effects.cut_off(effect, before=before)
    try:
        hand_over(earth.ports(), "dispatch")
    except Killed:
        earth.settle(1)
        if RunState.DONE not in [state for _, state in earth.journal.runs()]:
            hand_over(earth.new_process(), "dispatch")
    require_pods(earth, "south", {DISPATCH: 3})
    require_pods(earth, "north", {BILLING: 2})


def test_a_deployment_that_went_ahead_is_left_alone_by_the_switchover() -> None:
    earth = housed()
    hand_over(earth.ports(), "dispatch")
    earth.scaling["south"].scale(DISPATCH, 4)
    earth.settle()
    switch(earth.new_process())
    require_pods(earth, "south", {DISPATCH: 4, BILLING: 2})
    earth.settle()
    require_nothing_lost_or_repeated(earth, "south")


ANY = AcceptedLoss(10_000)


def _lost() -> FakeWorld:
    """North is gone, its Kubernetes too; at south somebody wrote down how many are needed."""
    earth = synced(housed())
    lose(earth)
    for consumer in earth.consumers.values():
        consumer.at = None
    earth.scaling["north"].down = True
    for each in earth.scaling["north"].objects.values():
        each.pods, each.wanted, each.available = [], 0, 0
    earth.scaling["south"].keep(DISPATCH, 4)
    earth.scaling["south"].keep(BILLING, 1)
    earth.effects.names.clear()
    return earth


def _effects_of_a_failover() -> list[str]:
    earth = _lost()
    with suppress(RolledBack):
        fail_over(earth.ports(), accepted=ANY)
    return [f"{number} {name}" for number, name in enumerate(earth.effects.names)]


FAILED = _effects_of_a_failover()


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", range(len(FAILED) - 1), ids=FAILED[:-1])
def test_a_failover_starts_what_the_target_says_wherever_it_was_cut_off(effect: int, before: bool) -> None:
    earth = _lost()
    earth.effects.cut_off(effect, before=before)
    try:
        result = fail_over(earth.ports(), accepted=ANY)
    except Killed:
        earth.settle(1)
        result = fail_over(earth.new_process(), accepted=ANY)
    assert result.state is RunState.DONE
    assert result.evidence["scale-up-target"]["said by"] == dict.fromkeys(map(str, BEFORE), "south")
    assert "does not answer" in result.evidence["scale-down-source"]["left as they are"]
    for what, replicas in ((DISPATCH, 4), (BILLING, 1)):
        seen = earth.scaling["south"].state(what)
        assert (seen.available, seen.kept) == (replicas, None)


def test_a_failover_that_knows_no_number_says_so_before_and_after_and_goes_on() -> None:
    earth = _lost()
    earth.scaling["south"].keep(DISPATCH, None)
    result = fail_over(earth.ports(), accepted=ANY)
    assert any(
        "nobody knows how many replicas Deployment/dispatch" in x for x in result.evidence["check-gates"]["warnings"]
    )
    told = result.evidence["scale-up-target"]["not available"]
    assert told == {str(DISPATCH): "nobody knows how many replicas it needs"}
    assert earth.scaling["south"].state(BILLING).available == 1


def test_a_failover_from_a_limping_site_whose_kubernetes_answers_scales_down_there() -> None:
    earth = synced(housed())
    earth.missing_brokers = {"north": [2, 3]}
    result = fail_over(earth.ports(), accepted=ANY)
    assert result.evidence["scale-down-source"] == {"scaled down": [str(what) for what in BEFORE]}
    require_pods(earth, "south")


def test_a_failover_that_takes_a_switchover_over_knows_what_the_source_had() -> None:
    earth = synced(housed())
    with killed_at(earth, "journal says step-observed scale-down-source"):
        switch(earth.ports())
    lose(earth)
    earth.scaling["north"].down = True
    result = fail_over(earth.new_process(), accepted=ANY)
    assert result.evidence["scale-up-target"]["said by"] == dict.fromkeys(map(str, BEFORE), "north")
    assert {what: earth.scaling["south"].state(what).available for what in BEFORE} == BEFORE
