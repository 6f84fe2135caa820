"""What the ledger's checker holds of a billion acknowledged records, and how many records a core takes through it.

``python -m benchmarks.checker [SEQUENCES] [RECORDS]`` needs no brokers. First it lets a checker take in that many
acknowledged sequences (10⁹), spread over partitions, in batches of which some were in doubt, and a reader find them;
then that many records (10⁶) of about 100 bytes through digest and checker, from batches in memory, and as many
acknowledged records from lines of a history. ``python -m benchmarks.checker kafka [RECORDS]`` starts a lab, writes
records to it, and reads them once by the client library alone, and once through digest and checker, each in a process
of its own. Prints one line of JSON.
"""

import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

from confluent_kafka import Consumer, Message
from confluent_kafka import TopicPartition as Place

from drctl.drivers.kafka.provision import create_topics
from drctl.drivers.kafka.shared_logs import batch_of
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.traffic import Outcome, Outgoing, Writer
from drctl.lab import Lab
from drctl.ledger.batches import acknowledge_span, take_found, take_line
from drctl.ledger.checker import findings_of
from drctl.ledger.events import Stream
from drctl.ledger.history import HistoryLine
from drctl.ledger.record import HEADER, Number, Sending, encode
from drctl.ledger.state import CheckerState
from drctl.ledger.stored_state import to_bytes
from drctl.ledger.stream_state import LogName
from drctl.model.checking import RecordBatch
from drctl.model.offsets import TopicPartition

RUN = UUID(int=7)
PARTITIONS = 64
BATCH = 1000
DOUBTFUL = 50
"""Of each batch of so many: 5 %, as when brokers are killed all the time."""
RATE = 10_000
"""Records a second that each partition is written at: what it holds grows with the minutes, too."""
AT_ONCE = 2000
"""Records that a reader is given at once."""
TOPIC = "dr.checked"


