"""Makes a bundle of a report folder: the evidence while the lab is up, the manifest when all else is written."""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

import drctl
from drctl.drills.bundle.codec import found_lines, journal_lines
from drctl.drills.bundle.facts import facts_of
from drctl.drills.bundle.manifest import MANIFEST, SIGNATURE, ListedFile, Maker, Manifest, RunKind
from drctl.drills.bundle.packing import opened, pack
from drctl.drills.bundle.signature import identity, signed
from drctl.drills.outcome import Drill, Material
from drctl.drills.provenance import commit
from drctl.drivers.store.files import replace
from drctl.errors import DrctlError
from drctl.ledger.events import Event
from drctl.model.chain import Line

EVIDENCE, HISTORIES = "evidence", "evidence/histories"
FACTS, JOURNAL = "evidence/facts.json", "evidence/journal.jsonl.gz"
TRIP = "evidence/round-trip.json"
PRIMARY, STANDBY, STRANDED = (f"evidence/{name}.jsonl.gz" for name in ("primary", "standby", "stranded"))
PARTS = (EVIDENCE, "report.json", "report.html", "salvage", "logs", "histories", "state")
"""Files and folders that a drill writes into its report folder. Whatever else lies there is no part of the bundle."""
VERDICT, TOOLKIT_JOURNAL, FAULTS, TOOLKIT_LOG = "verdict.json", "journal.json", "faults.jsonl", "chaostoolkit.log"
EXPERIMENT_PARTS = (EVIDENCE, VERDICT, "report.html", TOOLKIT_JOURNAL, FAULTS, TOOLKIT_LOG)
"""The same of an experiment."""
TABLETOP_JSON, TABLETOP_PAGE = "tabletop.json", "tabletop.html"
ISOLATED_JSON, ISOLATED_PAGE = "isolated.json", "isolated.html"
LIVE_JSON, LIVE_PAGE = "live.json", "live.html"
PARTS_OF = {
    RunKind.EXPERIMENT: EXPERIMENT_PARTS,
    RunKind.TABLETOP: (TABLETOP_JSON, TABLETOP_PAGE),
    RunKind.ISOLATED: (EVIDENCE, ISOLATED_JSON, ISOLATED_PAGE),
    RunKind.LIVE: (EVIDENCE, LIVE_JSON, LIVE_PAGE),
}
"""By kind; of all others what a drill writes."""


def begin(folder: Path) -> None:
    """Take away what makes a bundle of an earlier report there: a run that is killed leaves none that fits."""
    _take_away(folder, (MANIFEST, SIGNATURE))


def begin_experiment(folder: Path) -> None:
    """Take away all that an earlier experiment left there: a run that ends without a verdict leaves none to be read."""
    _take_away(folder, (MANIFEST, SIGNATURE, *EXPERIMENT_PARTS[1:]))


def _take_away(folder: Path, names: Iterable[str]) -> None:
    try:
        for name in names:
            (folder / name).unlink(missing_ok=True)
        evidence = folder / EVIDENCE
        if evidence.is_symlink():
            evidence.unlink()
        elif evidence.exists():
            shutil.rmtree(evidence)
    except OSError as error:
        raise _unwritable(folder, error) from error


def keep_drill(folder: Path, drill: Drill, material: Material, histories: Path) -> None:
    """Write a drill's evidence: what the clients wrote into ``histories``, what readers found, facts and journal."""
    try:
        keep_histories(folder, histories)
        pack(folder / PRIMARY, found_lines(material.primary))
        if drill.outage is None or drill.handovers:
            pack(folder / STANDBY, found_lines(material.standby))
        if drill.outage is not None:
            pack(folder / STRANDED, found_lines(material.stranded))
        pack(folder / JOURNAL, journal_lines(material.journal))
        replace(folder / FACTS, facts_of(drill, material))
    except OSError as error:
        raise _unwritable(folder, error) from error


