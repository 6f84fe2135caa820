"""The entry point of clients, met as a client that starts meets it."""

from collections.abc import Mapping

from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.drivers.kafka.site import KafkaSite


class KafkaEntryPoint:
    """Implements :class:`drctl.ports.EntryPoint`; ``logins`` are the sites whose logins are used there."""

    def __init__(self, servers: str, logins: Mapping[str, KafkaSite]) -> None:
        self.servers, self._logins = servers, logins

    def cluster_id(self, site: str) -> str:
        config = {**self._logins[site].settings(), "bootstrap.servers": self.servers}
        # A connection that stands leads to where clients were sent before, and keeps what the name resolved to.
        there = KafkaSite(f"entry point {self.servers}", config)
        try:
            # The cluster's id is what no two sites share; names, addresses and even topics may be the same
            # at both.
            return KafkaBrokers(there).cluster().cluster_id
        finally:
            there.close()
