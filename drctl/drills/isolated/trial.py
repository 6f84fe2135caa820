"""All that an isolated drill has done and seen, from which its verdict follows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from drctl.ledger.events import Seen

WRITER, GROUP = "writer", "group"
"""Its two clients; so their histories are called."""


class DrillHindrance(NamedTuple):
    """Why the drill was not begun, or not ended, and what helps."""

    detail: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Leg:
    """The group's way from one site to the other; times in seconds since 1970.

    ``began`` is when it stopped at the one site, ``ended`` when its positions stood at the other. ``positions`` are by
    partition at the source: here, there, as, proof, compared.
    """

    source: str
    target: str
    began: float
    ended: float
    positions: Mapping[str, Mapping[str, Any]]


@dataclass(slots=True)
class IsolatedTrial:
    """One isolated drill; ``run`` is the UUID that its records carry, times are in seconds since 1970.

    ``topic`` is what the drill's topic is called at the source, ``image`` at the target. ``primary`` and ``standby``
    are what fresh readers found there when all was over. ``removed`` and ``stays`` are of its own things, ``cleaned``
    and ``left_over`` of those of earlier drills.
    """

    id: str
    run: str
    source: str
    target: str
    epoch: int
    topic: str
    image: str
    group: str
    began: float
    ended: float = 0.0
    copied_after: float | None = None
    legs: list[Leg] = field(default_factory=list)
    hindrances: list[DrillHindrance] = field(default_factory=list)
    primary: tuple[Seen, ...] = ()
    standby: tuple[Seen, ...] = ()
    removed: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()
    cleaned: tuple[str, ...] = ()
    left_over: tuple[str, ...] = ()
