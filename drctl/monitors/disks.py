"""Observe the log directories of a site's brokers, all brokers at once."""

from collections.abc import Callable, Collection
from functools import partial

from drctl.model.cluster import Broker, Cluster
from drctl.model.upkeep import BrokerDisks
from drctl.monitors.readings import Begun, Looks, SideBySide, beside
from drctl.ports.clock import Clock
from drctl.ports.world import SitePorts

DISKS = 6.0
"""Seconds for all brokers of a site. Each has five of its own (``drctl.drivers.kafka.log_dirs``), and by then has said
why it does not answer; the sixth is for an address that is looked up for longer than that."""


def begin_disks(site: SitePorts, brokers: Collection[Broker], looks: Looks) -> Callable[[], BrokerDisks]:
    """Begin to ask each broker for the room in its log directories; gives what they told, waiting for it."""
    asked = {f"broker {each.id}": looks.begin(partial(site.log_dirs.space, each)) for each in brokers}
    return lambda: {who: each() for who, each in asked.items()}


def disks_beside(
    site: SitePorts, cluster: Begun[Cluster], clock: Clock, looks: Looks | None = None
) -> Callable[[], BrokerDisks]:
    """Begin to ask every broker of ``cluster``, while the caller looks at other things; gives what they told.

    Side by side also for a gate, which brings no ``looks`` and asks all else in turn: there may be many brokers, and
    each has seconds for it.
    """

    def ask() -> BrokerDisks:
        found = cluster().value
        return begin_disks(site, found.brokers if found is not None else (), looks or SideBySide(clock, DISKS))()

    return beside(ask).result
