"""Judge what a Chaos Toolkit journal is worth: every way to pass without having tested anything is a gap."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from drctl.drills.experiments.refutation import Refutation, refutation_in
from drctl.model.verdict import Verdict

MOST = 1000
"""As often as one kind of fault may be stated."""

CONTINUOUS = "continuously"
"""The strategy that looks at the steady state during the method, too."""


def overruled(verdict: Verdict, reasons: Sequence[str], found: Sequence[str]) -> tuple[Verdict, tuple[str, ...]]:
    """The ledger's verdict in the light of gaps: with any gap nothing is proved, and a fault stays a fault."""
    if not found:
        return verdict, tuple(reasons)
    # Only a proof is taken back. A refutation stands, whatever else went wrong: the records are lost all
    # the same.
    if verdict is Verdict.PROVED:
        return Verdict.INCONCLUSIVE, tuple(found)
    return verdict, (*reasons, *found)


def hypothesis_strategy(experiment: Mapping[str, Any]) -> str:
    """When the experiment wants its steady state looked at; ``default`` is before and after the method."""
    return str(_object(_object(experiment.get("runtime")).get("hypothesis")).get("strategy") or "default")


def gaps(journal: Mapping[str, Any] | None) -> Iterator[str]:
    """Reasons why this run proves nothing, whatever its status says; nothing means that it ran as written.

    A journal is data of somebody else: whatever is missing in it, null or of another type is a gap and no error.
    """
    if journal is None:
        yield "the experiment left no journal"
        return
    experiment = _object(journal.get("experiment"))
    if not _list(experiment.get("method")):
        yield "the experiment has no method, so nothing was done"
    if journal.get("status") != "completed":
        yield f"the experiment ended as {journal.get('status')}"
    # Not "is true": a journal that does not say so has not shown that there was no deviation.
    if journal.get("deviated") is not False:
        yield "the experiment deviated from its steady state, or does not say that it did not"
    if _is_dry(experiment):
        yield "the experiment is dry: some of it is only pretended"
    yield from _hypothesis_gaps(experiment, _object(journal.get("steady_states")))
    for part, written, ran in (("method", "method", "run"), ("rollback", "rollbacks", "rollbacks")):
        runs = _list(journal.get(ran))
        yield from _unmatched(f"the {part}", _list(experiment.get(written)), runs)
        yield from _activity_gaps(part, runs)


def states(journal: Mapping[str, Any]) -> tuple[tuple[str, ...], bool, Refutation | None] | None:
    """The faults that the experiment in a journal states, whether groups may read records again, and what it is to be
    refuted of; None without any.

    ``drctl.chaos.controls`` adds an extension of the same name with what it found: that one states nothing.
    """
    for told in map(_object, _list(_object(journal.get("experiment")).get("extensions"))):
        if told.get("name") == "drctl" and "faults" in told:
            repeats = _object(told.get("expected")).get("repeated") == "some"
            return stated_faults(told["faults"]), repeats, refutation_in(told)
    return None


def stated_faults(told: object) -> tuple[str, ...]:
    """The kinds of faults that an experiment states, each as often as it must be seen: a list, or counts by kind.

    Empty for anything else, and where a count is no number from 1 to :data:`MOST`.
    """
    if isinstance(told, Mapping):
        counts = list(told.values())
        if not all(type(count) is int and 0 < count <= MOST for count in counts):
            return ()
        return tuple(str(kind) for kind, count in told.items() for _ in range(count))
    return tuple(str(each) for each in _list(told))


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_dry(experiment: Mapping[str, Any]) -> bool:
    probes = _list(_object(experiment.get("steady-state-hypothesis")).get("probes"))
    activities = [*_list(experiment.get("method")), *_list(experiment.get("rollbacks")), *probes]
    return any(_object(part).get("dry") for part in (experiment, *activities))


def _hypothesis_gaps(experiment: Mapping[str, Any], states: Mapping[str, Any]) -> Iterator[str]:
    hypothesis = _object(experiment.get("steady-state-hypothesis"))
    if not hypothesis:
        yield "the experiment has no steady-state hypothesis"
        return
    probes = _list(hypothesis.get("probes"))
    if not probes:
        yield "the steady-state hypothesis has no probe, so it is always met"
    for when in ("before", "after"):
        yield from _state_gaps(f"{when} the method", probes, _object(states.get(when)))
    during = _list(states.get("during"))
    if hypothesis_strategy(experiment) == CONTINUOUS and not during:
        yield "the steady state was not looked at during the method"
    if missed := sum(_object(state).get("steady_state_met") is not True for state in during):
        yield f"the steady state was not met {missed} times during the method"


def _state_gaps(when: str, probes: list[Any], state: Mapping[str, Any]) -> Iterator[str]:
    if not state:
        yield f"the steady state was not looked at {when}"
        return
    if state.get("steady_state_met") is not True:
        yield f"the steady state was not met {when}"
    looked = _list(state.get("probes"))
    yield from _unmatched(f"the steady state {when}", probes, looked)
    for probe in map(_object, looked):
        activity, output = _object(probe.get("activity")), probe.get("output")
        if probe.get("status") != "succeeded" or probe.get("tolerance_met") is not True:
            yield f"probe '{activity.get('name')}' was not within its tolerance {when}"
        # Of an object with a status the toolkit compares that and nothing else. Meant for processes and HTTP.
        if _object(activity.get("provider")).get("type") == "python" and "status" in _object(output):
            yield f"probe '{activity.get('name')}' returned an object, of which only its status was compared"


def _unmatched(part: str, written: list[Any], ran: list[Any]) -> Iterator[str]:
    """Who was to run and did not, and who ran and was not to: each run counts for one activity, the same in every word.

    In whatever order, since those in the background begin when they come to it.
    """
    left = [_object(each).get("activity") for each in ran]
    for activity in written:
        found = next((each for each in left if _is_same(activity, each)), None)
        if found is None:
            told = _object(activity)
            yield f"activity '{told.get('name') or told.get('ref')}' of {part} did not run"
        else:
            left.remove(found)
    for activity in left:
        yield f"activity '{_object(activity).get('name')}' ran in {part}, which does not name it"


def _is_same(written: object, ran: object) -> bool:
    """Whether that ran; a reference is run as what it refers to, whose name it is."""
    told = _object(written)
    if "ref" in told:
        return isinstance(told["ref"], str) and _object(ran).get("name") == told["ref"]
    return bool(told) and written == ran


def _activity_gaps(part: str, ran: list[Any]) -> Iterator[str]:
    for run in map(_object, ran):
        activity = _object(run.get("activity"))
        name = activity.get("name", "?")
        if run.get("status") != "succeeded":
            yield f"{part} activity '{name}' {run.get('status') or 'did not end'}"
        elif "tolerance" in activity and run.get("tolerance_met") is not True:
            # Outside of the hypothesis the toolkit does not look at tolerances at all.
            yield f"{part} probe '{name}' was not held against its tolerance: put it into the hypothesis"
