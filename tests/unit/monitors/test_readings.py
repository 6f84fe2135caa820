"""Looks: under one deadline, and what they tell of themselves with -vv."""

import logging
from functools import partial
from threading import Event

import pytest

from drctl.cli.doctor import examine
from drctl.drivers.store.clock import SystemClock
from drctl.model.site import Role
from drctl.monitors import WITHIN, SideBySide, are_late, reading_of, status
from drctl.monitors.census import take_census
from tests.fakes import fake_world
from tests.fakes.clock import FakeClock, never_answers


def usage(held: object) -> object:
    return held


def test_a_look_is_told_by_what_it_calls_and_not_by_what_it_is_given(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "drctl.looks")
    reading_of(FakeClock(), partial(usage, {"password": "s3cret"}))
    assert caplog.messages == ["usage: seen"]


def test_what_is_not_seen_by_the_deadline_is_unknown_and_hides_nothing_else() -> None:
    answers = Event()
    try:
        looks = SideBySide(SystemClock(), 0.2)
        silent, quick = looks.begin(answers.wait), looks.begin(lambda: 7)
        assert quick().value == 7
        assert (silent().known, silent().silent) == (False, True)
        assert silent().unknown == "no answer within 0 s"
        assert are_late()
    finally:
        answers.set()


def test_an_error_that_no_port_raises_is_not_taken_for_unknown() -> None:
    with pytest.raises(ZeroDivisionError):
        SideBySide(FakeClock()).begin(lambda: 1 // 0)()


def test_a_site_that_hangs_hides_nothing_of_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    world = fake_world().ports()
    monkeypatch.setattr(world.sites["south"].brokers, "cluster", never_answers)
    seen = status(world, looks=SideBySide(world.clock, 1.0))
    north, south = seen.sites
    assert north.role is Role.PRIMARY
    assert north.group_lag.known
    assert (south.facts.cluster.unknown, south.role) == ("no answer within 1 s", Role.UNKNOWN)
    assert south.role_unknown == "its deny rules are unknown: no answer within 1 s"
    assert all(link.status.known for link in seen.links)


@pytest.mark.parametrize(("site", "port"), [("north", "brokers"), ("south", "brokers"), ("south", "tail")])
def test_the_doctor_waits_for_a_site_that_hangs_once_and_tells_what_it_knows_of_the_other(
    monkeypatch: pytest.MonkeyPatch, site: str, port: str
) -> None:
    world = fake_world().ports()
    for method in ("cluster", "topics") if port == "brokers" else ("poll",):
        monkeypatch.setattr(getattr(world.sites[site], port), method, never_answers)
    asked: list[float] = []

    def pace(seconds: float) -> SideBySide:
        asked.append(seconds)
        return SideBySide(world.clock, 1.0)

    found = examine(world, "north", "south", 15, 8, pace=pace)
    told = " ".join(each.why for each in found.unseen) + " ".join(str(each.reason) for each in found.findings)
    assert "no answer within 1 s" in told
    assert max(asked) == WITHIN
    assert len(asked) == 3, "the link was looked at again for the window, although somebody is silent"


def test_a_site_that_hangs_hides_no_client_of_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    world = fake_world().ports()
    monkeypatch.setattr(world.sites["south"].positions, "groups", never_answers)
    monkeypatch.setattr(world.sites["south"].tail, "poll", never_answers)
    north, south = take_census(world, 5, lambda _: SideBySide(world.clock, 1.0)).sites
    assert north.groups.known
    assert north.committed_at.known
    assert (south.groups.unknown, south.committed_at.unknown) == ("no answer within 1 s", "no answer within 1 s")
