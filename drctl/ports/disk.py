"""The file system that holds the state file."""

from typing import Protocol

from drctl.model.upkeep import DiskSpace


class Disk(Protocol):
    """A file system of this machine."""

    def space(self) -> DiskSpace:
        """Its size, and what drctl's user may still fill. NotFound where its folder does not exist yet."""
        ...
