"""Open what one of a group of checkers works with."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.drivers.kafka.records import KafkaRecords
from drctl.drivers.kafka.shared_logs import KafkaSharedLogs
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.store.clock import SystemClock
from drctl.ledger.record import HEADER
from drctl.model.plan_file import PlanFile
from drctl.ports import CheckerPorts
from drctl.wiring.logins import kubernetes_of, login_of


@contextmanager
def open_checker(plan: PlanFile, name: str, group: str, topics: Sequence[str]) -> Iterator[CheckerPorts]:
    """Return what one of a group of checkers needs of a site, with connections of its own."""
    site, clock = plan.site(name), SystemClock()
    with ExitStack() as stack:
        kube = kubernetes_of(site, clock)
        if kube is not None:
            stack.callback(kube.close)
        there = KafkaSite.open(site, login_of(site, kube))
        stack.callback(there.close)
        logs = KafkaSharedLogs(there, group, topics, HEADER)
        yield CheckerPorts(logs, KafkaRecords(there), KafkaBrokers(there), clock)
