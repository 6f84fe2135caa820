"""Sites that are dead, frozen or half dead, as whoever asks them meets them."""

from dataclasses import fields, replace
from enum import StrEnum
from typing import Any

from drctl.ports import LinkPorts, SitePorts, World
from tests.fakes.clock import never_answers
from tests.fakes.world import FakeWorld


class Silence(StrEnum):
    """How somebody is silent: no connection at all, no answer at all, or answers to easy questions only."""

    DEAD = "dead"
    FROZEN = "frozen"
    HALF_DEAD = "half dead"


EASY = frozenset({"cluster", "topics", "groups", "describe", "status"})
"""What a site that is half dead still answers."""
ON_THIS_MACHINE = frozenset({"addresses", "kept"})
"""What is read from files beside the plan file."""


class _Silent:
    """Stands before a port that answers nothing but what is easy."""

    def __init__(self, port: object, easy: frozenset[str]) -> None:
        self._port, self._easy = port, easy

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name) if name in self._easy else never_answers


def silence(earth: FakeWorld, site: str, how: Silence) -> World:
    """Return a new process' view of the world in which that site, with its Connect worker, is silent."""
    if how is Silence.DEAD:
        earth.sites[site].down = earth.workers[site].worker_down = True
        for (_, target), mirror in earth.mirrors.items():
            mirror.worker_down |= target == site
        return earth.new_process()
    easy = ON_THIS_MACHINE | (EASY if how is Silence.HALF_DEAD else frozenset())

    def of(port: object) -> Any:
        return _Silent(port, easy)

    world = earth.new_process()
    ports: SitePorts = world.sites[site]
    kept = ("name", "kubernetes", "scaling", "timekeepers")
    asked = [each.name for each in fields(ports) if each.name not in kept]
    clocks = {who: of(each) for who, each in ports.timekeepers.items()}
    there = replace(ports, timekeepers=clocks, **{name: of(getattr(ports, name)) for name in asked})

    def link(each: LinkPorts) -> LinkPorts:
        return replace(each, replication=of(each.replication), mappings=of(each.mappings))

    links = {ends: link(each) if ends[1] == site else each for ends, each in world.links.items()}
    return replace(
        world, sites={**world.sites, site: there}, links=links, copies={**world.copies, site: of(world.copies[site])}
    )
