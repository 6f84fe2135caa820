"""A world that is asked under one deadline."""

import pytest

from drctl.errors import DeadlinePassed, NotFound
from drctl.monitors import hurried
from drctl.monitors.hurrying import GRACE, LOOKING, ROUTING
from drctl.ports import World
from tests.fakes import fake_world
from tests.fakes.clock import never_answers
from tests.fakes.silence import Silence, silence


def test_who_answers_is_heard_and_what_it_raises_is_raised() -> None:
    earth = fake_world()
    world = hurried(earth.ports())
    assert world.sites["north"].brokers.cluster().cluster_id == "id-of-north"
    earth.mirrors["north", "south"].topic_missing = "mm2-offset-syncs"
    with pytest.raises(NotFound):
        world.links["north", "south"].mappings.syncs([])


def test_who_does_not_answer_is_named_and_nobody_is_to_ask_again() -> None:
    world = hurried(silence(fake_world(), "north", Silence.FROZEN))
    with pytest.raises(DeadlinePassed, match=r"^site north: no answer within 8 s$") as late:
        world.sites["north"].positions.groups()
    assert not late.value.transient
    with pytest.raises(DeadlinePassed, match=r"^the Connect worker at north: "):
        world.links["south", "north"].replication.status()


def test_all_questions_together_take_less_than_ten_seconds_and_the_others_are_still_asked() -> None:
    earth = fake_world()
    began, world = earth.clock.monotonic(), hurried(silence(earth, "north", Silence.FROZEN))
    north, south = world.sites["north"], world.sites["south"]
    for ask in (north.brokers.cluster, north.positions.groups, north.fence.writers):
        with pytest.raises(DeadlinePassed, match="site north: no answer within 8 s"):
            ask()
    assert earth.clock.monotonic() - began == pytest.approx(LOOKING)
    assert south.brokers.cluster().cluster_id == "id-of-south"
    assert earth.clock.monotonic() - began < 10


def test_two_who_are_silent_do_not_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    earth = fake_world()
    ports = silence(earth, "north", Silence.FROZEN)
    monkeypatch.setattr(ports.sites["south"].positions, "groups", never_answers)
    began, world = earth.clock.monotonic(), hurried(ports)
    for name in ("north", "south"):
        with pytest.raises(DeadlinePassed, match=f"site {name}: "):
            world.sites[name].positions.groups()
    assert earth.clock.monotonic() - began == pytest.approx(LOOKING + GRACE)
    with pytest.raises(DeadlinePassed, match="not asked"):
        world.links["north", "south"].replication.status()


def test_client_routing_is_waited_for_so_shortly_that_time_is_left_for_the_sites(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    earth = fake_world()
    ports = earth.ports()
    monkeypatch.setattr(ports.client_routing, "site", never_answers)
    began, world = earth.clock.monotonic(), hurried(ports)
    with pytest.raises(DeadlinePassed, match="client routing: no answer within 4 s"):
        world.client_routing.site()
    assert earth.clock.monotonic() - began == pytest.approx(ROUTING)
    assert world.sites["north"].brokers.cluster().cluster_id == "id-of-north"


def _read_for_long(world: World) -> None:
    for _ in range(20):
        assert world.sites["north"].brokers.cluster().cluster_id == "id-of-north"
        world.clock.sleep(1)


def test_as_long_as_everybody_answers_there_may_be_much_to_read() -> None:
    _read_for_long(hurried(fake_world().ports()))
