"""Positions and answers by group and partition: what two of them differ in, parts of them, the same by other names."""

from collections.abc import Callable, Mapping

from drctl.model.offsets import Committed, TopicPartition
from drctl.plans.followed import Held


def differing(wanted: Held, there: Held) -> dict[str, Mapping[TopicPartition, Committed]]:
    """Return the wanted positions that are not there, offset and metadata; groups that have all of theirs are left out.

    Every group of ``wanted`` must be in ``there``.
    """
    found: dict[str, Mapping[TopicPartition, Committed]] = {}
    for group, positions in wanted.items():
        held = there[group]
        if changed := {partition: each for partition, each in positions.items() if held.get(partition) != each}:
            found[group] = changed
    return found


def only[T](
    found: Mapping[str, Mapping[TopicPartition, T]], keep: Callable[[str, TopicPartition, T], bool]
) -> dict[str, dict[TopicPartition, T]]:
    """Return what ``keep`` says yes to, asked with group, partition and value; a group may be left with nothing."""
    kept: dict[str, dict[TopicPartition, T]] = {}
    for group, each in found.items():
        kept[group] = {partition: value for partition, value in each.items() if keep(group, partition, value)}
    return kept


def renamed[T](
    found: Mapping[str, Mapping[TopicPartition, T]], image: Callable[[TopicPartition], TopicPartition]
) -> dict[str, dict[TopicPartition, T]]:
    """Return the same, each partition by the name that ``image`` gives it."""
    return {group: _renamed(each, image) for group, each in found.items()}


def _renamed[T](
    found: Mapping[TopicPartition, T], image: Callable[[TopicPartition], TopicPartition]
) -> dict[TopicPartition, T]:
    return {image(partition): each for partition, each in found.items()}
