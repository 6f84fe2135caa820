"""Find translations of what is due at the standby, and what a group is to have there."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from drctl.errors import DrctlError
from drctl.model.offsets import TopicPartition
from drctl.model.translation import Translation, Unproven, UnprovenReason
from drctl.plans.apart import apart
from drctl.plans.positions import translate_positions
from drctl.plans.proofs import Proofs
from drctl.plans.standby import Held, Positions
from drctl.ports import World

type Answers = Mapping[tuple[TopicPartition, int], Translation]
"""By partition and position at the source."""


@dataclass(frozen=True, slots=True)
class SyncDecision:
    """Hold the ``positions`` that a group is to have at the standby; ``used``: somebody else commits there.

    ``contested`` is the position that has a later epoch than any that was raised, empty if there is none.
    """

    due: Positions
    answers: Sequence[Translation]
    positions: Positions = field(default_factory=dict)
    changed: Positions = field(default_factory=dict)
    used: bool = False
    contested: str = ""


def translate_apart(
    world: World, source: str, target: str, due: Held, proofs: Proofs
) -> tuple[Answers, Mapping[str, DrctlError]]:
    """Answers for what is due, and the groups in whose partitions something could not be read, with why.

    What ``proofs`` knows of the logs is not read again.
    """
    asked: dict[TopicPartition, set[int]] = defaultdict(set)
    for positions in due.values():
        for partition, committed in positions.items():
            asked[partition].add(committed.offset)

    def ask(partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, Answers]:
        answers = translate_positions(world, source, target, {p: asked[p] for p in partitions}, proofs=proofs)
        found: dict[TopicPartition, dict[tuple[TopicPartition, int], Translation]] = {each: {} for each in partitions}
        for (partition, offset), answer in answers.items():
            found[partition][partition, offset] = answer
        return found

    found, unread = apart(ask, tuple(asked))
    failed = {group: unread[p] for group, positions in due.items() for p in positions if p in unread}
    return {key: answer for each in found.values() for key, answer in each.items()}, failed


def not_copied(answer: Translation) -> bool:
    """Whether the link has yet to copy what lies before the position."""
    return isinstance(answer, Unproven) and answer.why is UnprovenReason.NOT_COPIED


def is_early(answer: Unproven) -> bool:
    """Whether it offers a position that is certain to skip nothing, until the link has copied what lies before."""
    return not_copied(answer) and answer.conservative is not None
