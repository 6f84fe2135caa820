"""States of checkers in a folder that all of them see: one file per partition, its position and its state in one write.

The first line is JSON, the rest is the state. Which checker wrote it does not matter: a state and its position say the
same whoever reached them, so of two that write at once either leaves a file from which anybody may go on.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from drctl.drivers.store.files import replace
from drctl.errors import JournalBroken
from drctl.model.checking import CheckedPartition
from drctl.model.documents import json_of
from drctl.model.offsets import TopicPartition

HEAD = 4096
"""Bytes of the first line at most: names and numbers."""


class FolderStates:
    """Implements :class:`drctl.ports.CheckerStates`. The folder is made if it is not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, partition: TopicPartition) -> CheckedPartition | None:
        path = self._path(partition)
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._broken(path, error.strerror or error) from error
        head, end, state = raw.partition(b"\n")
        try:
            told = json_of(head, largest=HEAD, ours=True)
            if not (isinstance(told, dict) and end):
                raise ValueError("it is no state of a partition")
            found = CheckedPartition(**told, state=state)
            texts, numbers = (found.run, found.site), (found.position, found.end)
            whole = all(isinstance(each, str) for each in texts) and type(found.complete) is bool
            if not whole or any(type(each) is not int for each in numbers):
                raise TypeError("its first line is of another form")
            return found
        except (ValueError, TypeError) as error:
            raise self._broken(path, error) from error

    def save(self, partition: TopicPartition, checked: CheckedPartition) -> None:
        path = self._path(partition)
        told = asdict(checked)
        state = told.pop("state")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            replace(path, json.dumps(told, separators=(",", ":")).encode() + b"\n" + state)
        except OSError as error:
            raise JournalBroken(
                f"{path}: the checker's state cannot be written: {error.strerror or error}", remedy="make room for it"
            ) from error

    def everything(self) -> Mapping[TopicPartition, CheckedPartition]:
        """Return all that was saved, by partition. JournalBroken as :meth:`load`."""
        names = [path.stem.rpartition("-") for path in self.folder.glob("*.state")]
        places = [TopicPartition(topic, int(number)) for topic, _, number in names if topic and number.isdecimal()]
        found = {place: self.load(place) for place in sorted(places)}
        return {place: each for place, each in found.items() if each is not None}

    def _path(self, partition: TopicPartition) -> Path:
        return self.folder / f"{partition}.state"

    @staticmethod
    def _broken(path: Path, why: object) -> JournalBroken:
        return JournalBroken(
            f"{path}: no state of a checker: {why}", remedy="take it away: it is checked from the start"
        )
