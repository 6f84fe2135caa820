"""From what an experiment left behind to its verdict, the same during the run and from its bundle years later.

What the experiment states counts: each fault that it names must have been seen by another than its injector, and
groups may read records again only if it says so. One that states what it is refuted of is a negative control:
:mod:`drctl.drills.experiments.refutation`. The Chaos Toolkit's journal can only take from a verdict. What was
seen outside of the fault's window is no evidence: :mod:`drctl.drills.experiments.fault_window`.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from drctl.drills.client_evidence import HELD, holds_all
from drctl.drills.experiments.fault_window import Placement, placement
from drctl.drills.experiments.journal_audit import gaps, overruled, states
from drctl.drills.experiments.refutation import Refutation, control_verdict
from drctl.drills.experiments.round_trip import Parted, RoundTrip, parted, trip_evidence
from drctl.drills.outcome import Commit, Work
from drctl.drills.timeline import Histories
from drctl.drills.way_home import PLANTED, TAIL_READ
from drctl.ledger.checker import check
from drctl.ledger.control import caught, caught_in_copy
from drctl.ledger.events import Event, LogStart, Seen, Stranded
from drctl.ledger.findings import Findings
from drctl.ledger.kept import Kept, kept_at
from drctl.ledger.verdict import EvidenceRequirements, Traffic, WindowPhase, judge, reached, shortfalls
from drctl.model.documents import json_of
from drctl.model.verdict import Verdict

BEFORE, DURING, AFTER = 200, 50, 100
"""Records that must be acknowledged before, during and after the fault, or it has shown too little."""

ENDING = ("continue", "restart", "heal-link")
"""Kinds of evidence that tell of a fault's end and of none: :data:`drctl.lab.faults.UNDOING`, without the lab."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Hold what an experiment states: the kinds of faults, how often each must have been seen, and whether groups may
    read records again. ``digest``: SHA-256 of the experiment's file. ``refutation``: what it must be refuted of, None
    if it is to be proved.
    """

    name: str
    title: str
    faults: tuple[str, ...]
    repeats: bool
    digest: str
    refutation: Refutation | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Who ran an experiment and with what; ``commit`` is None if it is not known."""

    user: str
    host: str
    commit: Commit | None
    versions: dict[str, str]


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of an experiment as its bundle keeps it: what cannot be read from histories, journal and faults.

    ``began`` and ``ended`` are those of the experiment within the workload, in seconds since 1970. ``mirrored``: the
    standby was read as well, once the link had copied all, or had its time. ``round_trip``: the work was to leave by a
    failover and to come home.
    """

    id: str
    stated: Statement
    work: Work
    began: float
    ended: float
    complete: bool
    origin: Origin
    mirrored: bool = False
    round_trip: bool = False


@dataclass(frozen=True, slots=True)
class Remains:
    """Hold what others left behind: the clients, a fresh reader at the end, the toolkit (its journal, None without
    one), whoever saw the faults (a line of JSON each), and a fresh reader of the standby. ``trip``: how the work left
    and came home, None if it did not, with the tail that was saved in between.
    """

    histories: Histories
    found: Sequence[Event]
    journal: bytes | None
    faults: bytes
    standby: Sequence[Event] = ()
    trip: RoundTrip | None = None
    stranded: Sequence[Stranded] = ()


@dataclass(frozen=True, slots=True)
class ExperimentOutcome:
    """Hold what an experiment has shown. ``faults``: those that were seen within their window. ``journal_digest`` is
    None if the toolkit left no readable journal. ``as_stated``: it is proved, or refuted as a negative control states.
    """

    trial: Trial
    verdict: Verdict
    reasons: tuple[str, ...]
    findings: Findings
    weight: EvidenceRequirements
    faults: tuple[dict[str, Any], ...]
    journal_digest: str | None
    as_stated: bool


def judged(trial: Trial, left: Remains) -> ExperimentOutcome:
    """Judge a trial by what is left of it: no lab, no clock, so that anybody can do it again."""
    work, stated = trial.work, trial.stated
    history, at_end, kept = _as_checked(left)
    events = [*history, *left.stranded, *at_end]
    findings = check(events, compacted=work.compacted, groups=work.groups, kept=kept)
    placed = [(placement(each, trial.began, trial.ended), each) for each in read_faults(left.faults)]
    faults = tuple(each for where, each in placed if where is Placement.WITHIN)
    evidence = {
        "a fault, by another observer than its injector": any(each["fault"] not in ENDING for each in faults),
        **_injected(stated, placed),
        "every client at work after the fault": _all_at_work(left.histories, work.clients, trial.ended),
        **reached(findings),
    }
    control = caught(events, compacted=work.compacted, groups=work.groups, kept=kept)
    if trial.mirrored:
        mirrored = [*history, *left.stranded, *left.standby]
        evidence[HELD] = holds_all(check(mirrored, compacted=work.compacted))
        control |= caught_in_copy(mirrored, compacted=work.compacted)
    windows = _windows(trial, left.histories)
    weight = EvidenceRequirements(windows, evidence, control, complete=trial.complete, redelivery=stated.repeats)
    if trial.round_trip:
        weight = _of_trip(weight, trial, left, events, findings)
    journal, digest = read_journal(left.journal)
    found = [*gaps(journal), *_other_statement(stated, journal)]
    told = judge(findings, weight)
    if stated.refutation is None:
        verdict, reasons = overruled(*told, found)
        as_stated = verdict is Verdict.PROVED
    else:
        lacking = (*shortfalls(findings, weight), *found)
        elsewhere = _elsewhere(events, work, stated.refutation.topics, kept)
        verdict, reasons, as_stated = control_verdict(
            stated.refutation, findings, elsewhere, told[1], lacking, repeats=stated.repeats
        )
    return ExperimentOutcome(trial, verdict, reasons, findings, weight, faults, digest, as_stated)


def _as_checked(left: Remains) -> Parted:
    """Return the histories and what was found at the end as the checker takes them, and what was kept for groups."""
    history = tuple(left.histories.events())
    if left.trip is None:
        return Parted(history, tuple(left.found), kept_at(left.found))
    return parted(left.trip, history, left.found, left.stranded, left.standby)


def _of_trip(
    weight: EvidenceRequirements, trial: Trial, left: Remains, events: Sequence[Event], findings: Findings
) -> EvidenceRequirements:
    """Add what a round trip must show, and what its way home must not have done to groups."""
    seen = trip_evidence(left.trip, trial.work, left.histories, findings)
    weight = replace(weight, evidence={**weight.evidence, **seen})
    if left.trip is None:
        return weight
    look = left.trip.look(trial.work)
    return replace(
        weight,
        control={**weight.control, **look.control(events)},
        planted=(*PLANTED, TAIL_READ) if findings.records.stranded else PLANTED,
        faults=look.faults(look.findings(events)),
    )


def _elsewhere(events: Sequence[Event], work: Work, topics: Collection[str], kept: Kept) -> Findings:
    """Return what the checker finds outside of these topics: no loss that is brought about may hide a real one."""
    groups = {group: left for group, reads in work.groups.items() if (left := set(reads) - set(topics))}
    others = [event for event in events if _topic(event) not in topics]
    return check(others, compacted=work.compacted, groups=groups, kept=kept)


def _topic(event: Event) -> str:
    return event.topic if isinstance(event, Seen | Stranded | LogStart) else event.stream.topic


def _all_at_work(histories: Histories, clients: Collection[str], since: float) -> bool:
    """Whether each of these clients did something later than that; False if there is none."""

    def at_work(client: str) -> bool:
        return any(line.at > since for line in histories.done(client))

    return bool(clients) and all(map(at_work, clients))


def _windows(trial: Trial, histories: Histories) -> dict[str, Traffic]:
    began, ended = trial.began, trial.ended
    return {
        "before the fault": Traffic(WindowPhase.BEFORE, histories.acknowledged_between(0, began), BEFORE),
        "during the fault": Traffic(WindowPhase.DURING, histories.acknowledged_between(began, ended), DURING),
        "after the fault": Traffic(WindowPhase.AFTER, histories.acknowledged_between(ended, float("inf")), AFTER),
    }


def _other_statement(stated: Statement, journal: Mapping[str, Any] | None) -> Iterator[str]:
    """Whether the toolkit ran what is judged here, and not an experiment that expects less."""
    if journal is not None and states(journal) != (stated.faults, stated.repeats, stated.refutation):
        yield "the journal is of an experiment that states other faults, or expects something else"


def _injected(stated: Statement, placed: Sequence[tuple[Placement, Mapping[str, Any]]]) -> dict[str, bool]:
    """Per kind of fault that the experiment states whether others saw it as often as stated, within its window.

    Where they did not, why what they saw does not count stands in its name.
    """
    seen = Counter((each["fault"], where) for where, each in placed)
    found = {}
    for kind, count in Counter(stated.faults).items():
        enough = seen[kind, Placement.WITHIN] >= count
        no_evidence = [where for where in Placement if where is not Placement.WITHIN and seen[kind, where]]
        why = "" if enough else "".join(f"; {seen[kind, where]} {where}" for where in no_evidence)
        found[f"fault injected: {kind}, {count} time{'s'[: count > 1]}{why}"] = enough
    return found


def read_journal(raw: bytes | None) -> tuple[dict[str, Any] | None, str | None]:
    """A journal with the SHA-256 of its bytes; None for both if it is not readable."""
    if raw is None:
        return None, None
    try:
        document = json_of(raw, largest=len(raw))
    except ValueError:
        return None, None
    return (document, hashlib.sha256(raw).hexdigest()) if isinstance(document, dict) else (None, None)


def read_faults(raw: bytes) -> Iterator[dict[str, Any]]:
    """Return what others saw of the faults. A torn line, or one that names no observer or fault, is no evidence."""
    for line in raw.splitlines():
        try:
            seen = json_of(line, largest=len(raw))
        except ValueError:
            continue
        told = [isinstance(seen, dict) and seen.get(key) for key in ("fault", "target", "observer", "observation")]
        if all(isinstance(each, str) and each for each in told):
            yield seen
