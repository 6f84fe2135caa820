"""For how long a site that came back may have taken writes, until it was proven to be closed."""

from collections.abc import Mapping
from datetime import datetime

from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence
from drctl.plans import evidence
from drctl.ports import Clock, SitePorts

SILENT, ANSWERED, CLOSED = "silent at", "answered at", "closed at"
AT_MOST, AT_LEAST, WRITTEN = "seconds at most", "seconds at least", "offsets since it was seen"
"""Keys of its evidence; the value of one that nobody knows is None."""


def begun(silent: datetime | None, answered: datetime) -> Evidence:
    """``silent`` is when it was last found silent, ``answered`` when it was first met after that."""
    return {SILENT: silent.isoformat() if silent else None, ANSWERED: answered.isoformat()}


def ended(known: Evidence, seen: Mapping[TopicPartition, int], proven: Evidence, clock: Clock) -> Evidence:
    """The same once it is closed: ``seen`` are its ends when it was met, ``proven`` the proof that they stand still."""
    now = clock.now()
    # Offsets, markers included: said as offsets, not as records. The salvage counts records, per topic.
    grown = [end - seen.get(p, 0) for p, end in evidence.from_json(proven["ends"]).items()]
    return {
        SILENT: known[SILENT],
        ANSWERED: known[ANSWERED],
        CLOSED: now.isoformat(),
        AT_MOST: _since(known[SILENT], now),
        AT_LEAST: _since(known[ANSWERED], now),
        WRITTEN: sum(count for count in grown if count > 0),
    }


def ends(site: SitePorts, partitions: tuple[TopicPartition, ...]) -> Evidence:
    """Where its logs end now, as evidence."""
    return evidence.to_json({p: b.high for p, b in site.records.bounds(partitions).items()})


def _since(moment: str | None, now: datetime) -> float | None:
    return None if moment is None else (now - datetime.fromisoformat(moment)).total_seconds()
