"""The file system of a file on this machine."""

import shutil
from pathlib import Path

from drctl.errors import NotFound
from drctl.model.upkeep import DiskSpace


class FileSystemDisk:
    """Implements :class:`drctl.ports.Disk` for where a file lies, or will lie."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def space(self) -> DiskSpace:
        try:
            found = shutil.disk_usage(self.file.parent)
        except OSError as error:
            remedy = "make the folder, or correct stateFile in the plan file"
            raise NotFound(f"{self.file.parent}: {error.strerror or error}", remedy=remedy) from error
        return DiskSpace(found.total, found.free)
