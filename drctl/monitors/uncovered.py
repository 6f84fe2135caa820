"""Find what a move would leave behind at the source, before anybody is asked to go on."""

from collections.abc import Iterator
from typing import NamedTuple

from drctl.model.session import GroupProtocol
from drctl.ports import World
from drctl.ports.asking import decided

MOVED = (GroupProtocol.CLASSIC, GroupProtocol.CONSUMER)


class Uncovered(NamedTuple):
    """A group, or a part of it, that no plan of this plan file moves, and why."""

    group: str
    why: str


def uncovered(world: World, site: str) -> tuple[Uncovered, ...]:
    """Groups at that site that the plan file does not name or drctl cannot move, and positions in other topics."""
    return tuple(_uncovered(world, site))


def _uncovered(world: World, site: str) -> Iterator[Uncovered]:
    plan, positions = world.plan, world.sites[site].positions
    found = positions.groups()
    for group, protocol in sorted(found.items()):
        if protocol not in MOVED:
            yield Uncovered(group, "a share or streams group, or one of an unknown kind: its state cannot be moved")
        elif group not in plan.groups:
            yield Uncovered(group, "the plan file does not name it")
    held_now, _ = decided(positions, sorted(found.keys() & set(plan.groups)), world.clock)
    for group, held in sorted(held_now.items()):
        others = sorted({p.topic for p in held if p.topic not in plan.topics_at(site)})
        if others:
            yield Uncovered(group, f"the plan file does not name the topics of its positions in {', '.join(others)}")
