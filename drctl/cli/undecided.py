"""Positions about which no rule can decide: a person is told before the question, and nothing is held up by them."""

from functools import partial
from typing import TYPE_CHECKING

from drctl.cli.output import echo
from drctl.errors import DrctlError
from drctl.ports import World
from drctl.ports.asking import both

if TYPE_CHECKING:
    from drctl.plans.positions import Answers


def echo_undecided(world: World, source: str, target: str) -> None:
    """Name on standard error what a move to ``target`` would leave to chance, or take away from somebody."""
    for line in never_committed(world, source, target):
        echo(f"  never committed: {line}", err=True)
    for line in would_replace(world, source, target):
        echo(f"  replaced: {line}", err=True)


def never_committed(world: World, source: str, target: str) -> list[str]:
    """Partitions in which the groups that move have no position, a line for each group, and what becomes of them."""
    from drctl.plans.uncommitted import told, uncommitted

    try:
        held = world.sites[source].positions.committed(world.plan.groups)
        return told(uncommitted(world, source, held), target)
    except DrctlError as error:
        return [f"unknown: {error}"]


def would_replace(world: World, source: str, target: str, answers: "Answers | None" = None) -> list[str]:
    """Positions that somebody else committed at the target, a line for each group, and what they will be set to.

    ``answers`` are the positions at the source as they were just translated, if they were.
    """
    from drctl.plans.foreign_commits import foreign_commits, told_of

    sites, groups = world.sites, world.plan.groups
    try:
        here, there = both(*(partial(sites[site].positions.committed, groups) for site in (source, target)))
        return told_of(foreign_commits(world, source, target, here, there, answers=answers), target)
    except DrctlError as error:
        return [f"unknown: {error}"]
