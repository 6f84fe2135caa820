"""One link's connectors at the target's Connect worker."""

from collections.abc import Mapping
from typing import Protocol

from drctl.model.link import LinkStatus
from drctl.model.offsets import TopicPartition
from drctl.ports.permit import Permit, always


class Replication(Protocol):
    """MirrorMaker 2 on one link. All methods are idempotent.

    A change takes several requests, of which each may be made again for half a minute while the worker rebalances:
    ``permit`` is asked before every one, and what it raises ends the change there.
    """

    def status(self) -> LinkStatus:
        """The three connectors as they are now; one that does not exist is ABSENT.

        Unreachable where the worker cannot tell for sure (starting, rebalancing): an empty list is no evidence.
        """
        ...

    def frontier(self) -> Mapping[TopicPartition, int]:
        """Per source partition the offset after the last record known to be at the target (stored offset + 1)."""
        ...

    def stop(self, permit: Permit = always, *, copying_only: bool = False) -> None:
        """Ask the connectors to stop; :meth:`status` tells when they have.

        With ``copying_only`` the source connector alone: a checkpoint task that waits for a silent source ends only
        when the worker's patience does, and keeps the worker from other answers meanwhile. An implementation that does
        not wait for the worker may stop all of them.
        """
        ...

    def stop_checkpoints(self, permit: Permit = always) -> None:
        """Ask the checkpoint and heartbeat connectors to stop; the source connector stays as it is."""
        ...

    def resume(self, permit: Permit = always) -> None:
        """Ask all three connectors to run from their stored offsets; missing ones are created first."""
        ...

    def restart_failed(self, permit: Permit = always) -> Mapping[str, str]:
        """Restart those connectors and tasks that have FAILED and are meant to run, and nothing else.

        Returns what was restarted with why it had failed, as :attr:`LinkStatus.failed` has it; empty if nothing had.
        What is stopped or paused stays so. Something that fails again at once is shown by :meth:`status`.
        """
        ...

    def restart_from(self, ends: Mapping[TopicPartition, int], permit: Permit = always) -> None:
        """Create missing connectors STOPPED, set the stored offsets so that copying begins at ``ends``, read them back.

        The connectors are left STOPPED. Conflict if the source connector is not stopped.
        """
        ...
