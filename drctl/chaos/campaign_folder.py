"""Keep what a campaign leaves, and goes on from: ``campaign.json`` says what it is, ``results.jsonl`` lists its runs.

A run counts once its line is on disk. One that was cut off has none, and is run again under its number. So whoever
reads the folder knows all that the campaign knows.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import IO, Any

from drctl.chaos.admission import Experiment, admitted
from drctl.chaos.campaign import Result, names
from drctl.drills.provenance import commit, versions
from drctl.drivers.store.files import create, force
from drctl.errors import BundleDamaged, ConfigInvalid, Conflict, DrctlError, Locked
from drctl.model.documents import json_of
from drctl.ports import Clock

HEAD, RESULTS, LOCK = "campaign.json", "results.jsonl", "campaign.lock"
LARGEST = 1 << 20
"""Bytes of the head, and of one line: a thousand times what they take."""
LATER = {"refuted_as_stated"}
"""What campaigns of earlier versions have not written, and are compared without."""
ANOTHER = "name another folder with --report, or give the campaign's own experiments and seed"


class CampaignFolder:
    """A campaign's folder, to be read."""

    def __init__(self, path: Path, head: Mapping[str, Any]) -> None:
        self.path, self.head = path, head

    def experiments(self) -> tuple[Experiment, ...]:
        """Return its experiments as they were; Conflict if a file is not what it was."""
        return tuple(self._experiment(each) for each in self.head["experiments"])

    def _experiment(self, told: Mapping[str, Any]) -> Experiment:
        found = admitted((self.path / str(told["file"])).resolve())
        if found.digest != told["sha256"]:
            raise Conflict(f"{found.path}: is not what the campaign in {self.path} has run", remedy=ANOTHER)
        return found

    def results(self) -> Iterator[Result]:
        """Yield how its runs ended, in order. BundleDamaged naming the line where there is none."""
        place = self.path / RESULTS
        try:
            with place.open("rb") as lines:
                for number, line in enumerate(iter(lambda: lines.readline(LARGEST), b""), 1):
                    if not line.endswith(b"\n") and len(line) < LARGEST:
                        return  # its run was cut off while it was written down
                    yield _result(place, number, line)
        except FileNotFoundError:
            return


class HeldCampaign(CampaignFolder):
    """A campaign's folder in the hands of who runs it; see :func:`held`."""

    def __init__(self, path: Path, head: Mapping[str, Any], results: IO[bytes]) -> None:
        super().__init__(path, head)
        self._results_file = results

    def add(self, result: Result) -> None:
        """Write down how a run ended, for good."""
        self._results_file.write(json.dumps(asdict(result), ensure_ascii=False).encode() + b"\n")
        self._results_file.flush()
        os.fsync(self._results_file.fileno())


@contextmanager
def held(path: Path, experiments: Sequence[Experiment], seed: int, clock: Clock) -> Iterator[HeldCampaign]:
    """Begin a campaign there, or go on with the one that was begun; nobody else does meanwhile.

    Locked if somebody does; Conflict if another campaign is there, ConfigInvalid if the folder cannot be written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = (path / LOCK).open("wb")
    except OSError as error:
        raise ConfigInvalid(f"{path}: cannot be written: {error.strerror}", remedy="name another folder") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Locked(f"{path}: a campaign is under way there", remedy="wait for its end, or end it") from error
        wanted = _head(path, experiments, seed) | {"began": clock.now().isoformat(timespec="seconds")}
        if not (path / HEAD).exists():
            if (path / RESULTS).exists():
                raise BundleDamaged(f"{path}: {RESULTS} is there and {HEAD} is not", remedy=ANOTHER)
            create(path / HEAD, json.dumps(wanted, indent=2).encode() + b"\n", readable=True)
        folder = at(path)
        if different := [key for key in wanted if key != "began" and wanted[key] != folder.head.get(key)]:
            told = " and ".join(different)
            raise Conflict(f"{path}: another campaign is there, its {told} differ", remedy=ANOTHER)
        with (path / RESULTS).open("ab") as results:
            results.truncate(_whole(path / RESULTS))
            force(path)
            yield HeldCampaign(path, folder.head, results)


def at(path: Path) -> CampaignFolder:
    """Return the campaign of a folder, to be read. ConfigInvalid if there is none."""
    try:
        head = json_of((path / HEAD).read_bytes(), largest=LARGEST)
    except OSError as error:
        raise ConfigInvalid(f"{path / HEAD}: cannot be read: {error.strerror}", remedy=_NAME) from error
    except ValueError as error:
        raise ConfigInvalid(f"{path / HEAD}: {error}", remedy=_NAME) from error
    if not isinstance(head, dict) or not isinstance(head.get("seed"), int) or not _are_named(head.get("experiments")):
        raise ConfigInvalid(f"{path / HEAD}: is not what a campaign writes", remedy=_NAME)
    return CampaignFolder(path, head)


_NAME = "name the folder of a campaign: what 'drctl chaos campaign' was given as --report"


def _head(path: Path, experiments: Sequence[Experiment], seed: int) -> dict[str, Any]:
    code = commit()
    return {
        "schema_version": 1,
        "seed": seed,
        "experiments": [
            {"name": each.path.stem, "file": file, "sha256": each.digest}
            for each, file in zip(experiments, names(experiments, path.resolve()), strict=True)
        ],
        "versions": versions(),
        "commit": None if code is None else {"id": code.id, "changed": code.changed},
    }


def _are_named(told: object) -> bool:
    if not isinstance(told, list) or not told:
        return False
    return all(isinstance(each, dict) and {"file", "name", "sha256"} <= each.keys() for each in told)


def _whole(results: Path) -> int:
    """How many bytes of it are whole lines."""
    with results.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - LARGEST))
        rest = file.read()
    return end - len(rest) + rest.rfind(b"\n") + 1


def _result(place: Path, number: int, line: bytes) -> Result:
    try:
        told = json_of(line, largest=LARGEST)
        if not isinstance(told, dict) or told.keys() | LATER != {each.name for each in fields(Result)}:
            raise ValueError("is not how a run ended")
        result = Result(**told | {"faults": tuple(dict(each) for each in told["faults"])})
        if result.number != number:
            raise ValueError(f"is about run {result.number}")
    except (ValueError, TypeError) as error:
        raise BundleDamaged(f"{place}: line {number} {error}", remedy="restore it from a copy") from error
    return result


def campaigns(folder: Path) -> Iterator[tuple[CampaignFolder | None, str]]:
    """Yield the campaigns right below a folder, in the order in which they began; None with why for one unread."""
    found = list[CampaignFolder]()
    for path in sorted(each.parent for each in folder.glob(f"*/{HEAD}")):
        try:
            found.append(at(path))
        except DrctlError as error:
            yield None, str(error)
    for each in sorted(found, key=lambda campaign: str(campaign.head.get("began", ""))):
        yield each, ""
