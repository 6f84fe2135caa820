"""One site of a running lab, as its users see it."""

from dataclasses import dataclass
from pathlib import Path

from drctl.drivers.kafka.properties import load
from drctl.drivers.kafka.site import KafkaSite
from drctl.lab.files import client_properties
from drctl.lab.layout import SiteLayout


@dataclass(frozen=True, slots=True)
class LabSite:
    """Hold what a user of the lab needs to know of one site."""

    layout: SiteLayout
    folder: Path

    @property
    def name(self) -> str:
        return self.layout.name

    @property
    def bootstrap_servers(self) -> str:
        return self.layout.bootstrap_servers

    @property
    def connect_url(self) -> str:
        return f"http://localhost:{self.layout.connect}"

    def client_properties(self, user: str) -> Path:
        """The client properties file of one of the lab's users, in Kafka's own format."""
        return client_properties(self.folder, self.name, user)

    def kafka(self, user: str = "admin") -> KafkaSite:
        """A connection as that user; close it."""
        config = load(self.client_properties(user))
        return KafkaSite(self.name, {**config, "bootstrap.servers": self.bootstrap_servers})
