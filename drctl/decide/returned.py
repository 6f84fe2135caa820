"""Whether a site that a failover left behind is closed now that it answers: all that stands against it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from drctl.model.fence import FenceState


class Hindrance(StrEnum):
    """Why it is not closed now, worded for whoever reads the log."""

    CLOSED = "it is proven to be closed"
    SILENT = "it does not answer"
    SERVES = "client routing points at it: clients are sent there"
    ROUTING_UNKNOWN = "where client routing points is unknown"
    AT_WORK = "a drctl is at work on this plan file"
    UNFINISHED = "another run is unfinished: 'drctl runs resume' continues it, and closes the site if it is a failover"
    WAITING = "the last attempt failed a moment ago"


URGENT = frozenset({Hindrance.SERVES, Hindrance.ROUTING_UNKNOWN, Hindrance.UNFINISHED})
"""Hindrances that nobody but a person removes."""


@dataclass(frozen=True, slots=True)
class LeftSite:
    """A site that was left, as the service sees it. ``serves`` is None where nobody knows where client routing points.

    ``begun`` says that its own fence was cut off and has to be continued, ``unfinished`` that another run was,
    ``waiting`` that it is too early to try again.
    """

    fence: FenceState
    answers: bool
    serves: bool | None
    at_work: bool
    begun: bool
    unfinished: bool
    waiting: bool


def hindrances(left: LeftSite) -> Iterator[Hindrance]:
    """Everything that stands against closing it now; nothing means go."""
    if left.fence is FenceState.PROVEN and not left.begun:
        yield Hindrance.CLOSED
    if not left.answers:
        yield Hindrance.SILENT
    if left.serves is None:
        yield Hindrance.ROUTING_UNKNOWN
    elif left.serves:
        yield Hindrance.SERVES
    if left.at_work:
        yield Hindrance.AT_WORK
    elif left.unfinished:
        yield Hindrance.UNFINISHED
    if left.waiting:
        yield Hindrance.WAITING
