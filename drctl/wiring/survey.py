"""Open what can be asked of a site before there is a plan file."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from drctl.drivers.connect.connectors import ConnectConnectors
from drctl.drivers.kafka.access import KafkaAccess
from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.drivers.kafka.positions import KafkaPositions
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.store.clock import SystemClock
from drctl.model.site import Site
from drctl.ports import SurveyPorts


@contextmanager
def open_survey(site: Site) -> Iterator[SurveyPorts]:
    """Return what can be asked of a site before there is a plan file; it needs servers, properties, a worker."""
    clock = SystemClock()
    with ExitStack() as stack:
        there = KafkaSite.open(site)
        stack.callback(there.close)
        connectors = ConnectConnectors(site.connect_url, clock)
        stack.callback(connectors.close)
        yield SurveyPorts(site.name, KafkaBrokers(there), KafkaPositions(there), KafkaAccess(there), connectors)
