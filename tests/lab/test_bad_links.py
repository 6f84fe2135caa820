"""A link in bad order meets the real command line. Each test leaves the lab as it found it."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise

import pytest

from drctl.config import load
from drctl.decide.readiness import GateCategory
from drctl.decide.staleness import worth_watching
from drctl.drivers.connect.client import ConnectClient
from drctl.drivers.kafka.provision import create_topics
from drctl.drivers.kafka.records import KafkaRecords, read
from drctl.drivers.kafka.traffic import Outcome, Outgoing, Writer
from drctl.drivers.store.clock import SystemClock
from drctl.errors import NotFound, Unreachable
from drctl.lab import Lab, wire_faults
from drctl.lab.connect import AT_LEAST_ONCE, set_worker, write_links
from drctl.lab.faults import FAULTS
from drctl.model.offsets import Committed, TopicPartition
from drctl.monitors import observe
from drctl.wiring.world import open_world
from tests.lab import usage
from tests.lab.test_return import Load, some_more
from tests.lab.usage import drctl, moved

pytestmark = pytest.mark.early

CLOCK = SystemClock()
wait = partial(usage.wait, seconds=90)
READINGS = TopicPartition("turbines.readings", 0)
SOURCE = "north-to-south.source"
SYNCS = "mm2-offset-syncs.north.internal"


@pytest.fixture(scope="module")
def lab(own_lab: Lab) -> Lab:
    """A lab of their own, with 300 records copied and every group in the middle of them."""
    north = own_lab.site("north").kafka("turbines")
    assert Writer(north).write([Outgoing(READINGS, b"k", b"%d" % n) for n in range(300)]) == [Outcome.WRITTEN] * 300
    north.close()
    with open_world(load(own_lab.plan_file)) as world:
        for group in world.plan.groups:
            world.sites["north"].positions.commit(group, {READINGS: Committed(150)})
        records = world.sites["south"].records
        wait("the records are at south", lambda: records.bounds([READINGS])[READINGS].stable >= 300)
    return own_lab


@contextmanager
def worker(lab: Lab, site: str) -> Iterator[ConnectClient]:
    client = ConnectClient(lab.site(site).connect_url)
    try:
        yield client
    finally:
        client.close()


def state(client: ConnectClient, name: str) -> str:
    """A connector's state; none while the worker does not know it yet."""
    try:
        return str(client.get(f"/connectors/{name}/status")["connector"]["state"])
    except (NotFound, Unreachable):
        return "none"


def runs(client: ConnectClient, name: str) -> bool:
    if state(client, name) != "RUNNING":
        return False
    tasks = client.get(f"/connectors/{name}/status")["tasks"]
    return bool(tasks) and all(task["state"] == "RUNNING" for task in tasks)


def keeps_running(client: ConnectClient, name: str) -> bool:
    """A connector tells RUNNING for a moment after its configuration was changed, and only then restarts."""
    for _ in range(12):
        if not runs(client, name):
            return False
        CLOCK.sleep(0.25)
    return True


def delete_topic(lab: Lab, site: str, topic: str) -> None:
    """Deleted until it stays away: a connector that is only just being restarted makes it once more."""
    kafka = lab.site(site).kafka("admin")

    def stays_away() -> bool:
        for _ in range(20):
            if topic in kafka.admin().list_topics(timeout=10).topics:
                kafka.admin().delete_topics([topic])[topic].result(30)
                return False
            CLOCK.sleep(0.25)
        return True

    wait(f"{topic} is gone", stays_away)
    kafka.close()


def create_topic(lab: Lab, site: str, topic: str) -> None:
    kafka = lab.site(site).kafka("admin")
    forever = {"cleanup.policy": "compact", "min.compaction.lag.ms": str(10 * 365 * 86_400_000)}
    create_topics(kafka, {topic: (1, 1, forever)})
    kafka.close()


def test_offset_syncs_that_are_missing(lab: Lab) -> None:
    delete_topic(lab, "south", SYNCS)
    try:
        done = drctl(lab, "switchover", "--to", "south", "--yes")
        assert done.returncode == GateCategory.OFFSET_SYNCS, done.stderr
        assert f"site south has no topic {SYNCS}" in done.stderr
        told = drctl(lab, "groups", "--to", "south")
        assert told.returncode == NotFound.exit_code
        assert "create the topic (1 partition, compacted" in told.stderr
    finally:
        create_topic(lab, "south", SYNCS)


def test_offset_syncs_on_the_wrong_side(lab: Lab) -> None:
    with worker(lab, "south") as client:
        config = client.get(f"/connectors/{SOURCE}/config")
        client.put(f"/connectors/{SOURCE}/config", {**config, "offset-syncs.topic.location": "source"})
        try:
            wait("the link runs", lambda: keeps_running(client, SOURCE))
            done = drctl(lab, "switchover", "--to", "south", "--yes")
        finally:
            client.put(f"/connectors/{SOURCE}/config", config)
            wait("the link runs", lambda: keeps_running(client, SOURCE))
    assert done.returncode == GateCategory.OFFSET_SYNCS, done.stderr
    assert f"{SOURCE}: offset-syncs.topic.location is source" in done.stderr


