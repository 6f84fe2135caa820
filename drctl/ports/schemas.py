"""The schema registry of one site."""

from typing import Protocol

from drctl.model.schemas import Schemas


class SchemaRegistry(Protocol):
    """A registry that is only read."""

    def registered(self) -> Schemas:
        """Return every version of every subject that is not deleted. Unreachable where that takes too long."""
        ...
