"""From what checkers kept, and from the clients' histories, to a verdict: by the same rules as a drill's.

========================================================================  ============
a record lost, doubled, changed, deleted, …; one that a group skipped     refuted
a partition that is not checked to its end, a planted fault not caught,
a record that expired, a group not at the end of what it reads            inconclusive
nothing acknowledged in a third of the histories' time, no group at work  vacuous
none of these                                                             proved
========================================================================  ============

The order in which states and histories are brought together changes nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from drctl.errors import Conflict
from drctl.ledger.batches import take_line
from drctl.ledger.checker import findings_of
from drctl.ledger.findings import Findings
from drctl.ledger.history import read_lines
from drctl.ledger.state import CheckerState, merged
from drctl.ledger.state_control import caught_in_state
from drctl.ledger.stored_state import from_bytes
from drctl.ledger.verdict import EvidenceRequirements, Traffic, WindowPhase, judge, reached
from drctl.model.checking import CheckedPartition
from drctl.model.offsets import TopicPartition
from drctl.model.verdict import Verdict

FLOOR = 1
"""Records in each third: with none nothing was written there, and how many are many this command cannot know."""


@dataclass(slots=True)
class Written:
    """Count what was acknowledged, by time, of as many histories as there are; times in seconds since 1970."""

    first: float = float("inf")
    last: float = float("-inf")
    by_second: dict[int, int] = field(default_factory=dict)

    def note(self, at: float, count: int) -> None:
        """Note so many records that were acknowledged then."""
        self.first, self.last = min(self.first, at), max(self.last, at)
        self.by_second[int(at)] = self.by_second.get(int(at), 0) + count

    def thirds(self) -> dict[str, Traffic]:
        """Return the traffic of each third of the time."""
        counts = dict.fromkeys(WindowPhase, 0)
        length = self.last - self.first
        phases = tuple(WindowPhase)
        for second, count in self.by_second.items():
            share = (second - self.first) / length if length > 0 else 0.0
            counts[phases[min(len(phases) - 1, max(0, int(share * len(phases))))]] += count
        names = ("in the first third of the time", "in the second third", "in the last third")
        return {name: Traffic(phase, count, FLOOR) for name, (phase, count) in zip(names, counts.items(), strict=True)}


@dataclass(frozen=True, slots=True)
class CheckVerdict:
    """A verdict with its reasons and what was found."""

    verdict: Verdict
    reasons: tuple[str, ...]
    findings: Findings


def judged(
    checked: Mapping[TopicPartition, CheckedPartition],
    histories: Path,
    *,
    groups: Mapping[str, Collection[str]],
    compacted: Collection[str] = (),
) -> CheckVerdict:
    """Judge what checkers kept of each partition, and every history in a folder.

    What is not there of a partition that was not checked to its end, or that nobody has begun, is not called lost.
    JournalBroken for a history or state that is damaged; Conflict where states are of several runs or sites.
    """
    _require_one(checked.values())
    state = merged(from_bytes(checked[place].state, str(place)) for place in sorted(checked))
    written = Written()
    paths = sorted(histories.glob("*.jsonl"))
    for path in paths:
        _take_history(state, path, written)
    sent = {TopicPartition(each.topic, each.partition) for each in state.streams}
    ended = {place: place in checked and checked[place].complete for place in sorted(sent | checked.keys())}
    _leave_open(state, {place for place, complete in ended.items() if not complete})
    findings = findings_of(state, compacted=compacted, groups=groups)
    evidence = {f"{place} was checked to its end": complete for place, complete in ended.items()}
    weight = EvidenceRequirements(
        written.thirds(),
        {**evidence, "there is a history of a client": bool(paths), **reached(findings)},
        caught_in_state(state, compacted=compacted, groups=groups),
    )
    return CheckVerdict(*judge(findings, weight), findings)


def _leave_open(state: CheckerState, unfinished: Collection[TopicPartition]) -> None:
    """Count as in doubt what was acknowledged in partitions that were not read to their ends, and not found yet."""
    for stream, held in state.streams.items():
        if (stream.topic, stream.partition) in unfinished:
            absent = held.acknowledged - held.found
            held.doubtful |= absent
            held.acknowledged -= absent


def _take_history(state: CheckerState, path: Path, written: Written) -> None:
    for line in read_lines(path):
        take_line(state, line)
        if line.kind == "acknowledged":
            written.note(line.at, len(line.records))


def _require_one(checked: Iterable[CheckedPartition]) -> None:
    if len(found := {(each.run, each.site) for each in checked}) > 1:
        told = ", ".join(f"run {run} at {site}" for run, site in sorted(found))
        raise Conflict(f"the states are of several checks: {told}", remedy="name a folder with the states of one")
