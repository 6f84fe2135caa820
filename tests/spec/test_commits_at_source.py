"""A group that commits at the source while the work moves, or after it has moved."""

import pytest

from drctl.errors import RolledBack, StepFailed
from drctl.model.offsets import Committed
from tests.fakes import fake_world
from tests.spec.handing_over import READINGS
from tests.spec.harness import switch


def test_a_group_that_commits_at_the_source_after_the_switchover_is_told() -> None:
    earth = fake_world()

    def come_back(effect: str) -> None:
        if effect == "routing to south":
            earth.north.groups["billing"].committed[READINGS] = Committed(3)

    earth.effects.watchers.append(come_back)
    seen = switch(earth.ports()).evidence["watch-first-commits"]
    assert any(each.startswith("billing turbines.readings-0") for each in seen["still at the source"])


def test_a_commit_at_the_source_while_the_work_moves_turns_the_run_back() -> None:
    earth = fake_world()

    def sneak(effect: str) -> None:
        if effect == "commit billing at south":
            earth.north.groups["billing"].committed[READINGS] = Committed(0)

    earth.effects.watchers.append(sneak)
    with pytest.raises((RolledBack, StepFailed), match="have committed after their handover"):
        switch(earth.ports())
    assert earth.routing.site() == "north"
