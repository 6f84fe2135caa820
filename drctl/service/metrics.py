"""Readings as Prometheus metrics. A reading that is unknown has no value: it is counted as unknown, never as zero."""

from collections import Counter as Counted
from collections.abc import Collection, Mapping
from math import nan
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge

from drctl import __version__
from drctl.decide.rules import Blocker, Rule
from drctl.model.facts import LinkFacts, SiteStatus, Status
from drctl.model.fence import FenceState
from drctl.model.forecast import Forecast
from drctl.model.group_sync import GroupSyncState, GroupSyncStatus
from drctl.model.link import ConnectorState, LinkStatus
from drctl.model.offsets import TopicPartition
from drctl.model.reading import Reading
from drctl.monitors.sessions import Sessions, TailStatus

LOSSES = (
    Rule.LOSSES_UNKNOWN,
    Rule.TOPIC_RECREATED,
    Rule.RECORDS_LOST,
    Rule.SOURCE_SHORTER,
    Rule.RETENTION_NEAR,
    Rule.LINK_SILENT,
    Rule.CHECKPOINTS_MISSING,
    Rule.TARGET_AHEAD,
    Rule.POSITIONS_EXPIRING,
)


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
        self.failed_tasks = self._gauge(
            "drctl_link_failed_tasks", "Connectors and tasks of the link that have failed", "link"
        )
        self.task_restarts = Counter(
            "drctl_link_task_restarts",
            "Connectors and tasks of the link that had failed and were restarted by the service",
            ("link",),
            registry=self.registry,
        )
        self.syncs = self._gauge(
            "drctl_link_offset_syncs_partitions", "Partitions with offset syncs at the link's target", "link"
        )
        self.group_lag = self._gauge("drctl_site_group_lag_offsets", "Sum over the plan's groups at this site", "site")
        self.undenied = self._gauge(
            "drctl_standby_open_writers", "Principals that may write at a site to which no clients are sent", "site"
        )
        self.unknown = self._gauge("drctl_reading_unknown", "1 while this reading is unknown", "reading", "of")
        self.behind = self._gauge("drctl_tail_behind_records", "Commits of the site not read yet", "site")
        self.strange = self._gauge("drctl_tail_unknown_records", "Commits of a kind or version not known", "site")
        self.members = self._gauge(
            "drctl_group_members", "Members, as the coordinator wrote them down", "site", "group"
        )
        self.committed_at = self._gauge(
            "drctl_group_last_commit_timestamp_seconds", "When the group last committed anything", "site", "group"
        )
        self.left_groups = self._gauge(
            "drctl_clients_left_groups", "Groups still at work at a site to which no clients are sent", "site"
        )
        self.losses = self._gauge(
            "drctl_link_losses",
            "Places where records or positions were or are about to be lost, by rule",
            "link",
            "rule",
        )
        self.time_left = self._gauge(
            "drctl_link_time_to_loss_seconds", "Until the source may delete records that were not copied", "link"
        )
        self.epoch = self._unset("drctl_epoch", "The plan file's epoch; not a number while it is unknown")
        self.cycle_seconds = self._gauge("drctl_cycle_duration_seconds", "How long the last look took")
        self.cycle_at = self._gauge("drctl_last_cycle_timestamp_seconds", "When the last look ended")
        self.group_sync = self._gauge(
            "drctl_group_sync_groups", "Groups by how well the standby's positions are kept", "state"
        )
        self.group_sync_behind = self._gauge(
            "drctl_group_sync_behind_records",
            "Records that the group has read and the standby does not hold yet",
            "group",
        )
        self.undecided: set[str] = set()
        self.group_sync_commits = Counter(
            "drctl_group_sync_commits", "Positions committed at the standby and read back", registry=self.registry
        )
        self.group_sync_failed = Counter(
            "drctl_group_sync_failures",
            "Cycles of group-offset sync that ended in an error, and each time that a group could not be kept",
            registry=self.registry,
        )
        self.group_sync_age = self._unset(
            "drctl_group_sync_age_seconds",
            "Since it was certainly so what the gauges of group-offset sync show, or showed last",
        )
        self._hidden = True
        self.failed = Counter("drctl_cycles_failed", "Looks that ended in an error", registry=self.registry)
        self.loss_records = self._gauge(
            "drctl_forecast_loss_records", "Records at most that a failover now would lose", "source"
        )
        self.loss_seconds = self._gauge(
            "drctl_forecast_loss_seconds", "Age of the oldest record that a failover now would lose", "source", "topic"
        )
        self.uncovered = self._gauge(
            "drctl_forecast_uncovered_groups", "Groups without a position at the standby", "source"
        )
        self.recovery = self._gauge(
            "drctl_forecast_recovery_seconds", "Slowest measured failover until traffic was restored", "source"
        )
        self.fence = self._gauge(
            "drctl_left_site_fence", "1 for the state of the fence of a site left by a failover", "site", "state"
        )
        self.left_open = self._gauge(
            "drctl_left_site_open_seconds",
            "At most so long a site left by a failover took writes after its return, until it was closed",
            "site",
        )
        self.closing_failed = Counter(
            "drctl_left_site_close_failures", "Attempts to close a left site that failed", registry=self.registry
        )
        self.paused = self._gauge(
            "drctl_paused", "1 while a person has paused drctl, so that the service acts on nothing"
        )
        self.reversal_pending = self._gauge(
            "drctl_reversal_pending", "1: clients work at the target of a move, and replication home is not begun"
        )
        self._gauge("drctl_build_info", "Version of drctl", "version").labels(__version__).set(1)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)

    def _unset(self, name: str, text: str) -> Gauge:
        """A gauge without labels that is no number yet."""
        gauge = self._gauge(name, text)
        gauge.set(nan)
        return gauge

    def show(self, seen: Status) -> None:
        """Set every metric from one look."""
        for gauge in (
            self.up,
            self.brokers,
            self.link_up,
            self.failed_tasks,
            self.syncs,
            self.lag_records,
            self.lag_seconds,
            self.group_lag,
            self.undenied,
            self.unknown,
        ):
            gauge.clear()
        for site in seen.sites:
            self._site(site)
            self._standby(site, seen.client_routing)
        for link in seen.links:
            self._link(link)
        epoch = seen.epoch.value
        self.epoch.set(epoch if self._known(seen.epoch, "epoch", "plan") and epoch is not None else nan)

    def show_sessions(
        self, site: str, followed: Reading[TailStatus], sessions: Sessions, groups: Collection[str]
    ) -> None:
        """Set what is known of a site's sessions; where the tail cannot be read, that is unknown."""
        for gauge in (self.behind, self.strange, self.members, self.committed_at):
            gauge.remove_by_labels({"site": site})
        if not self._known(followed, "sessions", site) or followed.value is None:
            return
        if followed.value.behind is not None:
            self.behind.labels(site).set(followed.value.behind)
        self.strange.labels(site).set(followed.value.unknown)
        told = () if followed.value.behind is None else (g for g in groups if not sessions.undecided.hides(g))
        for group in told:
            self.members.labels(site, group).set(len(sessions.members(group)))
            held = sessions.positions(group).values()
            if held:
                self.committed_at.labels(site, group).set(max(each.milliseconds for each in held) / 1000)

    def show_losses(self, link: str, reasons: Collection[Blocker], time_left: Mapping[TopicPartition, float]) -> None:
        """Set how many places each rule of losses names; no time where nothing waits or nobody can tell."""
        counts = Counted(each.rule for each in reasons)
        for rule in LOSSES:
            self.losses.labels(link, rule.name.lower()).set(counts[rule])
        self.time_left.remove_by_labels({"link": link})
        if time_left:
            self.time_left.labels(link).set(min(time_left.values()))

    def hide_losses(self, link: str) -> None:
        """Show none for a link that is not looked at any more."""
        for gauge in (self.losses, self.time_left):
            gauge.remove_by_labels({"link": link})

    def show_group_sync(self, statuses: Mapping[str, GroupSyncStatus], seen: Mapping[str, GroupSyncStatus]) -> None:
        """Set how well the standby's positions are kept; ``seen`` are the groups that the last cycle had to do with."""
        counts = Counted(each.state for each in statuses.values())
        for state in GroupSyncState:
            self.group_sync.labels(state.name.lower()).set(counts[state])
        undecided = {group for group, each in statuses.items() if each.state is GroupSyncState.UNDECIDED}
        told_again = {group: statuses[group] for group in self.undecided - undecided if group in statuses}
        for group in undecided:
            self.group_sync_behind.remove_by_labels({"group": group})
        self.undecided = undecided
        known = {group: each for group, each in statuses.items() if group not in undecided}
        for group, each in (known if self._hidden else {**told_again, **seen}).items():
            self.group_sync_behind.labels(group).set(each.behind)
        self._hidden = False
        self.group_sync_commits.inc(sum(each.committed for each in seen.values()))

    def hide_group_sync(self) -> None:
        """Show nothing of the groups: nobody knows how they stand now. What was counted stays."""
        self._hidden = True
        self.group_sync.clear()
        self.group_sync_behind.clear()

    def show_forecast(self, found: Reading[Forecast], source: str) -> None:
        """Set what a failover away from that site would cost now."""
        for gauge in (self.loss_records, self.loss_seconds, self.uncovered, self.recovery):
            gauge.clear()
        value = found.value
        lost = value.loss.total if value and value.loss else None
        self.unknown.labels("forecast_loss", source).set(lost is None)
        if value is None:
            return
        self.uncovered.labels(source).set(len(value.uncovered))
        if value.expected_recovery is not None:
            self.recovery.labels(source).set(value.expected_recovery)
        if value.loss is not None and lost is not None:
            self.loss_records.labels(source).set(lost)
            for topic, seconds in value.loss.seconds.items():
                if seconds is not None:
                    self.loss_seconds.labels(source, topic).set(seconds)

    def show_fence(self, site: str | None, state: FenceState | None) -> None:
        """Set how surely the site that a failover left behind is closed; None where none was."""
        self.fence.clear()
        if site is not None:
            for each in FenceState:
                self.fence.labels(site, each.value).set(each is state)

    def show_openness(self, site: str, seconds: float | None) -> None:
        """Set how long it was open at most, once it is closed; no value where nobody knows."""
        self.left_open.clear()
        if seconds is not None:
            self.left_open.labels(site).set(seconds)

    def _site(self, site: SiteStatus) -> None:
        name, cluster = site.facts.name, site.facts.cluster.value
        self.up.labels(name).set(cluster is not None)
        self._known(site.facts.cluster, "cluster", name)
        if cluster is not None:
            self.brokers.labels(name).set(len(cluster.brokers))
        if self._known(site.group_lag, "group_lag", name):
            lags, groups = site.group_lag.value or {}, site.facts.groups.value or {}
            if groups.keys() <= lags.keys():  # of a group whose transaction is open nobody knows it
                self.group_lag.labels(name).set(sum(lags.values()))

    def _standby(self, site: SiteStatus, routing: Reading[str | None]) -> None:
        """Where clients are sent, writers are wanted; while nobody knows where that is, no site's are judged."""
        name, writers = site.facts.name, site.undenied.value
        if routing.known and routing.value != name and self._known(site.undenied, "open_writers", name):
            self.undenied.labels(name).set(len({denial.principal for denial in writers or ()}))

    def _link(self, link: LinkFacts) -> None:
        name = link.link.name
        if link.off_on_purpose:
            self._known(link.status, "link", name)
            return  # nobody is to be woken by it
        if self._known(link.status, "link", name) and link.status.value is not None:
            self.link_up.labels(name).set(link.status.value.working)
            self.failed_tasks.labels(name).set(_failed(link.status.value))
        if self._known(link.syncs, "offset_syncs", name) and link.syncs.value is not None:
            self.syncs.labels(name).set(link.syncs.value)
        if self._known(link.lag, "lag", name) and link.lag.value is not None:
            self.lag_records.labels(name).set(link.lag.value.total)
            if link.lag.value.seconds is not None:
                self.lag_seconds.labels(name).set(link.lag.value.seconds)

    def _known(self, reading: Reading[Any], what: str, of: str) -> bool:
        self.unknown.labels(what, of).set(not reading.known)
        return reading.known


def _failed(status: LinkStatus) -> int:
    """Connectors and tasks that have failed: a failed task stands under a connector that is shown as running."""
    connectors = [each.state for each in status.connectors]
    tasks = [task.state for each in status.connectors for task in each.tasks]
    return [*connectors, *tasks].count(ConnectorState.FAILED)
