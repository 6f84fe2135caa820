"""Brokers' metrics of client software, in memory."""

from drctl.errors import Unreachable
from drctl.model.clients import ConnectedSoftware


class FakeClientMetrics:
    """Counts what it is told to; ``down`` where an exporter is silent."""

    def __init__(self, site: str, *counted: ConnectedSoftware) -> None:
        self.site, self.counted = site, counted
        self.down = False

    def connected(self) -> tuple[ConnectedSoftware, ...]:
        if self.down:
            raise Unreachable(f"site {self.site}: metrics at http://m are not told", remedy="start the exporter")
        return self.counted
