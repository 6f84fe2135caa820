"""The lab itself: it comes up, it can be hurt with evidence, and it leaves nothing behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drctl.drivers.kafka.records import KafkaRecords
from drctl.drivers.kafka.traffic import Outcome, Outgoing, Writer
from drctl.drivers.store.clock import SystemClock
from drctl.errors import LabError, Unreachable
from drctl.lab import Lab
from drctl.lab.faults import FAULTS
from drctl.lab.layout import KAFKA, archive, cache, java
from drctl.lab.processes import Processes
from drctl.lab.supervisor import ONLY_UNDER_ITS_PARENT
from drctl.model.offsets import TopicPartition
from tests.lab.usage import wait
from tests.leftovers import alive

pytestmark = pytest.mark.early
READINGS = TopicPartition("turbines.readings", 0)
CLOCK = SystemClock()


STARTER = """
import sys
from pathlib import Path
from drctl.drivers.store.clock import SystemClock
from drctl.lab.processes import Processes
from drctl.lab.supervisor import ONLY_UNDER_ITS_PARENT
lab = Processes(Path(sys.argv[1]), SystemClock())
supervisor = lab.launch_supervisor()
pids = [supervisor.pid, *(lab.start(f"sleeper-{n}", ["sleep", "300"]) for n in range(3))]
print(*pids, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def started(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", list[int]]]:
    """A process that has started a supervisor with children, and the pids of these."""
    parent = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent:
        yield parent, [int(word) for word in parent.stdout.readline().split()]
        parent.kill()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_when_the_starter_ends(started: tuple["subprocess.Popen[str]", list[int]], end: int) -> None:
    parent, pids = started
    assert len(alive(pids)) == 4
    parent.send_signal(end)
    parent.communicate()
    wait("all are gone", lambda: not alive(pids), 20)


def test_nothing_is_left_when_the_supervisor_is_killed(started: tuple["subprocess.Popen[str]", list[int]]) -> None:
    _, pids = started
    os.kill(pids[0], signal.SIGKILL)
    wait("all are gone", lambda: not alive(pids), 20)


def test_what_begins_after_the_supervisor_was_killed_ends_by_itself(tmp_path: Path) -> None:
    late = ["sh", "-c", ONLY_UNDER_ITS_PARENT, "1234567", "touch", str(tmp_path / "began")]
    assert subprocess.run(late, check=False).returncode == 1
    assert not (tmp_path / "began").exists()


def test_a_dead_lab_is_cleaned_away_by_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    processes = Processes(folder, CLOCK)
    supervisor = processes.launch_supervisor()
    processes.start("sleeper", ["sleep", "300"])
    (folder / "leftover").touch()
    supervisor.kill()
    supervisor.communicate()
    assert (folder / "supervisor.sock").exists()
    with pytest.raises(LabError, match="no lab runs"):
        Lab.attach(folder)
    with Lab.start(folder, small=True) as lab:
        assert not (folder / "leftover").exists()
        assert {process.state for process in lab.status()} == {"running"}
    assert not folder.exists()


def test_a_folder_that_is_no_labs_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(LabError, match="no lab's"):
        Lab.start(tmp_path, small=True)
    assert (tmp_path / "thesis.txt").exists()


def test_a_failed_start_tells_the_reason_from_the_log(tmp_path: Path) -> None:
    processes = Processes(tmp_path, CLOCK)
    supervisor = processes.launch_supervisor()
    (tmp_path / "broken.properties").write_text("process.roles=nonsense\n")
    processes.start("north-broker-1", java("kafka.Kafka", str(tmp_path / "broken.properties")))
    wait("it has ended", lambda: processes.status("north-broker-1").state == "gone", 60)
    assert "nonsense" in processes.reason("north-broker-1")
    supervisor.communicate(b"")


def test_a_class_data_archive_that_does_not_fit_stops_no_jvm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = cache() / f"kafka-{KAFKA}"
    monkeypatch.setenv("DRCTL_CACHE", str(tmp_path))
    there = archive("kafka.tools.StorageTool")
    there.parent.mkdir(parents=True)
    for part in ("libs", ".complete"):
        (tmp_path / kafka.name / part).symlink_to(kafka / part)
    assert not [word for word in java("kafka.tools.StorageTool") if "SharedArchiveFile" in word]
    there.write_bytes(b"of another JVM")
    command = java("kafka.tools.StorageTool", "random-uuid")
    assert f"-XX:SharedArchiveFile={there}" in command
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_a_broker_that_was_killed_is_seen_gone_and_comes_back(own_lab: Lab) -> None:
    before = own_lab.processes.status("north-broker-1").pid
    evidence = FAULTS["kill"](own_lab, "north-broker-1")
    assert evidence.observation == f"pid {before} is gone"
    with pytest.raises(LabError, match="gone already"):
        FAULTS["kill"](own_lab, "north-broker-1")
    FAULTS["restart"](own_lab, "north-broker-1")
    assert own_lab.processes.status("north-broker-1").pid != before


def test_a_stopped_broker_keeps_its_port_and_answers_nobody(own_lab: Lab) -> None:
    evidence = FAULTS["pause"](own_lab, "north-broker-1")
    assert "is stopped" in evidence.observation
    kafka = own_lab.site("north").kafka("drctl")
    with pytest.raises(Unreachable):
        KafkaRecords(kafka).bounds([READINGS])
    kafka.close()
    assert "is running" in FAULTS["continue"](own_lab, "north-broker-1").observation


def test_a_clean_stop_and_a_restart(own_lab: Lab) -> None:
    assert "is gone" in FAULTS["stop"](own_lab, "north-broker-1").observation
    assert own_lab.processes.status("north-broker-1").exit_code in (0, 143)
    FAULTS["restart"](own_lab, "north-broker-1")


def test_a_worker_that_was_killed_comes_back(own_lab: Lab) -> None:
    FAULTS["kill"](own_lab, "north-connect")
    assert "is running" in FAULTS["restart"](own_lab, "north-connect").observation


def test_a_cut_link_stalls_the_copy_and_heals(own_lab: Lab) -> None:
    north, south = own_lab.site("north").kafka("turbines"), own_lab.site("south").kafka("drctl")
    records = KafkaRecords(south)

    def copied() -> int:
        return records.bounds([READINGS])[READINGS].stable

    assert "does not" in FAULTS["cut-link"](own_lab, "north").observation
    CLOCK.sleep(2)
    before = copied()
    assert Writer(north).write([Outgoing(READINGS, b"k", b"v")] * 20) == [Outcome.WRITTEN] * 20
    CLOCK.sleep(3)
    assert copied() == before
    FAULTS["heal-link"](own_lab, "north")
    wait("the copy goes on", lambda: copied() >= before + 20, 90)
    north.close()
    south.close()


def test_a_lost_site_refuses_every_connection(own_lab: Lab) -> None:
    assert "refused" in FAULTS["lose-site"](own_lab, "south").observation
    for process in ("south-broker-1", "south-connect"):
        FAULTS["restart"](own_lab, process)
