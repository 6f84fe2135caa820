"""Connectors of one site's Connect worker that belong to a workload, such as sinks."""

from collections.abc import Mapping
from typing import Protocol

from drctl.model.link import Connector
from drctl.ports.permit import Permit, always


class Connectors(Protocol):
    """Connectors by name. All methods are idempotent, and no secret of a configuration appears in what they say.

    NotFound only where the worker is certain: Unreachable while it starts or rebalances. ``permit`` is asked before
    every request that changes something, also before one that is made again while the worker rebalances.
    """

    def names(self) -> tuple[str, ...]:
        """All connectors of the worker in the order of their names, MirrorMaker 2's too."""
        ...

    def definition(self, name: str) -> Mapping[str, str] | None:
        """The configuration as :meth:`put` takes it, None if there is no such connector.

        It is as it was written: a reference such as ``${file:…}`` stays one, a password in plain text is in it.
        """
        ...

    def state(self, name: str) -> Connector:
        """How it stands, without its configuration; one that does not exist is ABSENT.

        ``reason`` tells why it or a task of it failed.
        """
        ...

    def put(self, name: str, config: Mapping[str, str], permit: Permit = always) -> None:
        """Create it STOPPED with that configuration, or give it to the one that exists, whose state stays as it is.

        Returns when the worker has taken it. Conflict if the worker declines the configuration.
        """
        ...

    def stop(self, name: str, permit: Permit = always) -> None:
        """Stop it and wait until it is STOPPED without tasks; nothing to do if it does not exist.

        A task that is slow to end may outlive this: it is gone for certain once its group has no members.
        DeadlinePassed if it does not stop.
        """
        ...

    def resume(self, name: str, permit: Permit = always) -> None:
        """Ask it to run; :meth:`state` tells when it does. It does not revive failed tasks: stop it first. NotFound."""
        ...

    def pause(self, name: str, permit: Permit = always) -> None:
        """Ask it to keep still until it is resumed; :meth:`state` tells when it is PAUSED. NotFound.

        One that was STOPPED is given no task by that, so its group stays empty.
        """
        ...
