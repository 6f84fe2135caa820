"""Logs as drawn: one sign per offset, ``.`` for a marker or a vanished record; and what is asked of an answer."""

from drctl.decide.translate import translate
from drctl.decide.windows import Logs, Window
from drctl.model.offsets import LogBounds, OffsetSync, RecordId, TopicPartition
from drctl.model.translation import Exact, Proof, Translation, Unproven, UnprovenReason

ORDERS = TopicPartition("orders", 0)


class Site:
    """A log as drawn; ``start`` is how many of the first offsets retention took."""

    def __init__(self, drawn: str, start: int = 0) -> None:
        self.records = [RecordId(n, c.encode()) for n, c in enumerate(drawn) if c != "." and n >= start]
        self.bounds = LogBounds(start, len(drawn), len(drawn))


def look(
    source: Site,
    target: Site,
    *syncs: tuple[int, int],
    at: int,
    compacted: bool = False,
    reads: list[Window] | None = None,
) -> Translation:
    def read(window: Window) -> tuple[list[RecordId], list[RecordId]]:
        (reads if reads is not None else []).append(window)
        return (
            [r for r in source.records if r.offset in range(*window.source)],
            [r for r in target.records if r.offset in range(*window.target)],
        )

    written = tuple(OffsetSync(*s) for s in syncs)
    return translate(Logs(ORDERS, source.bounds, target.bounds, written, compacted), at, read)


def proven(offset: int, proof: Proof, answer: Translation) -> bool:
    assert isinstance(answer, Exact), answer
    return (answer.offset, answer.proof) == (offset, proof)


def refused(why: UnprovenReason, answer: Translation) -> bool:
    assert isinstance(answer, Unproven), answer
    return answer.why is why


def early(offset: int | None, answer: Translation) -> UnprovenReason:
    """Why it was refused; the early position must be that one."""
    assert isinstance(answer, Unproven), answer
    assert answer.conservative == offset, answer
    return answer.why
