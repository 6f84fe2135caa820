"""Rules about positions: what cannot be proven now and will not be by waiting has to be known before the fence.

| refusal | what changes it | stands in the way |
|---|---|---|
| NOT_COPIED, COPY_UNCERTAIN | time: the link copies, and the drain waits for it | never |
| unsettled (see ``unsettled.py``), NO_SYNC | the next sync, the copy, a transaction's end | once nothing moves there |
| COMPACTED_APART between two syncs | the group reads on, or the other site's cleaner runs | once the group rests |
| UNDECIDED | its transaction's end | after it was asked for a moment |
| every other one | a person | always |

Invariant, for a place that is a group and a partition: refused ∧ not waiting for the copy ∧ (neither IN_TIME nor
unsettled ∨ nothing moves at the place) ⇒ named before anything is changed, unless repeats are accepted and an earlier
position is certain to skip nothing.

Example: a compacted topic whose producers use transactions has a marker between any two records. Behind the newest
sync nothing can be told by counting there, so the position is COMPACTED_APART until the next sync is written: under
load that is a matter of moments, and without any it stays so behind the fence.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from drctl.decide.rules import Blocker, Rule
from drctl.model.offsets import TopicPartition
from drctl.model.translation import Translation, Unproven, UnprovenReason

type Place = tuple[str, TopicPartition]
"""A group and a partition."""

IN_TIME = frozenset(
    {UnprovenReason.NOT_COPIED, UnprovenReason.COPY_UNCERTAIN, UnprovenReason.NO_SYNC, UnprovenReason.COMPACTED_APART},
)
"""Refusals that time may end without anybody's doing: by them at once no healthy group may be held."""

SHOWN = 5
"""Places that are named of one group and reason."""

OF_CLEANERS = "let the group read on, or wait until the log cleaner has run at the other site too"
REMEDIES: Mapping[UnprovenReason, str] = {
    UnprovenReason.UNDECIDED: "wait until the transaction ends, at the latest after its producer's"
    " transaction.timeout.ms (kafka-transactions.sh list, find-hanging); do not stop the producer: that would leave it"
    " open for all that time",
    UnprovenReason.BEFORE_LOG_START: "let the group read on at the source, or reset it there to where it shall go on",
    UnprovenReason.BEYOND_LOG_END: "reset the group at the source to where it shall go on",
    UnprovenReason.NO_PARTITION: "create the partition at the target, or let the link do so",
    UnprovenReason.STALE_AT_TARGET: "delete the group's position at the target",
    UnprovenReason.COMPACTED_APART: OF_CLEANERS,
    UnprovenReason.UNREADABLE_RECORD: "let the group read past the record, or take the topic out of the plan file until"
    " the record has expired",
}
OF_SYNCS = "nothing moves there, so no offset sync is to come: restart the source connector, and write a record there"
OTHERWISE = "see 'drctl groups translate'; end the cause, or leave the group out of the plan file"
REPEATS = "; --accept-repeats takes an earlier position that certainly skips nothing"


def position_blockers(
    answers: Mapping[str, Mapping[TopicPartition, Translation]], *, accept_repeats: bool, still: Collection[Place] = ()
) -> Iterator[Blocker]:
    """Name every group with a position that cannot be proven and that waiting does not help.

    ``still`` are places where nothing moves any more: there, what time may end elsewhere stays as it is.
    """
    for group, found in sorted(answers.items()):
        of_reason: dict[tuple[UnprovenReason, bool], list[Unproven]] = defaultdict(list)
        for partition, answer in found.items():
            if not isinstance(answer, Unproven) or not stays(answer, accept_repeats=accept_repeats):
                continue
            # A healthy group under load has such refusals at every look, each time for another reason. Only
            # where nothing moves any more is one known to stay.
            if not in_time(answer) or (group, partition) in still:
                of_reason[answer.why, answer.unsettled].append(answer)
        for (why, of_syncs), refused in sorted(of_reason.items()):
            early = all(each.conservative is not None for each in refused)
            remedy = OF_SYNCS if of_syncs else REMEDIES.get(why, OTHERWISE)
            yield Blocker(Rule.POSITION_UNPROVEN, f"{group}: {why}: {_places(refused)}", remedy + REPEATS * early)


def open_places(
    answers: Mapping[str, Mapping[TopicPartition, Translation]], *, accept_repeats: bool
) -> Mapping[Place, Unproven]:
    """Return what was refused and time may end, but for what only waits for the copy."""
    return {
        (group, partition): answer
        for group, found in answers.items()
        for partition, answer in found.items()
        if isinstance(answer, Unproven) and in_time(answer) and stays(answer, accept_repeats=accept_repeats)
    }


def in_time(refused: Unproven) -> bool:
    """Whether time may end it without anybody's doing."""
    return refused.unsettled or refused.why in IN_TIME


def stays(refused: Unproven, *, accept_repeats: bool) -> bool:
    """Whether neither waiting for the copy nor an accepted repeat helps."""
    return not refused.waits_for_copy and not (accept_repeats and refused.conservative is not None)


def _places(refused: list[Unproven]) -> str:
    named = "; ".join(_place(each) for each in refused[:SHOWN])
    return named + (f" and {len(refused) - SHOWN} more partitions" if len(refused) > SHOWN else "")


def _place(refused: Unproven) -> str:
    at = "" if refused.why is UnprovenReason.UNDECIDED else f" at {refused.position}"
    return f"{refused.partition}{at}" + (f" ({refused.detail})" if refused.detail else "")
