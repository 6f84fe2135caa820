"""An arbiter in a file, for a lab, or on a file system of a third place whose locks hold between machines."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drctl.drivers.store.files import remedy, replace
from drctl.errors import Superseded, Unreachable, Unsupported
from drctl.model.arbiter import ArbiterRecord, as_text, from_text

LOOKS, BETWEEN = 50, 0.05
"""Times that a locked file is tried, and the seconds between: it is locked for one small write."""


class FileArbiter:
    """Implements :class:`drctl.ports.Arbiter`. A lock of its own lies beside the file, which is replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> ArbiterRecord | None:
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            if self.path.parent.is_dir():
                return None
            raise self._unreachable(f"there is no folder {self.path.parent}", "mount or make it") from None
        except OSError as error:
            raise self._unreachable(error.strerror or str(error), remedy(error)) from error
        return _record(text, str(self.path))

    def write(self, record: ArbiterRecord, *, expected: ArbiterRecord | None) -> None:
        with self._locked():
            if (present := self.read()) != expected:
                raise Superseded(
                    f"the arbiter holds {present}, not {expected}: somebody else has decided",
                    remedy="see 'drctl status' and 'drctl runs list' before deciding again",
                )
            try:
                replace(self.path, as_text(record).encode() + b"\n")
            except OSError as error:
                raise self._unreachable(error.strerror or str(error), remedy(error)) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """The kernel frees the lock when its holder dies."""
        try:
            file = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise self._unreachable(error.strerror or str(error), remedy(error)) from error
        try:
            self._lock(file)
            yield
        finally:
            os.close(file)

    def _lock(self, file: int) -> None:
        for _ in range(LOOKS):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                threading.Event().wait(BETWEEN)
            else:
                return
        raise self._unreachable("somebody holds its lock", "end the process that hangs in it")

    def _unreachable(self, why: str, what_to_do: str) -> Unreachable:
        return Unreachable(f"the arbiter {self.path} cannot be used: {why}", remedy=what_to_do)


def _record(text: str | bytes, where: str) -> ArbiterRecord:
    try:
        return from_text(text)
    except ValueError as error:
        raise Unsupported(
            f"{where} holds no record of an arbiter", remedy="remove what stands there: it is told again in good times"
        ) from error
