"""Monitors: what they see, and that what they cannot see is unknown."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from threading import Barrier

from drctl.errors import Unreachable
from drctl.model.cluster import Broker, Cluster
from drctl.model.link import ConnectorState, LinkStatus
from drctl.model.offsets import TopicPartition
from drctl.model.session import Group
from drctl.model.site import Role
from drctl.model.upkeep import DiskSpace
from drctl.monitors import observe, status
from drctl.monitors.links import COUNTED_UP_TO, lag
from tests.fakes.brokers import FakeBrokers
from tests.fakes.clock import StandsStill
from tests.fakes.mirror import FakeReplication
from tests.fakes.positions import FakePositions
from tests.fakes.world import TOPICS, FakeWorld, fake_world
from tests.unit.ports.noted_records import NotedRecords

ORDERS = TopicPartition("shop.orders", 0)


class SilentLogDirs:
    """Brokers that take the question and do not answer."""

    def offline(self, broker: Broker) -> tuple[str, ...]:
        raise StandsStill

    def space(self, broker: Broker) -> Mapping[str, DiskSpace]:
        raise StandsStill


def test_a_healthy_world_is_seen_whole() -> None:
    world = fake_world()
    facts = observe(world.ports(), "north", "south")
    assert facts.client_routing.value == "north"
    assert isinstance(facts.source.cluster.value, Cluster)
    assert facts.link.status.value is not None
    assert facts.link.status.value.working
    assert facts.canary.value is not None
    assert not facts.canary.value.refused


def test_a_look_at_what_gates_ask_for_sees_the_disks_of_the_target_alone() -> None:
    facts = observe(fake_world().ports(), "north", "south")
    assert [*facts.target.disks] == ["broker 1", "broker 2", "broker 3"]
    assert all(seen.known for seen in facts.target.disks.values())
    assert facts.source.disks == {}


def test_brokers_that_tell_nothing_of_their_disks_are_waited_for_at_once_and_hide_nothing_else() -> None:
    world = fake_world()
    ports = world.ports()
    silent = replace(ports.sites["south"], log_dirs=SilentLogDirs())
    facts = observe(replace(ports, sites={**ports.sites, "south": silent}), "north", "south")
    assert {seen.unknown for seen in facts.target.disks.values()} == {"no answer within 6 s"}
    assert facts.target.groups.known
    assert facts.link.lag.known


class SilentCoordinators(FakePositions):
    """Groups whose coordinators do not answer, beside brokers that do."""

    def describe(self, groups: Collection[str]) -> Mapping[str, Group]:
        raise Unreachable(f"{self.site.name}: no answer about {len(groups)} groups")


def test_coordinators_that_are_silent_are_not_asked_again_what_drctl_may_do_with_their_groups() -> None:
    world = fake_world()
    ports = world.ports()
    silent = replace(ports.sites["north"], positions=SilentCoordinators(world.north))
    facts = observe(replace(ports, sites={**ports.sites, "north": silent}), "north", "south")
    assert facts.source.groups.silent
    assert facts.source.rights.value is not None
    assert facts.source.rights.value.groups == {}
    assert facts.source.rights.value.cluster
    assert facts.target.rights.value is not None
    assert facts.target.rights.value.groups.keys() == set(ports.plan.groups)


class AskedTogether(FakeBrokers):
    """Brokers that answer once the link's worker is asked, too."""

    def __init__(self, world: FakeWorld, together: Barrier) -> None:
        super().__init__(world.south)
        self.together = together

    def cluster(self) -> Cluster:
        self.together.wait()
        return super().cluster()


class WorkerAskedTogether(FakeReplication):
    """The link's worker, which answers once the brokers are asked, too."""

    def __init__(self, world: FakeWorld, together: Barrier) -> None:
        super().__init__(world.mirrors["north", "south"])
        self.together = together

    def status(self) -> LinkStatus:
        self.together.wait()
        return super().status()


def test_a_link_is_looked_at_beside_the_site_where_it_runs() -> None:
    world, together = fake_world(), Barrier(2, timeout=20)
    ports = world.ports()
    south = replace(ports.sites["south"], brokers=AskedTogether(world, together))
    link = replace(ports.links["north", "south"], replication=WorkerAskedTogether(world, together))
    ports = replace(ports, sites={**ports.sites, "south": south}, links={**ports.links, ("north", "south"): link})
    facts = observe(ports, "north", "south")
    assert facts.target.cluster.known
    assert facts.link.status.known


def test_a_silent_site_is_unknown_with_the_reason_and_the_other_is_still_seen() -> None:
    world = fake_world()
    world.south.down = True
    facts = observe(world.ports(), "north", "south")
    assert "no broker answers" in facts.target.cluster.unknown
    assert not facts.target.groups.known
    assert facts.source.groups.known


def test_a_worker_that_does_not_answer_leaves_lag_unknown_not_zero() -> None:
    world = fake_world()
    world.mirrors["north", "south"].worker_down = True
    facts = observe(world.ports(), "north", "south")
    assert facts.link.lag.value is None
    assert facts.link.lag.unknown


