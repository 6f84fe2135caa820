"""From a window of the canary's records to its verdict, by the same checker and the same rules as a drill's.

A window is judged where records are written when it is judged, and at each standby:

======================================================================  ============
a fault at the site that serves, or in a standby's copy                 refuted
a standby has not been given all of it in time, or a site is silent     inconclusive
no link leads from the site that serves, so that nobody has a copy      inconclusive
the group is not at its end, or a planted fault was not caught          inconclusive
the group has another member, whose part of it nobody here knows        inconclusive
too few records in a third of the window                                vacuous, or inconclusive with one of these
none of these                                                           proved
======================================================================  ============

A copy that is late is no fault; one behind which the log has gone on is missing, and that is one.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from drctl.drills.canary.history import CanaryHistory, OpenWindow
from drctl.ledger.checker import check
from drctl.ledger.control import caught, caught_in_copy
from drctl.ledger.findings import Findings
from drctl.ledger.verdict import EvidenceRequirements, Traffic, WindowPhase, judge
from drctl.model.canary import CANARY_RECORDS, WriteAnswer
from drctl.model.verdict import Verdict
from drctl.model.wording import counted

READS = {CANARY_RECORDS: (CANARY_RECORDS,)}
SHARE = 0.1
"""Of the rate that each third of a window must reach: a planned move pauses writers for seconds, and is no vacuity."""
THIRDS = {
    "in the first third of the window": WindowPhase.BEFORE,
    "in the second third of the window": WindowPhase.DURING,
    "in the last third of the window": WindowPhase.AFTER,
}


@dataclass(frozen=True, slots=True)
class SiteAnswers:
    """Say what is known of a site when a window is judged: ``silent`` is why it is not, empty if it answers.

    ``read_to_end``: everything has been read that was in its logs once the window's last record was acknowledged.
    ``member``: what keeps the group's member there from reading, empty if nothing is known to.
    """

    silent: str = ""
    read_to_end: bool = False
    member: str = ""


@dataclass(frozen=True, slots=True)
class CanaryVerdict:
    """A judged window: ``site`` is where it was judged, ``seconds`` how long it was.

    ``behind``: per standby how many of its records never came there in time. ``most_behind``: how many records a
    standby lacked at most while the window was open, and seconds since the oldest of them was sent; None where that
    was unknown at any time.
    """

    number: int
    seconds: float
    site: str
    verdict: Verdict
    reasons: tuple[str, ...]
    sent: int
    acknowledged: int
    doubtful: int
    denied: int
    repeated: int
    behind: Mapping[str, int]
    most_behind: Mapping[str, tuple[int, float] | None]


def is_settled(history: CanaryHistory, window: OpenWindow, serving: str, standbys: Collection[str]) -> bool:
    """Whether nothing of a window that has ended is on its way any more, so that waiting would change no verdict."""
    return all(_is_settled(history, place, serving, standbys, read=not window.shared) for place in window.places())


def _is_settled(
    history: CanaryHistory, place: tuple[int, int], serving: str, standbys: Collection[str], *, read: bool
) -> bool:
    sent = history.records[place]
    if sent.answer is None:
        return False
    written = sent.answer is WriteAnswer.WRITTEN
    if written and any(history.waits(place, site) for site in (serving, *standbys)):
        return False
    due = read and (written or serving in sent.found)
    return not due or bool(sent.processed) or history.last_processed[place[0]] > place[1]


def judged(
    history: CanaryHistory, window: OpenWindow, serving: str, answers: Mapping[str, SiteAnswers], rate: float
) -> CanaryVerdict:
    """Judge a window that has ended. ``answers``: of ``serving`` and of every standby; ``rate``: records a second.

    What a site was not given is noted as missing there: the caller forgets the window next.
    """
    standbys = [site for site in answers if site != serving]
    ended = not answers[serving].silent and answers[serving].read_to_end
    events = history.events(window, serving, group=True, ended=ended)
    control = caught(events, groups=READS)
    if window.shared:  # what another member has read would look as if it had been skipped
        events = history.events(window, serving, group=False, ended=ended)
    findings = check(events, groups=READS)
    faults: list[str] = []
    evidence = {
        f"a link leads from {serving} to a standby": bool(standbys),
        "the group has no other member, such as another canary": not window.shared,
    }
    if answers[serving].member and any(group.unread for group in findings.groups):
        evidence[f"the group's member reads ({answers[serving].member})"] = False
    behind: dict[str, int] = {}
    for site, known in answers.items():
        evidence[f"{site} answers{f' ({known.silent})' if known.silent else ''}"] = not known.silent
        evidence[f"the logs at {site} were neither cut nor made again"] = site not in window.rewound
        late = 0 if site == serving and ended else _note_missing(history, window, site)
        evidence[f"{site} has all of it{f', less {counted(late, "record")}' if late else ''}"] = not late
        if site != serving:
            behind[site] = late
        faults += _late_faults(history, window, site)
    for site in standbys:
        copies = history.events(window, site, group=False)
        faults += _copy_faults(site, check(copies))
        control |= {f"{kind} ({site})": found for kind, found in caught_in_copy(copies).items()}
    windows = _thirds(history, window, rate)
    weight = EvidenceRequirements(windows, evidence, control, redelivery=True, faults=tuple(faults))
    verdict, reasons = judge(findings, weight)
    sent = [history.records[place].answer for place in window.places()]
    return CanaryVerdict(
        window.number,
        (window.ended or window.began) - window.began,
        serving,
        verdict,
        reasons,
        sent=len(sent),
        acknowledged=sent.count(WriteAnswer.WRITTEN),
        doubtful=sent.count(WriteAnswer.DOUBTFUL) + sent.count(None),
        denied=sent.count(WriteAnswer.DENIED),
        repeated=sum(group.repeated.count for group in findings.groups),
        behind=behind,
        most_behind=dict(window.most_behind),
    )


def _note_missing(history: CanaryHistory, window: OpenWindow, site: str) -> int:
    late = 0
    for place in window.places():
        if history.records[place].answer is WriteAnswer.WRITTEN and history.waits(place, site):
            history.missing[site, place[0]].add(place[1])
            late += 1
    return late


def _late_faults(history: CanaryHistory, window: OpenWindow, site: str) -> Iterator[str]:
    if again := window.again[site]:
        yield f"{counted(again, 'record')} of earlier windows came a second time at {site}"
    if over := history.passed_over(site):
        yield f"{counted(over, 'record')} of earlier windows never came to {site}, and its log has gone on behind them"


def _copy_faults(site: str, findings: Findings) -> Iterator[str]:
    for name, found in findings.records.faults.items():
        if found:
            yield f"at {site}: {found.count} {name.replace('_', ' ')}, first: {found.examples[0]}"


def _thirds(history: CanaryHistory, window: OpenWindow, rate: float) -> dict[str, Traffic]:
    ended = window.began if window.ended is None else window.ended
    third = (ended - window.began) / len(THIRDS)
    counts = [0] * len(THIRDS)
    for place in window.places():
        sent = history.records[place]
        if sent.answer is WriteAnswer.WRITTEN:
            counts[min(len(counts) - 1, int((sent.at - window.began) / third) if third else 0)] += 1
    floor = max(1, int(third * rate * SHARE))
    return {name: Traffic(phase, count, floor) for (name, phase), count in zip(THIRDS.items(), counts, strict=True)}
