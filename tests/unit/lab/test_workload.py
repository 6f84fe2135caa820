"""The workload: how groups are brought to the end, whose history counts as complete, and what time its lines go by."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from drctl.drills.timeline import Histories
from drctl.drivers.store.client_routing import FileClientRouting
from drctl.drivers.store.clock import SystemClock
from drctl.errors import LabError
from drctl.lab.clients.common import SLOWED, UNPACED, Pace, Surroundings
from drctl.lab.lab import Lab
from drctl.lab.ports import free_ports
from drctl.lab.processes import ProcessStatus
from drctl.lab.steady import SteadyTime
from drctl.lab.workload import CLIENTS, GROUPS, READS, LabWorkload
from drctl.ledger.history import HistoryWriter
from tests.fakes.clock import FakeClock

RUN = UUID(int=7)


@dataclass
class FakeProcesses:
    """Remembers who was sent what, and lets somebody act on it; whoever is ``stuck`` writes where, if it is asked."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    stuck: Path | None = None

    def signal(self, name: str, signal: str) -> None:
        self.sent.append((name, signal))
        if self.stuck and signal == "SIGUSR2":
            with self.stuck.open("a") as log:
                log.write("in commit\n")

    def wait_gone(self, name: str, seconds: float) -> None:
        if self.stuck and name == self.stuck.stem:
            raise LabError(f"{name} did not end within {seconds:.0f} s")

    def log(self, name: str) -> Path:
        return self.stuck or Path(f"{name}.log")

    def reason(self, name: str) -> str:
        return f"the last words of {name}"


@dataclass
class FakeLab:
    """What a workload needs of a lab once its clients run."""

    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    processes: FakeProcesses = field(default_factory=FakeProcesses)
    ended: dict[str, int | None] = field(default_factory=dict)

    def status(self) -> tuple[ProcessStatus, ...]:
        return tuple(ProcessStatus(name, 1, "gone", 0, code) for name, code in self.ended.items())


def workload(lab: FakeLab) -> LabWorkload:
    return LabWorkload(cast(Lab, lab), RUN, lab.folder, SteadyTime.begun(lab.clock))


def tell(lab: FakeLab, client: str, kind: str, *places: tuple[str, int, int], **more: Any) -> None:
    history = HistoryWriter(lab.folder / f"{client}.jsonl")
    history.write(kind, 1.0, "north", [[1, *place] for place in places], **more)
    history.close()


def everybody_reads(lab: FakeLab, *places: tuple[str, int, int], but: str = "") -> None:
    for group, topics in READS.items():
        if group != but:
            own = [place for place in places if place[0] in topics]
            tell(lab, f"consumer-{group}", "processed", *own, group=group)


WRITTEN = (("turbines.readings", 5, 3), ("shop.orders", 0, 2), ("shop.prices", 1, 9))


def test_a_client_that_does_not_end_says_where_it_is(tmp_path: Path) -> None:
    lab = FakeLab(tmp_path)
    workload(lab).stop_consumers()
    lab.processes.stuck = tmp_path / "client-forecast.log"
    lab.processes.stuck.write_text("an earlier line\n")
    with pytest.raises(LabError, match=r"did not end within 60 s; it is here:\nin commit\n$"):
        workload(lab).stop_consumers()


@pytest.mark.parametrize(("code", "how"), [(1, "exit code 1"), (0, "exit code 0"), (-9, "killed"), (None, "killed")])
def test_a_client_that_ends_by_itself_is_told_with_its_last_words(tmp_path: Path, code: int | None, how: str) -> None:
    lab = FakeLab(tmp_path, ended={"client-orders": code, "north-broker-1": 1})
    with pytest.raises(LabError) as told:
        workload(lab).require_working()
    assert f"client-orders ended by itself ({how})" in str(told.value)
    assert "the last words of client-orders" in str(told.value)
    assert "client-orders.log" in told.value.remedy


def test_clients_that_were_told_to_end_may_have_ended(tmp_path: Path) -> None:
    lab = FakeLab(tmp_path, ended={"client-orders": 0, "client-prices": 0, "client-turbines": 0})
    running = workload(lab)
    running.stop_producers()
    running.require_working()
    lab.ended["client-billing"] = 1
    with pytest.raises(LabError, match="client-billing ended by itself"):
        running.require_working()


