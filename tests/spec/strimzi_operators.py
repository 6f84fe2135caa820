"""How Strimzi's operators behave in the sentences about Strimzi sites: one function for each way, by name."""

from collections.abc import Callable

from tests.spec.strimzi_sites import StrimziEarth

LATE = 7.0
"""Seconds after which a late operator acts: well within a step's deadline, and long for who waits."""


def woken_at_once(_: StrimziEarth) -> None:
    """They act after every change, as they do."""


def late(strimzi: StrimziEarth) -> None:
    """They act seconds after a change."""
    for space in strimzi.spaces.values():
        space.links.delay = space.users.delay = LATE


def twice(strimzi: StrimziEarth) -> None:
    """They act twice after every change."""
    for space in strimzi.spaces.values():
        space.links.times = space.users.times = 2


def in_the_middle(strimzi: StrimziEarth) -> None:
    """They act right before and right after every change of drctl's, and between its parts."""
    strimzi.in_the_middle(strimzi.operators_act)


def all_the_time(strimzi: StrimziEarth) -> None:
    """They bring back what they own in every tick, and delete the rules that they do not own."""
    for space in strimzi.spaces.values():
        space.links.interval = space.users.interval = 0.0


def behind_their_time(strimzi: StrimziEarth) -> None:
    """The User Operator acts by what it knew in its last round, a moment ago, in the middle of every step, too."""
    for space in strimzi.spaces.values():
        space.user_operator.lags, space.users.interval = True, 0.3
    in_the_middle(strimzi)


OPERATORS: tuple[Callable[[StrimziEarth], None], ...] = (
    woken_at_once,
    late,
    twice,
    in_the_middle,
    all_the_time,
    behind_their_time,
)
