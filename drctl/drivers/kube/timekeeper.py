"""The time at an API server, from the header of its answers."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from drctl.drivers.kube.client import KubeClient
from drctl.errors import Unsupported


class KubeTimekeeper:
    """Implements :class:`drctl.ports.Timekeeper`; everybody may ask for the server's version."""

    def __init__(self, client: KubeClient) -> None:
        self.client = client

    def time(self) -> datetime:
        try:
            return parsedate_to_datetime(self.client.send("GET", "/version").date).astimezone(UTC)
        except (TypeError, ValueError) as error:
            said = f"site {self.client.site}: the API server's answers have no Date"
            raise Unsupported(said, remedy="compare its clock by hand") from error
