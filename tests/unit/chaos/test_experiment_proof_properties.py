"""Whatever is taken away from a proved experiment, it stays proved only if the rest still proves it."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, reduce
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drctl.drills.experiments.judging import ExperimentOutcome
from drctl.ledger.control import PLANTED
from tests.unit.chaos.experiment_oracle import FAULTS, PRICES, STATED, WHOLE, WINDOWS, Rest, proves
from tests.unit.drills.taken import (
    Place,
    left,
    misjudged,
    sent_at,
    sent_by,
    spots,
    spots_between,
    unseen,
    weighed,
    weighs_enough,
    without_client,
    without_kind,
)
from tests.unit.lab.work import FAULT

CLIENTS = WHOLE.trial.work.clients


@cache
def proved() -> ExperimentOutcome:
    return WHOLE.judged()


def test_the_whole_is_proved() -> None:
    assert proved().verdict == "proved"
    assert proves(WHOLE)


@pytest.mark.parametrize("kind", ["acknowledged", "doubtful", "processed"])
def test_without_a_kind_of_line_nothing_is_proved(kind: str) -> None:
    rest = replace(WHOLE, histories=without_kind(WHOLE.histories, kind))
    assert (rest.proved, proves(rest)) == (False, False)


def test_what_no_proof_rests_on_may_be_missing() -> None:
    """That a transaction was aborted matters only to who finds it all the same."""
    rest = replace(WHOLE, histories=without_kind(WHOLE.histories, "aborted"))
    assert (rest.proved, proves(rest)) == (True, True)


def test_without_the_fresh_reader_nothing_is_proved() -> None:
    rest = replace(WHOLE, found=[])
    assert (rest.proved, proves(rest)) == (False, False)


def never(rest: Rest, gone: set[Place]) -> Rest:
    """The same, as if those records had never been."""
    return replace(rest, histories=left(rest.histories, (), gone), found=unseen(rest.found, gone))


@pytest.mark.parametrize("client", CLIENTS)
def test_without_a_client_nothing_is_proved_though_its_records_go_with_it(client: str) -> None:
    rest = replace(WHOLE, histories=without_client(WHOLE.histories, client))
    assert (rest.proved, proves(rest)) == (False, False)
    rest = never(rest, sent_by(WHOLE.histories, client))
    assert (rest.proved, proves(rest)) == (False, False)


@pytest.mark.parametrize(("began", "ended"), [(began, ended) for began, ended, _ in WINDOWS])
def test_without_what_happened_in_a_window_nothing_is_proved(began: float, ended: float) -> None:
    """Neither if the clients kept silent about it, nor if it never happened at all."""
    within = spots_between(WHOLE.histories, began, ended)
    rest = replace(WHOLE, histories=left(WHOLE.histories, within))
    assert (rest.proved, proves(rest)) == (False, False)
    rest = never(rest, sent_at(WHOLE.histories, within))
    assert (rest.proved, proves(rest)) == (False, False)


def test_a_group_may_pass_over_only_what_was_compacted_away() -> None:
    """On one site what is there when all is over has always been there, though it is superseded since."""
    passed = left(WHOLE.histories, (), {(3, PRICES, 0, 5)}, {"consumer-pricing"})
    rest = replace(WHOLE, histories=passed)
    assert (rest.proved, proves(rest)) == (False, False)
    rest = replace(rest, found=unseen(WHOLE.found, {(3, PRICES, 0, 5)}))
    assert (rest.proved, proves(rest)) == (True, True)


type Change = Callable[[Rest], Rest]


def faults(*kept: int, **changes: Any) -> Change:
    """Of the faults only these were seen, the first of them otherwise."""
    return lambda rest: replace(rest, faults=tuple({**FAULTS[n], **(changes if n == kept[0] else {})} for n in kept))


def journal(**changes: Any) -> Change:
    """The journal tells other things, or nothing where a part is None."""

    def change(rest: Rest) -> Rest:
        told = {**(rest.journal or {}), **changes}
        kept = {key: value for key, value in told.items() if value is not None}
        return rest if rest.journal is None else replace(rest, journal=kept)

    return change


def written(**changes: Any) -> Change:
    """The experiment in the journal is another one."""
    return lambda rest: journal(experiment={**(rest.journal or {"experiment": {}})["experiment"], **changes})(rest)


def trial(**changes: Any) -> Change:
    return lambda rest: replace(rest, trial=replace(rest.trial, **changes))


def stated(*kinds: str, again: bool, told: bool) -> Change:
    """The experiment states other faults, or that nobody may read again; and the journal tells so, too."""

    def change(rest: Rest) -> Rest:
        expected = {"repeated": "some" if again else "none"}
        other = written(extensions=[{"name": "drctl", "faults": [*kinds], "expected": expected}])
        rest = trial(stated=replace(rest.trial.stated, faults=kinds, repeats=again))(rest)
        return other(rest) if told else rest

    return change


def both(*changes: Change) -> Change:
    return lambda rest: reduce(lambda left, change: change(left), changes, rest)


RAN: dict[str, Any] = WHOLE.journal or {}
STATE = RAN["steady_states"]["before"]
WORK = WHOLE.trial.work
OTHERS = replace(
    WORK,
    groups={group: topics for group, topics in WORK.groups.items() if group != "billing"},
    clients=[client for client in WORK.clients if client != "consumer-billing"],
)
TAKEN: dict[str, Change] = {
    "every sighting of a fault": lambda rest: replace(rest, faults=()),
    "a stated fault": faults(0, 2, 3),
    "the only one of its kind": faults(0, 1, 3),
    "all but the end of a fault": faults(3),
    "the end of a fault": faults(0, 1, 2),
    "who saw a fault": faults(0, 1, 2, 3, observer=""),
    "what was seen of a fault": faults(0, 1, 2, 3, observation=""),
    "whom a fault struck": faults(0, 1, 2, 3, target=""),
    "when a fault was injected": faults(0, 1, 2, 3, injected_at=None),
    "when a fault was seen": faults(0, 1, 2, 3, observed_at=None),
    "that a fault was injected by this experiment": faults(0, 1, 2, 3, injected_at=FAULT[0] - 60),
    "that a fault was seen before its end": faults(0, 1, 2, 3, observed_at=FAULT[1] + 60),
    "that a fault was seen after it was injected": faults(0, 1, 2, 3, observed_at=FAULT[0] + 5),
    "the journal": lambda rest: replace(rest, journal=None),
    "the status": journal(status=None),
    "that nothing deviated": journal(deviated=None),
    "an activity that ran": journal(run=RAN["run"][:1]),
    "an activity that was written": written(method=RAN["experiment"]["method"][:1]),
    "the success of an activity": journal(run=[{**each, "status": None} for each in RAN["run"]]),
    "an activity, written and run": both(journal(run=RAN["run"][:1]), written(method=RAN["experiment"]["method"][:1])),
    "every activity, written and run": both(journal(run=[]), written(method=[])),
    "a rollback that ran": journal(rollbacks=[]),
    "every rollback, written and run": both(journal(rollbacks=[]), written(rollbacks=[])),
    "the look before": journal(steady_states={"after": STATE}),
    "the look after": journal(steady_states={"before": STATE}),
    "a probe's answer": journal(steady_states={"before": STATE, "after": {**STATE, "probes": []}}),
    "every probe, written and asked": both(
        journal(steady_states={when: {**STATE, "probes": []} for when in ("before", "after")}),
        written(**{"steady-state-hypothesis": {"title": "h", "probes": []}}),
    ),
    "what the journal states": written(extensions=[]),
    "a fault that was stated, in the journal no less": stated("kill", "pause", again=True, told=True),
    "a fault that was stated": stated("kill", "pause", again=True, told=False),
    "every fault that was stated": stated(again=True, told=True),
    "every fault, stated and seen, but for its end": both(stated(again=True, told=True), faults(3)),
    "leave to read again": stated(*STATED, again=False, told=True),
    "the end of a history": trial(complete=False),
    "who the clients were": trial(work=replace(WORK, clients=[])),
    "what a group reads": trial(work=replace(OTHERS, clients=WORK.clients)),
    "a group, and what it did": lambda rest: replace(
        trial(work=OTHERS)(rest), histories=without_client(rest.histories, "consumer-billing")
    ),
}
HARMLESS = {
    "the end of a fault": "that a fault ended is asked of no observer: the steady state after it is",
    "an activity, written and run": "the faults were seen all the same, by others",
    "every rollback, written and run": "an experiment is not taken without, but what it showed rests on none",
    "a fault that was stated, in the journal no less": "it proves less: more faults were seen than it states",
    "every fault that was stated": "a fault was seen all the same, and nothing was lost under it",
    "a group, and what it did": "it proves less: others read those topics, and nothing is said of this group",
}


@pytest.mark.parametrize("taken", [each for each in TAKEN if each not in HARMLESS])
def test_without_evidence_nothing_is_proved(taken: str) -> None:
    rest = TAKEN[taken](WHOLE)
    assert (rest.proved, proves(rest)) == (False, False)


@pytest.mark.parametrize("taken", HARMLESS)
def test_evidence_that_other_evidence_stands_for_may_be_missing(taken: str) -> None:
    rest = TAKEN[taken](WHOLE)
    assert (rest.proved, proves(rest)) == (True, True)


def test_a_weight_that_lacks_any_one_thing_proves_only_what_the_rest_still_proves() -> None:
    assert misjudged(proved().findings, proved().weight, PLANTED) == []


@settings(max_examples=30)
@given(st.sampled_from(["windows", "evidence", "control"]), st.data())
def test_a_weight_that_lacks_a_part_proves_only_what_the_rest_still_proves(part: str, data: st.DataObject) -> None:
    findings, weight = proved().findings, proved().weight
    kept = data.draw(st.sets(st.sampled_from(sorted(getattr(weight, part)))))
    enough = weighs_enough(weight, part, kept, PLANTED)
    assert (weighed(findings, weight, part, kept) == "proved") == enough


SPOTS = spots(WHOLE.histories)
RECORDS = sorted(sent_at(WHOLE.histories, SPOTS))
HOLDERS = (*CLIENTS, "fresh reader")


@settings(max_examples=30)  # each judges a whole experiment, and plants every fault into it
@given(
    st.sets(st.sampled_from(SPOTS), max_size=1),
    st.sets(st.sampled_from(RECORDS), max_size=3),
    st.just(frozenset(HOLDERS)) | st.frozensets(st.sampled_from(HOLDERS)),
    st.sets(st.sampled_from(sorted(TAKEN)), max_size=2),
)
def test_whatever_is_taken_away_it_is_proved_exactly_when_the_rest_proves_it(
    lines: set[tuple[str, int]], records: set[Place], where: frozenset[str], evidence: set[str]
) -> None:
    histories = left(WHOLE.histories, lines, records, where)
    found = unseen(WHOLE.found, records) if "fresh reader" in where else WHOLE.found
    rest = both(*(TAKEN[each] for each in sorted(evidence)))(replace(WHOLE, histories=histories, found=found))
    assert rest.proved == proves(rest)
