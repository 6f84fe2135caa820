"""Bundles of drills that never happened, made as a real drill makes its own, and ways to break them."""

import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drctl.drills.bundle.manifest import MANIFEST, SIGNATURE, ListedFile, Manifest, RunKind, parsed
from drctl.drills.bundle.signature import identity, signed
from drctl.drills.bundle.write import begin, contents, keep_drill, seal
from drctl.drills.outcome import Drill, JournalHead, Material, OutageReport
from drctl.drills.recovery import recovered
from drctl.drills.report.build import build
from drctl.drills.report.write import write
from drctl.ledger.events import Stranded
from drctl.model.chain import GENESIS, Change, Line, canonical, chained, entry_digest
from tests.unit.drills.example import HOME, THERE, drill, handover
from tests.unit.drills.outages import OBJECTIVES, outage
from tests.unit.drills.stored import HISTORIES, WORK, Stored, stored

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def journal() -> tuple[Line, ...]:
    """A run with one entry, as a journal tells it."""
    entry: dict[str, Any] = {"sequence": 1, "at": "2027-01-15T08:00:00+00:00", "event": "run-started", "step": ""}
    entry["body"] = canonical({"by": "erin"})
    entry["digest"] = entry_digest("run-1", 1, entry["at"], entry["event"], "", entry["body"])
    told = [
        Line(1, Change.RUN_BEGUN, "run-1", canonical({"id": "run-1"})),
        Line(2, Change.ENTRY_WRITTEN, "run-1", canonical(entry)),
        Line(3, Change.RUN_ENDED, "run-1", "done"),
    ]
    lines, before = [], GENESIS
    for line in told:
        lines.append(chained(before, line))
        before = lines[-1].digest
    return tuple(lines)


def _drill(history: Stored, folder: Path) -> Drill:
    """The drill of a stored history, judged as a drill is; its clients' files go into the folder."""
    histories = history.written(folder)
    found = history.judged(histories)
    lines = journal()
    stranded = [each for each in history.stranded if isinstance(each, Stranded)]
    lost = outage(**history.head["outage"]) if "outage" in history.head else None
    material = Material(
        WORK,
        complete=True,
        primary=history.seen.get("south" if lost else "north", []),
        standby=[] if lost else history.seen.get("south", []),
        stranded=stranded,
        journal=lines,
    )
    cost = lost and recovered(
        histories, stranded, OBJECTIVES, lost_at=lost.lost_at, began=lost.began, survivor=lost.target
    )
    told = drill()
    return replace(
        told,
        verdict=found.verdict,
        reasons=found.reasons,
        findings=found.findings,
        weight=found.weight,
        standby=found.standby,
        handovers=() if lost else (handover("north", "south", THERE, 1), handover("south", "north", HOME, 2)),
        histories=histories,
        provenance=replace(told.provenance, journal=JournalHead(len(lines), lines[-1].digest)),
        outage=OutageReport(lost, cost) if lost and cost else None,
        material=material,
    )


def bundle(folder: Path, history: str = "proved", key: Ed25519PrivateKey | None = None) -> Path:
    """The report folder of a drill of ``tests/histories``."""
    clients, report = folder / "clients", folder / "report"
    clients.mkdir()
    report.mkdir()
    done = _drill(stored(HISTORIES / f"{history}.jsonl"), clients)
    assert done.material
    begin(report)
    keep_drill(report, done, done.material, clients)
    write(report, build(done), "<!doctype html><title>a page</title>")
    seal(report, done.id, RunKind.UNPLANNED_DRILL if done.outage else RunKind.DRILL, key)
    return report


def resealed(report: Path, key: Ed25519PrivateKey | None = None, **changes: Any) -> None:
    """Give a changed bundle a manifest that fits: what somebody would do who wants it to look whole."""
    files = {}
    for name, _ in contents(report):
        if name not in (MANIFEST, SIGNATURE):
            raw = (report / name).read_bytes()
            files[name] = ListedFile(size=len(raw), sha256=hashlib.sha256(raw).hexdigest())
    old = parsed((report / MANIFEST).read_bytes())
    signer = identity(key.public_key()) if key else None
    manifest = old.model_copy(update={"files": files, "signer": signer, **changes}).rendered()
    (report / MANIFEST).write_bytes(manifest)
    (report / SIGNATURE).unlink(missing_ok=True)
    if key:
        (report / SIGNATURE).write_bytes(signed(key, manifest))


def edited(path: Path, change: Callable[[Any], Any]) -> None:
    """Change a JSON document, or every line of a packed file of them."""
    if path.suffix == ".gz":
        lines = [change(json.loads(line)) for line in gzip.decompress(path.read_bytes()).splitlines()]
        path.write_bytes(gzip.compress(b"".join(json.dumps(line).encode() + b"\n" for line in lines)))
    else:
        path.write_text(json.dumps(change(json.loads(path.read_text()))))


def listed(report: Path) -> Manifest:
    """What its manifest says."""
    return parsed((report / MANIFEST).read_bytes())
