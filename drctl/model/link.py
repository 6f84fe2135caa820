"""Connectors as their Connect worker tells of them, and MirrorMaker 2 made of three."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ConnectorState(StrEnum):
    """States of connectors and tasks in Connect's own words; ABSENT when the worker knows no such connector."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"
    FAILED = "FAILED"
    UNASSIGNED = "UNASSIGNED"
    RESTARTING = "RESTARTING"
    ABSENT = "ABSENT"


IN_MOTION = (ConnectorState.UNASSIGNED, ConnectorState.RESTARTING)
"""States that a worker tells while it hands out tasks: they end by themselves."""


MIRROR_KINDS = {
    "org.apache.kafka.connect.mirror.MirrorSourceConnector": "source",
    "org.apache.kafka.connect.mirror.MirrorCheckpointConnector": "checkpoint",
    "org.apache.kafka.connect.mirror.MirrorHeartbeatConnector": "heartbeat",
}
"""MirrorMaker 2's three connectors, by class."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task of a connector; ``trace`` is the first line of its failure with the cause, empty while it runs."""

    id: int
    state: ConnectorState
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Connector:
    """A connector with its tasks. A RUNNING connector may have FAILED tasks: judge by :attr:`working`."""

    name: str
    state: ConnectorState
    tasks: tuple[Task, ...] = ()
    config: dict[str, str] = field(default_factory=dict, repr=False)
    trace: str = ""
    restarts_itself: bool = False
    """Whether an operator restarts what of it fails, such as Strimzi's with ``autoRestart``."""

    @property
    def in_motion(self) -> bool:
        """Whether its worker is handing out its tasks just now: it, or one of them, has nobody who runs it."""
        return self.state in IN_MOTION or any(task.state in IN_MOTION for task in self.tasks)

    @property
    def working(self) -> bool:
        """Running with at least one task and all tasks running."""
        return (
            self.state is ConnectorState.RUNNING
            and bool(self.tasks)
            and all(task.state is ConnectorState.RUNNING for task in self.tasks)
        )

    @property
    def reason(self) -> str:
        """Why it or one of its tasks failed, empty if nothing did."""
        return next(filter(None, (self.trace, *[task.trace for task in self.tasks])), "")

    @property
    def failed(self) -> dict[str, str]:
        """Name what of it has failed, with why: itself and its tasks. Empty unless it is meant to run."""
        # One that was stopped or paused shows that as its state, whatever its tasks say.
        if self.state not in (ConnectorState.RUNNING, ConnectorState.FAILED):
            return {}
        own = {self.name: self.trace} if self.state is ConnectorState.FAILED else {}
        tasks = (task for task in self.tasks if task.state is ConnectorState.FAILED)
        return own | {f"{self.name}, task {task.id}": task.trace for task in tasks}

    @property
    def halted(self) -> bool:
        """Certain to copy nothing: absent, or stopped with no task left."""
        return self.state in (ConnectorState.ABSENT, ConnectorState.STOPPED) and not self.tasks


@dataclass(frozen=True, slots=True)
class WantedConnector:
    """A connector as a file defines it; its configuration may hold secrets, so it appears in no ``repr``."""

    name: str
    config: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class LinkDefinitions:
    """The three connectors of a link as they are defined."""

    source: WantedConnector
    checkpoint: WantedConnector
    heartbeat: WantedConnector

    @property
    def all(self) -> tuple[WantedConnector, ...]:
        """Source first."""
        return (self.source, self.checkpoint, self.heartbeat)


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """The three connectors of a link; ``exactly_once`` as the source connector is configured to require it.

    ``woken`` is how often their operator was asked to look again, since it did not show what it was last asked for.
    """

    source: Connector
    checkpoint: Connector
    heartbeat: Connector
    woken: int = field(default=0, compare=False, kw_only=True)

    @property
    def connectors(self) -> tuple[Connector, ...]:
        """All three, source first."""
        return (self.source, self.checkpoint, self.heartbeat)

    @property
    def working(self) -> bool:
        """Whether the link runs: records are being copied, as far as Connect knows, and the other two run beside it.

        Without groups the checkpoint connector has no task. A heartbeat connector may be missing: Strimzi's newer
        resource knows none.
        """
        checkpoint, heartbeat = self.checkpoint.state, self.heartbeat.state
        return (
            self.source.working
            and checkpoint is ConnectorState.RUNNING
            and heartbeat in (ConnectorState.RUNNING, ConnectorState.ABSENT)
        )

    @property
    def failed(self) -> dict[str, str]:
        """Name what has failed of its connectors that are meant to run, with why."""
        return {name: why for each in self.connectors for name, why in each.failed.items()}

    @property
    def halted(self) -> bool:
        """Whether the link stands still: none of the three does anything any more."""
        return all(each.halted for each in self.connectors)

    @property
    def copies_nothing(self) -> bool:
        """Whether no record is copied any more, whatever the checkpoint and heartbeat connectors do.

        Only for what asks about records: whether the link stands still is :attr:`halted`.
        """
        return self.source.halted

    @property
    def commits_positions(self) -> bool:
        """Whether the checkpoint connector commits groups' positions at the target by itself."""
        return self.checkpoint.config.get("sync.group.offsets.enabled") == "true"

    @property
    def exactly_once(self) -> bool:
        """Whether the source connector insists on exactly-once delivery."""
        return self.source.config.get("exactly.once.support") == "required"


def syncs_topic(alias: str, config: Mapping[str, str]) -> str:
    """Name the offset-syncs topic as MirrorMaker 2's policies do: after the other site, with their separator.

    ``config`` is the source connector's. Both replication policies use ``replication.policy.separator``, which may be
    empty, unless ``replication.policy.internal.topic.separator.enabled`` is false (KIP-690, KIP-949).
    """
    separator = internal_separator(config)
    return f"mm2-offset-syncs{separator}{alias}{separator}internal"


def checkpoints_topic(alias: str, config: Mapping[str, str]) -> str:
    """Name the checkpoints topic of a link from that site, as :func:`syncs_topic` does."""
    separator = internal_separator(config)
    return f"{alias}{separator}checkpoints{separator}internal"


def internal_separator(config: Mapping[str, str]) -> str:
    """Tell what stands between the parts of an internal topic's name."""
    enabled = config.get("replication.policy.internal.topic.separator.enabled", "true").lower() == "true"
    return config.get("replication.policy.separator", ".") if enabled else "."
