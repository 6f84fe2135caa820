"""A JDBC sink on a real PostgreSQL through whole switchovers, by the command line: each order is a row, once."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest

from drctl.config import load
from drctl.decide.rules import GateCategory
from drctl.drivers.connect.connectors import ConnectConnectors
from drctl.drivers.connect.worker import path
from drctl.drivers.kafka.traffic import Outcome, Outgoing, TransactionalWriter
from drctl.drivers.store.clock import SystemClock
from drctl.lab import Lab
from drctl.lab.rights import LINKS, WORKER
from drctl.lab.sinks import TOPIC
from drctl.model.offsets import Committed, TopicPartition
from drctl.wiring.world import open_world
from tests.lab import usage
from tests.lab.usage import drctl, moved

pytestmark = pytest.mark.early

CLOCK = SystemClock()
wait = partial(usage.wait, seconds=90)
SINK, PROBE = "orders-to-postgres", "orders-to-nowhere"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab.start(tmp_path_factory.mktemp("lab") / "move", small=True, sinks=True) as lab:
        text = lab.plan_file.read_text()
        text = re.sub(r"topics: \[.*\]", f"topics: [{TOPIC}]", text)
        text = re.sub(r"groups: \[.*\]", f"groups: []\n      sinks: [{SINK}]", text)
        lab.plan_file.write_text(text)
        connectors = ConnectConnectors(lab.site("north").connect_url, CLOCK)
        connectors.put(SINK, lab.sinks.connectors[SINK])
        connectors.resume(SINK)
        yield lab
        connectors.close()


class Orders:
    """Writes orders in transactions, every third one aborted once, and keeps what was committed."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.written = lab, list[str]()

    def write(self, site: str, count: int) -> None:
        shop = self.lab.site(site).kafka("shop")
        writer = TransactionalWriter(shop, "shop-orders")
        for number in range(count // 10):
            for commit in (False, True) if number % 3 == 1 else (True,):
                orders = [json.dumps({"order": len(self.written) + n, "aborted": not commit}) for n in range(10)]
                window = [Outgoing(TopicPartition(TOPIC, n % 3), b"c", o.encode()) for n, o in enumerate(orders)]
                assert writer.write(window, commit=commit) is (Outcome.WRITTEN if commit else Outcome.ABORTED)
                self.written += orders if commit else []
        shop.close()

    def require_each_is_a_row_once(self) -> None:
        wait("the rows are there", lambda: len(self.lab.sinks.rows()) >= len(self.written))
        CLOCK.sleep(2)  # for what would come twice
        assert Counter(record for record, _, _ in self.lab.sinks.rows()) == Counter(self.written)


def test_orders_become_rows_exactly_once_wherever_their_sink_goes(lab: Lab) -> None:
    """In one test, because each part leaves rows, groups and a stopped sink behind."""
    name_a_worker_that_the_plan_file_does_not(lab)
    move_the_sink_there_and_home_again(lab)
    move_a_sink_with_a_group_of_its_own_beside_a_stale_one(lab)


def name_a_worker_that_the_plan_file_does_not(lab: Lab) -> None:
    """The fence would take its internal topics from it at north, and at the standby it is a writer like any other."""
    text = lab.plan_file.read_text()
    lab.plan_file.write_text(re.sub(r" +platformPrincipals: .*\n", "", text))
    planned = drctl(lab, "plan", "switchover", "--to", "south", "-o", "json")
    lab.plan_file.write_text(text)
    assert planned.returncode == GateCategory.WRITERS.value, planned.stdout + planned.stderr
    told = json.loads(planned.stdout)
    assert [WORKER in each["detail"] for each in told["blockers"] if each["rule"] == "STANDBY_OPEN"] == [True]
    warned = [each["detail"] for each in told["warnings"] if each["rule"] == "DENIED_TOO"]
    assert f"north: {WORKER} writes to no topic that moves, and the fence denies it, too" in warned


def require_its_worker_goes_on_behind_the_fence(lab: Lab, site: str) -> None:
    """Of all who may write there only the link and the worker itself are not denied, and it takes changes."""
    with open_world(load(lab.plan_file)) as world:
        fence = world.sites[site].fence
        assert fence.canary().refused
        denied = {denial.principal for denial in fence.standing()}
        assert fence.writers().principals - denied == {WORKER, LINKS}
    connectors = ConnectConnectors(lab.site(site).connect_url, CLOCK)
    connectors.put(PROBE, lab.sinks.connectors["orders-to-file"])
    connectors.stop(PROBE)
    assert connectors.state(PROBE).halted
    connectors.worker.settled("DELETE", path(PROBE))
    connectors.close()


def move_the_sink_there_and_home_again(lab: Lab) -> None:
    """Every order is a row once at each site."""
    orders = Orders(lab)
    orders.write("north", 300)
    wait("the sink has begun", lab.sinks.rows)
    orders.write("north", 90)
    planned = drctl(lab, "plan", "switchover", "--to", "south", "-o", "json")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert [each["group"] for each in json.loads(planned.stdout)["uncovered"]] == []
    for site, back in (("south", "north"), ("north", "south")):
        done = moved(lab, "switchover", "--to", site, "--yes", "-o", "json")
        assert done.returncode == 0, done.stderr
        evidence = json.loads(done.stdout)["evidence"]
        assert evidence["start-sinks"] == {"notWorking": {}}
        assert set(evidence["hand-over-positions"]["groups"]) == {f"connect-{SINK}"}
        assert lab.sinks.connectors[SINK]["connection.url"] not in done.stdout + done.stderr
        require_its_worker_goes_on_behind_the_fence(lab, back)
        orders.write(site, 120)
        orders.require_each_is_a_row_once()
        stopped = ConnectConnectors(lab.site(back).connect_url, CLOCK)
        assert stopped.state(SINK).halted
        stopped.close()


def move_a_sink_with_a_group_of_its_own_beside_a_stale_one(lab: Lab) -> None:
    """The sink's own group moves with it, and the group that Connect would have named stays as it is."""
    orders, own, stale = Orders(lab), "connect-team-a.orders", f"connect-{SINK}"
    already = len(lab.sinks.rows())
    with open_world(load(lab.plan_file)) as world:
        at_north, there = world.sites["north"].connectors, world.sites["south"].connectors
        at_north.resume(SINK)
        orders.write("north", 90)
        wait("these are rows", lambda: len(lab.sinks.rows()) == already + len(orders.written))
        at_north.stop(SINK)
        north = world.sites["north"].positions
        wait("its group is empty", lambda: north.describe([stale])[stale].takes_positions)
        held = north.committed([stale])[stale]
        north.commit(own, held)
        north.commit(stale, {p: Committed(each.offset // 2) for p, each in held.items()})
        config = {**lab.sinks.connectors[SINK], "consumer.override.group.id": own}
        at_north.put(SINK, config)
        if there.definition(SINK) is not None:  # from a move before
            there.put(SINK, config)
        at_north.resume(SINK)
    try:
        for site in ("south", "north"):
            done = moved(lab, "switchover", "--to", site, "--yes", "-o", "json")
            assert done.returncode == 0, done.stderr
            assert set(json.loads(done.stdout)["evidence"]["hand-over-positions"]["groups"]) == {own}
            orders.write(site, 60)
            wait("each order is a row", lambda: len(lab.sinks.rows()) >= already + len(orders.written))
            CLOCK.sleep(2)  # for what would come twice
            assert len(lab.sinks.rows()) == already + len(orders.written)
    finally:
        for name in ("north", "south"):
            connectors = ConnectConnectors(lab.site(name).connect_url, CLOCK)
            connectors.stop(SINK)
            connectors.put(SINK, lab.sinks.connectors[SINK])
            connectors.close()
