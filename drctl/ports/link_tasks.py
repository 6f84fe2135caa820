"""How many tasks a link may copy with."""

from typing import Protocol

from drctl.model.link_tasks import TaskLimit
from drctl.ports.permit import Permit, always


class LinkTasks(Protocol):
    """``tasks.max`` of a link's source connector, at the worker of its target. NotFound where there is none.

    Unreachable where the worker, or an operator, cannot tell for sure.
    """

    def state(self) -> TaskLimit:
        """How it stands now."""
        ...

    def rehearse(self, most: int) -> None:
        """Raise what would keep it from being set now, and change nothing.

        Conflict where the connector does not run, where its resource is paused, or where somebody else's manifest says
        the number and it may not be taken.
        """
        ...

    def set_most(self, most: int, permit: Permit = always) -> None:
        """Set it and nothing else, and read it back. Connect starts the tasks anew, from their stored offsets.

        Idempotent. Conflict as for :meth:`rehearse`: a connector that stands still is left as it is. ``permit`` is
        asked right before the change.
        """
        ...
