"""Readings as Prometheus metrics. A reading that is unknown has no value: it is counted as unknown, never as zero."""

from math import nan
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge

from drctl import __version__
from drctl.model.facts import LinkFacts, SiteStatus, Status
from drctl.model.reading import Reading


class Metrics:
    """The service's metrics in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.up = self._gauge("drctl_site_up", "Whether the site's brokers answered", "site")
        self.brokers = self._gauge("drctl_site_brokers", "Brokers listed in the site's metadata", "site")
        self.link_up = self._gauge("drctl_link_up", "Whether the link's source connector and all its tasks run", "link")
        self.lag_records = self._gauge(
            "drctl_replication_lag_records", "Records at the source, not at the target", "link"
        )
        self.lag_seconds = self._gauge("drctl_replication_lag_seconds", "Age of the oldest record not copied", "link")
        self.group_lag = self._gauge("drctl_site_group_lag_offsets", "Sum over the plan's groups at this site", "site")
        self.unknown = self._gauge("drctl_reading_unknown", "1 while this reading is unknown", "reading", "of")
        self.epoch = self._gauge("drctl_epoch", "The plan file's epoch; not a number while it is unknown")
        self.epoch.set(nan)
        self.cycle_seconds = self._gauge("drctl_cycle_duration_seconds", "How long the last look took")
        self.cycle_at = self._gauge("drctl_last_cycle_timestamp_seconds", "When the last look ended")
        self.failed = Counter("drctl_cycles_failed", "Looks that ended in an error", registry=self.registry)
        self._gauge("drctl_build_info", "Version of drctl", "version").labels(__version__).set(1)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)

    def show(self, seen: Status) -> None:
        """Set every metric from one look."""
        for gauge in (
            self.up,
            self.brokers,
            self.link_up,
            self.lag_records,
            self.lag_seconds,
            self.group_lag,
            self.unknown,
        ):
            gauge.clear()
        for site in seen.sites:
            self._site(site)
        for link in seen.links:
            self._link(link)
        epoch = seen.epoch.value
        self.epoch.set(epoch if self._known(seen.epoch, "epoch", "plan") and epoch is not None else nan)

    def _site(self, site: SiteStatus) -> None:
        name, cluster = site.facts.name, site.facts.cluster.value
        self.up.labels(name).set(cluster is not None)
        self._known(site.facts.cluster, "cluster", name)
        if cluster is not None:
            self.brokers.labels(name).set(len(cluster.brokers))
        if self._known(site.group_lag, "group_lag", name):
            self.group_lag.labels(name).set(sum((site.group_lag.value or {}).values()))

    def _link(self, link: LinkFacts) -> None:
        name = link.link.name
        if self._known(link.status, "link", name) and link.status.value is not None:
            self.link_up.labels(name).set(link.status.value.working)
        if self._known(link.lag, "lag", name) and link.lag.value is not None:
            self.lag_records.labels(name).set(link.lag.value.total)
            if link.lag.value.seconds is not None:
                self.lag_seconds.labels(name).set(link.lag.value.seconds)

    def _known(self, reading: Reading[Any], what: str, of: str) -> bool:
        self.unknown.labels(what, of).set(not reading.known)
        return reading.known