def test_groups_that_are_at_the_end_are_not_waited_for(tmp_path: Path) -> None:
    lab = FakeLab(tmp_path)
    tell(lab, "producer-all", "acknowledged", *WRITTEN)
    everybody_reads(lab, *WRITTEN)
    assert workload(lab).catch_up()
    assert lab.clock.monotonic() == 0


def test_a_group_that_lags_on_purpose_is_let_run_and_waited_for(tmp_path: Path) -> None:
    lab = FakeLab(tmp_path)
    tell(lab, "producer-all", "acknowledged", *WRITTEN)
    everybody_reads(lab, *WRITTEN, but="reporting")

    def work_at_full_speed() -> None:
        if lab.processes.sent and lab.clock.monotonic() > 20:
            tell(lab, "consumer-reporting", "processed", *WRITTEN[:2], group="reporting")

    lab.clock.actors.append(work_at_full_speed)
    said: list[str] = []
    assert workload(lab).catch_up(said.append)
    assert lab.processes.sent == [("client-reporting", "SIGUSR1")]
    assert said[0] == "groups catch up: reporting has 5 to go"


def test_a_group_that_is_stuck_is_waited_for_until_the_deadline_and_not_longer(tmp_path: Path) -> None:
    lab = FakeLab(tmp_path)
    tell(lab, "producer-all", "acknowledged", *WRITTEN)
    everybody_reads(lab, *WRITTEN, but="billing")
    working = workload(lab)
    assert not working.catch_up(seconds=30)
    assert working.short() == {"billing": 2}
    assert 30 <= lab.clock.monotonic() < 32


def test_a_group_that_lags_on_purpose_hurries_and_slows_down_again(tmp_path: Path) -> None:
    lab = FakeLab(tmp_path)
    workload(lab).hurry()
    workload(lab).slow_down()
    assert lab.processes.sent == [("client-reporting", "SIGUSR1"), ("client-reporting", "SIGHUP")]


def test_only_groups_with_a_rate_need_to_be_let_run() -> None:
    assert {group.name for group in GROUPS if group.rate} == {"reporting"}


def complete(lab: FakeLab) -> bool:
    return workload(lab).complete()


def test_histories_are_complete_if_every_client_ended_by_itself_and_left_one(tmp_path: Path) -> None:
    lab = FakeLab(tmp_path, ended={"north-broker-1": None})
    assert not complete(lab)
    lab.ended |= {f"client-{client.partition('-')[2]}": 0 for client in CLIENTS}
    assert not complete(lab)
    for client in CLIENTS:
        tell(lab, client, "joined" if client.startswith("consumer") else "denied")
    assert complete(lab)


@pytest.mark.parametrize("code", [None, 1, -9])
def test_a_client_that_did_not_end_by_itself_leaves_histories_incomplete(tmp_path: Path, code: int | None) -> None:
    lab = FakeLab(tmp_path, ended={f"client-{client.partition('-')[2]}": 0 for client in CLIENTS})
    for client in CLIENTS:
        tell(lab, client, "denied")
    assert complete(lab)
    lab.ended["client-billing"] = code
    assert not complete(lab)
    del lab.ended["client-billing"]
    assert not complete(lab)


SIGNALLED = """
import os, signal
from drctl.lab.clients.common import UNPACED, arguments
arguments("a client")
assert not UNPACED.is_set()
os.kill(os.getpid(), signal.SIGUSR1)
print(UNPACED.wait(30))
"""


