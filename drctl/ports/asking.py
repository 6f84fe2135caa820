"""Asking two sites at the same time, and asking again for what is not decided yet."""

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

from drctl.errors import PositionsPending
from drctl.model.offsets import Committed, TopicPartition
from drctl.ports.clock import Clock
from drctl.ports.positions import ConsumerGroups

ORDINARY = 5.0
"""Seconds within which an ordinary transaction ends: who processes exactly once commits several times a second."""
AGAIN = 0.1
"""Seconds between two questions: a tenth of what a transaction usually takes to end."""


def both[A, B](first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
    """Both results; what the first one raises comes first. For reading only: the order of effects must be certain."""
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(second)
        return first(), other.result()


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
