"""Observe what the brokers tell of themselves alone: log directories out of service, and the controllers' quorum."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from drctl.model.cluster import Cluster
from drctl.model.reading import Reading
from drctl.model.sight import KafkaView, QuorumView
from drctl.monitors.readings import Begun, Looks, beside
from drctl.ports.clock import Clock
from drctl.ports.world import SitePorts

EVERY = 30.0
"""Seconds between two questions to the same brokers: each is a login of its own, and what they tell changes seldom. As
often as the kubelets are asked, and half of what a fact may be old."""


class _Report(NamedTuple):
    offline: Mapping[int, tuple[str, ...]] | None
    quorum: QuorumView | None
    quorum_lost: str


class BrokerReports:
    """Keeps between looks what each site's brokers told last."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._last: dict[str, tuple[float, _Report]] = {}

    def begin(self, site: SitePorts, cluster: Begun[Cluster], looks: Looks) -> Begun[_Report]:
        """Begin to ask every broker of ``cluster``, unless that was done a moment ago.

        What no broker told is None: no signal. One that does not answer hides only its own.
        """
        asked, before = self.clock.monotonic(), self._last.get(site.name)
        if before is not None and asked - before[0] < EVERY:
            kept = Reading(before[1], self.clock.now())
            return lambda: kept

        def ask() -> Reading[_Report]:
            found = cluster()
            if found.value is None:
                return Reading(None, found.seen_at, found.unknown)
            brokers = found.value.brokers
            begun = {each.id: looks.begin(partial(site.log_dirs.offline, each)) for each in brokers}
            # One is enough: the controller that leads answers through each.
            quorum = looks.begin(partial(site.quorum.told, brokers[0])) if site.quorum and brokers else None
            told = {number: each() for number, each in begun.items()}
            offline = {number: each.value for number, each in told.items() if each.value}
            known = any(each.known for each in told.values())
            seen: Reading[QuorumView] = quorum() if quorum else Reading(None, self.clock.now(), "nobody asks")
            # A broker that answers about its directories and not about the controllers waits for them itself.
            lost = seen.unknown if seen.silent and told[brokers[0].id].known else ""
            report = _Report(offline if known else None, seen.value, lost)
            self._last[site.name] = asked, report
            return Reading(report, self.clock.now())

        return beside(ask).result


def with_reports(view: Reading[KafkaView], report: Reading[_Report]) -> Reading[KafkaView]:
    """Return the view of the brokers with what they told of themselves alone."""
    if view.value is None or report.value is None:
        return view
    told = report.value
    there = replace(view.value, offline_dirs=told.offline, quorum=told.quorum, quorum_lost=told.quorum_lost)
    return Reading(there, view.seen_at)
