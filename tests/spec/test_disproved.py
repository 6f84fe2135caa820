"""What disproves a fence once it was proven, asked before every effect of the pause."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import override

import pytest

from drctl.errors import StepFailed, Unreachable
from drctl.model.offsets import LogBounds, TopicPartition
from drctl.model.run import Run
from drctl.plans.plan import StepContext
from drctl.plans.step_evidence import FenceProof
from drctl.plans.steps.prove_fence import ProveFence
from drctl.ports import World
from tests.fakes import FakeRecords, FakeWorld, fake_world

READINGS = TopicPartition("turbines.readings", 0)


def rested() -> FakeWorld:
    earth = fake_world()
    earth.come_to_rest()
    return earth


def proven_fence(earth: FakeWorld, world: World) -> StepContext:
    """Stand behind a fence that was proven at the ends as they are."""
    ends = {p: log.bounds.stable for p, log in earth.north.logs.items() if p.topic in world.plan.topics}
    return StepContext(
        world,
        Run("r", "switchover", "fake", "0", "north", "south", 1),
        {FenceProof.step: FenceProof(ends).to_json()},
        {},
        past_point_of_no_return=False,
        report=lambda _: None,
        check_authority=lambda: None,
    )


class SilentRecords(FakeRecords):
    """Do not tell how far the logs reach."""

    @override
    def bounds(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, LogBounds]:
        raise Unreachable("no leader")


def with_silent_records(earth: FakeWorld, world: World) -> World:
    return replace(
        world, sites={**world.sites, "north": replace(world.sites["north"], records=SilentRecords(earth.north))}
    )


def test_a_fence_is_not_called_standing_where_the_brokers_do_not_tell() -> None:
    earth = rested()
    ctx = proven_fence(earth, with_silent_records(earth, earth.ports()))
    with pytest.raises(Unreachable, match="no leader"):
        ProveFence().disprove(ctx)


def test_while_the_link_home_copies_nobody_needs_the_ends() -> None:
    earth = rested()
    earth.mirrors["south", "north"].start()
    ProveFence().disprove(proven_fence(earth, with_silent_records(earth, earth.ports())))


def test_a_record_behind_the_fence_disproves_it_unless_the_link_home_copies() -> None:
    earth = rested()
    ctx = proven_fence(earth, earth.ports())
    ProveFence().disprove(ctx)
    earth.north.write(READINGS, b"behind the fence", "User:turbines")
    with pytest.raises(StepFailed, match="records appeared behind the fence"):
        ProveFence().disprove(ctx)
    earth.mirrors["south", "north"].start()
    ProveFence().disprove(ctx)
