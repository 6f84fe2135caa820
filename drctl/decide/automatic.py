"""Whether the service may fail over by itself: all that stands against it, and whose word the arbiter holds.

Nobody can tell a lost site from a lost network by waiting; so a promotion by itself needs all of these at once:

| what it needs | against what |
| --- | --- |
| two places see the site as lost, long enough | one place whose own network is cut |
| the arbiter, in a third place, holds what our journal tells, and takes the claim | two that cannot see each other |
| the same | one with an old journal |
| a fence that the plan file trusts, before the target is opened | a site that is only cut off, and takes writes |
| a person who has moved the work since the last time | going back and forth |

Example: north is primary at epoch 6 by run r5, and the arbiter says so. North is lost; controllers A and B, which see
neither each other nor north, both claim (south, 7). A's is the first: the arbiter holds (south, 7, r6), and B's claim,
which expected (north, 6, r5), changes nothing. B's journal has no run r6: from now on B begins nothing by itself.

Invariant: target opened by itself => the arbiter held (target, epoch, run) of that very run at that step.
``ClaimAtArbiter`` is lasting, so its ``check`` is asked before every later change up to the opening; and ``write``, the
only change of the record, names what it replaces.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from drctl.model.arbiter import ArbiterRecord


class ArbiterStanding(StrEnum):
    """How what the arbiter holds stands to what this controller knows."""

    OURS = "it holds what our own journal tells"
    SILENT = "it does not answer"
    NEVER_TOLD = "it was never told which site is primary"
    ELSEWHERE = "it holds a decision that our journal does not know: another controller has decided"


class AutomaticHindrance(StrEnum):
    """Why the service does not fail over by itself now, worded for whoever reads the log."""

    NOT_LOST = "the site that serves is not lost, or not for long enough"
    ROUTING_UNKNOWN = "where client routing points is unknown"
    NO_SINGLE_STANDBY = "no link, or more than one, leads away from it: a person has to choose where to"
    AT_WORK = "a drctl is at work on this plan file"
    UNFINISHED = "another run is unfinished: 'drctl runs resume', or 'drctl failover', which takes it over"
    NOT_SEEN_TO = "the service has failed over by itself before, and no person has moved the work since"
    ARBITER_SILENT = "the arbiter does not answer"
    ARBITER_NEVER_TOLD = "the arbiter was never told which site is primary: it is, once that site answers"
    ARBITER_ELSEWHERE = "the arbiter holds a decision that this journal does not know: another controller has decided"
    WAITING = "the last attempt failed a moment ago"


OF_ARBITER = {
    ArbiterStanding.SILENT: AutomaticHindrance.ARBITER_SILENT,
    ArbiterStanding.NEVER_TOLD: AutomaticHindrance.ARBITER_NEVER_TOLD,
    ArbiterStanding.ELSEWHERE: AutomaticHindrance.ARBITER_ELSEWHERE,
}
PASSING = frozenset({AutomaticHindrance.NOT_LOST, AutomaticHindrance.AT_WORK, AutomaticHindrance.WAITING})
"""Hindrances that nobody has to see to: all is well, or it passes by itself."""


@dataclass(frozen=True, slots=True)
class AutomaticCase:
    """How things stand. ``serving`` is None where nobody knows where client routing points.

    ``lost``: that site is, for long enough. ``standbys`` counts the sites to which a link leads from it. ``seen_to``: a
    person has moved the work since the service last failed over. ``waiting``: it is too early to try again.
    """

    serving: str | None
    lost: bool
    standbys: int
    at_work: bool
    unfinished: bool
    seen_to: bool
    arbiter: ArbiterStanding
    waiting: bool


def automatic_hindrances(case: AutomaticCase) -> Iterator[AutomaticHindrance]:
    """Everything that stands against failing over by itself now; nothing means go."""
    if case.serving is None:
        yield AutomaticHindrance.ROUTING_UNKNOWN
    elif case.standbys != 1:
        yield AutomaticHindrance.NO_SINGLE_STANDBY
    if not case.lost:
        yield AutomaticHindrance.NOT_LOST
    if case.at_work:
        yield AutomaticHindrance.AT_WORK
    elif case.unfinished:
        yield AutomaticHindrance.UNFINISHED
    if not case.seen_to:
        yield AutomaticHindrance.NOT_SEEN_TO
    if case.arbiter in OF_ARBITER:
        yield OF_ARBITER[case.arbiter]
    if case.waiting:
        yield AutomaticHindrance.WAITING


def arbiter_standing(
    held: ArbiterRecord | None, *, plan: str, primary: str, epoch: int, runs: Mapping[str, int]
) -> ArbiterStanding:
    """Judge what the arbiter holds. ``primary`` and ``epoch`` are ours, ``runs`` the epochs of all runs of our journal.

    A journal that knows the run by which the record came to be knows what was decided then, and since. One that is
    behind in epochs does not: it is an older copy.
    """
    if held is None:
        return ArbiterStanding.NEVER_TOLD
    if held.plan != plan:
        return ArbiterStanding.ELSEWHERE
    if not held.run:  # told before anything was ever moved: a journal that has moved something since knows more
        ours = held.epoch < epoch or (held.epoch, held.primary) == (epoch, primary)
    else:
        # The run's own epoch counts, too: its claim comes before it is raised.
        ours = held.run in runs and held.epoch <= max(epoch, runs[held.run])
    return ArbiterStanding.OURS if ours else ArbiterStanding.ELSEWHERE
