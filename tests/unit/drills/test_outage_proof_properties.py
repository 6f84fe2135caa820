"""Whatever is taken away from a proved drill that lost a site, it stays proved only if the rest still proves it."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial, reduce
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drctl.drills.judging import Judgement
from drctl.drills.outcome import Outage, StrandedTail
from drctl.drills.timeline import Histories
from drctl.ledger.control import FROM_TAIL, PLANTED
from tests.unit.drills.example import T0
from tests.unit.drills.outage_oracle import ORDERS, WHOLE, WINDOWS, Rest, proves
from tests.unit.drills.outages import OPENED
from tests.unit.drills.stored import WORK
from tests.unit.drills.taken import (
    Place,
    found,
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


@cache
def proved() -> Judgement:
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


@pytest.mark.parametrize("reader", ["survivor", "tail"])
def test_without_a_fresh_reader_nothing_is_proved(reader: str) -> None:
    changed: Any = {reader: []}
    rest = replace(WHOLE, **changed)
    assert (rest.proved, proves(rest)) == (False, False)


@pytest.mark.parametrize("client", WORK.clients)
def test_without_a_client_nothing_is_proved_though_its_records_go_with_it(client: str) -> None:
    histories = without_client(WHOLE.histories, client)
    assert not replace(WHOLE, histories=histories).proved
    assert not never(histories, sent_by(WHOLE.histories, client)).proved


def never(histories: Histories, gone: set[Place]) -> Rest:
    """The drill with these histories, as if those records had never been."""
    survivor, tail = unseen(WHOLE.survivor, gone), unseen(WHOLE.tail, gone)
    return replace(WHOLE, histories=left(histories, (), gone), survivor=survivor, tail=tail)


@pytest.mark.parametrize(("began", "ended"), [(began, ended) for _, began, ended, _ in WINDOWS])
def test_without_what_happened_in_a_window_nothing_is_proved(began: float, ended: float) -> None:
    """Neither if the clients kept silent about it, nor if it never happened at all."""
    within = spots_between(WHOLE.histories, T0 + began, T0 + ended)
    histories = left(WHOLE.histories, within)
    assert not replace(WHOLE, histories=histories).proved
    assert not never(histories, sent_at(WHOLE.histories, within) | set(found(WHOLE.tail))).proved


@pytest.mark.parametrize("client", WORK.clients)
def test_without_what_a_client_did_at_the_survivor_nothing_is_proved_though_its_records_go_with_it(client: str) -> None:
    own = spots_between(WHOLE.histories, T0 + OPENED, float("inf")) & {(client, n) for n in range(99)}
    histories = left(WHOLE.histories, own)
    rest = never(histories, sent_at(WHOLE.histories, own))
    assert (replace(WHOLE, histories=histories).proved, rest.proved, proves(rest)) == (False, False, False)


def test_a_superseded_record_may_be_passed_over_only_where_it_may_have_been_compacted_away() -> None:
    """Not if it was only ever at the survivor, and is there still."""
    for passed, fine in (((2, ORDERS, 0, 5), True), ((2, ORDERS, 0, 121), False)):
        rest = replace(WHOLE, histories=left(WHOLE.histories, (), {passed}, {"consumer-reporting"}))
        assert (rest.proved, proves(rest)) == (fine, fine)


def test_without_the_end_of_a_history_nothing_is_proved() -> None:
    rest = replace(WHOLE, complete=False)
    assert (rest.proved, proves(rest)) == (False, False)


def test_a_loss_that_strands_nothing_is_proved_without_a_tail() -> None:
    """What was under way had been copied: there is nothing to save, to decide on, or to miss."""
    nothing = StrandedTail("run-3", {}, {})
    rest = never(WHOLE.histories, set(found(WHOLE.tail)))
    rest = replace(rest, outage=replace(WHOLE.outage, tail=nothing))
    assert (rest.proved, proves(rest)) == (True, True)


type Change = Callable[[Outage], Outage]


def observed(step: str, **told: Any) -> Change:
    """What a step of the failover observed is told otherwise, or not at all."""

    def change(lost: Outage) -> Outage:
        evidence: dict[str, Any] = dict(lost.result.evidence)
        evidence[step] = {**evidence[step], **told} if told else {}
        return replace(lost, result=replace(lost.result, evidence=evidence))

    return change


def tail(**changes: Any) -> Change:
    return lambda lost: replace(lost, tail=replace(lost.tail, **changes))


POSITIONS = WHOLE.outage.result.evidence["confirm-positions"]["groups"]
TAKEN: dict[str, Change] = {
    "every observer": partial(replace, observations={}),
    "one observer": lambda lost: replace(lost, observations=dict([*lost.observations.items()][1:])),
    "what an observer saw": lambda lost: replace(lost, observations={**lost.observations, "a client of the site": ""}),
    "the alarm": partial(replace, noticed_at=None),
    "the late fence": partial(replace, fence={}),
    "the stated loss": observed("measure-loss", total=None),
    "part of the stated loss": observed("measure-loss", total=20),
    "so much of the stated loss": observed("measure-loss", total=19),
    "a group's positions": observed("confirm-positions", groups={"dispatch": POSITIONS["dispatch"]}),
    "positions in every partition": observed("confirm-positions", groups={**POSITIONS, "reporting": {"positions": {}}}),
    "every group's positions": observed("confirm-positions", groups={}),
    "the first commits": observed("watch-first-commits"),
    "the fence at the failover": observed("fence-what-answers"),
    "a decision": tail(decisions={"turbines.readings": "hand-over"}),
    "a topic of the tail": tail(records={"turbines.readings": 16}),
    "the tail's topics and decisions": tail(records={}, decisions={}),
    "a file as it was written": tail(faults=("shop.orders-0.jsonl is missing",)),
    "the tail's beginning": tail(moved=("shop.orders-0",)),
}
HARMLESS = {
    "one observer": "another one, who did not do it either, saw the site gone",
    "part of the stated loss": "what is left of the number still covers what is lost",
    "the first commits": "the clients' own histories tell who worked at the survivor",
    "the fence at the failover": "the site was closed by proof later, and acknowledged nothing until then",
    "a topic of the tail": "its records are in the salvaged files, and its decision is told",
}


def lacking(taken: set[str]) -> Outage:
    """The outage without that evidence."""
    return reduce(lambda lost, each: TAKEN[each](lost), sorted(taken), WHOLE.outage)


@pytest.mark.parametrize("taken", [each for each in TAKEN if each not in HARMLESS])
def test_without_evidence_nothing_is_proved(taken: str) -> None:
    rest = replace(WHOLE, outage=lacking({taken}))
    assert (rest.proved, proves(rest)) == (False, False)


@pytest.mark.parametrize("taken", HARMLESS)
def test_evidence_that_other_evidence_stands_for_may_be_missing(taken: str) -> None:
    rest = replace(WHOLE, outage=lacking({taken}))
    assert (rest.proved, proves(rest)) == (True, True)


def test_a_weight_that_lacks_any_one_thing_proves_only_what_the_rest_still_proves() -> None:
    assert misjudged(proved().findings, proved().weight, {*PLANTED, FROM_TAIL}) == []


@settings(max_examples=30)
@given(st.sampled_from(["windows", "evidence", "control"]), st.data())
def test_a_weight_that_lacks_a_part_proves_only_what_the_rest_still_proves(part: str, data: st.DataObject) -> None:
    findings, weight = proved().findings, proved().weight
    kept = data.draw(st.sets(st.sampled_from(sorted(getattr(weight, part)))))
    enough = weighs_enough(weight, part, kept, {*PLANTED, FROM_TAIL})
    assert (weighed(findings, weight, part, kept) == "proved") == enough


SPOTS = spots(WHOLE.histories)
RECORDS = sorted(sent_at(WHOLE.histories, SPOTS))
HOLDERS = (*WORK.clients, "survivor", "tail")


@settings(max_examples=30)  # each judges a whole drill, and plants every fault into it
@given(
    st.sets(st.sampled_from(SPOTS), max_size=2),
    st.sets(st.sampled_from(RECORDS), max_size=3) | st.sets(st.sampled_from(found(WHOLE.tail))),
    st.just(frozenset(HOLDERS)) | st.frozensets(st.sampled_from(HOLDERS)),
    st.sets(st.sampled_from(sorted(TAKEN)), max_size=2),
)
def test_whatever_is_taken_away_it_is_proved_exactly_when_the_rest_proves_it(
    lines: set[tuple[str, int]], records: set[Place], where: frozenset[str], evidence: set[str]
) -> None:
    rest = Rest(
        left(WHOLE.histories, lines, records, where),
        unseen(WHOLE.survivor, records) if "survivor" in where else WHOLE.survivor,
        unseen(WHOLE.tail, records) if "tail" in where else WHOLE.tail,
        lacking(evidence),
    )
    assert rest.proved == proves(rest)
