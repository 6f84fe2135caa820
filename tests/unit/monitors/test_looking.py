"""What a look tells of itself with -vv: what was asked, and nothing of what was seen."""

import logging
from functools import partial

import pytest

from drctl.monitors import look
from tests.fakes.clock import FakeClock


def usage(held: object) -> object:
    return held


def test_a_look_is_told_by_what_it_calls_and_not_by_what_it_is_given(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "drctl.looks")
    look(FakeClock(), partial(usage, {"password": "s3cret"}))
    assert caplog.messages == ["usage: seen"]
