"""Holds what a drill's facts say of its runs against the journal beside them, whose chain is checked.

| the facts say                        | the journal holds                             | that is       |
| ------------------------------------ | --------------------------------------------- | ------------- |
| evidence of a step of a run          | the same as that step's latest observation    | whole         |
| the same                             | something else, or no observation of the step | BundleDamaged |
| how a run ended, and between which   | the same as the run's first and last line     | whole         |
| sites, in which epoch                | something else                                | BundleDamaged |

| a lost site, and no way home         | no move after it that came to its end         | whole         |
| the same                             | one that did                                  | BundleDamaged |

A run that took over another one goes on from what that one had observed. So a number in the facts, such as the lag at a
handover, cannot be made better without the journal's chain.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict

from drctl.drills.bundle.facts import DrillFacts
from drctl.drills.bundle.manifest import damaged
from drctl.model.chain import Change, Line
from drctl.model.documents import json_of
from drctl.model.run import Event, Evidence, RunResult, RunState
from drctl.plans.selection import FAILBACK, SWITCHOVER

MOVES_HOME = (FAILBACK, SWITCHOVER)
OBSERVED = (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE)


def require_journaled(name: str, facts: DrillFacts, journal: Iterable[Line]) -> None:
    """Raise BundleDamaged, naming run and step, where the facts in that file differ from the journal."""
    written, begun, ended, taken = _read(journal)
    _require_way_home(name, facts, {run: told for run, told in begun.items() if ended.get(run) is RunState.DONE})
    for result in _results(facts):
        run = result.run.id
        if begun.get(run) != asdict(result.run):
            raise damaged(f"{name}: run {run}: the journal has begun no such run")
        if ended.get(run) != result.state:
            raise damaged(f"{name}: run {run}: the facts say that it is {result.state}, the journal {ended.get(run)}")
        for step, told in result.evidence.items():
            known = [written[each, step] for each in (run, *taken.get(run, ())) if (each, step) in written]
            if known[:1] != [told]:
                raise damaged(f"{name}: run {run}: {step}: the facts say something else than the journal")


def _require_way_home(name: str, facts: DrillFacts, done: Mapping[str, Evidence]) -> None:
    """Raise BundleDamaged unless the facts claim every move that the drill has made after the loss of a site."""
    if facts.outage is None:
        return
    if len(facts.handovers) > 1:
        raise damaged(f"{name}: there is one way home from an outage, and the facts tell of {len(facts.handovers)}")
    told = {each.result.run.id for each in facts.handovers}
    if left_out := sorted(run for run, begun in done.items() if begun["kind"] in MOVES_HOME and run not in told):
        raise damaged(f"{name}: run {left_out[0]}: the journal tells of a way home that the facts leave out")


def _results(facts: DrillFacts) -> Iterator[RunResult]:
    yield from (each.result for each in facts.handovers)
    if facts.outage is not None:
        yield facts.outage.result


def _read(
    journal: Iterable[Line],
) -> tuple[dict[tuple[str, str], Evidence], dict[str, Evidence], dict[str, RunState], dict[str, list[str]]]:
    """Each step's latest evidence by run and step, how each run was begun, how it ended, and which it took over."""
    written: dict[tuple[str, str], Evidence] = {}
    begun: dict[str, Evidence] = {}
    ended: dict[str, RunState] = {}
    taken: dict[str, list[str]] = {}
    for line in journal:
        if line.change is Change.RUN_BEGUN:
            begun[line.about] = _told(line.content)
        elif line.change is Change.RUN_ENDED:
            ended[line.about] = RunState(line.content)
        elif line.change is Change.ENTRY_WRITTEN:
            told = _told(line.content)
            body = _told(told["body"])
            taken.setdefault(line.about, []).extend(body.get("takes over", ()))
            if told["event"] in OBSERVED:
                written[line.about, told["step"]] = body
    return written, begun, ended, taken


def _told(text: str) -> Evidence:
    """Return what drctl has written there; a ValueError for whatever else it is."""
    told: Evidence = json_of(text, largest=len(text), ours=True)
    return told
