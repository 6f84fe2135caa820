"""Bundles of drills that never happened, made as a real drill makes its own, and ways to break them."""

import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from drctl.drills.bundle.manifest import MANIFEST, SIGNATURE, ListedFile, Manifest, RunKind, parsed
from drctl.drills.bundle.signature import identity, signed
from drctl.drills.bundle.verify import verify
from drctl.drills.bundle.write import begin, contents, keep_drill, seal
from drctl.drills.outcome import Drill, JournalHead, Material, OutageReport
from drctl.drills.recovery import recovered
from drctl.drills.report.build import build
from drctl.drills.report.write import write
from drctl.drills.way_home import came_home
from drctl.errors import BundleDamaged, JournalBroken
from drctl.model.chain import GENESIS, Change, Line, canonical, chained, entry_digest, run_content
from drctl.model.run import RunResult
from tests.unit.drills.example import HOME, THERE, drill, handover
from tests.unit.drills.homecomings import homecoming
from tests.unit.drills.outages import OBJECTIVES, outage
from tests.unit.drills.stored import HISTORIES, WORK, Stored, stored

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def journal(*results: RunResult) -> tuple[Line, ...]:
    """These runs with what each step observed, as a journal tells of them."""
    told: list[tuple[Change, str, str]] = []
    for result in results:
        run, before = result.run.id, result.run.id
        told.append((Change.RUN_BEGUN, run, run_content(result.run)))
        observed = [("step-observed", step, body) for step, body in result.evidence.items()]
        for number, (event, step, body) in enumerate([("run-started", "", {"by": "erin"}), *observed], 1):
            entry: dict[str, Any] = {"sequence": number, "at": "2027-01-15T08:00:00+00:00", "event": event}
            entry |= {"step": step, "body": canonical(body)}
            before = entry["digest"] = entry_digest(before, number, entry["at"], event, step, entry["body"])
            told.append((Change.ENTRY_WRITTEN, run, canonical(entry)))
        told.append((Change.RUN_ENDED, run, result.state.value))
    lines: list[Line] = []
    for number, each in enumerate(told, 1):
        lines.append(chained(lines[-1].digest if lines else GENESIS, Line(number, *each)))
    return tuple(lines)


def _drill(history: Stored, folder: Path) -> Drill:
    """The drill of a stored history, judged as a drill is; its clients' files go into the folder."""
    histories = history.written(folder)
    found = history.judged(histories)
    lost = outage(**history.head["outage"]) if "outage" in history.head else None
    home = (homecoming(**history.head["home"]),) if "home" in history.head else ()
    moves = home if lost else (handover("north", "south", THERE, 1), handover("south", "north", HOME, 2))
    lines = journal(*([lost.result] if lost else []), *(each.result for each in moves))
    material = Material(
        WORK,
        complete=True,
        primary=history.seen.get("north" if moves else "south", []),
        standby=history.seen.get("south", []) if moves else [],
        stranded=history.stranded,
        journal=lines,
    )
    cost = lost and recovered(
        histories, history.stranded, OBJECTIVES, lost_at=lost.lost_at, began=lost.began, survivor=lost.target
    )
    moved = came_home(home[0], histories, material.primary, material.stranded) if home else None
    told = drill()
    return replace(
        told,
        verdict=found.verdict,
        reasons=found.reasons,
        findings=found.findings,
        weight=found.weight,
        standby=found.standby,
        handovers=moves,
        histories=histories,
        provenance=replace(told.provenance, journal=JournalHead(len(lines), lines[-1].digest)),
        outage=OutageReport(lost, cost, moved) if lost and cost else None,
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


def problems(report: Path, key: Ed25519PublicKey | None = PUBLIC) -> str:
    """What is said of a bundle that must not count; nothing if it is taken for whole."""
    try:
        return "\n".join(verify(report, key).damage)
    except (BundleDamaged, JournalBroken) as error:
        return f"{error}, {error.remedy}"
