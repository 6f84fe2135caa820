"""Who is still at work at a site to which no clients are sent, for the commands that show it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from drctl.decide.clients import left_behind
from drctl.decide.rules import Blocker
from drctl.model.clients import Census, SiteClients
from drctl.model.facts import Status
from drctl.model.reading import Reading
from drctl.monitors import reading_of
from drctl.plans.selection import handed_over
from drctl.ports import World


def with_away(world: World, census: Census) -> Census:
    """The same with the groups that were handed over alone: they are where they belong. Asks the journal only."""
    away = {name: reading_of(world.clock, partial(handed_over, world, name)).value or {} for name in world.sites}
    return replace(census, away=away)


def clients_left(world: World, seen: Status) -> list[Blocker]:
    """The plan's groups with members at a site that does not serve, by what a status has seen; asks no site again."""
    # When each group committed last is asked for by 'drctl clients' only: it takes a reading of all commits.
    sites = tuple(SiteClients(s.facts.name, s.facts.groups, Reading({}, seen.seen_at)) for s in seen.sites)
    return list(left_behind(with_away(world, Census(sites, seen.client_routing, None, ()))))


def clients_left_lines(left: Sequence[Blocker]) -> Iterator[str]:
    """The same for people; nothing where nobody is left."""
    for each in left:
        yield f"  ! still at a site that does not serve: {each.detail}\n    remedy: {each.remedy}"


def clients_left_document(left: Sequence[Blocker]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [{"detail": each.detail, "remedy": each.remedy} for each in left]
