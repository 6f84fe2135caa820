"""Sink connectors on a real database: what they deliver, and that they go on elsewhere exactly where they were."""

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from drctl.config import load
from drctl.drivers.connect.connectors import ConnectConnectors
from drctl.drivers.kafka.traffic import Outcome, Outgoing, TransactionalWriter
from drctl.drivers.store.clock import SystemClock
from drctl.errors import Conflict, LabError
from drctl.lab import Lab
from drctl.lab.database import Database
from drctl.lab.ports import free_ports
from drctl.lab.processes import Processes
from drctl.lab.sinks import TOPIC
from drctl.model.link import ConnectorState
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.session import GroupState
from drctl.model.translation import Exact
from drctl.model.workloads import Workload
from drctl.monitors.links import lag
from drctl.plans.positions import translate_groups
from drctl.ports import World
from drctl.wiring.world import open_world
from tests.lab.usage import wait
from tests.leftovers import alive

CLOCK = SystemClock()
PARTITIONS = tuple(TopicPartition(TOPIC, number) for number in range(3))
TABLE, FILE = "orders-to-postgres", "orders-to-file"


def wait_for(count: int, delivered: Callable[[], list[str]]) -> None:
    wait(f"{count} records are delivered", lambda: len(delivered()) >= count)


class Situation:
    """A lab with sinks, its workers' connectors and the orders written so far."""

    def __init__(self, lab: Lab, world: World) -> None:
        self.lab, self.world = lab, world
        self.workers = {name: ConnectConnectors(lab.site(name).connect_url, CLOCK) for name in ("north", "south")}
        self.written: list[str] = []

    def write(self, count: int) -> None:
        """Orders in transactions of ten, of which every third is aborted on purpose."""
        shop = self.lab.site("north").kafka("shop")
        writer = TransactionalWriter(shop, "shop-sinks")
        for number in range(count // 10):
            for commit in (True, False) if number % 3 == 1 else (True,):
                values = [self._order(commit=commit) for _ in range(10)]
                window = [Outgoing(PARTITIONS[n % 3], b"customer", value) for n, value in enumerate(values)]
                assert writer.write(window, commit=commit) is (Outcome.WRITTEN if commit else Outcome.ABORTED)
        shop.close()

    def _order(self, *, commit: bool) -> bytes:
        order = json.dumps({"order": len(self.written), "cents": 100, "aborted": not commit})
        self.written += [order] if commit else []
        return order.encode()

    def rows(self) -> list[str]:
        return [record for record, _, _ in self.lab.sinks.rows()]

    def run(self, site: str, name: str) -> None:
        self.workers[site].put(name, self.lab.sinks.connectors[name])
        self.workers[site].resume(name)

    def empty(self, site: str, name: str) -> bool:
        group = f"connect-{name}"
        return self.world.sites[site].positions.describe([group])[group].state is GroupState.EMPTY

    def positions(self, site: str, name: str) -> dict[TopicPartition, Committed]:
        return dict(self.world.sites[site].positions.committed([f"connect-{name}"])[f"connect-{name}"])

    def close(self) -> None:
        for worker in self.workers.values():
            worker.close()


@pytest.fixture(scope="module")
def situation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Situation]:
    with Lab.start(tmp_path_factory.mktemp("lab") / "sinks", small=True, sinks=True) as lab:
        plan = replace(load(lab.plan_file), workloads=(Workload("shop", (TOPIC,), ()),))
        with open_world(plan) as world:
            situation = Situation(lab, world)
            yield situation
            situation.close()


