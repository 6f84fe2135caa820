"""Judges a bundle again, from its evidence alone, and writes its report again."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drctl.drills.bundle.codec import found_in, journal_in
from drctl.drills.bundle.facts import DrillFacts, facts_in, rebuilt
from drctl.drills.bundle.journaled import require_journaled
from drctl.drills.bundle.manifest import Manifest, RunKind, damaged
from drctl.drills.bundle.packing import Unpacking, whole
from drctl.drills.bundle.write import (
    FACTS,
    FAULTS,
    HISTORIES,
    ISOLATED_JSON,
    JOURNAL,
    LIVE_JSON,
    PRIMARY,
    STANDBY,
    STRANDED,
    TABLETOP_JSON,
    TOOLKIT_JOURNAL,
    TRIP,
    VERDICT,
)
from drctl.drills.experiments.document import document
from drctl.drills.experiments.facts import trial_in
from drctl.drills.experiments.judging import Remains, judged
from drctl.drills.experiments.round_trip import trip_in
from drctl.drills.isolated.judging import judged as isolated_judged
from drctl.drills.isolated.report import shown, trial_of
from drctl.drills.live.report import shown as live_shown
from drctl.drills.outcome import Material
from drctl.drills.report.build import build
from drctl.drills.report.run_page import as_json as text_of
from drctl.drills.report.write import as_json
from drctl.drills.tabletop import LEVEL, WORTH
from drctl.drills.tabletop import VERDICT as VACUOUS
from drctl.drills.timeline import Histories
from drctl.errors import DrctlError, NotFound
from drctl.ledger.events import Event, Stranded
from drctl.ledger.history import lines_of
from drctl.model import former
from drctl.model.chain import Line, require_whole
from drctl.model.documents import json_of
from drctl.model.verdict import Verdict
from drctl.plans.journal_of_lines import JournalOfLines
from drctl.plans.live import live_drill

REPORT = "report.json"
WORDS = "definitions"
"""The part of a report that explains words, each drctl in its own."""


@dataclass(frozen=True, slots=True)
class JudgedBundle:
    """Hold what the evidence shows, beside what the report says; both as documents."""

    run: str
    verdict: Verdict
    reasons: tuple[str, ...]
    reported: str | None
    report: dict[str, Any]
    again: dict[str, Any]


class Evidence:
    """The packed evidence of one bundle, whose files are as the manifest says."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.names = frozenset(manifest.files)
        packed = [listed.size for name, listed in manifest.files.items() if name.endswith(".gz")]
        self._unpacking = Unpacking(folder, sum(packed))

    def histories(self) -> Histories:
        """Every client's history. JournalBroken as ``read_lines``."""
        before, after = f"{HISTORIES}/", ".jsonl.gz"
        names = sorted(name for name in self.names if name.startswith(before) and name.endswith(after))
        return Histories(
            {
                name.removeprefix(before).removesuffix(after): list(lines_of(self._unpacking.lines(name), name))
                for name in names
            }
        )

    def found(self, name: str) -> tuple[Event, ...]:
        """Return what a reader found; nothing if there is no such file."""
        return tuple(found_in(name, self._unpacking.lines(name))) if name in self.names else ()

    def journal(self) -> tuple[Line, ...]:
        """The journal's lines, their chain checked. JournalBroken if it is not whole."""
        lines = tuple(journal_in(JOURNAL, self._unpacking.lines(self._required(JOURNAL))))
        require_whole(JOURNAL, lines)
        return lines

    def optional(self, name: str) -> bytes | None:
        """The bytes of a small file; None if there is no such file."""
        return whole(self.folder / name) if name in self.names else None

    def document(self, name: str) -> bytes:
        """The bytes of a small file."""
        return whole(self.folder / self._required(name))

    def object(self, name: str) -> dict[str, Any]:
        """The object in a JSON document."""
        raw = self.document(name)
        try:
            told = json_of(raw, largest=len(raw))
        except ValueError as error:
            raise damaged(f"{name}: {error}") from error
        if not isinstance(told, dict):
            raise damaged(f"{name}: is no object")
        return told

    def _required(self, name: str) -> str:
        if name not in self.names:
            raise damaged(f"{name}: is not in the manifest, and without it nothing can be judged")
        return name


