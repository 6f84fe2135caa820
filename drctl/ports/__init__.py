"""Needs: what the rest of drctl asks of the world, at most five methods each.

Every port has a fake in ``tests/fakes`` and one contract suite in ``tests/contract`` that fake and driver both pass.
Unless a docstring says otherwise, methods raise :class:`~drctl.errors.Unreachable` when the other end does not answer
(its subclass ``Unauthenticated`` when it rejects us) and :class:`~drctl.errors.Forbidden` when it denies the operation.
"""

from drctl.ports.brokers import Brokers
from drctl.ports.clock import Clock
from drctl.ports.connectors import Connectors
from drctl.ports.epochs import Epochs
from drctl.ports.fence import Fence
from drctl.ports.front_door import FrontDoor
from drctl.ports.journal import Journal
from drctl.ports.lease import Lease
from drctl.ports.mappings import Mappings
from drctl.ports.positions import Positions
from drctl.ports.records import Records
from drctl.ports.replication import Replication
from drctl.ports.tail import Tail
from drctl.ports.world import LinkPorts, SitePorts, World

__all__ = [
    "Brokers",
    "Clock",
    "Connectors",
    "Epochs",
    "Fence",
    "FrontDoor",
    "Journal",
    "Lease",
    "LinkPorts",
    "Mappings",
    "Positions",
    "Records",
    "Replication",
    "SitePorts",
    "Tail",
    "World",
]