@pytest.mark.parametrize("name", [TABLE, FILE])
def test_a_sink_goes_on_at_the_other_site_exactly_where_it_was(situation: Situation, name: str) -> None:
    delivered = situation.rows if name == TABLE else situation.lab.sinks.lines
    group, north, south = f"connect-{name}", situation.workers["north"], situation.workers["south"]
    situation.write(300)
    situation.run("north", name)
    wait_for(len(situation.written), delivered)
    assert Counter(delivered()) == Counter(situation.written)

    wait("it works", lambda: north.state(name).working)
    with pytest.raises(Conflict):
        situation.world.sites["north"].positions.commit(group, {PARTITIONS[0]: Committed(0)})
    situation.write(60)
    north.stop(name)
    wait("its group is empty", lambda: situation.empty("north", name))
    situation.write(90)
    handed = situation.positions("north", name)
    assert set(handed) == set(PARTITIONS)
    situation.world.sites["north"].positions.commit(group, handed)
    wait("the link has copied all", lambda: lag(situation.world, "north", "south").total == 0)

    answers = translate_groups(situation.world, "north", "south", [group])[group]
    there = {p: Committed(a.offset) for p, a in answers.items() if isinstance(a, Exact)}
    assert set(there) == set(PARTITIONS), answers
    assert any(there[p].offset != handed[p].offset for p in PARTITIONS)

    config = north.definition(name)
    assert config == situation.lab.sinks.connectors[name]
    south.put(name, config)
    assert south.state(name).state is ConnectorState.STOPPED
    owed = len(situation.written) - len(delivered())
    assert owed >= 90
    for extra in (0, owed):  # from the position handed over, and once more as a control: what comes twice must show
        situation.world.sites["south"].positions.commit(group, there)
        south.resume(name)
        wait_for(len(situation.written) + extra, delivered)
        south.stop(name)
        wait("its group is empty", lambda: situation.empty("south", name))
        assert (Counter(delivered()) - Counter(situation.written)).total() == extra
        assert not Counter(situation.written) - Counter(delivered())


def test_the_password_of_the_database_is_in_no_definition(situation: Situation) -> None:
    situation.workers["north"].put(TABLE, situation.lab.sinks.connectors[TABLE])
    told = situation.workers["north"].definition(TABLE)
    assert told is not None
    assert told["connection.password"].startswith("${file:")


def test_an_attached_lab_has_its_sinks_and_one_without_says_so(situation: Situation, tmp_path: Path) -> None:
    assert Lab.attach(situation.lab.folder).sinks.rows() == situation.lab.sinks.rows()
    with pytest.raises(LabError, match="no sinks"):
        _ = Lab(tmp_path, {}, CLOCK).sinks


@pytest.fixture
def database(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[bytes]", Processes, Database]]:
    """PostgreSQL under a supervisor of its own."""
    processes = Processes(tmp_path, CLOCK)
    with processes.launch_supervisor() as supervisor:
        there = Database(tmp_path, *free_ports(1))
        there.launch(processes)
        wait("PostgreSQL answers", there.ready)
        yield supervisor, processes, there
        supervisor.kill()


def descendants(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    children = [int(word) for word in found.stdout.split()]
    return children + [each for child in children for each in descendants(child)]


def memory_of_the_dead() -> list[str]:
    """System V segments that nobody is attached to."""
    table = Path("/proc/sysvipc/shm").read_text().splitlines()
    return [line for line in table[1:] if line.split()[6] == "0"]


@pytest.mark.parametrize("end", ["supervisor killed", "supervisor told", "starter gone"])
def test_nothing_of_postgresql_is_left(
    database: tuple["subprocess.Popen[bytes]", Processes, Database], end: str
) -> None:
    supervisor, processes, _ = database
    before = memory_of_the_dead()
    pids = descendants(supervisor.pid)
    assert len(pids) > 3
    match end:
        case "supervisor killed":
            os.kill(supervisor.pid, signal.SIGKILL)
        case "supervisor told":
            processes.ask({"do": "down"})
        case _:
            assert supervisor.stdin is not None
            supervisor.stdin.close()
    wait("all are gone", lambda: not alive(pids), 20)
    assert memory_of_the_dead() == before


def test_postgresql_is_no_root_and_comes_back_with_its_rows(
    database: tuple["subprocess.Popen[bytes]", Processes, Database],
) -> None:
    _, processes, there = database
    there.rows("create table t (a int)")
    there.rows("insert into t values (1), (2)")
    status = Path(f"/proc/{processes.status('postgres').pid}/status").read_text()
    assert "Uid:\t0\t" not in status
    processes.signal("postgres", "SIGKILL")
    processes.wait_gone("postgres")
    there.launch(processes)
    wait("PostgreSQL answers", there.ready)
    assert there.rows("select a from t order by a") == [("1",), ("2",)]
    with pytest.raises(LabError, match="does not exist"):
        there.rows("select * from nothing")
