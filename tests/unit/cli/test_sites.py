"""Which way a command moves the work."""

from dataclasses import replace

from drctl.cli.sites import direction
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world
from tests.spec.harness import killed_at, switch


def _with_a_third_site(earth: FakeWorld) -> World:
    """East comes first, and a link leads from there to south, too."""
    world = earth.new_process()
    away = world.links["north", "south"]
    links = {("east", "south"): replace(away, link=replace(away.link, source="east")), **world.links}
    return replace(world, links=links, sites={"east": world.sites["north"], **world.sites})


def test_the_source_is_where_clients_are() -> None:
    assert direction(_with_a_third_site(fake_world()), "south") == ("north", "south")


def test_of_three_sites_the_unfinished_run_says_which_is_left() -> None:
    earth = fake_world()
    with killed_at(earth, "commit billing at south"):
        switch(earth.ports())
    assert earth.routing.site() is None
    assert direction(_with_a_third_site(earth), "south") == ("north", "south")