def test_a_client_that_is_sent_the_signal_keeps_to_no_rate_any_more_and_goes_on() -> None:
    done = subprocess.run([sys.executable, "-c", SIGNALLED], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


SLOWED_DOWN = """
import os, signal, time
from drctl.lab.clients.common import SLOWED, UNPACED, arguments
arguments("a client")
for number, sets, ends in ((signal.SIGHUP, SLOWED, UNPACED), (signal.SIGUSR1, UNPACED, SLOWED)) * 2:
    os.kill(os.getpid(), number)
    assert sets.wait(30)
    print(ends.is_set())
"""


def test_a_client_is_slowed_down_until_it_is_to_hurry_and_the_other_way_round() -> None:
    done = subprocess.run([sys.executable, "-c", SLOWED_DOWN], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "False\n" * 4), done.stderr


def test_a_pace_that_was_slowed_down_lets_a_tenth_pass() -> None:
    pace = Pace(FakeClock(), rate=1e6)
    began = pace.due
    pace.wait(100)
    first = pace.due - began
    SLOWED.set()
    try:
        pace.wait(100)
    finally:
        SLOWED.clear()
    assert pace.due - began - first == pytest.approx(10 * first)


def test_a_pace_that_was_lifted_keeps_nobody_waiting() -> None:
    """It would wait for a day."""
    UNPACED.set()
    try:
        Pace(FakeClock(), rate=1 / 86_400).wait()
    finally:
        UNPACED.clear()


def test_a_step_of_the_wall_clock_does_not_hide_what_was_acknowledged_after_the_target_was_opened(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    time = SteadyTime.begun(clock)
    history = HistoryWriter(tmp_path / "producer-orders.jsonl")
    client = Surroundings(
        {}, FileClientRouting(tmp_path / "client-routing.json"), history, clock, SteadyTime(clock, time.offset)
    )
    clock.sleep(10)
    opened = time.now()
    clock.set(by=timedelta(hours=-1))
    clock.sleep(1)
    client.history.write("acknowledged", client.now(), "north", [(2, "shop.orders", 0, 1)])
    history.close()
    assert Histories.read(tmp_path).acknowledged_between(opened, float("inf"), "north") == 1


def test_processes_that_share_an_offset_agree_on_the_time() -> None:
    text = "from drctl.lab.steady import SteadyTime; from drctl.drivers.store.clock import SystemClock;"
    text += "import sys, json; print(json.dumps(SteadyTime(SystemClock(), float(sys.argv[1])).now()))"
    time = SteadyTime.begun(SystemClock())
    before = time.now()
    told = subprocess.run([sys.executable, "-c", text, repr(time.offset)], capture_output=True, text=True, check=True)
    assert before <= json.loads(told.stdout) <= time.now()


def test_who_has_not_worked_at_a_site_is_named(tmp_path: Path) -> None:
    lab = FakeLab(tmp_path)
    started = workload(lab)
    assert started.absent("north") == CLIENTS
    tell(lab, "consumer-billing", "joined", group="billing")
    tell(lab, "consumer-pricing", "processed", *WRITTEN[1:], group="pricing")
    assert set(CLIENTS) - set(started.absent("north")) == {"consumer-pricing"}
    assert started.absent("south") == CLIENTS


@contextmanager
def client_of(tmp_path: Path, *ports: int) -> Iterator[Surroundings]:
    """A client that leaves north once nobody listens on these ports."""
    clock = FakeClock()
    history = HistoryWriter(tmp_path / "client.jsonl")
    addresses = {"north": [("localhost", port) for port in ports]}
    routing = FileClientRouting(tmp_path / "client-routing.json")
    yield Surroundings({}, routing, history, clock, SteadyTime.begun(clock), addresses)
    history.close()


def test_a_site_is_lost_once_every_broker_refuses_connections_and_not_before(tmp_path: Path) -> None:
    (gone,) = free_ports(1)
    with socket.create_server(("127.0.0.1", 0)) as broker:
        ports = (gone, broker.getsockname()[1])
        with client_of(tmp_path, *ports) as client:
            assert not client.lost("north")
    with client_of(tmp_path, *ports) as client:
        assert client.lost("north")


def test_a_client_that_leaves_no_lost_sites_takes_none_for_lost(tmp_path: Path) -> None:
    with client_of(tmp_path) as client:
        assert not client.lost("north")
        assert not client.lost("south")


def test_a_client_waits_while_the_client_routing_names_a_lost_site(tmp_path: Path) -> None:
    with client_of(tmp_path, *free_ports(1)) as client:
        client.routing.route_to("north")
        waiting = threading.Timer(0.4, client.routing.route_to, ["south"])
        waiting.start()
        assert client.await_site() == "south"
        waiting.join()
