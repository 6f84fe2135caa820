"""Keep where each site's logs ended when last seen, for the moment in which a site can no longer be asked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from drctl.model.loss import LogEndsSighting
from drctl.model.offsets import TopicPartition


class Sightings(Protocol):
    """Kept where drctl keeps its state; survives the process."""

    def note(
        self, site: str, ends: Mapping[TopicPartition, int], at: datetime, anew: frozenset[str] = frozenset()
    ) -> None:
        """The site answered at that time, and so its logs ended; topics ``anew`` are others than were first seen."""
        ...

    def note_silence(self, site: str, at: datetime) -> None:
        """The site was found silent at that time; only the first time after a sighting counts."""
        ...

    def last(self, site: str) -> LogEndsSighting | None:
        """The newest sighting, None if there was none."""
        ...
