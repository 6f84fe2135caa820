"""A client with acks=1: what it was told is written stands in its history, and so does what nobody told it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from drctl.drivers.kafka.records import read
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.traffic import incoming
from drctl.errors import LabError
from drctl.lab.careless import PRODUCER, CarelessProducer
from drctl.lab.clients.producer import NUMBERS
from drctl.lab.replicated_log import LogTail, NamedRecord
from drctl.ledger.events import Acknowledged, Doubtful, Stream
from drctl.ledger.history import read as events
from drctl.ledger.record import HEADER, decode
from drctl.model.offsets import TopicPartition
from tests.unit.drivers.mock_cluster import MockCluster, mock_cluster

RUN = UUID(int=7)
PLACE = TopicPartition("turbines.readings", 0)
STREAM = Stream(PRODUCER, *PLACE)
PRODUCE, INVALID_RECORD = 0, 87


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with mock_cluster() as made:
        made.create(PLACE.topic, 1)
        yield made


def producer(cluster: MockCluster, folder: Path) -> CarelessProducer:
    site = KafkaSite("north", {"bootstrap.servers": cluster.servers})
    return CarelessProducer(site, PLACE, RUN, folder, lambda: 100.0)


def test_what_is_written_is_numbered_and_stands_in_its_history(cluster: MockCluster, tmp_path: Path) -> None:
    with closing(producer(cluster, tmp_path)) as made:
        assert made.write(2).begin == 0
        tail = made.write(3)
    assert tail == LogTail(2, frozenset(NamedRecord(RUN, PRODUCER, number) for number in (3, 4, 5)))
    told = list(events(tmp_path))
    assert told == [Acknowledged(STREAM, number, 100.0, "north", None, number - 1) for number in range(1, 6)]
    site = KafkaSite("north", {"bootstrap.servers": cluster.servers})
    found = [incoming(message) for message in read(site, PLACE, 0)]
    site.close()
    numbers = [decode(each.headers[HEADER], each.key, each.value) for each in found]
    assert [(each.run, each.sequence, each.intact) for each in numbers if each] == [(RUN, n, True) for n in range(1, 6)]


def test_what_nobody_acknowledged_is_in_doubt_and_fails(cluster: MockCluster, tmp_path: Path) -> None:
    with closing(producer(cluster, tmp_path)) as made:
        made.write(1)
        cluster.refuse(PRODUCE, INVALID_RECORD)
        with pytest.raises(LabError, match="0 of 2 records"):
            made.write(2)
    told = [each for each in events(tmp_path) if isinstance(each, Doubtful)]
    assert told == [Doubtful(STREAM, 2), Doubtful(STREAM, 3)]


def test_it_writes_once_in_a_run_and_as_none_of_the_workload(cluster: MockCluster, tmp_path: Path) -> None:
    producer(cluster, tmp_path).close()
    with pytest.raises(LabError, match="is there already"):
        producer(cluster, tmp_path)
    assert PRODUCER not in NUMBERS.values()
