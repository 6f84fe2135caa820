"""What a drill leaves behind: frozen values, from which the report is built."""

from dataclasses import dataclass

from drctl.drills.timeline import Histories, Span
from drctl.ledger.checker import Findings
from drctl.ledger.verdict import Weight
from drctl.model.run import RunResult
from drctl.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Posture:
    """How durable a site is: the smallest replication factor and ``min.insync.replicas`` of the plan's topics."""

    site: str
    cluster_id: str
    brokers: int
    replicas: int
    in_sync: int


@dataclass(frozen=True, slots=True)
class Handover:
    """One switchover of the drill, with what MirrorMaker 2 alone would have made each group read again."""

    source: str
    target: str
    result: RunResult
    spans: tuple[Span, ...]
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
class Drill:
    """Everything a report says. ``phases``: what happened besides steps, and when, in seconds since 1970."""

    id: str
    began: float
    ended: float
    verdict: Verdict
    reasons: tuple[str, ...]
    findings: Findings
    weight: Weight
    standby: Findings
    handovers: tuple[Handover, ...]
    histories: Histories
    protocols: dict[str, str]
    postures: tuple[Posture, ...]
    versions: dict[str, str]
    phases: tuple[tuple[float, str], ...]
