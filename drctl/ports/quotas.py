"""Client quotas of one site."""

from typing import Protocol

from drctl.model.cluster import Broker
from drctl.model.quotas import ClientQuotas


class Quotas(Protocol):
    """Quotas as any of the site's brokers tells of them."""

    def told(self, broker: Broker) -> ClientQuotas:
        """Return every quota of users, client ids and addresses. Forbidden without DESCRIBE_CONFIGS on the cluster."""
        ...
