"""Open what the canary works with."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from drctl.drivers.command.processes import CommandRunner
from drctl.drivers.kafka.canary_topic import KafkaCanarySite
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.store.clock import SystemClock
from drctl.ledger.record import HEADER
from drctl.model.plan_file import PlanFile
from drctl.ports import CanaryPorts, CanarySite
from drctl.wiring.client_routing import client_routing_of
from drctl.wiring.logins import kubernetes_of, ordinary_client


@contextmanager
def open_canary(plan: PlanFile) -> Iterator[CanaryPorts]:
    """Return what the canary works with, with connections of its own as each site's canary logs in.

    Nothing waits long for a site: each is sought in the background until it answers.
    """
    clock = SystemClock()
    with ExitStack() as stack:
        found: dict[str, CanarySite] = {}
        for site in plan.sites:
            kube = kubernetes_of(site, clock)
            if kube is not None:
                stack.callback(kube.close)
            there = KafkaSite(site.name, ordinary_client(site, kube), doubted=True)
            stack.callback(there.close)
            there.seek()
            copies = [link.prefix for link in plan.links if link.target == site.name and link.prefix]
            found[site.name] = KafkaCanarySite(there, HEADER, copies)
        routing = client_routing_of(plan, CommandRunner(plan.path.parent), stack)
        yield CanaryPorts(found, routing, clock)