def test_both_directions_running(lab: Lab) -> None:
    definition = json.loads((lab.folder / "links" / "south-to-north.json").read_text())["south-to-north.source"]
    with worker(lab, "north") as client:
        # A topic list of its own, so that the two links do not feed each other while this test looks on.
        client.put("/connectors/south-to-north.source/config", {**definition, "topics": "dr\\.elsewhere"})
        client.put("/connectors/south-to-north.source/resume")  # it may be there, stopped, from a switchover
        wait("both run", lambda: state(client, "south-to-north.source") == "RUNNING")
        done = drctl(lab, "switchover", "--to", "south", "--yes")
        client.delete("/connectors/south-to-north.source")
    assert done.returncode == GateCategory.BOTH_DIRECTIONS, done.stderr
    assert "south-to-north.source is RUNNING while north-to-south is in use" in done.stderr


@contextmanager
def at_least_once(lab: Lab) -> Iterator[None]:
    """South's worker without exactly-once support, as many run it."""

    def support(wanted: str) -> None:
        with worker(lab, "south") as client:
            config = client.get(f"/connectors/{SOURCE}/config")
            client.put(f"/connectors/{SOURCE}/config", {**config, "exactly.once.support": wanted})
            wait("the link runs", lambda: keeps_running(client, SOURCE))

    def restarted(settings: dict[str, str]) -> None:
        set_worker(lab.layout["south"], lab.folder, settings)
        write_links(lab.layout, lab.folder, at_least_once=bool(settings))
        FAULTS["stop"](lab, "south-connect")
        FAULTS["restart"](lab, "south-connect")
        with worker(lab, "south") as client:
            wait("the link runs", lambda: keeps_running(client, SOURCE))

    support("requested")
    restarted(AT_LEAST_ONCE)
    try:
        yield
    finally:
        restarted({})
        support("required")  # a worker that does not copy exactly once takes no such connector


def offsets_of_copies(lab: Lab, count: int) -> list[int]:
    """Where so many records lie at south that are written at north and copied one by one."""
    north, south = lab.site("north").kafka("turbines"), lab.site("south").kafka("drctl")
    found: list[int] = []
    (end,) = {b.high for b in KafkaRecords(south).bounds([READINGS]).values()}
    for number in range(1, count + 1):
        assert Writer(north).write([Outgoing(READINGS, b"k", b"beside %d" % number)]) == [Outcome.WRITTEN]

        def copied(so_many: int = number) -> bool:
            found[:] = [m.offset() or 0 for m in read(south, READINGS, end)]
            return len(found) == so_many

        wait(f"record {number} is copied", copied)
    north.close()
    south.close()
    return found


def test_a_link_that_copies_at_least_once_works_and_says_what_it_costs(lab: Lab) -> None:
    assert max(_gaps(offsets_of_copies(lab, 3))) == 2  # a marker behind each transaction
    with at_least_once(lab):
        assert set(_gaps(offsets_of_copies(lab, 5))) == {1}
        planned = drctl(lab, "plan", "switchover", "--to", "south")
        assert planned.returncode == 0, planned.stdout + planned.stderr
        assert re.search("Worth knowing:.*after a crash records arrive twice", planned.stdout, re.DOTALL)
        there = drctl(lab, "switchover", "--to", "south", "--yes", "-o", "json")
        assert there.returncode == 0, there.stderr
        document = json.loads(there.stdout)
        (warning,) = document["evidence"]["check-gates"]["warnings"]
        assert "after a crash records arrive twice" in warning
        handed = document["evidence"]["hand-over-positions"]["groups"]["dispatch"]["positions"][str(READINGS)]
        assert (handed["here"], handed["there"]) == (150, 150)
        home = moved(lab, "switchover", "--to", "north", "--yes")
        assert home.returncode == 0, home.stderr


def test_a_link_that_is_cut_under_load_is_silent_to_a_plan_until_it_is_healed(lab: Lab) -> None:
    with Load(lab, "north", "waiting") as load_, open_world(load(lab.plan_file)) as world:
        some_more(world, load_)
        wire_faults.cut_link(lab, "north")
        try:
            # A link may need three of its intervals for a record: only then it is watched, for as long again.
            wait("records have waited", lambda: worth_watching(observe(world, "north", "south").link) is not None)
            silent = drctl(lab, "plan", "switchover", "--to", "south")
        finally:
            wire_faults.heal_link(lab, "north")
    assert silent.returncode == GateCategory.LAG, silent.stdout + silent.stderr
    assert re.search("RUNNING, and nothing was copied for", silent.stdout)
    wait("the plan passes", lambda: drctl(lab, "plan", "switchover", "--to", "south").returncode == 0)


def _gaps(offsets: list[int]) -> list[int]:
    return [later - earlier for earlier, later in pairwise(offsets)]
