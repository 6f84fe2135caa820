"""Rules about positions: what cannot be proven now and will not be by waiting has to be known before the fence.

| refusal | what changes it |
|---|---|
| NOT_COPIED, COPY_UNCERTAIN | time: the link copies, and the drain waits for it |
| NO_SYNC | time: a sync comes with the next records, or the worker's next commit of offsets |
| COMPACTED_APART | time: behind the newest sync until the next one, else until the other site's cleaner has run |
| UNDECIDED | its transaction's end: asked again for a moment, then a reason to wait |
| every other one | a person |

Invariant: refused now and not IN_TIME ⇒ named before anything is changed, unless repeats are accepted and an earlier
position is certain to skip nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from drctl.decide.rules import Blocker, Rule
from drctl.model.offsets import TopicPartition
from drctl.model.translation import Answer, Refusal, Refused

IN_TIME = frozenset(
    {Refusal.NOT_COPIED, Refusal.COPY_UNCERTAIN, Refusal.NO_SYNC, Refusal.COMPACTED_APART},
)
"""Refusals that time may end without anybody's doing: to block by them would keep healthy groups from moving."""

SHOWN = 5
"""Places that are named of one group and reason."""

REMEDIES: Mapping[Refusal, str] = {
    Refusal.UNDECIDED: "wait until the transaction ends, at the latest after its producer's transaction.timeout.ms "
    "(kafka-transactions.sh list, find-hanging); do not stop the producer: that would leave it open for all that time",
    Refusal.BEFORE_LOG_START: "let the group read on at the source, or reset it there to where it shall go on",
    Refusal.BEYOND_LOG_END: "reset the group at the source to where it shall go on",
    Refusal.NO_PARTITION: "create the partition at the target, or let the link do so",
    Refusal.STALE_AT_TARGET: "delete the group's position at the target",
    Refusal.UNREADABLE_RECORD: "let the group read past the record, or take the topic out of the plan file until the "
    "record has expired",
}
OTHERWISE = "see 'drctl groups translate'; end the cause, or leave the group out of the plan file"
REPEATS = "; --accept-repeats takes an earlier position that certainly skips nothing"


def position_blockers(
    answers: Mapping[str, Mapping[TopicPartition, Answer]], *, accept_repeats: bool
) -> Iterator[Blocker]:
    """Name every group with a position that cannot be proven and that waiting for the link does not help."""
    for group, found in sorted(answers.items()):
        of_reason: dict[Refusal, list[Refused]] = defaultdict(list)
        for answer in found.values():
            if isinstance(answer, Refused) and stays(answer, accept_repeats=accept_repeats):
                of_reason[answer.why].append(answer)
        for why, refused in sorted(of_reason.items()):
            early = all(each.conservative is not None for each in refused)
            remedy = REMEDIES.get(why, OTHERWISE) + REPEATS * early
            yield Blocker(Rule.POSITION_UNPROVEN, f"{group}: {why}: {_places(refused)}", remedy)


def stays(refused: Refused, *, accept_repeats: bool) -> bool:
    """Whether neither waiting for the link nor an accepted repeat helps."""
    return refused.why not in IN_TIME and not (accept_repeats and refused.conservative is not None)


def _places(refused: list[Refused]) -> str:
    named = "; ".join(_place(each) for each in refused[:SHOWN])
    return named + (f" and {len(refused) - SHOWN} more partitions" if len(refused) > SHOWN else "")


def _place(refused: Refused) -> str:
    at = "" if refused.why is Refusal.UNDECIDED else f" at {refused.position}"
    return f"{refused.partition}{at}" + (f" ({refused.detail})" if refused.detail else "")
