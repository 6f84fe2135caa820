"""A consumer in a process of its own, so that it can be killed: ``python -m tests.contract.sitting TOPIC``.

It reads its configuration from standard input, says its member id once it has partitions, and reads on until it is
killed.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from confluent_kafka import Consumer


@contextmanager
def killed(config: Mapping[str, object], topic: str) -> Iterator[str]:
    """Such a consumer at work in the block, by its member id; it gets no chance to say goodbye."""
    command = [sys.executable, "-m", "tests.contract.sitting", topic]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(dict(config)))
            process.stdin.close()
            member = process.stdout.readline().strip()
            assert member, "it ended before it was in the group"
            yield member
        finally:
            process.kill()


def main() -> None:
    """Join, say so, and stay."""
    consumer = Consumer(json.loads(sys.stdin.read()))
    consumer.subscribe([sys.argv[1]])
    while not consumer.assignment():
        consumer.poll(0.1)
    print(consumer.memberid(), flush=True)  # noqa: T201 - this is how its starter is told
    while True:
        consumer.poll(1)


if __name__ == "__main__":
    main()
