"""Readings as Prometheus metrics. A reading that is unknown has no value: it is counted as unknown, never as zero."""

from collections import Counter as Counted
from collections.abc import Collection, Mapping
from math import nan
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge

from drctl import __version__
from drctl.model.facts import LinkFacts, SiteStatus, Status
from drctl.model.reading import Reading
from drctl.model.warmth import Warmth, WarmthState
from drctl.monitors.sessions import Followed, Sessions


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
        self.behind = self._gauge("drctl_tail_behind_records", "Commits of the site not read yet", "site")
        self.strange = self._gauge("drctl_tail_unknown_records", "Commits of a kind or version not known", "site")
        self.members = self._gauge(
            "drctl_group_members", "Members, as the coordinator wrote them down", "site", "group"
        )
        self.committed_at = self._gauge(
            "drctl_group_last_commit_timestamp_seconds", "When the group last committed anything", "site", "group"
        )
        self.epoch = self._gauge("drctl_epoch", "The plan file's epoch; not a number while it is unknown")
        self.epoch.set(nan)
        self.cycle_seconds = self._gauge("drctl_cycle_duration_seconds", "How long the last look took")
        self.cycle_at = self._gauge("drctl_last_cycle_timestamp_seconds", "When the last look ended")
        self.warm = self._gauge("drctl_warm_groups", "Groups by how well the standby's positions are kept", "state")
        self.warm_behind = self._gauge(
            "drctl_warm_behind_records", "Records that the group has read and the standby does not hold yet", "group"
        )
        self.warm_commits = Counter(
            "drctl_warm_commits", "Positions committed at the standby and read back", registry=self.registry
        )
        self.warm_failed = Counter("drctl_warm_failures", "Warm cycles that ended in an error", registry=self.registry)
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

    def show_sessions(
        self, site: str, followed: Reading[Followed], sessions: Sessions, groups: Collection[str]
    ) -> None:
        """Set what is known of a site's sessions; where the tail cannot be read, that is unknown."""
        for gauge in (self.behind, self.strange, self.members, self.committed_at):
            gauge.remove_by_labels({"site": site})
        if not self._known(followed, "sessions", site) or followed.value is None:
            return
        if followed.value.behind is not None:
            self.behind.labels(site).set(followed.value.behind)
        self.strange.labels(site).set(followed.value.unknown)
        for group in groups:
            self.members.labels(site, group).set(len(sessions.members(group)))
            held = sessions.positions(group).values()
            if held:
                self.committed_at.labels(site, group).set(max(each.milliseconds for each in held) / 1000)

    def show_warmth(self, warmth: Mapping[str, Warmth], seen: Mapping[str, Warmth]) -> None:
        """Set how well the standby's positions are kept; ``seen`` are the groups that the last cycle had to do with."""
        counts = Counted(each.state for each in warmth.values())
        for state in WarmthState:
            self.warm.labels(state.name.lower()).set(counts[state])
        for group, each in seen.items():
            self.warm_behind.labels(group).set(each.behind)
        self.warm_commits.inc(sum(each.committed for each in seen.values()))

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
