"""Commits of a member's positions, as an application makes them: again while the coordinator is busy."""

import threading
import time
from collections.abc import Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

PATIENCE = 15.0
"""Seconds for which a commit is tried while the coordinator is busy."""

BUSY = (
    KafkaError._WAIT_COORD,
    KafkaError._TIMED_OUT,
    KafkaError._TRANSPORT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
    KafkaError.REBALANCE_IN_PROGRESS,
    KafkaError.STALE_MEMBER_EPOCH,
)
"""Why a healthy member's commit may fail and be made again; librdkafka does not repeat a synchronous one itself."""


def commit(consumer: Consumer, positions: Sequence[TopicPartition] | None = None, *, seconds: float = PATIENCE) -> bool:
    """Commit these positions, or what was read, and wait for the answer; again for so many seconds while it may pass.

    False: the coordinator stayed busy that long. KafkaException: it has refused, for example since the group went on
    without this member.
    """
    deadline = time.monotonic() + seconds
    while True:
        fault = _commit_once(consumer, positions)
        if fault is None or fault.code() == KafkaError._NO_OFFSET:
            return True
        if fault.code() not in BUSY:
            raise KafkaException(fault)
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.1)


def _commit_once(consumer: Consumer, positions: Sequence[TopicPartition] | None) -> KafkaError | None:
    try:
        # Naming no positions is not the same as naming them None.
        named = {} if positions is None else {"offsets": list(positions)}
        answer = consumer.commit(asynchronous=False, **named)
    except KafkaException as error:
        fault: KafkaError = error.args[0]
        return fault
    return next((each.error for each in answer or () if each.error), None)