def test_lag_counts_the_records_that_were_not_copied() -> None:
    world = _quiet()
    world.mirrors["north", "south"].holds = True
    for n in range(4):
        world.north.write(ORDERS, b"%d" % n, "User:shop")
    lag = observe(world.ports(), "north", "south").link.lag.value
    assert lag is not None
    assert (lag.records[ORDERS], lag.total, lag.exact, lag.seconds) == (4, 4, True, None)  # the fake stamps nothing


def test_the_records_of_all_partitions_that_wait_are_counted_by_one_reading() -> None:
    world = _quiet()
    world.mirrors["north", "south"].holds = True
    waiting = sorted(p for p in world.north.logs if p.topic in TOPICS)
    for partition in waiting:
        world.north.write(partition, b"waits", "User:shop")
    ports, records = world.ports(), NotedRecords(world.north)
    sites = {**ports.sites, "north": replace(ports.sites["north"], records=records)}
    told = lag(replace(ports, sites=sites), "north", "south")
    assert (dict(told.records), told.exact) == (dict.fromkeys(waiting, 1), True)
    assert (records.together, records.alone) == ([set(waiting)], [])


def test_of_a_partition_with_very_many_records_only_the_first_is_read() -> None:
    world = _quiet()
    world.mirrors["north", "south"].holds = True
    for _ in range(COUNTED_UP_TO + 1):
        world.north.write(ORDERS, b"waits", "User:shop")
    told = lag(world.ports(), "north", "south")
    assert told.frontier is not None
    behind = world.north.logs[ORDERS].bounds.stable - told.frontier[ORDERS]
    assert behind > COUNTED_UP_TO
    assert (told.records[ORDERS], told.total, told.exact) == (behind, behind, False)


def test_markers_behind_the_frontier_are_no_lag() -> None:
    world = _quiet()
    transaction = world.north.begin("User:shop")
    transaction.write(ORDERS, b"x")
    transaction.abort()
    lag = observe(world.ports(), "north", "south").link.lag.value
    assert lag is not None
    assert (lag.total, lag.seconds) == (0, 0.0)


def test_roles_follow_from_client_routing_rules_and_links() -> None:
    world = fake_world()
    roles = {s.facts.name: s.role for s in status(world.ports()).sites}
    assert roles == {"north": Role.PRIMARY, "south": Role.STANDBY}


def test_a_primary_under_deny_rules_is_fenced() -> None:
    world = fake_world()
    world.north.denials = set(world.south.denials)
    assert status(world.ports()).sites[0].role is Role.FENCED


def test_a_silent_site_has_no_known_role() -> None:
    world = fake_world()
    world.north.down = True
    assert status(world.ports()).sites[0].role is Role.UNKNOWN


def test_a_standby_without_a_link_is_merely_fenced() -> None:
    world = fake_world()
    world.mirrors["north", "south"].state = ConnectorState.STOPPED
    assert status(world.ports()).sites[1].role is Role.FENCED


def test_a_groups_lag_is_the_distance_to_the_stable_ends() -> None:
    world = fake_world()
    told = status(world.ports()).sites[0].group_lag.value
    assert told is not None
    assert set(told) == {"dispatch", "billing"}
    assert told["billing"] > 0


def test_status_writes_nothing() -> None:
    world = _quiet()
    before = {p: len(log.entries) for p, log in world.north.logs.items()}
    status(world.ports())
    assert {p: len(log.entries) for p, log in world.north.logs.items()} == before


def _quiet() -> FakeWorld:
    """Everything written, copied and read."""
    world = fake_world()
    world.come_to_rest()
    return world


def test_of_a_link_that_is_off_on_purpose_no_record_is_counted() -> None:
    world = FakeWorld()
    for number in range(5):
        world.south.write(ORDERS, b"%d" % number, "User:mm2")
    back = next(link for link in status(world.ports()).links if link.link.source == "south")
    assert (back.off_on_purpose, back.lag.value, back.lag.unknown) == (True, None, "it is off on purpose: north serves")
    assert observe(world.ports(), "north", "south").reverse == back


def test_while_clients_are_sent_nowhere_the_work_belongs_to_the_site_that_is_being_left() -> None:
    world = _quiet()
    world.routing.route_to(None)

    def off(left: str | None) -> dict[str, bool]:
        return {link.link.source: link.off_on_purpose for link in status(world.ports(), left=left).links}

    assert off("north") == {"north": False, "south": True}
    assert off(None) == {"north": False, "south": False}
    world.routing.route_to("north")
    assert off("south") == {"north": False, "south": True}


def test_where_the_copies_bear_other_names_no_link_is_off_on_purpose() -> None:
    world = FakeWorld(prefixed=True)
    world.mirrors["south", "north"].state = ConnectorState.STOPPED
    back = next(link for link in status(world.ports()).links if link.link.source == "south")
    assert not back.off_on_purpose
    assert back.lag.known
