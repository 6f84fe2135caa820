"""Two people: who approves is not who asks, and approves exactly what was shown."""

from dataclasses import replace
from datetime import timedelta

import pytest

from drctl.decide.digests import facts_digest
from drctl.errors import ApprovalMissing, ConfigInvalid, Refused
from drctl.model.fence import DenyRule, Scope
from drctl.model.run import Run, RunState
from drctl.model.terms import Terms
from drctl.monitors import observe
from drctl.plans import switchover
from drctl.plans.approvals import Digests, approve
from drctl.plans.awaiting import awaited, require_another
from drctl.plans.digests import plan_digest
from drctl.plans.standing import told_runs
from tests.fakes import FakeWorld, fake_world
from tests.spec.harness import switch

ANNA, BEN = Terms(by="anna", account="a"), Terms(by="ben", account="b")
COMPACTED = {"cleanup.policy": "compact"}


def guarded() -> FakeWorld:
    earth = fake_world()
    earth.plan = replace(earth.plan, guards=replace(earth.plan.guards, approval="required"))
    return earth


def digests(earth: FakeWorld) -> Digests:
    """As ``drctl plan`` shows them."""
    world = earth.ports()
    plan = switchover.plan(world, "north", "south", observe=observe)
    facts = facts_digest(observe(world, "north", "south"), world.epochs.current())
    return Digests(plan_digest(plan, world), facts)


def require_refused(earth: FakeWorld, names: str, terms: Terms = ANNA) -> None:
    before = [name for name in earth.effects.names if not name.startswith("journal")]
    with pytest.raises(ApprovalMissing, match=names) as caught:
        switch(earth.new_process(), terms=terms)
    assert caught.value.exit_code == 18
    assert [name for name in earth.effects.names if not name.startswith("journal")] == before


def test_without_an_approval_nothing_is_changed_and_the_digests_are_told() -> None:
    earth = guarded()
    shown = digests(earth)
    with pytest.raises(ApprovalMissing) as caught:
        switch(earth.ports(), terms=ANNA)
    assert shown.plan in caught.value.remedy
    assert shown.facts in caught.value.remedy
    assert earth.journal.runs()[-1][1] is RunState.STOPPED


def test_what_another_person_approved_runs_and_names_both() -> None:
    earth = guarded()
    shown = digests(earth)
    earth.settle(30)  # lag, positions and members have moved on since it was shown
    identity = approve(earth.ports(), BEN, shown, "the window is open")
    earth.settle(30)
    result = switch(earth.ports(), terms=ANNA)
    approval = result.evidence["check-gates"]["approval"]
    assert approval == {"id": identity, "by": "ben", "account": "b", "reason": "the window is open"}
    assert [told.run.id for told in told_runs(earth.ports())] == [result.run.id]


def refused_run(earth: FakeWorld) -> Run:
    """Anna's switchover, refused for want of an approval."""
    with pytest.raises(ApprovalMissing) as caught:
        switch(earth.new_process(), terms=ANNA)
    run, state = earth.journal.runs()[-1]
    assert (state, f"drctl approve {run.id} " in caught.value.remedy) == (RunState.STOPPED, True)
    return run


def test_a_run_that_waits_is_approved_by_the_beginning_of_its_id_and_then_runs() -> None:
    earth = guarded()
    earth.north.topic_config["shop.orders"] = {"compression.type": "zstd"}
    shown, run = digests(earth), refused_run(earth)
    wanted = awaited(earth.ports(), run.id[:-2])
    assert (wanted.run, wanted.asks, wanted.seen, wanted.at) == (run, "anna", shown, earth.clock.now())
    assert any("compression.type" in each for each in wanted.warnings)
    identity = approve(earth.ports(), BEN, wanted.seen, "the window is open", run=run.id)
    assert earth.journal.entries(identity)[-1].body["run"] == run.id
    result = switch(earth.new_process(), terms=ANNA)
    assert result.evidence["check-gates"]["approval"]["id"] == identity
    with pytest.raises(Refused, match="waits for no approval: it is done"):
        awaited(earth.ports(), result.run.id)


def test_who_asks_for_a_run_is_told_at_once_that_somebody_else_approves_it() -> None:
    wanted = awaited((earth := guarded()).ports(), refused_run(earth).id)
    require_another(wanted, "ben")
    with pytest.raises(Refused, match="ANNA  asks for run"):
        require_another(wanted, "ANNA ")


