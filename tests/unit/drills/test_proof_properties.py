"""Whatever is taken away from a proved drill, it stays proved only if the rest still proves it: held against an oracle.

The oracle knows no bitmaps, streams or classes: it goes by sets of records and asks in one sentence each.
"""

from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drctl.drills.judging import Judgement
from drctl.drills.timeline import Histories
from drctl.ledger.control import PLANTED
from drctl.ledger.events import Event
from drctl.ledger.history import HistoryLine
from drctl.model.verdict import Verdict
from tests.unit.drills.example import HOME, LENGTH, STEPS, THERE
from tests.unit.drills.stored import HISTORIES, WORK, Stored, stored
from tests.unit.drills.taken import (
    Place,
    Spot,
    found,
    left,
    misjudged,
    places,
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

PROVED = stored(HISTORIES / "proved.jsonl")
WINDOWS = ((0.0, THERE, 500), (THERE, THERE + LENGTH, 50), (THERE + LENGTH, HOME, 200), (HOME + LENGTH, 1e12, 100))
OPENED = sum(seconds for step, seconds in STEPS[: [name for name, _ in STEPS].index("unfence-target")])
STAYS = ((THERE, "north", "south", HOME + OPENED), (HOME, "south", "north", 1e12))
SILENT = ("joined", "left")


def test_the_whole_is_proved() -> None:
    assert verdict(PROVED.plain(), PROVED.seen) is Verdict.PROVED
    assert proves(PROVED.plain(), PROVED.seen)


def verdict(histories: Histories, seen: dict[str, list[Event]]) -> Verdict:
    return Stored(PROVED.head, {}, seen).judged(histories).verdict


@cache
def proved() -> Judgement:
    return PROVED.judged(PROVED.plain())


def proves(histories: Histories, seen: dict[str, list[Event]]) -> bool:
    """Whether this proves what a drill is to prove, by its definition."""
    sent, doubtful, aborted = (set(places(histories, kind)) for kind in ("acknowledged", "doubtful", "aborted"))
    for site in ("north", "south"):
        there = found(seen.get(site, []))
        if len(there) != len(set(there)) or not sent <= set(there) <= (sent | doubtful) - aborted:
            return False
    due = (sent | doubtful) & set(found(seen.get("north", [])))
    for group, topics in WORK.groups.items():
        done = Counter(places(histories, "processed", group))
        if set(done) != {place for place in due if place[1] in topics} or max(done.values(), default=0) != 1:
            return False
    lines = [line for lines in histories.lines.values() for line in lines]
    acknowledged = [line for line in lines if line.kind == "acknowledged"]
    for began, ended, floor in WINDOWS:
        if sum(len(line.records) for line in acknowledged if began <= line.at < ended) < floor:
            return False
    return all(shown(histories, lines, stay) for stay in STAYS)


def shown(histories: Histories, lines: list[HistoryLine], stay: tuple[float, str, str, float]) -> bool:
    """Whether clients were denied at the source, wrote nothing there later, and all worked at the target."""
    began, source, target, until = stay
    opened = began + OPENED
    denied = any(line.kind == "denied" and line.site == source and began <= line.at < until for line in lines)
    late = any(line.kind == "acknowledged" and line.site == source and opened <= line.at < until for line in lines)
    at_work = {
        client
        for client, own in histories.lines.items()
        for line in own
        if line.site == target and opened < line.at < until and line.records and line.kind != "aborted"
        if line.kind in ("acknowledged", "processed")
    }
    return denied and not late and at_work >= set(WORK.clients)


KINDS = sorted({line.kind for lines in PROVED.plain().lines.values() for line in lines})


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in (*SILENT, "aborted")])
def test_without_a_kind_of_line_nothing_is_proved(kind: str) -> None:
    assert verdict(without_kind(PROVED.plain(), kind), PROVED.seen) is not Verdict.PROVED


@pytest.mark.parametrize("kind", [*SILENT, "aborted"])
def test_what_no_proof_rests_on_may_be_missing(kind: str) -> None:
    """That a transaction was aborted matters only to who finds it all the same."""
    assert verdict(without_kind(PROVED.plain(), kind), PROVED.seen) is Verdict.PROVED


