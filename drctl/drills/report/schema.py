"""The shape of ``report.json``, as pydantic models."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]


class Part(BaseModel):
    """Every part is closed: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class HandedGroup(Part):
    """One group at one handover; ``lag`` in offsets, as Kafka counts it."""

    name: str
    partitions: Count
    lag: Count
    compared: Count
    proofs: dict[str, Count]
    mirrormaker_would_repeat: Count


class PausePart(Part):
    """From a client's last work at the source to its first at the target; null if it did not come back."""

    client: str
    seconds: Seconds | None


class HandoverPart(Part):
    """One switchover, or the failback of a drill that lost a site: who handed to whom, and what proves it.

    ``longest_pause`` is the longest that is known of any client. ``pause_within_objective`` compares it with the plan's
    ``recovery_time``: false if it is longer, null if a client's pause is not known and no other is longer.
    """

    run: str
    source: str
    target: str
    epoch: int
    began: str
    seconds: Seconds
    fence: dict[str, Any]
    groups: list[HandedGroup]
    pauses: list[PausePart]
    longest_pause: Seconds | None
    pause_within_objective: bool | None
    not_arrived: list[str]


class WindowPart(Part):
    """Records acknowledged in one part of the drill, with the floor below which they would prove nothing."""

    name: str
    acknowledged: Count
    floor: Count


class ObservationPart(Part):
    """Tell what one observer, who is not the injector, saw of the loss of a site."""

    observer: str
    what: str


class RecoveryTimePart(Part):
    """From the loss to the first record processed at the survivor, null if none was; ``own`` is without detection."""

    seconds: Seconds | None
    detection: Seconds
    own: Seconds | None
    objective: Seconds
    met: bool


class RecoveryPointPart(Part):
    """Acknowledged records only in the stranded tail, and how long before the loss the oldest was acknowledged."""

    records: Count
    seconds: Seconds
    objective: Seconds
    met: bool


class StrandedPart(Part):
    """One topic's committed records in the stranded tail, acknowledged or not, and what was decided about them."""

    topic: str
    records: Count
    decision: str | None


class RecreatedPart(Part):
    """A topic that the failback recreated: records that were to be copied again, at most, and those gone by it."""

    topic: str
    records: Count
    gone: Count


class WayHomePart(Part):
    """Hold what the failback moved; its steps, positions and pauses are those of the one handover.

    ``copied`` records were written at the survivor and came home. ``copied_again`` are older, of topics that were
    recreated. ``stepped_over`` are of the stranded tail, which stays in the log at home. ``read_again`` were read by a
    group since the way home began, and had been read before.
    """

    run: str
    copied: Count
    copied_again: Count
    recreated: list[RecreatedPart]
    stepped_over: Count
    read_again: Count


class OutagePart(Part):
    """A site lost on purpose, the failover from it, its return, and the way home, null if the drill left that out.

    ``files``: where the tail is, beside the report.
    """

    lost_site: str
    survivor: str
    lost_at: str
    returned_at: str
    observations: list[ObservationPart]
    recovery_time: RecoveryTimePart
    recovery_point: RecoveryPointPart
    run: str
    epoch: int
    seconds: Seconds
    stated_loss: Count | None
    fence_at_failover: str
    fence_after_return: str
    positions: dict[str, Count]
    stranded: list[StrandedPart]
    files: str
    pauses: list[PausePart]
    not_arrived: list[str]
    way_home: WayHomePart | None = None


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
