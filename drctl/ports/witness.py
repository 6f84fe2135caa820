"""Another place from which the sites are looked at."""

from collections.abc import Mapping
from typing import Protocol

from drctl.model.sight import Sighting


class Witness(Protocol):
    """A drctl service that runs elsewhere."""

    def sightings(self) -> Mapping[str, tuple[Sighting, ...]]:
        """By site what it met and did not meet, by its own clock. Unreachable, Unsupported if it is no such service."""
        ...