def judged_again(folder: Path, manifest: Manifest) -> JudgedBundle:
    """Judge a bundle whose files are as the manifest says. BundleDamaged if its evidence is none of such a run."""
    evidence = Evidence(folder, manifest)
    try:
        if manifest.run_kind is RunKind.TABLETOP:
            return _tabletop(evidence)
        if manifest.run_kind is RunKind.ISOLATED:
            return _isolated(evidence)
        if manifest.run_kind is RunKind.LIVE:
            return _live(evidence)
        return _experiment(evidence) if manifest.run_kind is RunKind.EXPERIMENT else _drill(evidence, manifest)
    except DrctlError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, StopIteration, OSError) as error:
        # Evidence that nobody damaged and that no run can have left: whatever it is, it proves nothing.
        raise damaged(f"{folder}: the evidence is none that a run leaves: {type(error).__name__}") from error


def _drill(evidence: Evidence, manifest: Manifest) -> JudgedBundle:
    report = evidence.object(REPORT)
    facts = facts_in(FACTS, evidence.document(FACTS))
    if (facts.outage is not None) != (manifest.run_kind is RunKind.UNPLANNED_DRILL):
        raise damaged(f"{FACTS}: is not of the kind of drill that the manifest names")
    material = _material(evidence, facts)
    require_journaled(FACTS, facts, material.journal)
    drill = rebuilt(facts, evidence.histories(), material)
    again = json.loads(as_json(build(drill)))
    told = {key: value for key, value in report.items() if key != WORDS}
    again.pop(WORDS)
    return JudgedBundle(facts.id, drill.verdict, drill.reasons, _text(report.get("verdict")), told, again)


def _experiment(evidence: Evidence) -> JudgedBundle:
    """Judge an experiment again. It has no journal of drctl's own: nothing in it was decided on the way."""
    report = evidence.object(VERDICT)
    trial = trial_in(FACTS, evidence.document(FACTS))
    trip = evidence.optional(TRIP)
    left = Remains(
        evidence.histories(),
        evidence.found(PRIMARY),
        evidence.optional(TOOLKIT_JOURNAL),
        evidence.optional(FAULTS) or b"",
        evidence.found(STANDBY),
        None if trip is None else trip_in(TRIP, trip),
        tuple(each for each in evidence.found(STRANDED) if isinstance(each, Stranded)),
    )
    outcome = judged(trial, left)
    return JudgedBundle(
        trial.id, outcome.verdict, outcome.reasons, _text(report.get("verdict")), report, document(outcome)
    )


def _tabletop(evidence: Evidence) -> JudgedBundle:
    """Judge a tabletop: whatever it says, nothing was moved, so there is nothing that could be proved."""
    report = evidence.object(TABLETOP_JSON)
    again = {**report, "level": LEVEL, "verdict": VACUOUS.value, "worth": WORTH}
    return JudgedBundle(str(report["id"]), VACUOUS, (WORTH,), _text(report.get("verdict")), report, again)


def _isolated(evidence: Evidence) -> JudgedBundle:
    """Judge an isolated drill by its histories and what was found at both sites; what it did its report says."""
    report = evidence.object(ISOLATED_JSON)
    trial = trial_of(report, evidence.found(PRIMARY), evidence.found(STANDBY))
    judgement = isolated_judged(trial, evidence.histories())
    again = json.loads(json.dumps({**report, **shown(judgement)}))
    return JudgedBundle(trial.id, judgement.verdict, judgement.reasons, _text(report.get("verdict")), report, again)


def _live(evidence: Evidence) -> JudgedBundle:
    """Judge a live drill by its journal, of which its report follows but for the plan file's name and the maker."""
    # Its file is as the manifest says, so a state that is called otherwise now is no difference.
    report = former.document(evidence.object(LIVE_JSON))
    try:
        state = live_drill(JournalOfLines(JOURNAL, evidence.journal()), str(report["id"]))
    except NotFound as error:
        raise damaged(f"{JOURNAL}: {error}") from error
    plan = {**report["plan"], "name": state.run.plan, "digest": state.run.plan_digest}
    told = live_shown(state)
    again = json.loads(text_of({**report, **told, "plan": plan}))
    verdict, reasons = Verdict(told["verdict"]), tuple(told["reasons"])
    return JudgedBundle(state.run.id, verdict, reasons, _text(report.get("verdict")), report, again)


def _material(evidence: Evidence, facts: DrillFacts) -> Material:
    journal, head = evidence.journal(), facts.provenance.journal
    if not journal or (len(journal), journal[-1].digest) != (head.lines, head.digest):
        raise damaged(f"{JOURNAL}: does not end where the drill says that its journal ended")
    stranded = evidence.found(STRANDED)
    return Material(
        facts.work,
        facts.complete,
        primary=evidence.found(PRIMARY),
        standby=evidence.found(STANDBY),
        stranded=[each for each in stranded if isinstance(each, Stranded)],
        journal=journal,
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
