"""How long steps took in earlier runs, from the journal: what a runbook tells of them, and nothing that was guessed."""

from collections.abc import Iterable, Mapping
from statistics import median

from drctl.model.run import Event, JournalEntry, RunState
from drctl.plans.repetition import result
from drctl.ports.journal import Journal

COUNTED = 10
"""Newest runs of a kind that are looked at: older ones tell of sites and loads that are no more."""

type Durations = Mapping[str, tuple[float, ...]]
"""Seconds by step, a number for each run in which it had something to do."""

UNKNOWN: Durations = {}


def durations(journal: Journal, kind: str) -> Durations:
    """Return what the steps of the newest runs of that kind took; only of runs that were done in one go."""
    done = [run for run, state in journal.runs() if run.kind == kind and state is RunState.DONE]
    found: dict[str, tuple[float, ...]] = {}
    for run in done[: -COUNTED - 1 : -1]:
        entries = journal.entries(run.id)
        if _was_resumed(entries):
            continue
        for timing in result(run, RunState.DONE, entries).timings:
            if not timing.found_done:
                found[timing.name] = (*found.get(timing.name, ()), timing.seconds)
    return found


def _was_resumed(entries: Iterable[JournalEntry]) -> bool:
    return any(entry.event is Event.RUN_RESUMED for entry in entries)


def usual(seconds: tuple[float, ...]) -> str:
    """The usual duration in words; empty where nothing was measured."""
    if not seconds:
        return ""
    times = "once" if len(seconds) == 1 else f"{len(seconds)} times"
    return f"usually {median(seconds):.1f} s, at most {max(seconds):.1f} s (measured {times})"
