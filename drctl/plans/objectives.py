"""Measure the pause of a switchover, from the journal, against what was promised."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from drctl.model.run import Event, JournalEntry, RunState
from drctl.plans.selection import SWITCHOVER
from drctl.plans.steps.fence_writes import FenceWrites
from drctl.plans.steps.route_clients_to_target import RouteClientsToTarget
from drctl.ports import World

COUNTED = 5
"""Earlier switchovers that are looked at for the expected pause."""


def pause(entries: Sequence[JournalEntry]) -> float | None:
    """Seconds from the first intent to deny writes until clients were pointed over; None if either is not there."""
    began = next((e.at for e in entries if e.step == FenceWrites.name and e.event is Event.STEP_INTENDED), None)
    told = (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE)
    ended = next((e.at for e in entries if e.step == RouteClientsToTarget.name and e.event in told), None)
    return None if began is None or ended is None else (ended - began).total_seconds()


def pauses(world: World) -> tuple[float, ...]:
    """The pauses of the last switchovers that were done, in either direction, newest first.

    One that was cut off and continued tells how long somebody was away, so it is left out.
    """

    def measured() -> Iterator[float]:
        done = [run for run, state in world.journal.runs() if run.kind == SWITCHOVER and state is RunState.DONE]
        for run in done[: -COUNTED - 1 : -1]:
            entries = world.journal.entries(run.id)
            resumed = any(entry.event is Event.RUN_RESUMED for entry in entries)
            if not resumed and (seconds := pause(entries)) is not None:
                yield seconds

    return tuple(measured())


def expected(measured: Sequence[float], promised: timedelta) -> str:
    """The pause to be expected in words, against ``objectives.recoveryTime``."""
    if not measured:
        return f"not measured yet; the objective is {promised.total_seconds():.0f} s"
    slowest = max(measured)
    return f"{against(slowest, promised)} (the slowest of {len(measured)} measured)"


def against(seconds: float, promised: timedelta) -> str:
    """A measured time against what was promised."""
    kept = "within" if seconds <= promised.total_seconds() else "beyond"
    return f"{seconds:.1f} s, {kept} the objective of {promised.total_seconds():.0f} s"
