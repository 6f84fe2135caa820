"""Keep what was seen of sites and links at earlier looks, beside the journal."""

from collections.abc import Mapping
from typing import Protocol

from drctl.model.offsets import TopicPartition


class Memory(Protocol):
    """Survives the process. JournalBroken where it cannot be read or written."""

    def topic_ids(self, site: str) -> Mapping[str, str]:
        """Each topic's id as it was first seen, or as a person has accepted it since."""
        ...

    def note_topic_ids(self, site: str, ids: Mapping[str, str], *, anew: bool = False) -> None:
        """Note ids of topics that have none yet; ``anew`` replaces those that have one."""
        ...

    def copied(self, link: str) -> Mapping[TopicPartition, int]:
        """Source offsets below which everything was at the target once."""
        ...

    def note_copied(self, link: str, ends: Mapping[TopicPartition, int]) -> None:
        """Note these offsets, in place of earlier ones."""
        ...
