"""Mutual exclusion on one machine: a locked file, which the kernel unlocks when its holder dies."""

import fcntl
import os
import secrets
import threading
from pathlib import Path

from drctl.drivers.store.files import private, remedy
from drctl.errors import JournalBroken, Locked

LOOKS = 5
"""Times that a locked file is tried: who only asks who holds it locks it for a moment, too."""


LONGEST = 500
"""Letters of a holder's name that are kept."""


class FileLease:
    """Implements :class:`drctl.ports.Lease` with ``flock``; the file's text names the holder for people.

    Its second line is the term, new with every acquisition: on a file system that several machines share, a lock may be
    given to another one while its holder is frozen, which finds another term when it wakes.

    JournalBroken where the file cannot be used: another user's, or on a disk that is full or read-only.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None
        self._term = b""

    def acquire(self, holder: str) -> None:
        if self._file is not None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            private(self.path)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise self._unusable(error) from error
        # flock and not a file with a number: the kernel frees it when the process ends, however it ends, so
        # that no run waits for one that is gone.
        if not _locked(file, fcntl.LOCK_EX, LOOKS):
            present = _holder(file)
            os.close(file)
            raise Locked(
                f"another drctl is at work on this plan file: {present}", remedy="wait until it is done, or end it"
            )
        self._term = f"{holder[:LONGEST]}\n{secrets.token_hex(8)}\n".encode()
        try:
            # Behind the lock only: who could not take it must not write over the name of who holds it.
            os.ftruncate(file, 0)
            os.pwrite(file, self._term, 0)
        except OSError as error:
            os.close(file)
            raise self._unusable(error) from error
        self._file = file

    def held(self) -> bool:
        if self._file is None:
            return False
        try:
            there = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            return False
        try:
            # The file by its name, not the one that is open: where somebody replaced or restored it,
            # another process may hold the lock of the new one.
            return os.path.sameopenfile(there, self._file) and os.pread(there, len(self._term) + 1, 0) == self._term
        except OSError:
            return False
        finally:
            os.close(there)

    def holder(self) -> str:
        if self.held():
            return _holder(self._file or 0)
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise self._unusable(error) from error  # whether somebody holds it is then unknown
        try:
            # Shared, so that two who ask do not take each other for a holder.
            return "" if _locked(file, fcntl.LOCK_SH, 1) else _holder(file)
        finally:
            os.close(file)

    def _unusable(self, error: OSError) -> JournalBroken:
        return JournalBroken(
            f"{self.path}: the lock of the state file cannot be used: {error.strerror or error}", remedy=remedy(error)
        )

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _locked(file: int, how: int, looks: int) -> bool:
    for left in reversed(range(looks)):
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if left:
                threading.Event().wait(0.02)
        else:
            return True
    return False


def _holder(file: int) -> str:
    first, _, _ = os.pread(file, LONGEST * 4, 0).decode(errors="replace").partition("\n")
    return first.strip() or "unknown"
