"""The time at a Connect worker, from the header of its answers."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from drctl.drivers.connect.client import ConnectClient
from drctl.errors import Unsupported


class ConnectTimekeeper:
    """Implements :class:`drctl.ports.Timekeeper`."""

    def __init__(self, url: str, *, doubted: bool = False) -> None:
        self.client = ConnectClient(url, doubted=doubted)

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def time(self) -> datetime:
        try:
            return parsedate_to_datetime(self.client.date()).astimezone(UTC)
        except (TypeError, ValueError) as error:
            said = f"Connect worker {self.client.url}: its answers have no Date"
            raise Unsupported(said, remedy="compare its clock by hand") from error
