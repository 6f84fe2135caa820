"""A silent source that a fencing agent takes down: a fence by agent, and never called proven."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from drctl.model.fence import Attestation, FenceState
from drctl.model.hooks import Hook
from drctl.model.loss import AcceptedLoss
from drctl.model.run import Evidence, RunState
from drctl.plans.failovers import standing
from drctl.ports.commands import Ended
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.failing import SOMEBODY, beyond_the_frontier, fail_over, lose, require_served_by_target, synced
from tests.spec.serving import Service

AGENT = "./power-off"
ANY = AcceptedLoss(10_000)
OFF = Ended(0, "north-1, north-2 and north-3 are off\n")


def _with_agent(ended: Ended = OFF) -> FakeWorld:
    """North is lost, and the plan file names an agent that ends like this."""
    earth = synced(fake_world())
    earth.plan = replace(earth.plan, fencing_agent=Hook((AGENT, "--hard"), timedelta(seconds=60)))

    def agent(_: Sequence[str], __: str) -> Ended:
        return ended

    earth.commands.known[AGENT] = agent
    lose(earth)
    return earth


def _fence(earth: FakeWorld, attestation: Attestation | None = None) -> Evidence:
    return fail_over(earth.ports(), accepted=ANY, attestation=attestation).evidence["fence-what-answers"]


def _effects() -> tuple[str, ...]:
    earth = _with_agent()
    _fence(earth)
    return tuple(f"{number} {name}" for number, name in enumerate(earth.effects.names))


EFFECTS = _effects()


def test_a_silent_source_is_taken_down_by_the_agent_and_the_fence_says_by_whom() -> None:
    earth = _with_agent()
    told = _fence(earth)
    assert (told["fence"], told["by"]) == (FenceState.BY_AGENT, AGENT)
    assert told["why"] == "north-1, north-2 and north-3 are off"
    left = standing(earth.ports())
    assert left is not None
    assert left.fence is FenceState.BY_AGENT


def test_the_agent_is_given_the_site_and_the_run() -> None:
    earth = _with_agent()
    run = fail_over(earth.ports(), accepted=ANY).run
    ((words, text),) = earth.commands.calls
    assert words == (AGENT, "--hard", "north")
    facts = json.loads(text)
    assert (facts["kind"], facts["site"], facts["run"]["id"]) == ("FencingFacts", "north", run.id)


@pytest.mark.parametrize(
    ("ended", "why"),
    [
        (Ended(1, "", "no answer from the power unit"), "ended with 1: no answer from the power unit"),
        (Ended(0, "  \n"), "said nothing of what it saw"),
        (Ended(None, errors="no such file"), "could not be started: no such file"),
        (Ended(None, timed_out=True), "did not end within 60 s"),
    ],
)
@pytest.mark.parametrize(("word", "state"), [(None, FenceState.PENDING), (SOMEBODY, FenceState.ATTESTED)])
def test_an_agent_that_shows_nothing_leaves_the_fence_what_it_was(
    ended: Ended, why: str, word: Attestation | None, state: FenceState
) -> None:
    told = _fence(_with_agent(ended), word)
    assert told["fence"] == state
    assert word is not None or why in told["why"]


def test_an_agent_is_not_called_for_a_source_that_answers() -> None:
    earth = _with_agent()
    earth.north.down = earth.workers["north"].worker_down = earth.mirrors["south", "north"].worker_down = False
    earth.missing_brokers = {"north": [2, 3]}
    assert _fence(earth)["fence"] == FenceState.PROVEN
    assert earth.commands.calls == []


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", range(len(EFFECTS) - 1), ids=EFFECTS[:-1])
def test_a_failover_with_an_agent_cut_off_anywhere_ends_as_if_undisturbed(effect: int, before: bool) -> None:
    earth = _with_agent()
    earth.effects.cut_off(effect, before=before)
    with pytest.raises(Killed):
        _fence(earth)
    result = fail_over(earth.new_process(), accepted=ANY)
    assert result.state is RunState.DONE
    assert result.evidence["fence-what-answers"]["fence"] == FenceState.BY_AGENT
    called_anew = EFFECTS[effect].endswith((f"call {AGENT}", "journal says step-observed fence-what-answers"))
    assert len(earth.commands.calls) == 1 or called_anew
    require_served_by_target(earth, beyond_the_frontier(earth))


def test_a_site_that_was_taken_down_and_comes_back_is_closed_by_data() -> None:
    earth = _with_agent()
    _fence(earth)
    earth.north.down = False
    Service(earth).look()
    left = standing(earth.ports())
    assert left is not None
    assert left.fence is FenceState.PROVEN
    assert earth.writable() == {"south"}
