"""Whether a log is still the one that was seen before, or was cut and may have grown again with other records.

A log loses its end only where its partition gets another leader: one that lacks what the leader before it had (an
unclean election, a disk that lost what was not synced). Where it has grown again past its old end nothing in its bounds
shows that but the leader's epoch, so what was read and proven of a log holds for one leader.

| since it was seen last | what was known of it | and |
| --- | --- | --- |
| the same leader, and it is no shorter | holds | |
| another leader, its newest known record is the same | is forgotten: behind that record it may differ | |
| another leader, that record is gone or another one | is forgotten | it was cut: an error |
| it ends before where it had ended | is forgotten | it was cut: an error |
| a leader of before, which does not know yet that it is none any more | is forgotten | an error: ask again |
| nobody tells which leader | is forgotten | |

Example: orders-0 ended at 100 under the leader of epoch 4, and the record at 99 is known. Seen is an end at 120, of
epoch 5: 99 is read once more. The same record: nothing is reported. Another one: the log was cut at 99 or before.

Invariant: what is known and not forgotten was read of the log that the last look saw.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drctl.model.offsets import LogBounds, RecordId, TopicPartition
from drctl.plans.known_records import Id, KnownRecords, SpanReader

type Named = Mapping[TopicPartition, tuple[Id, LogBounds]]
"""Bounds as they were just seen, each with the partition by its topic's id."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """Hold how far a log reached when it was seen last, and under which leader."""

    leader_epoch: int | None
    end: int


@dataclass(frozen=True, slots=True)
class LogDoubt:
    """Tell why nothing that was known of a log holds any more.

    ``cut`` says how it is known to have been cut, and is empty where that is not known. ``witness`` is its newest known
    record, which tells if it is read again. ``stale``: the answer is of a leader that is none any more.
    """

    cut: str = ""
    witness: RecordId | None = None
    stale: bool = False


class SeenLogs:
    """Keep how one site's logs were seen last; lost with its process, like what was known of them."""

    def __init__(self, known: KnownRecords) -> None:
        self._known = known
        self._seen: dict[Id, _Seen] = {}

    def take(self, logs: Named) -> Mapping[TopicPartition, LogDoubt]:
        """Take in these bounds and forget the records of what is in doubt, which is returned."""
        doubts: dict[TopicPartition, LogDoubt] = {}
        for partition, (key, bounds) in logs.items():
            if (doubt := self._doubt(key, bounds)) is not None:
                doubts[partition] = doubt
                self._known.forget([key])
            if doubt is None or not doubt.stale:
                self._seen[key] = _Seen(bounds.leader_epoch, bounds.stable)
        return doubts

    def differ(self, logs: Named) -> Iterator[TopicPartition]:
        """Yield those of them that have another leader than when they were seen last, or were never seen."""
        for partition, (key, bounds) in logs.items():
            before = self._seen.get(key)
            if before is None or before.leader_epoch != bounds.leader_epoch:
                yield partition

    def _doubt(self, key: Id, bounds: LogBounds) -> LogDoubt | None:
        before, now = self._seen.get(key), bounds.leader_epoch
        if before is None:
            return None
        if before.leader_epoch is not None and now is not None and now < before.leader_epoch:
            return LogDoubt(stale=True)
        if bounds.stable < before.end:
            return LogDoubt(cut=f"ended at {before.end}, and ends at {bounds.stable} now")
        if now is not None and now == before.leader_epoch:
            return None
        newest = self._known.newest(key)
        # Below its start nothing can be read, and what nobody can read whole equals no record, itself neither.
        told = newest is not None and newest.offset >= bounds.start and not newest.fault
        return LogDoubt(witness=newest if told else None)


def cut(doubts: Mapping[TopicPartition, LogDoubt], reader: SpanReader) -> Mapping[TopicPartition, str]:
    """Return those of the logs that are known to have been cut, with how; reads the newest known records again."""
    found = {partition: doubt.cut for partition, doubt in doubts.items() if doubt.cut}
    witnesses = {partition: doubt.witness for partition, doubt in doubts.items() if doubt.witness is not None}
    read = reader.identities_all({p: (w.offset, w.offset + 1) for p, w in witnesses.items()}) if witnesses else {}
    for partition, witness in witnesses.items():
        if [record.digest for record in read[partition]] != [witness.digest]:
            found[partition] = f"had another record at {witness.offset}, and another leader since"
    return found
