"""The canary beside the service: its windows' verdicts and what the standby lacks of it, as metrics and log lines."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from uuid import uuid4

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from drctl.drills.canary.judging import CanaryVerdict
from drctl.drills.canary.loop import SAMPLE, TURN, CanaryLoop, CanaryTerms
from drctl.model.plan_file import PlanFile
from drctl.model.verdict import Verdict
from drctl.ports import CanaryPorts
from drctl.redaction import describe
from drctl.service.telling import Telling, Trouble

LAST = 5.0
"""Seconds at the end for what is on its way: less than the service's threads get to end."""

type CanaryOpened = Callable[[], AbstractContextManager[CanaryPorts]]
"""Opens the ports that the canary works with, with connections of its own."""


class CanaryWatch:
    """Runs a canary while ``leads`` says so: two at once would be members of one group, and read half of it each."""

    def __init__(
        self,
        plan: PlanFile,
        opened: CanaryOpened,
        registry: CollectorRegistry,
        leads: Callable[[], bool] = lambda: True,
        terms: CanaryTerms | None = None,
    ) -> None:
        self.plan, self.opened, self.leads, self.terms = plan, opened, leads, terms or CanaryTerms()
        self.windows = Counter(
            "drctl_canary_windows", "Judged windows of the canary, by verdict", ["verdict"], registry=registry
        )
        self.window_at = Gauge(
            "drctl_canary_last_window_timestamp_seconds", "When a window was judged last", registry=registry
        )
        self.acknowledged = Counter("drctl_canary_acknowledged", "Records of judged windows", registry=registry)
        self.records = self._gauge(
            "drctl_canary_lacked_records", "Acknowledged records of the canary that the standby lacks", registry
        )
        self.seconds = self._gauge(
            "drctl_canary_lacked_seconds", "Since the oldest record was sent that the standby lacks", registry
        )
        self.unknown = self._gauge(
            "drctl_canary_unknown", "1 while nobody can tell what the standby lacks of the canary", registry
        )
        for verdict in Verdict:
            self.windows.labels(verdict.value)
        self._shown: set[str] = set()
        self.trouble, self.telling = Trouble("canary-failed", first=5.0, most=60.0), Telling()
        self.log = structlog.get_logger("drctl.service").bind(plan=plan.name)

    @staticmethod
    def _gauge(name: str, text: str, registry: CollectorRegistry) -> Gauge:
        return Gauge(name, text, ["standby"], registry=registry)

    def run(self, ended: threading.Event) -> None:
        """Run canaries, one after the other, until the service ends; what fails is logged once, and tried again."""
        while not ended.is_set():
            if not self.leads():
                ended.wait(1.0)
                continue
            try:
                self._run_one(ended)
            except Exception as error:  # noqa: BLE001 - it is logged, and the next one begins
                self.trouble.met(self.log.warning, describe(error))
                self._hide()
                ended.wait(self.trouble.pause)

    def _run_one(self, ended: threading.Event) -> None:
        with self.opened() as ports:
            canary = CanaryLoop(ports, self.plan.standbys, uuid4(), self.terms)
            with closing(canary):
                canary.begin()
                shown = 0.0
                while not ended.is_set() and self.leads():
                    for judged in canary.turn():
                        self._tell(judged, ports)
                    if ports.clock.monotonic() >= shown:
                        shown = ports.clock.monotonic() + SAMPLE
                        self._show(canary)
                    ports.clock.sleep(TURN)
                for judged in canary.finish(LAST, lambda: False):
                    self._tell(judged, ports)
        self._hide()

    def _show(self, canary: CanaryLoop) -> None:
        behind = canary.behind()
        for standby in self._shown - behind.keys():  # after a move another site is the standby
            for gauge in (self.records, self.seconds, self.unknown):
                gauge.remove_by_labels({"standby": standby})
        self._shown = set(behind)
        for standby, told in behind.items():
            self.unknown.labels(standby).set(not told.known)
            if told.value is None:
                self.records.remove_by_labels({"standby": standby})
                self.seconds.remove_by_labels({"standby": standby})
            else:
                self.records.labels(standby).set(told.value[0])
                self.seconds.labels(standby).set(told.value[1])

    def _hide(self) -> None:
        for gauge in (self.records, self.seconds, self.unknown):
            gauge.clear()

    def _tell(self, judged: CanaryVerdict, ports: CanaryPorts) -> None:
        self.trouble.over(self.log)
        self.windows.labels(judged.verdict.value).inc()
        self.acknowledged.inc(judged.acknowledged)
        self.window_at.set(ports.clock.now().timestamp())
        # One that is refuted is logged each time: each names other records.
        if judged.verdict is Verdict.REFUTED:
            self.log.error("canary-refuted", window=judged.number, site=judged.site, reasons=judged.reasons)
        if self.telling.changed("verdict", judged.verdict) and judged.verdict is not Verdict.REFUTED:
            tell = self.log.info if judged.verdict is Verdict.PROVED else self.log.warning
            event = f"canary-{judged.verdict.value}"
            tell(event, window=judged.number, site=judged.site, reasons=judged.reasons)
