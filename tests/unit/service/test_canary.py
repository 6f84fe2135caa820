"""The service's canary over fakes: metrics, what is told once, and who may write."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from structlog.testing import capture_logs

from drctl.drills.canary.loop import CanaryTerms
from drctl.errors import Unreachable
from drctl.model.canary import CANARY_RECORDS
from drctl.monitors import status
from drctl.ports import CanaryPorts
from drctl.service.canary import CanaryWatch
from drctl.service.watch import Watch
from tests.fakes import FakeCanarySite, FakeClientRouting, FakeClock, FakeMirror, FakeSite, fake_world, plan_file

TERMS = CanaryTerms(rate=5.0, window=10.0, settle=20.0)


class Harness:
    """Two sites, a link that copies, and the service's canary; ``ends_after`` seconds of it."""

    def __init__(self, ends_after: float) -> None:
        self.clock, self.ended, self.leads = FakeClock(), threading.Event(), True
        self.sites = {name: FakeSite(name, {CANARY_RECORDS: 3}, self.clock) for name in ("north", "south")}
        self.link = FakeMirror(self.sites["north"], self.sites["south"], [CANARY_RECORDS], running=True)
        self.link.batch = 50
        self.fakes = {name: FakeCanarySite(site) for name, site in self.sites.items()}
        self.registry = CollectorRegistry()
        self.opened, self.seen = 0, ""
        self.watch = CanaryWatch(plan_file(), self.open, self.registry, lambda: self.leads, TERMS)
        self.clock.actors.append(lambda: self._end_after(ends_after))

    def _end_after(self, seconds: float) -> None:
        if self.clock.monotonic() >= seconds and not self.ended.is_set():
            self.seen = self.shown()
            self.ended.set()

    @contextmanager
    def open(self) -> Iterator[CanaryPorts]:
        self.opened += 1
        yield CanaryPorts(self.fakes, FakeClientRouting("north"), self.clock)

    def shown(self) -> str:
        return generate_latest(self.registry).decode()


def test_windows_are_counted_by_verdict_and_what_the_standby_lacks_is_shown() -> None:
    harness = Harness(25)
    harness.watch.run(harness.ended)
    assert 'drctl_canary_windows_total{verdict="proved"} 2.0' in harness.seen
    assert 'drctl_canary_windows_total{verdict="refuted"} 0.0' in harness.seen
    assert 'drctl_canary_lacked_records{standby="south"}' in harness.seen
    assert 'drctl_canary_unknown{standby="south"} 0.0' in harness.seen
    assert "drctl_canary_acknowledged_total 10" in harness.seen
    # Ended, it knows nothing any more.
    assert 'standby="south"' not in harness.shown()


def test_a_silent_standby_has_no_figure_and_is_told_as_unknown() -> None:
    harness = Harness(25)
    harness.sites["south"].down = True
    harness.watch.run(harness.ended)
    assert "drctl_canary_lacked_records{" not in harness.seen
    assert 'drctl_canary_unknown{standby="south"} 1.0' in harness.seen


def test_a_verdict_is_logged_when_it_changes_and_each_refutation_is() -> None:
    harness = Harness(75)
    harness.clock.actors.append(
        lambda: setattr(harness.fakes["north"], "losing", 12 < harness.clock.monotonic() % 40 < 13)
    )
    with capture_logs() as told:
        harness.watch.run(harness.ended)
    events = [line["event"] for line in told]
    assert events == ["canary-proved", "canary-refuted", "canary-proved", "canary-refuted", "canary-proved"]
    assert all("lost, first" in line["reasons"][0] for line in told if line["event"] == "canary-refuted")


def test_who_does_not_lead_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness(25)
    harness.leads = False
    monkeypatch.setattr(harness.ended, "wait", harness.clock.sleep)
    harness.watch.run(harness.ended)
    assert harness.opened == 0
    assert not any(log.entries for log in harness.sites["north"].logs.values())


def test_what_fails_is_told_once_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness(60)
    harness.sites["north"].down = True
    harness.clock.actors.append(lambda: setattr(harness.sites["north"], "down", harness.clock.monotonic() < 12))
    monkeypatch.setattr(harness.ended, "wait", harness.clock.sleep)
    with capture_logs() as told:
        harness.watch.run(harness.ended)
    assert [line["event"] for line in told] == ["canary-failed", "canary-failed-over", "canary-proved"]
    assert "no broker answers" in told[0]["why"]
    assert harness.opened > 2


def test_the_service_runs_it_only_when_it_is_asked_to() -> None:
    def never() -> None:
        raise Unreachable("nobody is asked here")

    every = timedelta(seconds=15)
    without, having = (Watch(fake_world().ports(), status, every, canary=each) for each in (None, never))  # type: ignore[arg-type]
    names = [generate_latest(each.metrics.registry).decode().count("drctl_canary") > 0 for each in (without, having)]
    assert names == [False, True]
