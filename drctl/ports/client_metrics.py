"""Count the clients of one site, as its brokers do."""

from typing import Protocol

from drctl.model.clients import ConnectedSoftware


class ClientMetrics(Protocol):
    """Metrics of all brokers of a site."""

    def connected(self) -> tuple[ConnectedSoftware, ...]:
        """Return the software of all connections, sorted, each once per listener. Unreachable if a broker is silent."""
        ...