@pytest.mark.parametrize("site", ["north", "south"])
def test_without_a_fresh_reader_nothing_is_proved(site: str) -> None:
    rest: Any = {name: found for name, found in PROVED.seen.items() if name != site}
    assert verdict(PROVED.plain(), rest) is not Verdict.PROVED


def unseen_anywhere(gone: set[Place]) -> dict[str, list[Event]]:
    return {site: unseen(events, gone) for site, events in PROVED.seen.items()}


@pytest.mark.parametrize("client", WORK.clients)
def test_without_a_client_nothing_is_proved_though_its_records_go_with_it(client: str) -> None:
    rest, gone = without_client(PROVED.plain(), client), sent_by(PROVED.plain(), client)
    assert verdict(rest, PROVED.seen) is not Verdict.PROVED
    assert verdict(left(rest, (), gone), unseen_anywhere(gone)) is not Verdict.PROVED


@pytest.mark.parametrize(("began", "ended"), [(began, ended) for began, ended, _ in WINDOWS])
def test_without_what_happened_in_a_window_nothing_is_proved(began: float, ended: float) -> None:
    """Neither if the clients kept silent about it, nor if it never happened at all."""
    within = spots_between(PROVED.plain(), began, ended)
    gone = sent_at(PROVED.plain(), within)
    assert verdict(left(PROVED.plain(), within), PROVED.seen) is not Verdict.PROVED
    assert verdict(left(PROVED.plain(), within, gone), unseen_anywhere(gone)) is not Verdict.PROVED


def test_a_weight_that_lacks_any_one_thing_proves_only_what_the_rest_still_proves() -> None:
    assert misjudged(proved().findings, proved().weight, PLANTED) == []


@settings(max_examples=30)  # each judges a whole drill, and plants every fault into it
@given(st.sampled_from(["windows", "evidence", "control"]), st.data())
def test_a_weight_that_lacks_a_part_proves_only_what_the_rest_still_proves(part: str, data: st.DataObject) -> None:
    findings, weight = proved().findings, proved().weight
    kept = data.draw(st.sets(st.sampled_from(sorted(getattr(weight, part)))))
    enough = weighs_enough(weight, part, kept, PLANTED)
    assert (weighed(findings, weight, part, kept) is Verdict.PROVED) == enough


LINES = spots(PROVED.plain())
RECORDS = sorted({place for kind in ("acknowledged", "doubtful") for place in places(PROVED.plain(), kind)})


@settings(max_examples=30)  # each judges a whole drill, and plants every fault into it
@given(
    st.sets(st.sampled_from(LINES), max_size=3),
    st.sets(st.sampled_from(RECORDS), max_size=3),
    st.sets(st.sampled_from(["north", "south", "dispatch", "reporting", "sent"])),
)
def test_whatever_is_taken_away_it_is_proved_exactly_when_the_rest_proves_it(
    lines: set[Spot], records: set[Place], where: set[str]
) -> None:
    senders = {client for client in WORK.clients if client.startswith("producer-") and "sent" in where}
    rest = left(PROVED.plain(), lines, records, senders | {f"consumer-{group}" for group in where})
    seen = {site: unseen(events, records) if site in where else events for site, events in PROVED.seen.items()}
    assert (verdict(rest, seen) is Verdict.PROVED) == proves(rest, seen)


@settings(max_examples=30)  # each judges a whole drill, and plants every fault into it
@given(st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from(LINES)), min_size=1, max_size=3))
def test_records_that_change_hands_prove_only_what_the_oracle_believes(
    moves: list[tuple[Spot, Spot]],
) -> None:
    rest = {client: list(lines) for client, lines in PROVED.plain().lines.items()}
    for (giver, here), (taker, to) in moves:
        given_away = rest[giver][here].records
        taken = rest[taker][to].records
        rest[giver][here] = replace(rest[giver][here], records=taken)
        rest[taker][to] = replace(rest[taker][to], records=given_away)
    if verdict(Histories(rest), PROVED.seen) is Verdict.PROVED:
        assert proves(Histories(rest), PROVED.seen)


def test_the_windows_of_the_oracle_do_not_overlap() -> None:
    assert all(ended <= began for (_, ended, _), (began, _, _) in pairwise(WINDOWS))
