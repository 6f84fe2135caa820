"""The service's log: JSON lines only, told when something changes, its address and warnings without being asked."""

import json
import logging
from datetime import timedelta

import pytest
import structlog
from structlog.testing import capture_logs

from drctl.cli.logs import configure
from drctl.monitors import status
from drctl.service.acting import Acting
from drctl.service.logs import speak
from drctl.service.telling import Telling, Trouble
from drctl.service.watch import Watch
from tests.fakes import fake_world


@pytest.mark.parametrize("verbose", [0, 1])
def test_libraries_tell_in_the_same_form_and_warnings_need_no_flag(
    verbose: int, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(verbose, "json")
    speak(verbose)
    speak(verbose)
    structlog.get_logger("drctl.service").info("service-started", address="http://127.0.0.1:8080")
    structlog.get_logger("drctl.service").warning("loss-seen")
    structlog.get_logger("drctl.service").debug("site-seen")
    logging.getLogger("waitress").warning("%d connections", 512)
    logging.getLogger("apscheduler.scheduler").warning("skipped: maximum number of running instances reached")
    try:
        raise ValueError("a bug")
    except ValueError:
        logging.getLogger("waitress").exception("Exception while serving /metrics")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [
        ("service-started", "info"),
        ("loss-seen", "warning"),
        ("library-logged", "warning"),
        ("library-logged", "error"),
    ]
    assert lines[2]["said"] == "512 connections"
    assert "ValueError" in lines[3]["exception"]


def test_what_stays_the_same_is_told_once_and_its_return_again() -> None:
    telling = Telling()
    told = [telling.changed("a", what) for what in (None, 1, 1, 2, 2, None, None, 1)]
    assert told == [False, True, False, True, False, True, False, True]


def test_a_loop_that_fails_waits_longer_each_time_up_to_the_most() -> None:
    trouble, log = Trouble("failed", usual=0.1, first=1, most=5), structlog.get_logger()
    pauses = []
    for _ in range(5):
        trouble.met(log.warning, "no answer")
        pauses.append(trouble.pause)
    trouble.over(log)
    assert [*pauses, trouble.pause] == [1, 2, 4, 5, 5, 0.1]


def test_sites_are_told_when_their_role_or_the_epoch_changes() -> None:
    earth = fake_world()
    watch = Watch(earth.ports(), status, timedelta(seconds=15))
    with capture_logs() as logs:
        for _ in range(4):
            watch.cycle()
        earth.epochs.epoch = 1
        watch.cycle()
    seen = [line for line in logs if line["event"] == "site-seen" and line["log_level"] == "info"]
    assert [(line["site"], line["epoch"]) for line in seen] == [("north", 0), ("south", 0), ("north", 1), ("south", 1)]


def test_a_look_that_lasts_longer_than_it_may_is_told_once_and_its_end() -> None:
    watch = Watch(fake_world().ports(), status, timedelta(seconds=15))
    with capture_logs() as logs:
        watch.look_lasts()
        watch.look_lasts()
        watch.cycle_or_tell()
    told = [line["event"] for line in logs if line["event"].startswith("look")]
    assert told == ["look-lasts", "look-ended-at-last"]


def test_what_fails_in_acting_is_told_once_while_it_lasts() -> None:
    class Deputy:
        def note(self, seen: object) -> None:
            """Nothing."""

        def act(self, seen: object) -> None:
            raise ValueError("a bug")

    acting, seen = Acting([Deputy()]), status(fake_world().ports())
    with capture_logs() as logs:
        for _ in range(5):
            acting.take(seen)
            acting.act()
    assert [line["event"] for line in logs] == ["acting-failed"]
