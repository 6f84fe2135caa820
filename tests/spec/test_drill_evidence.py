"""What the steps of real plans leave as evidence comes back from a bundle as the drill had it."""

from drctl.drills.bundle.facts import FACTS as FORM
from drctl.drills.bundle.facts import WANTED, DrillFacts, facts_in, kept
from drctl.drills.outcome import Handover, Work
from drctl.drills.timeline import StepSpan
from drctl.model.loss import AcceptedLoss
from drctl.model.run import RunResult
from tests.fakes import fake_world
from tests.spec.failing import fail_over, lose, some_lag, synced
from tests.spec.harness import switch
from tests.unit.drills.example import PROVENANCE


def through_a_bundle(result: RunResult) -> RunResult:
    handover = Handover("north", "south", kept(result), (StepSpan("north to south", "s", 1.25, 2.5),), {"dispatch": 3})
    work = Work({"dispatch": ("t",)}, ("consumer-dispatch",))
    facts = DrillFacts("d", 1.0, 2.0, work, True, (handover,), {}, (), PROVENANCE, ((1.0, "begins"),))
    (back,) = facts_in("facts.json", FORM.dump_json(facts)).handovers
    assert (back.spans, back.mirrormaker) == (handover.spans, handover.mirrormaker)
    return back.result


def require_same(result: RunResult) -> None:
    back = through_a_bundle(result)
    assert (back.run, back.state, back.timings) == (result.run, result.state, result.timings)
    assert back.evidence
    assert back.evidence == {name: seen for name, seen in result.evidence.items() if name in WANTED}


def test_a_switchovers_evidence() -> None:
    require_same(switch(fake_world().ports()))


def test_a_failovers_evidence() -> None:
    earth = synced(fake_world())
    some_lag(earth)
    lose(earth, sighted=True)
    require_same(fail_over(earth.ports(), accepted=AcceptedLoss(unknown=True)))