def keep_trial(
    folder: Path, facts: bytes, found: Iterable[Event], histories: Path, standby: Iterable[Event] | None = None
) -> None:
    """Write an experiment's evidence: its facts, what fresh readers found, and what the clients wrote.

    ``standby``: None if nobody read there.
    """
    try:
        keep_histories(folder, histories)
        pack(folder / PRIMARY, found_lines(found))
        if standby is not None:
            pack(folder / STANDBY, found_lines(standby))
        replace(folder / FACTS, facts)
    except OSError as error:
        raise _unwritable(folder, error) from error


def keep_trip(folder: Path, facts: bytes, stranded: Iterable[Event]) -> None:
    """Write how an experiment's work left a site and came home, and the tail that was saved in between."""
    try:
        pack(folder / STRANDED, found_lines(stranded))
        replace(folder / TRIP, facts)
    except OSError as error:
        raise _unwritable(folder, error) from error


def keep_isolated(folder: Path, primary: Iterable[Event], standby: Iterable[Event], histories: Path) -> None:
    """Write an isolated drill's evidence: what fresh readers found at both sites, and what its clients wrote."""
    try:
        keep_histories(folder, histories)
        pack(folder / PRIMARY, found_lines(primary))
        pack(folder / STANDBY, found_lines(standby))
    except OSError as error:
        raise _unwritable(folder, error) from error


def keep_live(folder: Path, journal: Iterable[Line]) -> None:
    """Write a live drill's evidence: the journal, of which its verdict follows."""
    try:
        pack(folder / JOURNAL, journal_lines(journal))
    except OSError as error:
        raise _unwritable(folder, error) from error


def keep_histories(folder: Path, histories: Path) -> None:
    """Pack every client's history as it is. OSError where that is impossible."""
    for path in sorted(histories.glob("*.jsonl")):
        with path.open("rb") as file:
            pack(folder / HISTORIES / f"{path.name}.gz", file)


def seal(folder: Path, run: str, kind: RunKind, key: Ed25519PrivateKey | None) -> None:
    """Write signature and manifest over everything that is there: the last act of a run."""
    running = commit()
    try:
        manifest = Manifest(
            run=run,
            run_kind=kind,
            drctl=Maker(
                version=drctl.__version__,
                commit=running.id if running else None,
                local_changes=running.changed if running else None,
            ),
            signer=identity(key.public_key()) if key else None,
            files={name: measured(folder / name) for name in sorted(_parts(folder, kind))},
        ).rendered()
        if key:
            replace(folder / SIGNATURE, signed(key, manifest))
        replace(folder / MANIFEST, manifest)
    except OSError as error:
        raise _unwritable(folder, error) from error
    except ValidationError as error:
        name = error.errors(include_url=False)[0]["loc"][1]
        raise DrctlError(
            f"{folder}: {name!r} cannot be listed in a manifest", remedy="move it away, or name another folder"
        ) from error


def measured(path: Path) -> ListedFile:
    """A file's size and SHA-256. OSError if it is no regular file."""
    with opened(path) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return ListedFile(size=os.fstat(file.fileno()).st_size, sha256=digest)


def contents(folder: Path) -> Iterator[tuple[str, bool]]:
    """Everything below a folder but folders, by name, and whether it is a regular file. Follows no link."""
    waiting = [""]
    while waiting:
        place = waiting.pop()
        with os.scandir(folder / place) as found:
            for each in found:
                if each.is_dir(follow_symlinks=False):
                    waiting.append(f"{place}{each.name}/")
                else:
                    yield f"{place}{each.name}", stat.S_ISREG(each.stat(follow_symlinks=False).st_mode)


def _parts(folder: Path, kind: RunKind) -> Iterator[str]:
    for part in PARTS_OF.get(kind, PARTS):
        path = folder / part
        if path.is_dir() and not path.is_symlink():
            yield from (f"{part}/{name}" for name, regular in contents(path) if regular)
        elif path.is_file() and not path.is_symlink():
            yield part


def _unwritable(folder: Path, error: OSError) -> DrctlError:
    return DrctlError(
        f"{folder}: the evidence cannot be kept: {error.strerror or error}",
        remedy="make room, or name another folder; there is no manifest, so 'drctl verify' proves nothing of it",
    )
