"""What a Chaos Toolkit journal is worth: every way in which it passes without having tested anything is a gap."""

from collections.abc import Iterator, Mapping
from typing import Any


def gaps(journal: Mapping[str, Any] | None) -> Iterator[str]:
    """Reasons why this run proves nothing, whatever its status says; nothing means that it ran as written."""
    if journal is None:
        yield "the experiment left no journal"
        return
    experiment = journal.get("experiment", {})
    if not experiment.get("method"):
        yield "the experiment has no method, so nothing was done"
    if journal.get("status") != "completed":
        yield f"the experiment ended as {journal.get('status')}"
    yield from _hypothesis_gaps(experiment, journal.get("steady_states") or {})
    yield from _activity_gaps("method", experiment.get("method") or [], journal.get("run") or [])
    yield from _activity_gaps("rollback", experiment.get("rollbacks") or [], journal.get("rollbacks") or [])


def _hypothesis_gaps(experiment: Mapping[str, Any], states: Mapping[str, Any]) -> Iterator[str]:
    if not experiment.get("steady-state-hypothesis"):
        yield "the experiment has no steady-state hypothesis"
        return
    for when in ("before", "after"):
        state = states.get(when)
        if not state:
            yield f"the steady state was not looked at {when} the method"
        elif not state.get("steady_state_met"):
            yield f"the steady state was not met {when} the method"
    during = [state for state in states.get("during") or [] if not state.get("steady_state_met")]
    if during:
        yield f"the steady state was not met {len(during)} times during the method"


def _activity_gaps(part: str, written: list[Any], ran: list[Any]) -> Iterator[str]:
    if len(ran) < len(written):
        yield f"{len(written) - len(ran)} activities of the {part} did not run"
    for activity in ran:
        name = activity.get("activity", {}).get("name", "?")
        if activity.get("status") != "succeeded":
            yield f"{part} activity '{name}' {activity.get('status')}"
        elif "tolerance" in activity.get("activity", {}) and not activity.get("tolerance_met"):
            # Outside of the hypothesis the toolkit does not look at tolerances at all.
            yield f"{part} probe '{name}' was not held against its tolerance: put it into the hypothesis"
