"""Find what a move would leave behind at the source, before anybody is asked to go on."""

from collections.abc import Iterator
from typing import NamedTuple

from drctl.model.session import IMMOVABLE
from drctl.ports import World
from drctl.ports.asking import decided


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
        if protocol in IMMOVABLE:
            yield Uncovered(group, IMMOVABLE[protocol])
        elif group not in plan.groups:
            yield Uncovered(group, "the plan file does not name it")
    movable = {group for group, protocol in found.items() if protocol not in IMMOVABLE}
    held_now, _ = decided(positions, sorted(movable & set(plan.groups)), world.clock)
    for group, held in sorted(held_now.items()):
        others = sorted({p.topic for p in held if p.topic not in plan.topics_at(site)})
        if others:
            yield Uncovered(group, f"the plan file does not name the topics of its positions in {', '.join(others)}")
