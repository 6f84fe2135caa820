"""Given what was seen and when: may we act, may we take the lease, must we stop.

No stamp of another machine is read: all times are of one's own monotonic clock. The leader counts from when it *sent*
the renewal that was confirmed, the others from when they *received* a change, and the change lies between the two. So
who acts less long than others wait is never met by another leader, however slow the requests are.
"""

from enum import StrEnum

from drctl.model.leadership import ElectionTerms, LeaseRecord, SeenRecord


class Move(StrEnum):
    """Name what a candidate does next."""

    RENEW = "renew the lease, which is ours"
    TAKE = "take the lease, which has expired"
    WAIT = "wait: somebody may still act under this record"


RELEASED = 1.0
"""Seconds that a lease says of itself when its holder has given it back."""


def terms(lease: float) -> ElectionTerms:
    """The spans that belong to a lease of so many seconds.

    Half of it is left for clocks that run unevenly and for what is under way; in the other half a renewal whose answer
    never comes can be tried once more.
    """
    return ElectionTerms(lease, act=lease / 2, renew=lease / 10, answer=lease / 15)


def may_act(confirmed: float | None, spans: ElectionTerms, now: float) -> bool:
    """Whether the leader may act. ``confirmed``: when it sent what was confirmed last, None where nothing was."""
    return confirmed is not None and now - confirmed < spans.act


def next_move(seen: SeenRecord, me: str, spans: ElectionTerms, now: float) -> Move:
    """Return what the record allows."""
    # Also after a restart under the same name. That alone lets nobody act: see may_act, which wants a
    # renewal of this process to be confirmed.
    if seen.record.holder == me:
        return Move.RENEW
    return Move.TAKE if now - seen.at >= patience(seen.record, spans) else Move.WAIT


def patience(record: LeaseRecord, spans: ElectionTerms) -> float:
    """How long a record must stand still before it may be taken.

    Who holds it may have longer spans than we. A record without a holder says itself how long to wait, which is short
    where it was given back; one that was recreated, or whose holder was wiped by hand, may have a leader that does not
    know yet.
    """
    told = record.seconds
    if told is None:
        return spans.lease
    return max(told, spans.lease) if record.holder else told
