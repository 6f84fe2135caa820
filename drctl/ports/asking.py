"""Asking two sites at the same time, many partitions at once, and again for what is not decided yet."""

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from itertools import batched
from threading import Thread

from drctl.errors import PositionsPending
from drctl.model.offsets import Committed, RecordId, TopicPartition
from drctl.ports.clock import Clock
from drctl.ports.positions import ConsumerGroups
from drctl.ports.records import Records

ORDINARY = 5.0
"""Seconds within which an ordinary transaction ends: who processes exactly once commits several times a second."""
AGAIN = 0.1
"""Seconds between two questions: a tenth of what a transaction usually takes to end."""
NEAR = 100
"""Offsets in which the first record is looked for in all partitions at once. A log that is copied to its end ends in a
few transaction markers, and one that is not has a record among them."""
AT_ONCE = 1_000
"""Partitions in which it is looked for at the same time: a hundred thousand records at most, as wherever logs are
read."""


def both[A, B](first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
    """Both results; what the first one raises comes first. For reading only: the order of effects must be certain."""
    # No pool: one for a single question takes twice the processor's time, and a run asks some hundred times.
    answer: Future[B] = Future()
    beside = Thread(target=_answer, args=(second, answer), name="both")
    beside.start()
    try:
        found = first()
    finally:
        beside.join()
    return found, answer.result()


def ahead[A](question: Callable[[], A]) -> Future[A]:
    """The answer to come to what is asked now, beside whatever the caller does. For reading only, as :func:`both`."""
    answer: Future[A] = Future()
    Thread(target=_answer, args=(question, answer), name="ahead").start()
    return answer


def _answer[A](question: Callable[[], A], answer: Future[A]) -> None:
    try:
        answer.set_result(question())
    except BaseException as error:  # noqa: BLE001 - raised where the answer is taken
        answer.set_exception(error)


def first_records(
    records: Records, spans: Mapping[TopicPartition, tuple[int, int]]
) -> Mapping[TopicPartition, RecordId]:
    """The first data record in each of these spans, the stop excluded; partitions that hold none there are left out.

    One reading for many of them: one by one each costs a look at its log's bounds and a reading of its own.
    """
    near = {p: (start, min(stop, start + NEAR)) for p, (start, stop) in spans.items() if start < stop}
    found: dict[TopicPartition, RecordId] = {}
    for some in batched(near, AT_ONCE):
        read_together = records.identities_all({p: near[p] for p in some})
        found |= {p: read[0] for p, read in read_together.items() if read}
    for partition, (_, end) in near.items():
        stop = spans[partition][1]
        # So many markers, aborted or compacted records in a row are rare.
        if partition not in found and end < stop:
            for beyond in records.following(partition, end, 1):
                if beyond.offset < stop:
                    found[partition] = beyond
    return found


def decided(
    positions: ConsumerGroups, groups: Collection[str], clock: Clock, patience: float = ORDINARY
) -> tuple[Mapping[str, Mapping[TopicPartition, Committed]], Mapping[str, Collection[TopicPartition]]]:
    """Every group's positions, and the groups with the partitions in which a transaction stays open for that long.

    A group is asked again until no transaction of its own is open: of many that commit in transactions some always do.
    """
    found: dict[str, Mapping[TopicPartition, Committed]] = {}
    left, deadline = tuple(groups), clock.monotonic() + patience
    while True:
        try:
            return found | dict(positions.committed(left)), {}
        except PositionsPending as error:
            found |= error.found
            if clock.monotonic() >= deadline:
                return found, error.pending
            left = tuple(error.pending)
            clock.sleep(AGAIN)
