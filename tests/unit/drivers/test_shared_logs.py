"""Checkers as processes of their own and members of one group, on librdkafka's own cluster."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from confluent_kafka import Producer

from drctl.drills.checking.judging import judged
from drctl.drivers.store.checker_states import FolderStates
from drctl.ledger.history import HistoryWriter
from drctl.ledger.record import HEADER, Number, encode
from drctl.model.verdict import Verdict
from tests.unit.drivers.checking_member import PARTITIONS, RUN, TOPIC
from tests.unit.drivers.mock_cluster import MockCluster, mock_cluster

RECORDS = 600
LOST = (2, 300)
"""A partition and a sequence in it that is not written."""
PATIENCE = 120
"""Seconds for a checker: a member that was killed is missed after six."""


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with mock_cluster() as running:
        running.create(TOPIC, PARTITIONS)
        producer = Producer({"bootstrap.servers": running.servers})
        for sequence in range(1, RECORDS + 1):
            for partition in range(PARTITIONS):
                if (partition, sequence) != LOST:
                    header = encode(Number(RUN, 1, partition, sequence), None, b"v")
                    producer.produce(TOPIC, b"v", partition=partition, headers=[(HEADER, header)])
        assert not producer.flush(30)
        yield running


def run(servers: str, states: Path, killed_after: Sequence[int]) -> list[int]:
    """Run so many checkers at once; their exit codes."""
    module = "tests.unit.drivers.checking_member"
    members = str(len(killed_after))
    argv = [[sys.executable, "-m", module, servers, str(states), str(count), members] for count in killed_after]
    processes = [subprocess.Popen(each) for each in argv]
    try:
        return [each.wait(PATIENCE) for each in processes]
    finally:
        for each in processes:
            each.kill()
            each.wait()


def histories(folder: Path) -> Path:
    writer = HistoryWriter(folder / "client.jsonl")
    for sequence in range(1, RECORDS + 1):
        places = [[1, TOPIC, partition, sequence] for partition in range(PARTITIONS)]
        writer.write("acknowledged", sequence, "north", places)
        done = [place for place in places if (place[2], sequence) != LOST]
        writer.write("processed", sequence + 1, "north", done, group="billing")
    writer.close()
    return folder


def test_several_of_which_one_is_killed_reach_the_verdict_of_one_alone(cluster: MockCluster, tmp_path: Path) -> None:
    told = histories(tmp_path)
    assert run(cluster.servers, tmp_path / "alone", [0]) == [0]
    assert run(cluster.servers, tmp_path / "shared", [0, 100, 0]) == [0, -signal.SIGKILL, 0]
    groups = {"billing": (TOPIC,)}
    alone, shared = (
        judged(FolderStates(tmp_path / name).everything(), told, groups=groups) for name in ("alone", "shared")
    )
    assert shared == alone
    assert alone.verdict is Verdict.REFUTED
    assert alone.findings.records.lost.examples == ("readings-2 producer 1 sequence 300",)
    assert [name for name, each in alone.findings.records.faults.items() if each] == ["lost"]
