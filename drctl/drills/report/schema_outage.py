"""An outage in ``report.json``: the lost site, recovery time and point, its tail, and the way home."""

from drctl.drills.report.schema_handover import PausePart
from drctl.drills.report.schema_part import Count, Part, Seconds


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
