"""How many commits one second of a core decodes and indexes, and what a position costs in memory.

``python -m benchmarks.tail_decoding`` prints one line of JSON. The records are made here, in the form that Kafka 4.3
writes; reading them from brokers is not part of the figures.
"""

import json
import struct
import sys
import time
import tracemalloc

from drctl.drivers.kafka.offsets_topic import OffsetsTopic
from drctl.monitors.sessions import Sessions

GROUPS, PARTITIONS, ROUNDS = 1000, 24, 10


def key(group: str, partition: int) -> bytes:
    """A key as the coordinator writes it."""
    name, topic = group.encode(), b"turbines.readings"
    parts = struct.pack(">hh", 1, len(name)), name, struct.pack(">h", len(topic)), topic, struct.pack(">i", partition)
    return b"".join(parts)


def value(offset: int) -> bytes:
    """A value of version 4 with a topic id."""
    return struct.pack(">hqiBq", 4, offset, 7, 1, 1_700_000_000_000) + b"\x01\x00\x10" + bytes(range(16))


def main() -> None:
    """Measure and print."""
    keys = [key(f"group-{g}", p) for g in range(GROUPS) for p in range(PARTITIONS)]
    tracemalloc.start()
    topic, sessions = OffsetsTopic(), Sessions()
    for each in keys:
        sessions.apply(topic.changes(bytes(bytearray(each)), value(1)))
    memory = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    batches = [[(bytes(bytearray(k)), value(n)) for k in keys] for n in range(2, 2 + ROUNDS)]
    sessions.take_moved()
    began = time.process_time()
    for batch in batches:
        for k, v in batch:
            for _ in topic.changes(k, v):
                pass
    decoded = time.process_time()
    for batch in batches:
        sessions.apply(change for k, v in batch for change in topic.changes(k, v))
        sessions.take_moved()
    ended = time.process_time()
    count = len(keys) * ROUNDS
    sys.stdout.write(
        json.dumps(
            {
                "commits": count,
                "decoded_per_second": round(count / (decoded - began)),
                "decoded_and_indexed_per_second": round(count / (ended - decoded)),
                "bytes_per_group_partition": round(memory / len(keys)),
            }
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
