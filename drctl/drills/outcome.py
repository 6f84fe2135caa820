"""Hold what a drill leaves behind: frozen values, from which the report is built."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drctl.drills.recovery import Homecoming, Recovery
from drctl.drills.timeline import Histories, StepSpan
from drctl.ledger.events import Event, Stranded
from drctl.ledger.findings import Findings
from drctl.ledger.verdict import EvidenceRequirements
from drctl.model.chain import Line
from drctl.model.run import Evidence, RunResult
from drctl.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Work:
    """Who was to do what: the topics that each group reads, every client by name, and the topics that are compacted."""

    groups: Mapping[str, Sequence[str]]
    clients: Sequence[str]
    compacted: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Material:
    """Hold what a verdict was reached from besides the clients' histories: with both, anybody can reach it again.

    ``primary``: what a fresh reader found where the work ended; ``standby``: at the other site, if the last move was a
    planned one; ``stranded``: what was salvaged of a lost site. ``complete``: every client's history could be read to
    its end. ``journal``: every line of it when the drill's last run had ended.
    """

    work: Work
    complete: bool
    primary: Sequence[Event]
    standby: Sequence[Event] = ()
    stranded: Sequence[Stranded] = ()
    journal: Sequence[Line] = ()


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """How durable a site is: the smallest replication factor and ``min.insync.replicas`` of the plan's topics."""

    site: str
    cluster_id: str
    brokers: int
    replicas: int
    in_sync: int


@dataclass(frozen=True, slots=True)
class Handover:
    """One planned move of the drill, a switchover or a failback, with what MirrorMaker 2 alone would have made each
    group read again.
    """

    source: str
    target: str
    result: RunResult
    spans: tuple[StepSpan, ...]
    mirrormaker: dict[str, int]

    @property
    def began(self) -> float:
        """When its first step began, in seconds since 1970."""
        return self.spans[0].began

    @property
    def ended(self) -> float:
        """When its last step ended, in seconds since 1970."""
        return self.spans[-1].ended

    def step_began(self, name: str) -> float:
        """When that step began, in seconds since 1970."""
        return next(span.began for span in self.spans if span.step == name)

    @property
    def lags(self) -> dict[str, int]:
        """How far each group was behind when its positions were handed over, in offsets."""
        return {name: group["lag"] for name, group in self.result.evidence["hand-over-positions"]["groups"].items()}


@dataclass(frozen=True, slots=True)
class StrandedTail:
    """Hold what a lost site alone had: records and decision by topic, from the salvage of that id.

    ``faults``: what is wrong with its files. ``moved``: partitions whose tail does not begin at the frontier.
    """

    salvage: str
    records: Mapping[str, int]
    decisions: Mapping[str, str]
    faults: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()

    @property
    def undecided(self) -> tuple[str, ...]:
        """Topics with stranded records about which nothing was decided."""
        return tuple(sorted(topic for topic, count in self.records.items() if count and topic not in self.decisions))


@dataclass(frozen=True, slots=True)
class Outage:
    """A site lost on purpose, the failover from it, and its return; times in seconds since 1970.

    ``observations``: what was seen of the loss, by observer, none of whom is the injector. ``noticed_at``: when drctl
    had found the site silent by itself, None if it had not. ``fence``: the proof that the returned site is closed.
    """

    source: str
    target: str
    lost_at: float
    observations: Mapping[str, str]
    noticed_at: float | None
    result: RunResult
    spans: tuple[StepSpan, ...]
    returned_at: float
    fence: Evidence
    tail: StrandedTail

    @property
    def began(self) -> float:
        """When the failover's first step began."""
        return self.spans[0].began

    def step_began(self, name: str) -> float:
        """When that step began."""
        return next(span.began for span in self.spans if span.step == name)


@dataclass(frozen=True, slots=True)
class OutageReport:
    """An outage with what it cost, and what the way home moved, if the drill went it."""

    outage: Outage
    recovery: Recovery
    homecoming: Homecoming | None = None


@dataclass(frozen=True, slots=True)
class MovedWork:
    """A run that moved the work, as plots and timelines show it.

    From the first to the last of ``waits`` its clients had nowhere to work.
    """

    kind: str
    source: str
    target: str
    result: RunResult
    spans: tuple[StepSpan, ...]
    waits: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Objective:
    """Hold what the plan file promises, in seconds: how long clients may pause, and how much may be lost."""

    recovery_time: float
    recovery_point: float


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """The plan file of a drill: its name, the file's, SHA-256 of its bytes, all topics, and what it promises."""

    name: str
    file: str
    digest: str
    topics: tuple[str, ...]
    objective: Objective


@dataclass(frozen=True, slots=True)
class Commit:
    """The commit that drctl ran from; ``changed`` if files under version control differed from it."""

    id: str
    changed: bool


@dataclass(frozen=True, slots=True)
class JournalHead:
    """The newest line of the journal when the drill's last run had ended; ``digest`` covers every line before."""

    lines: int
    digest: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who ran the drill and with what; ``commit`` is None if it is not known."""

    user: str
    host: str
    commit: Commit | None
    versions: dict[str, str]
    plan: PlanFacts
    journal: JournalHead


@dataclass(frozen=True, slots=True)
class Drill:
    """Everything a report says. ``phases``: what happened besides steps, and when, in seconds since 1970.

    A planned drill has ``handovers`` and a ``standby``, an unplanned one an ``outage``; if it went home again, that is
    its one handover, and it has a standby, too. ``material`` is None where the verdict was not reached from a run.
    """

    id: str
    began: float
    ended: float
    verdict: Verdict
    reasons: tuple[str, ...]
    findings: Findings
    weight: EvidenceRequirements
    standby: Findings | None
    handovers: tuple[Handover, ...]
    histories: Histories
    protocols: dict[str, str]
    postures: tuple[SiteSettings, ...]
    provenance: Provenance
    phases: tuple[tuple[float, str], ...]
    outage: OutageReport | None = None
    material: Material | None = None

    @property
    def moves(self) -> tuple[MovedWork, ...]:
        """Every run that moved the work, in order."""
        planned = tuple(
            MovedWork(
                each.result.run.kind,
                each.source,
                each.target,
                each.result,
                each.spans,
                ("fence-writes", "route-clients-to-target"),
            )
            for each in self.handovers
        )
        if self.outage is None:
            return planned
        lost = self.outage.outage
        waits = ("check-gates", "route-clients-to-target")
        return (MovedWork("failover", lost.source, lost.target, lost.result, lost.spans, waits), *planned)
