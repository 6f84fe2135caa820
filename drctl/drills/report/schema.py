"""The shape of the whole of ``report.json``, as pydantic models."""

from typing import Any, Literal

from drctl.drills.report.schema_handover import HandoverPart, PausePart
from drctl.drills.report.schema_outage import OutagePart
from drctl.drills.report.schema_part import Count, Part, Seconds


class RunPart(Part):
    """Which run this is, who ran it and where; times are UTC in ISO 8601. ``versions`` by name of the software.

    ``user`` is the account that drctl ran as on ``host``. ``commit`` is drctl's, null if it is not known;
    ``local_changes`` says whether files under version control differed from it, null likewise.
    """

    id: str
    kind: Literal["drill"]
    began: str
    ended: str
    user: str
    host: str
    versions: dict[str, str]
    commit: str | None
    local_changes: bool | None


class PlanPart(Part):
    """The plan file: its name, the file's, SHA-256 of its bytes, all topics, and its objectives in seconds."""

    name: str
    file: str
    digest: str
    topics: list[str]
    recovery_time: Seconds
    recovery_point: Seconds


class JournalPart(Part):
    """The journal when the drill's last run had ended: how many lines, and the digest of the newest, its head.

    A line's digest is SHA-256 and covers every line before.
    """

    lines: Count
    head: str


class DefinitionsPart(Part):
    """Define each word: verdicts, classes of records, what groups did, measures, proofs of positions."""

    verdicts: dict[str, str]
    records: dict[str, str]
    groups: dict[str, str]
    measures: dict[str, str]
    proofs: dict[str, str]


class DrilledSitePart(Part):
    """A site of the drill; replication factor and ``min.insync.replicas`` are the smallest of the plan's topics."""

    name: str
    cluster_id: str
    brokers: Count
    replication_factor: Count
    min_insync_replicas: Count


class MomentPart(Part):
    """Something that happened, in UTC."""

    at: str
    what: str


class StepPart(Part):
    """One step of a switchover or failover; ``found_done`` if there was nothing left to do."""

    name: str
    seconds: Seconds
    began: str
    ended: str
    handover: str
    found_done: bool


class RecordsPart(Part):
    """Count what became of the records over the whole drill; ``stranded``: only in the tail of a site that was lost.

    ``inconsistent_offsets`` counts offsets, not records.
    """

    acknowledged: Count
    lost: Count
    duplicated: Count
    corrupt: Count
    reordered: Count
    phantom: Count
    misrouted: Count
    aborted_read: Count
    inconsistent_offsets: Count
    precommitted_read: Count
    deleted: Count
    recovered: Count
    superseded: Count
    stranded: Count
    expired: Count
    examples: dict[str, list[str]]


class GroupPart(Part):
    """One group: lag at the first handover, or when the site was lost; MirrorMaker's number at the handover.

    Skipped and repeated are over the whole drill.

    Null is unknown: of a group that processed nothing nobody knows what it skipped or repeated, and one that was not
    handed over has no numbers of a handover.
    """

    name: str
    protocol: str | None
    lag_at_handover: Count | None
    skipped: Count | None
    repeated: Count | None
    mirrormaker_would_repeat: Count | None


class TotalsPart(Part):
    """All groups over the whole drill, null if one of them is unknown; MirrorMaker's number over both handovers."""

    processed: Count
    skipped: Count | None
    repeated: Count | None
    mirrormaker_would_repeat: Count


class WindowPart(Part):
    """Records acknowledged in one part of the drill, with the floor below which they would prove nothing."""

    name: str
    acknowledged: Count
    floor: Count


class Report(Part):
    """A drill's report. A planned one has handovers and a standby, an unplanned one an outage.

    An unplanned one that went home again has one handover and a standby, too.
    """

    schema_version: Literal[2]
    verdict: Literal["proved", "refuted", "inconclusive", "vacuous"]
    reasons: list[str]
    run: RunPart
    plan: PlanPart
    journal: JournalPart
    steps: list[StepPart]
    records: RecordsPart
    groups: list[GroupPart]
    totals: TotalsPart
    handovers: list[HandoverPart]
    sites: list[DrilledSitePart]
    timeline: list[MomentPart]
    windows: list[WindowPart]
    evidence: dict[str, bool]
    negative_control: dict[str, bool]
    standby: RecordsPart | None
    outage: OutagePart | None = None
    definitions: DefinitionsPart

    @property
    def pauses(self) -> list[list[PausePart]]:
        """Return what clients waited at each move, in order."""
        planned = [handover.pauses for handover in self.handovers]
        return [self.outage.pauses, *planned] if self.outage else planned


def report_schema() -> dict[str, Any]:
    """The JSON Schema of ``report.json``."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Report.model_json_schema()}
