"""What the sentences share about a switchover that was cut off behind its fence, and whose target was lost."""

from functools import cache

import pytest

from drctl.model.fence import Attestation, DenyRule, Scope
from drctl.model.terms import Terms
from tests.fakes import FakeWorld, Killed, fake_world
from tests.fakes.world import APPLICATIONS
from tests.spec.harness import killed_at, switch

SINK = "archive"
WORD = Attestation("anna", "south is without power")
ABORT = Terms(by="anna", abort="south is lost")
VOUCHED = Terms(by="anna", abort="south is lost", attested=WORD)
CUT = "journal says step-intended record-handover-point"
"""Behind the fence: clients are sent nowhere, sinks and link are stopped, positions were handed over."""
BOTH_KINDS = {DenyRule(p, s) for p in (*APPLICATIONS, "User:canary") for s in Scope}


def bereft_world() -> FakeWorld:
    """The fake world with a sink, and with the journal copied to both sites."""
    earth = fake_world(SINK)
    earth.copied = True
    return earth


@cache
def behind_the_fence() -> tuple[tuple[int, str], ...]:
    """Every effect from the fence of the source up to the one before the target is begun to be opened."""
    earth = bereft_world()
    switch(earth.ports())
    names = earth.effects.names
    last = names.index("journal says step-intended unfence-target")
    between = tuple(enumerate(names))[names.index("deny at north") : last]
    return tuple((number, name) for number, name in between if not name.startswith("copy"))


def cut_off(effect: int) -> FakeWorld:
    """Killed right after that effect."""
    earth = bereft_world()
    earth.effects.cut_off(effect, before=False)
    with pytest.raises(Killed):
        switch(earth.ports())
    earth.effects.go_on()
    earth.effects.names.clear()
    return earth


def cut_at(effect: str) -> FakeWorld:
    """Killed right before the effect of that name."""
    earth = bereft_world()
    with killed_at(earth, effect):
        switch(earth.ports())
    earth.effects.names.clear()
    return earth


def lose_target(earth: FakeWorld) -> None:
    """South is gone, brokers and worker."""
    earth.south.down = earth.workers["south"].worker_down = earth.mirrors["north", "south"].worker_down = True


def return_target(earth: FakeWorld) -> None:
    """South answers again, as it was."""
    earth.south.down, earth.south.answers = False, None
    earth.workers["south"].worker_down = earth.mirrors["north", "south"].worker_down = False


def require_in_use(earth: FakeWorld) -> None:
    """Clients are at work at north, sinks too, and nobody can write at south."""
    assert earth.open_sites() == {"north"}
    assert earth.routing.site() == "north"
    assert not earth.workers["north"].state(SINK).halted