def held(sequences: int) -> dict[str, float]:
    """Tell what a checker holds in memory of so many acknowledged sequences that were all found."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    state = CheckerState()
    for partition in range(PARTITIONS):
        stream, log = Stream(1, TOPIC, partition), LogName(TOPIC, partition)
        last = sequences // PARTITIONS // (BATCH - DOUBTFUL) * BATCH
        for first in range(1, last + 1, BATCH):
            acknowledge_span(state, stream, first, first + BATCH - DOUBTFUL - 1, at=first / RATE)
            state.streams[stream].doubtful.add_range(first + BATCH - DOUBTFUL, first + BATCH)
        state.log_state(stream, log).there.add_range(1, last + 1)
    taken = time.process_time() - began
    records = findings_of(state).records
    judged = time.process_time() - began - taken
    assert not records.lost
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {
        "acknowledged": records.acknowledged,
        "recovered": records.recovered.count,
        "seconds_to_take_in": round(taken, 1),
        "seconds_to_judge": round(judged, 1),
        "mebibytes_at_most": round(grown / 1024, 1),
        "bytes_as_stored": len(to_bytes(state)),
    }


def made(count: int) -> Iterator[RecordBatch]:
    """Make batches as a reader is given them of one partition."""
    key, place = b"turbine-007", TopicPartition(TOPIC, 0)
    for first in range(0, count, AT_ONCE):
        numbers = range(first + 1, min(first + AT_ONCE, count) + 1)
        values = [b'{"rpm": 14.2, "kilowatts": 3200, "n": %d, "note": "%050d"}' % (n, n) for n in numbers]
        sent = [Number(RUN, 1, 0, n, sent=Sending(1, 1_790_000_000_000 + n, "north")) for n in numbers]
        headers = [encode(number, key, value) for number, value in zip(sent, values, strict=True)]
        offsets = list(range(first, first + len(values)))
        yield RecordBatch(place, offsets[-1] + 1, offsets, headers, [key] * len(values), values)


def rates(count: int) -> dict[str, int]:
    """Tell records per second of a core, some tens of thousands at a time so that memory is not what is measured."""
    state, spent, read = CheckerState(), 0.0, 0.0
    for batch in made(count):
        began = time.process_time()
        take_found(state, batch, "north", RUN)
        spent += time.process_time() - began
        records = [[1, TOPIC, 0, offset + 1] for offset in batch.offsets]
        line = HistoryLine("acknowledged", 0.0, "north", records, {"offsets": list(batch.offsets)})
        began = time.process_time()
        take_line(state, line)
        read += time.process_time() - began
    records_found = findings_of(state).records
    assert (records_found.seen, records_found.acknowledged) == (count, count)
    assert not any(records_found.faults.values())
    return {
        "records": count,
        "through_digest_and_checker_per_second": round(count / spent),
        "acknowledged_lines_per_second": round(count / read),
    }


def alone(messages: list[Message]) -> int:
    """Do what a reader cannot do without: look whether each message is a record."""
    return sum(message.error() is None for message in messages)


def read_all(config: dict[str, str], count: int, checking: bool, told: "multiprocessing.Queue[float]") -> None:
    """Read so many records of one partition and tell how many seconds that took, from the first one on."""
    consumer = Consumer({**config, "group.id": "bench-checker", "isolation.level": "read_committed"})
    consumer.assign([Place(TOPIC, 0, 0)])
    state, place = CheckerState(), TopicPartition(TOPIC, 0)

    def checked(messages: list[Message]) -> int:
        take_found(state, batch_of(place, messages, HEADER), "north", RUN)
        return len(messages)

    take: Callable[[list[Message]], int] = checked if checking else alone
    found, began = 0, 0.0
    while found < count:
        messages = [each for each in consumer.consume(AT_ONCE, 0.5) if each.error() is None]
        began = began or (time.monotonic() if messages else 0.0)
        found += take(messages) if messages else 0
    told.put(time.monotonic() - began)
    consumer.close()


def from_kafka(count: int) -> dict[str, float]:
    """Tell how fast records are read and checked, beside reading them by the client library alone, in one run."""
    with tempfile.TemporaryDirectory() as folder, Lab.start(Path(folder) / "lab", small=True) as lab:
        site = lab.site("north").kafka("admin")
        create_topics(site, {TOPIC: (1, 1, {})})
        write(site, count)
        seconds = {kind: timed(dict(site.config), count, checking=kind == "checked") for kind in ("alone", "checked")}
        site.close()
    return {
        "records": count,
        "client_alone_per_second": round(count / seconds["alone"]),
        "through_digest_and_checker_per_second": round(count / seconds["checked"]),
        "ratio": round(seconds["alone"] / seconds["checked"], 2),
    }


def write(site: KafkaSite, count: int) -> None:
    """Write the records, and see each acknowledged."""
    writer = Writer(site)
    for batch in made(count):
        columns = zip(batch.numbers, batch.keys, batch.values, strict=True)
        window = [Outgoing(batch.partition, key, value, ((HEADER, number),)) for number, key, value in columns]
        if set(writer.write(window)) != {Outcome.WRITTEN}:
            raise SystemExit("the lab did not take every record")


def timed(config: dict[str, str], count: int, *, checking: bool) -> float:
    """Read in a process of its own, so that neither warms the other up."""
    context = multiprocessing.get_context("spawn")
    told: multiprocessing.Queue[float] = context.Queue()
    reader = context.Process(target=read_all, args=(config, count, checking, told))
    reader.start()
    seconds = told.get(timeout=600)
    reader.join()
    return seconds


def main(words: list[str]) -> None:
    """Measure and print."""
    if words[:1] == ["kafka"]:
        found: dict[str, object] = {**from_kafka(int(words[1]) if words[1:] else 2_000_000)}
    else:
        sequences = int(words[0]) if words else 1_000_000_000
        found = {"state": held(sequences), **rates(int(words[1]) if words[1:] else 1_000_000)}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
