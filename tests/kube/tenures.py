"""Who was at work when, from the journal alone: one holder after the other, and one epoch after the other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

BEGINNINGS = ("run-started", "run-resumed")
"""Events with which a process takes a run up; what it says of itself then names its host."""
ANSWERS = ("step-observed", "step-failed")
ENDS = ("run-ended", "step-failed")
"""Last lines of who ended by itself: a run that is over, or one that failed and may be continued."""
RAISED = "raise-epoch"


@dataclass(frozen=True, slots=True)
class Tenure:
    """One process at work on one run: its host, and its first and last line. ``cut_off``: it did not end by itself."""

    host: str
    first: datetime
    last: datetime
    cut_off: bool = True


@dataclass(frozen=True, slots=True)
class Death:
    """A pod that was killed: alive until ``begun``, and gone at ``gone``."""

    host: str
    begun: datetime
    gone: datetime


def tenures(run: Mapping[str, Any]) -> list[Tenure]:
    """Everybody who was at work on a run, in order. ``run`` is what ``drctl runs show --evidence -o json`` tells."""
    found: list[Tenure] = []
    for entry in run["entries"]:
        at = datetime.fromisoformat(entry["at"])
        if entry["event"] in BEGINNINGS:
            found.append(Tenure(str(entry["evidence"].get("host", "")), at, at))
        else:
            found[-1] = replace(found[-1], last=at, cut_off=entry["event"] not in ENDS)
    return found


def together(runs: Sequence[Mapping[str, Any]], deaths: Sequence[Death]) -> Iterator[str]:
    """Everything in the journal of these runs that two at once would leave; nothing where each followed a dead one.

    ``runs`` are in their order; ``deaths`` those of the pods that were killed while they were at work on one of them,
    in order. Whoever was cut off was killed, wrote nothing once it was gone, and nobody wrote before it was killed.
    """
    held = [each for run in runs for each in tenures(run)]
    cut_off = [number for number, each in enumerate(held) if each.cut_off]
    if [held[number].host for number in cut_off] != [each.host for each in deaths]:
        yield f"cut off were {[held[number].host for number in cut_off]}, and killed {[each.host for each in deaths]}"
    for number, death in zip(cut_off, deaths, strict=False):
        before, behind = held[number], held[number + 1 :]
        if before.last > death.gone:
            yield f"{before.host} wrote at {before.last}, and was gone at {death.gone}"
        for after in behind[:1]:
            if after.host == death.host:
                yield f"{death.host} went on at {after.first}, and was gone at {death.gone}"
            if after.first < death.begun:
                yield f"{after.host} began at {after.first}, and {death.host} was killed at {death.begun}"
    for run in runs:
        yield from _interleaved(run)


def _interleaved(run: Mapping[str, Any]) -> Iterator[str]:
    """Intents that another intent followed before they were answered: one process alone takes one step at a time."""
    open_step = ""
    for entry in run["entries"]:
        event, step = entry["event"], entry["step"]
        if event in BEGINNINGS or (event in ANSWERS and step == open_step):
            open_step = ""
        elif event == "step-intended":
            if open_step:
                yield f"{step} was intended at {entry['at']} while {open_step} was under way"
            open_step = step


def overlapping(runs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Runs that were under way at once, and epochs that were raised out of turn; runs as told to :func:`together`."""
    in_order = sorted(runs, key=lambda run: str(run["began"]))
    for before, after in pairwise(in_order):
        ended = before["ended"]
        if ended is None or datetime.fromisoformat(ended) > datetime.fromisoformat(after["began"]):
            yield f"{after['run']} {after['id']} began while {before['run']} {before['id']} was unfinished"
    raised = [run for run in in_order if _raised(run)]
    for before, after in pairwise(raised):
        if after["epoch"] <= before["epoch"]:
            yield f"epoch {after['epoch']} of {after['id']} came behind epoch {before['epoch']} of {before['id']}"


def _raised(run: Mapping[str, Any]) -> bool:
    return any(entry["step"] == RAISED and entry["event"] == "step-observed" for entry in run["entries"])
