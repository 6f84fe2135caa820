"""Whatever is taken away from a proved drill that went home again, it stays proved only if the rest still proves it."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, reduce
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drctl.drills.judging import Judgement
from drctl.drills.outcome import Handover
from drctl.drills.way_home import PLANTED as AT_HOME
from drctl.drills.way_home import TAIL_READ
from drctl.ledger.control import FROM_TAIL, PLANTED
from drctl.ledger.history import HistoryLine
from drctl.model.run import RunState
from tests.unit.drills.circle_oracle import CIRCLE, Circle, proves
from tests.unit.drills.example import T0
from tests.unit.drills.homecomings import BEGAN, ENDED, OPENED
from tests.unit.drills.outage_oracle import ORDERS
from tests.unit.drills.stored import WORK
from tests.unit.drills.taken import (
    Place,
    found,
    left,
    misjudged,
    sent_at,
    spots,
    spots_between,
    unseen,
    weighed,
    weighs_enough,
    without_client,
    without_kind,
)
from tests.unit.drills.test_outage_proof_properties import TAKEN as OF_THE_OUTAGE

NEEDED = {*PLANTED, FROM_TAIL, *AT_HOME, TAIL_READ}


@cache
def proved() -> Judgement:
    return CIRCLE.judged()


def test_the_whole_is_proved() -> None:
    assert proved().verdict == "proved", proved().reasons
    assert proves(CIRCLE)


@pytest.mark.parametrize("kind", ["acknowledged", "doubtful", "processed", "denied"])
def test_without_a_kind_of_line_nothing_is_proved(kind: str) -> None:
    rest = replace(CIRCLE, histories=without_kind(CIRCLE.histories, kind))
    assert (rest.proved, proves(rest)) == (False, False)


@pytest.mark.parametrize("reader", ["north", "south", "tail"])
def test_without_a_fresh_reader_nothing_is_proved(reader: str) -> None:
    changed: Any = {reader: []}
    rest = replace(CIRCLE, **changed)
    assert (rest.proved, proves(rest)) == (False, False)


@pytest.mark.parametrize("client", WORK.clients)
def test_without_a_client_nothing_is_proved(client: str) -> None:
    assert not replace(CIRCLE, histories=without_client(CIRCLE.histories, client)).proved


def never(rest: Circle, gone: set[Place]) -> Circle:
    """The drill as if those records had never been."""
    north, south, saved = (unseen(each, gone) for each in (rest.north, rest.south, rest.tail))
    tail = [each for each in rest.tail if each in saved]
    return replace(rest, histories=left(rest.histories, (), gone), north=north, south=south, tail=tail)


@pytest.mark.parametrize(("began", "ended"), [(BEGAN, ENDED), (ENDED, 1e9)], ids=["during", "after"])
def test_without_what_happened_in_a_window_of_the_way_home_nothing_is_proved(began: float, ended: float) -> None:
    """Neither if the clients kept silent about it, nor if it never happened at all."""
    within = spots_between(CIRCLE.histories, T0 + began, T0 + ended)
    histories = left(CIRCLE.histories, within)
    rest = never(replace(CIRCLE, histories=histories), sent_at(CIRCLE.histories, within))
    assert (replace(CIRCLE, histories=histories).proved, rest.proved, proves(rest)) == (False, False, False)


@pytest.mark.parametrize("client", WORK.clients)
def test_without_what_a_client_did_at_home_nothing_is_proved_though_its_records_go_with_it(client: str) -> None:
    own = spots_between(CIRCLE.histories, T0 + OPENED, float("inf")) & {(client, n) for n in range(99)}
    rest = never(replace(CIRCLE, histories=left(CIRCLE.histories, own)), sent_at(CIRCLE.histories, own))
    assert (rest.proved, proves(rest)) == (False, False)


@pytest.mark.parametrize(
    ("passed", "fine"),
    [(5, True), (121, False), (193, False)],
    ids=["of the lost site", "of the survivor", "written at home"],
)
def test_a_superseded_record_may_be_passed_over_only_where_it_may_have_been_compacted_away(
    passed: int, fine: bool
) -> None:
    gone = {(2, ORDERS, 0, passed)}
    rest = replace(CIRCLE, histories=left(CIRCLE.histories, (), gone, {"consumer-reporting"}))
    assert (rest.proved, proves(rest)) == (fine, fine)


def reads(group: str, at: float, site: str, place: Place) -> Circle:
    """The drill in which that group reads that record besides, at that time."""
    line = HistoryLine("processed", T0 + at, site, [list(place)], {"group": group})
    lines = {client: list(own) for client, own in CIRCLE.histories.lines.items()}
    own = lines[f"consumer-{group}"]
    number = next((n for n, each in enumerate(own) if each.at > line.at), len(own))
    own.insert(number, line)
    return replace(CIRCLE, histories=replace(CIRCLE.histories, lines=lines))


@pytest.mark.parametrize(
    ("at", "site", "fine"),
    [(100, "south", True), (BEGAN - 0.5, "south", True), (BEGAN + 1, "south", False), (OPENED + 30, "north", False)],
    ids=["after the loss", "right before the way home", "on the way home", "at home"],
)
def test_what_was_read_may_be_read_again_until_the_way_home_begins(at: float, site: str, fine: bool) -> None:
    rest = reads("dispatch", at, site, (1, "turbines.readings", 0, 391))
    assert (rest.proved, proves(rest)) == (fine, fine)
    assert rest.judged().verdict == ("proved" if fine else "refuted")


@pytest.mark.parametrize("place", sorted(found(CIRCLE.tail)))
def test_no_record_of_the_tail_may_be_read_at_home(place: Place) -> None:
    rest = reads("reporting", OPENED + 30, "north", place)
    assert (rest.judged().verdict, proves(rest)) == ("refuted", False)


type Change = Callable[[Handover], Handover]


def observed(step: str, **told: Any) -> Change:
    """What a step of the failback observed is told otherwise, or not at all."""

    def change(home: Handover) -> Handover:
        evidence: dict[str, Any] = dict(home.result.evidence)
        evidence[step] = {**evidence[step], **told} if told else {}
        return replace(home, result=replace(home.result, evidence=evidence))

    return change


def of_run(**changes: Any) -> Change:
    return lambda home: replace(home, result=replace(home.result, run=replace(home.result.run, **changes)))


GROUPS = CIRCLE.home.result.evidence["hand-over-positions"]["groups"]
TAKEN: dict[str, Change] = {
    "that it was a failback": of_run(kind="switchover"),
    "whence it led": of_run(source="east"),
    "whither it led": of_run(target="east"),
    "its end": lambda home: replace(home, result=replace(home.result, state=RunState.STOPPED)),
    "what it had checked": observed("check-homecoming"),
    "its failover": observed("check-homecoming", failover="run-0"),
    "its salvage": observed("check-homecoming", salvage="run-0"),
    "where its link began": observed("start-link-home"),
    "where its link began in a partition": observed("start-link-home", **{"from": {"turbines.readings-0": 430}}),
    "every position": observed("hand-over-positions"),
    "a group's position": observed("hand-over-positions", groups={"reporting": GROUPS["reporting"]}),
    "a group's positions": observed("hand-over-positions", groups={**GROUPS, "dispatch": {"lag": 0, "positions": {}}}),
    "the lag": observed("hand-over-positions", groups={name: {**told, "lag": 0} for name, told in GROUPS.items()}),
    "the first commits": observed("watch-first-commits"),
    "the survivor's fence": observed("prove-fence"),
}
HARMLESS = {
    "the first commits": "the clients' own histories tell who worked at home",
    "the survivor's fence": "the clients' own histories tell that it denied producers and acknowledged nothing more",
}


def lacking(taken: set[str]) -> Handover:
    """The way home without that evidence."""
    return reduce(lambda home, each: TAKEN[each](home), sorted(taken), CIRCLE.home)


@pytest.mark.parametrize("taken", TAKEN)
def test_without_evidence_of_the_way_home_nothing_is_proved_unless_other_evidence_stands_for_it(taken: str) -> None:
    rest = replace(CIRCLE, home=lacking({taken}))
    assert (rest.proved, proves(rest)) == (taken in HARMLESS, taken in HARMLESS)


@pytest.mark.parametrize("taken", OF_THE_OUTAGE)
def test_without_evidence_of_the_outage_it_proves_what_the_rest_still_proves(taken: str) -> None:
    rest = replace(CIRCLE, outage=OF_THE_OUTAGE[taken](CIRCLE.outage))
    assert rest.proved == proves(rest)


def test_without_where_the_survivor_was_opened_nothing_is_proved() -> None:
    """A link home that began nowhere began where it had to, if nobody wrote down where that was."""
    evidence: dict[str, Any] = {**CIRCLE.outage.result.evidence, "record-handover-point": {}}
    lost = replace(CIRCLE.outage, result=replace(CIRCLE.outage.result, evidence=evidence))
    rest = replace(CIRCLE, outage=lost, home=observed("start-link-home", **{"from": {}})(CIRCLE.home))
    assert (rest.proved, proves(rest)) == (False, False)


def test_a_way_home_that_began_before_the_site_was_back_proves_nothing() -> None:
    rest = replace(CIRCLE, outage=replace(CIRCLE.outage, returned_at=T0 + BEGAN + 1))
    assert (rest.proved, proves(rest)) == (False, False)


def test_a_weight_that_lacks_any_one_thing_proves_only_what_the_rest_still_proves() -> None:
    assert misjudged(proved().findings, proved().weight, NEEDED) == []


@settings(max_examples=30)
@given(st.sampled_from(["windows", "evidence", "control"]), st.data())
def test_a_weight_that_lacks_a_part_proves_only_what_the_rest_still_proves(part: str, data: st.DataObject) -> None:
    findings, weight = proved().findings, proved().weight
    kept = data.draw(st.sets(st.sampled_from(sorted(getattr(weight, part)))))
    enough = weighs_enough(weight, part, kept, NEEDED)
    assert (weighed(findings, weight, part, kept) == "proved") == enough


SPOTS = spots(CIRCLE.histories)
RECORDS = sorted(sent_at(CIRCLE.histories, SPOTS))
HOLDERS = (*WORK.clients, "north", "south", "tail")


@settings(max_examples=30)  # each judges a whole drill, and plants every fault into it
@given(
    st.sets(st.sampled_from(SPOTS), max_size=2),
    st.sets(st.sampled_from(RECORDS), max_size=3) | st.sets(st.sampled_from(found(CIRCLE.tail))),
    st.just(frozenset(HOLDERS)) | st.frozensets(st.sampled_from(HOLDERS)),
    st.sets(st.sampled_from(sorted(TAKEN)), max_size=1),
    st.sets(st.sampled_from(sorted(OF_THE_OUTAGE)), max_size=1),
)
def test_whatever_is_taken_away_it_is_proved_exactly_when_the_rest_proves_it(
    lines: set[tuple[str, int]],
    records: set[Place],
    where: frozenset[str],
    evidence: set[str],
    of_the_outage: set[str],
) -> None:
    rest = Circle(
        left(CIRCLE.histories, lines, records, where),
        unseen(CIRCLE.north, records) if "north" in where else CIRCLE.north,
        unseen(CIRCLE.south, records) if "south" in where else CIRCLE.south,
        unseen(CIRCLE.tail, records) if "tail" in where else CIRCLE.tail,
        reduce(lambda lost, each: OF_THE_OUTAGE[each](lost), sorted(of_the_outage), CIRCLE.outage),
        lacking(evidence),
    )
    assert rest.proved == proves(rest)
