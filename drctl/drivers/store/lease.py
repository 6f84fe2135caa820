"""Mutual exclusion on one machine: a locked file, which the kernel unlocks when its holder dies."""

import fcntl
import os
from pathlib import Path

from drctl.errors import Locked


class FileLease:
    """Implements :class:`drctl.ports.Lease` with ``flock``; the file's text names the holder for people."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def acquire(self, holder: str) -> None:
        if self._file is not None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            present = os.pread(file, 500, 0).decode(errors="replace").strip() or "unknown"
            os.close(file)
            raise Locked(
                f"another drctl is at work on this plan file: {present}", remedy="wait until it is done, or end it"
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, holder.encode() + b"\n", 0)
        self._file = file

    def held(self) -> bool:
        if self._file is None:
            return False
        try:
            there, ours = self.path.stat(), os.fstat(self._file)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
