"""Looks: under one deadline, and what they tell of themselves with -vv."""

import logging
from functools import partial
from threading import Event

import pytest

from drctl.model.site import Role
from drctl.monitors import SideBySide, are_late, look, status
from tests.fakes import fake_world
from tests.fakes.clock import FakeClock


def usage(held: object) -> object:
    return held


def test_a_look_is_told_by_what_it_calls_and_not_by_what_it_is_given(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "drctl.looks")
    look(FakeClock(), partial(usage, {"password": "s3cret"}))
    assert caplog.messages == ["usage: seen"]


def test_what_is_not_seen_by_the_deadline_is_unknown_and_hides_nothing_else() -> None:
    answers = Event()
    try:
        looks = SideBySide(FakeClock(), 0.2)
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
    answers, earth = Event(), fake_world()
    world = earth.ports()
    monkeypatch.setattr(world.sites["south"].brokers, "cluster", answers.wait)
    try:
        seen = status(world, looks=SideBySide(world.clock, 1.0))
    finally:
        answers.set()
    north, south = seen.sites
    assert north.role is Role.PRIMARY
    assert north.group_lag.known
    assert (south.facts.cluster.unknown, south.role) == ("no answer within 1 s", Role.UNKNOWN)
    assert south.role_unknown == "its deny rules are unknown: no answer within 1 s"
    assert all(link.status.known for link in seen.links)
