"""Checkers as processes of their own on a real site: one is killed, and the verdict is that of one alone."""

import signal
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from drctl.drills.checking.judging import judged
from drctl.drivers.kafka.provision import create_topics
from drctl.drivers.kafka.traffic import Outcome, Outgoing, Writer
from drctl.drivers.store.checker_states import FolderStates
from drctl.drivers.store.clock import SystemClock
from drctl.lab import Lab
from drctl.ledger.history import HistoryWriter
from drctl.ledger.record import HEADER, Number, encode
from drctl.model.offsets import TopicPartition
from drctl.model.verdict import Verdict
from tests.lab.usage import drctl

PARTITIONS, RECORDS, WINDOW = 4, 40_000, 1000
CLOCK = SystemClock()


@pytest.fixture
def topic(lab: Lab) -> str:
    name = f"dr.checked-{uuid4().hex[:8]}"
    site = lab.site("north").kafka("admin")
    create_topics(site, {name: (PARTITIONS, 1, {})})
    site.close()
    return name


def written(lab: Lab, topic: str, run: UUID, folder: Path) -> Path:
    """Write numbered records, and what a producer and a group would have written down of them."""
    site = lab.site("north").kafka("admin")
    writer, history = Writer(site), HistoryWriter(folder / "histories" / "client.jsonl")
    for first in range(1, RECORDS // PARTITIONS + 1, WINDOW // PARTITIONS):
        sequences = range(first, first + WINDOW // PARTITIONS)
        places = [(partition, sequence) for sequence in sequences for partition in range(PARTITIONS)]
        window = [outgoing(topic, run, *place) for place in places]
        assert set(writer.write(window)) == {Outcome.WRITTEN}
        records = [[1, topic, *place] for place in places]
        history.write("acknowledged", first, "north", records, offsets=writer.offsets)
        history.write("processed", first + 1, "north", records, group="billing", offsets=writer.offsets)
    history.close()
    site.close()
    return folder / "histories"


def outgoing(topic: str, run: UUID, partition: int, sequence: int) -> Outgoing:
    header = encode(Number(run, 1, partition, sequence), None, b"v")
    return Outgoing(TopicPartition(topic, partition), None, b"v", ((HEADER, header),))


def checker(lab: Lab, topic: str, run: UUID, states: Path) -> subprocess.Popen[bytes]:
    words = ["ledger", "check", "--site", "north", "--topic", topic, "--run", str(run), "--states", str(states)]
    return subprocess.Popen([sys.executable, "-m", "drctl", "-f", str(lab.plan_file), *words, "--group", states.name])


def test_several_of_which_one_is_killed_reach_the_verdict_of_one_alone(lab: Lab, topic: str, tmp_path: Path) -> None:
    run = uuid4()
    histories = written(lab, topic, run, tmp_path)
    assert checker(lab, topic, run, tmp_path / f"alone-{run.hex}").wait(300) == 0
    shared = tmp_path / f"shared-{run.hex}"
    members = [checker(lab, topic, run, shared) for _ in range(3)]
    try:
        CLOCK.sleep(5)
        members[1].send_signal(signal.SIGKILL)
        codes = [each.wait(300) for each in members]
    finally:
        for each in members:
            each.kill()
            each.wait()
    assert (codes[0], codes[2]) == (0, 0)
    found = [
        judged(FolderStates(folder).everything(), histories, groups={"billing": (topic,)})
        for folder in (tmp_path / f"alone-{run.hex}", shared)
    ]
    assert found[0] == found[1]
    assert found[0].verdict is Verdict.PROVED, found[0].reasons
    assert found[0].findings.records.acknowledged == RECORDS
    done = drctl(
        lab, "ledger", "judge", "--states", str(shared), "--histories", str(histories), "--reads", f"billing={topic}"
    )
    assert done.returncode == 0, done.stdout
