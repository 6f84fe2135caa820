"""What a Chaos Toolkit journal is worth: every way in which it passes without having tested anything is a gap."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from drctl.model.verdict import Verdict

CONTINUOUS = "continuously"
"""The strategy that looks at the steady state during the method, too."""


def overruled(verdict: Verdict, reasons: Sequence[str], found: Sequence[str]) -> tuple[Verdict, tuple[str, ...]]:
    """The ledger's verdict in the light of gaps: with any gap nothing is proved, and a fault stays a fault."""
    if not found:
        return verdict, tuple(reasons)
    if verdict is Verdict.PROVED:
        return Verdict.INCONCLUSIVE, tuple(found)
    return verdict, (*reasons, *found)


def hypothesis_strategy(experiment: Mapping[str, Any]) -> str:
    """When the experiment wants its steady state looked at; ``default`` is before and after the method."""
    return str((experiment.get("runtime") or {}).get("hypothesis", {}).get("strategy", "default"))


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
    if _is_dry(experiment):
        yield "the experiment is dry: some of it is only pretended"
    yield from _hypothesis_gaps(experiment, journal.get("steady_states") or {})
    yield from _activity_gaps("method", experiment.get("method") or [], journal.get("run") or [])
    yield from _activity_gaps("rollback", experiment.get("rollbacks") or [], journal.get("rollbacks") or [])


def _is_dry(experiment: Mapping[str, Any]) -> bool:
    probes = (experiment.get("steady-state-hypothesis") or {}).get("probes") or []
    activities = [*(experiment.get("method") or []), *(experiment.get("rollbacks") or []), *probes]
    return any(part.get("dry") for part in (experiment, *activities))


def _hypothesis_gaps(experiment: Mapping[str, Any], states: Mapping[str, Any]) -> Iterator[str]:
    hypothesis = experiment.get("steady-state-hypothesis")
    if not hypothesis:
        yield "the experiment has no steady-state hypothesis"
        return
    if not hypothesis.get("probes"):
        yield "the steady-state hypothesis has no probe, so it is always met"
    for when in ("before", "after"):
        state = states.get(when)
        if not state:
            yield f"the steady state was not looked at {when} the method"
        elif not state.get("steady_state_met"):
            yield f"the steady state was not met {when} the method"
        yield from _misread(state or {})
    during = states.get("during") or []
    if hypothesis_strategy(experiment) == CONTINUOUS and not during:
        yield "the steady state was not looked at during the method"
    if missed := sum(not state.get("steady_state_met") for state in during):
        yield f"the steady state was not met {missed} times during the method"


def _misread(state: Mapping[str, Any]) -> Iterator[str]:
    """Of an object with a ``status`` the toolkit compares that and nothing else. Meant for processes and HTTP."""
    for probe in state.get("probes") or []:
        activity, output = probe.get("activity", {}), probe.get("output")
        if activity.get("provider", {}).get("type") == "python" and isinstance(output, dict) and "status" in output:
            yield f"probe '{activity.get('name')}' returned an object, of which only its status was compared"


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
