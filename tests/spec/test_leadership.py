"""Of two services at most one acts, whatever becomes of the API server, the ways to it, clocks and processes."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drctl.service.election import LEASE
from tests.spec.electing import SPANS, SWIFT, UNANSWERED, UNHEARD, Candidate, Harness, Way

HANDED_OVER = SPANS.lease + 2 * SPANS.renew
"""Seconds after which somebody leads again, at the latest, if all is well."""


@pytest.fixture
def harness() -> Iterator[Harness]:
    made = Harness()
    yield made
    made.close()


def pair(harness: Harness) -> tuple[Candidate, Candidate]:
    """Two candidates, the first of which has come to lead."""
    one = harness.candidate("one")
    harness.run(1)
    two = harness.candidate("two")
    harness.run(HANDED_OVER)
    assert harness.leader == "one"
    return one, two


def test_one_of_two_leads_and_goes_on_leading(harness: Harness) -> None:
    pair(harness)
    harness.run(600)
    assert (harness.terms_of_office, harness.met) == (["one"], [])
    assert harness.lease["holderIdentity"] == "one"


def test_a_lease_that_was_never_held_is_waited_for_because_it_may_have_been_made_anew(harness: Harness) -> None:
    one, _ = pair(harness)
    harness.api.remove(LEASE, "drctl", namespace="drctl")
    harness.api.put(LEASE, {"metadata": {"name": "drctl"}}, namespace="drctl")
    harness.run(2 * SPANS.renew)
    assert not one.acts
    harness.run(HANDED_OVER)
    assert harness.leader
    assert not harness.met


def test_where_the_lease_is_missing_nobody_acts_and_it_is_said(harness: Harness) -> None:
    one, two = pair(harness)
    harness.api.remove(LEASE, "drctl", namespace="drctl")
    harness.run(HANDED_OVER)
    assert not harness.leader
    assert all("there is no Lease drctl" in each.election.told()["trouble"] for each in (one, two))


@pytest.mark.parametrize("way", [UNHEARD, UNANSWERED, Way(there=60)], ids=["unheard", "unanswered", "late"])
def test_who_gets_no_answers_stops_before_another_may_lead(harness: Harness, way: Way) -> None:
    one, _ = pair(harness)
    one.ways = iter([way] * 100)
    harness.run(SPANS.act + 1)
    assert not one.acts
    harness.run(HANDED_OVER)
    assert (harness.leader, harness.met) == ("two", [])


def test_what_counts_is_when_the_renewal_was_sent_not_when_it_was_confirmed(harness: Harness) -> None:
    one, _ = pair(harness)
    one.ways = iter([Way(back=3), *[UNHEARD] * 100])
    while not one.election.trouble:
        harness.run(1)
    # Each of the requests took 2 × answer to be given up; the renewal before took 3 s and a pause.
    sent = harness.now - 2 * SPANS.answer - SPANS.renew - 3
    harness.run(sent + SPANS.act + 1 - harness.now)
    assert not one.acts


def test_who_meets_a_foreign_holder_stops_at_that_very_request(harness: Harness) -> None:
    one, two = pair(harness)
    two.kill()
    one.api.patch(LEASE, "drctl", {"spec": {"holderIdentity": "somebody"}})
    calls = one.calls
    while one.calls == calls:
        harness.run(0.5)
    assert not one.acts


def test_one_answer_that_never_comes_does_not_end_a_leadership(harness: Harness) -> None:
    one, _ = pair(harness)
    for way in (UNHEARD, UNANSWERED):
        one.ways = iter([way, *[SWIFT] * 100])
        for _ in range(100):
            harness.run(1)
            assert one.acts


def test_an_api_server_that_is_gone_ends_every_leadership_and_its_return_begins_one(harness: Harness) -> None:
    pair(harness)
    harness.api.down = True
    harness.run(SPANS.act + 1)
    assert not harness.leader
    harness.run(600)
    harness.api.down = False
    harness.run(HANDED_OVER)
    assert harness.leader
    assert not harness.met


def test_a_request_that_arrives_when_another_leads_changes_nothing(harness: Harness) -> None:
    one, two = pair(harness)
    one.ways = iter([Way(there=100), *[UNHEARD] * 100])
    harness.run(SPANS.lease + HANDED_OVER)
    assert two.acts
    harness.run(200)
    assert two.acts
    assert (harness.terms_of_office, harness.met) == (["one", "two"], [])


@pytest.mark.parametrize(
    "jump", [timedelta(days=-400), timedelta(seconds=-3), timedelta(seconds=40), timedelta(days=9)]
)
def test_wall_clocks_that_are_set_change_nothing(harness: Harness, jump: timedelta) -> None:
    one, two = pair(harness)
    for each in (one, two):
        each.clock.wall += jump
        harness.run(120)
    assert (harness.terms_of_office, harness.met) == (["one"], [])


def test_a_renewal_that_changed_nothing_confirms_nothing(harness: Harness) -> None:
    """Others see no change, so their patience runs."""
    one, _ = pair(harness)
    one.clock.stopped = True
    harness.run(SPANS.act + 2 * SPANS.renew)
    assert not one.acts
    harness.run(HANDED_OVER)
    assert harness.met == []


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("number", range(16))
def test_a_candidate_killed_at_any_request_is_followed_by_the_other(
    harness: Harness, number: int, before: bool
) -> None:
    one = harness.candidate("one")
    one.dies = (number, before)
    harness.candidate("two")
    harness.run(16 * SPANS.renew + HANDED_OVER + SPANS.lease)
    assert not one.alive
    assert (harness.leader, harness.met) == ("two", [])


def test_who_comes_back_under_the_same_pods_name_waits_like_everybody(harness: Harness) -> None:
    one, two = pair(harness)
    two.kill()
    one.kill()
    again = harness.candidate("one-again")
    harness.run(SPANS.lease - 1)
    assert not again.acts
    harness.run(2 * SPANS.renew)
    assert again.acts


def test_a_lease_that_was_given_back_is_taken_at_once_and_the_number_grows(harness: Harness) -> None:
    one, two = pair(harness)
    before = harness.lease["leaseTransitions"]
    harness.at(harness.now + 1, lambda: _resign(one))
    harness.run(2 * SPANS.renew + 2)
    assert two.acts
    assert not one.acts
    assert harness.lease["leaseTransitions"] == before + 1


def _resign(candidate: Candidate) -> None:
    """At its orderly end: what acts has come to rest, and no turn is taken any more."""
    candidate.kill()
    candidate.acted = float("-inf")
    candidate.election.resources = candidate.api
    candidate.election.resign()


def test_a_holder_wiped_by_hand_is_given_time_to_notice(harness: Harness) -> None:
    pair(harness)
    candidates = [each.api for each in harness.candidates]
    candidates[0].patch(LEASE, "drctl", {"spec": {"holderIdentity": None}})
    harness.run(HANDED_OVER)
    assert harness.leader
    assert not harness.met


def test_somebody_elses_change_to_the_lease_ends_no_leadership_for_long(harness: Harness) -> None:
    one, _ = pair(harness)
    one.api.patch(LEASE, "drctl", {"metadata": {"labels": {"seen": "yes"}}})
    harness.run(2 * SPANS.renew)
    assert one.acts
    assert harness.terms_of_office == ["one"]


def test_a_holder_with_a_longer_lease_is_waited_for_that_long(harness: Harness) -> None:
    one, two = pair(harness)
    one.api.patch(LEASE, "drctl", {"spec": {"leaseDurationSeconds": 300}})
    one.kill()
    harness.run(299)
    assert not two.acts
    harness.run(2 * SPANS.renew)
    assert two.acts


WAYS = st.one_of(
    st.sampled_from([SWIFT, SWIFT, UNHEARD, UNANSWERED]),
    st.builds(Way, st.floats(0, 5), st.floats(0, 5)),
    st.builds(Way, st.floats(5, 90), st.just(0.01)),
)
RATES = st.floats(0.9, 1.1)
MOMENTS = st.lists(st.floats(0, 290), max_size=3)


@settings(max_examples=60)
@given(
    ways=st.tuples(st.lists(WAYS, max_size=60), st.lists(WAYS, max_size=60)),
    rates=st.tuples(RATES, RATES),
    deaths=MOMENTS,
    removals=MOMENTS,
)
def test_at_no_instant_do_both_act_or_have_something_under_way(
    ways: tuple[list[Way], list[Way]], rates: tuple[float, float], deaths: list[float], removals: list[float]
) -> None:
    harness = Harness()

    def die(number: int) -> None:
        harness.candidates[number % 2].kill()
        harness.candidate(f"new-{number}", ways[number % 2], rate=rates[number % 2])

    def remove() -> None:
        harness.api.remove(LEASE, "drctl", namespace="drctl")
        harness.api.put(LEASE, {"metadata": {"name": "drctl"}}, namespace="drctl")

    for name, way, rate in zip(("one", "two"), ways, rates, strict=True):
        harness.candidate(name, way, rate=rate)
    for number, when in enumerate(deaths):
        harness.at(when, partial(die, number))
    for when in removals:
        harness.at(when, remove)
    harness.run(300)
    harness.close()
    assert harness.met == []
