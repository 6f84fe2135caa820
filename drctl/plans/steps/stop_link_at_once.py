"""stop-link and stop-rest-of-link, of a failover."""

from typing import ClassVar, override

from drctl.model.link import Connector, LinkStatus
from drctl.plans.link_evidence import left_running
from drctl.plans.plan import StepContext
from drctl.plans.steps.stop_link import StopLink


class StopRestOfLink(StopLink):
    """Stop the connectors that copy no records, once the clients are served.

    A checkpoint task that waits for a silent source ends when its worker's patience does, by default after five
    seconds. A connector whose source is silent may be told as RUNNING for a minute after it was stopped, because its
    own thread waits for the source. What acts are its tasks: once its worker has accepted the stop, which outlasts a
    restart, and no task is left, it does nothing any more.
    """

    name: ClassVar[str] = "stop-rest-of-link"
    title: ClassVar[str] = "Stop the rest of the link to the target"

    @override
    def check(self, ctx: StepContext) -> bool:
        return ctx.forward.replication.status().halted or (self.name in ctx.evidence and not self._running(ctx))

    @override
    def _running(self, ctx: StepContext) -> list[str]:
        status = ctx.forward.replication.status()
        return left_running(status, (each for each in self._wanted(status) if each.tasks))

    def _wanted(self, status: LinkStatus) -> tuple[Connector, ...]:
        """Return what has to stop."""
        return status.connectors


class StopLinkAtOnce(StopRestOfLink):
    """Stop what copies to the target, so that nothing is appended behind the records that clients will write there.

    It is the first act, and local. The checkpoint connector copies nothing and may take its time (stop-rest-of-link),
    unless it commits the groups' positions.
    """

    name: ClassVar[str] = "stop-link"
    title: ClassVar[str] = "Stop copying to the target"

    @override
    def _stop(self, ctx: StepContext) -> None:
        replication = ctx.forward.replication
        replication.stop(ctx.check_authority, copying_only=not replication.status().commits_positions)

    @override
    def _wanted(self, status: LinkStatus) -> tuple[Connector, ...]:
        return super()._wanted(status) if status.commits_positions else (status.source,)
