"""drctl canary, on the fakes: a line per window, its end on request, and the verdict as exit code."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drctl.cli import canary
from drctl.model.canary import CANARY_RECORDS
from drctl.ports import CanaryPorts
from tests.fakes import FakeCanarySite, FakeClientRouting, FakeClock, FakeMirror, FakeSite, plan_file

TERMS = ("--rate", "5", "--window", "12s", "--settle", "30s")


class Harness:
    """Two sites and a link that copies; what the command is given of them."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.sites = {name: FakeSite(name, {CANARY_RECORDS: 3}, self.clock) for name in ("north", "south")}
        self.link = FakeMirror(self.sites["north"], self.sites["south"], [CANARY_RECORDS], running=True)
        self.link.batch = 50
        self.fakes = {name: FakeCanarySite(site) for name, site in self.sites.items()}
        self.closed = False

    @contextmanager
    def opened(self, _: object) -> Iterator[CanaryPorts]:
        yield CanaryPorts(self.fakes, FakeClientRouting("north"), self.clock)
        self.closed = True

    def once(self, after: float, act: object) -> None:
        """Have something done once, after so many seconds."""
        assert callable(act)

        def tick() -> None:
            if self.clock.monotonic() >= after:
                self.clock.actors.remove(tick)
                act()

        self.clock.actors.append(tick)


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Harness:
    harness = Harness()
    monkeypatch.setattr("drctl.wiring.canary.open_canary", harness.opened)
    monkeypatch.setattr("drctl.config.load", lambda _: plan_file())
    return harness


def typed(*words: str) -> Result:
    return CliRunner().invoke(canary.command, [*TERMS, *words], obj=Path("plan.yaml"))


def test_windows_that_are_proved_exit_0(harness: Harness) -> None:
    done = typed("--for", "25s")
    assert done.exit_code == 0, done.output
    first, second, last = done.stdout.splitlines()
    assert first.startswith("window 1 at north: proved; ")
    assert "0 in doubt, 0 denied, 0 read again; south lacked " in first
    assert second.startswith("window 2 at north: proved; ")
    assert last == "proved: 2 windows: 2 proved"
    assert harness.closed
    assert "producer" in harness.fakes["north"].closed


def test_a_loss_exits_20_and_names_the_record(harness: Harness) -> None:
    harness.once(3, lambda: setattr(harness.fakes["north"], "losing", True))
    harness.once(4, lambda: setattr(harness.fakes["north"], "losing", False))
    done = typed("--for", "25s")
    assert done.exit_code == 20, done.output
    assert f" lost, first: {CANARY_RECORDS}-" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("refuted: 2 windows: 1 refuted, ")


def test_a_silent_standby_exits_21(harness: Harness) -> None:
    harness.sites["south"].down = True
    done = typed("--for", "25s")
    assert done.exit_code == 21, done.output
    assert "south unknown" in done.stdout


def test_where_no_window_ends_nothing_was_shown_and_it_exits_22(harness: Harness) -> None:
    done = typed("--for", "2s")
    assert done.exit_code == 22, done.output
    assert done.stdout == "vacuous: 0 windows, so nothing was shown\n"
    assert harness.closed


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_it_ends_on_request_and_judges_what_is_on_its_way(harness: Harness, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    harness.once(20, lambda: os.kill(os.getpid(), number))
    done = typed()
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == "proved: 2 windows: 2 proved"
    assert signal.getsignal(number) == before


def test_a_second_request_ends_it_at_once(harness: Harness) -> None:
    harness.sites["south"].down = True
    harness.once(20, lambda: os.kill(os.getpid(), signal.SIGTERM))
    harness.once(22, lambda: os.kill(os.getpid(), signal.SIGTERM))
    done = typed("--settle", "5m")
    assert done.exit_code == 21, done.output
    assert harness.clock.monotonic() < 25
    assert harness.closed


def test_a_program_is_given_a_document_per_line(harness: Harness) -> None:
    done = typed("--for", "25s", "-o", "json")
    assert done.exit_code == 0, done.output
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["kind"], first["number"], first["site"], first["verdict"]) == ("CanaryWindow", 1, "north", "proved")
    assert second["number"] == 2
    (standby,) = first["standbys"]
    assert (standby["site"], standby["neverCame"]) == ("south", 0)
    assert standby["mostRecords"] is not None
    assert harness.closed


def test_a_window_too_short_to_show_anything_is_refused(harness: Harness) -> None:
    done = typed("--window", "5s")
    assert done.exit_code == 2
    assert "a window must have 30 records or more" in done.output
    assert not harness.closed


def test_a_window_that_is_not_waited_for_is_refused(harness: Harness) -> None:
    done = typed("--settle", "5s")
    assert done.exit_code == 2
    assert "a window must be waited for 15s or more" in done.output
    assert not harness.closed


def test_a_site_without_the_topic_is_told_at_once(harness: Harness) -> None:
    harness.sites["north"].drop(CANARY_RECORDS)
    done = typed("--for", "25s")
    assert type(done.exception).__name__ == "NotFound"
    assert harness.fakes["north"].closed == []


def test_more_records_than_can_be_held_until_they_are_judged_are_refused(harness: Harness) -> None:
    done = typed("--rate", "1000", "--window", "10m", "--for", "1s")
    assert done.exit_code == 2
    assert "for 500000 at most" in " ".join(done.output.split())
    assert not harness.closed