@pytest.mark.parametrize("moved", ["epoch", "plan file"])
def test_a_run_that_no_approval_can_serve_any_more_is_not_approved(moved: str) -> None:
    earth = guarded()
    run = refused_run(earth)
    if moved == "epoch":
        earth.epochs.epoch += 1
    else:
        earth.plan = replace(earth.plan, digest="edited")
    with pytest.raises(Refused, match=f"the {moved} is another one since run {run.id} asked"):
        awaited(earth.ports(), run.id)


def test_nobody_approves_what_they_ask_for() -> None:
    earth = guarded()
    approve(earth.ports(), replace(ANNA, by=" Anna"), digests(earth), "I know it is right")
    require_refused(earth, "both asks and approves")


def test_an_approval_of_other_facts_or_another_plan_is_none() -> None:
    earth = guarded()
    shown = digests(earth)
    for other in (replace(shown, plan="0" * 64), replace(shown, facts="0" * 64)):
        approve(earth.ports(), BEN, other, "fine")
        require_refused(earth, "none for this plan and these facts")


def a_stranger(earth: FakeWorld) -> None:
    """Somebody new, who is denied at the standby as everybody is."""
    for site in earth.sites.values():
        site.allowed.add("User:stranger")
    earth.south.denials |= {DenyRule("User:stranger", scope) for scope in Scope}


@pytest.mark.parametrize(
    "change",
    [
        lambda earth: [site.topic_config.update({"shop.orders": COMPACTED}) for site in earth.sites.values()],
        a_stranger,
        lambda earth: earth.south.denials.clear(),
        lambda earth: setattr(earth.epochs, "epoch", 3),
    ],
    ids=["configuration", "writers", "fence", "epoch"],
)
def test_facts_that_changed_since_need_a_new_approval(change: "object") -> None:
    earth = guarded()
    approve(earth.ports(), BEN, digests(earth), "fine")
    assert callable(change)
    change(earth)
    require_refused(earth, "none for this plan and these facts")


@pytest.mark.parametrize("passed", [timedelta(hours=1), timedelta(days=-1)])
def test_an_approval_expires_and_one_from_the_future_is_not_valid(passed: timedelta) -> None:
    earth = guarded()
    approve(earth.ports(), BEN, digests(earth), "fine")
    earth.clock.set(passed)
    require_refused(earth, "valid for 3600 s")


def test_the_newest_decision_counts() -> None:
    earth = guarded()
    shown = digests(earth)
    approve(earth.ports(), BEN, shown, "fine")
    approve(earth.ports(), BEN, shown, "on second thoughts", declined=True)
    require_refused(earth, "ben declined it: on second thoughts")
    approve(earth.ports(), BEN, shown, "fine after all")
    assert switch(earth.new_process(), terms=ANNA).state is RunState.DONE


def test_an_approval_serves_one_run() -> None:
    earth = guarded()
    approve(earth.ports(), BEN, digests(earth), "fine")
    earth.consumers["billing"].stubborn = True
    with pytest.raises(Exception, match="billing"):
        switch(earth.ports(), terms=ANNA)
    require_refused(earth, "none for this plan and these facts")


def test_alone_the_glass_is_broken_and_that_is_told_for_ever() -> None:
    earth = guarded()
    result = switch(earth.ports(), terms=replace(ANNA, break_glass="nobody else is awake"))
    glass = result.evidence["check-gates"]["break glass"]
    assert glass == {"by": "anna", "account": "a", "reason": "nobody else is awake"}
    assert earth.journal.entries(result.run.id)[0].body["break glass"] == "nobody else is awake"


@pytest.mark.parametrize(
    ("seen", "reason"),
    [(Digests("abc", "0" * 64), "fine"), (Digests("0" * 64, "Z" * 64), "fine"), (Digests("0" * 64, "0" * 64), " ")],
    ids=["plan", "facts", "reason"],
)
def test_an_approval_that_says_too_little_is_not_written(seen: Digests, reason: str) -> None:
    earth = guarded()
    with pytest.raises(ConfigInvalid):
        approve(earth.ports(), BEN, seen, reason)
    assert earth.journal.runs() == ()
