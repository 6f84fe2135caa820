"""Changes that make a standby equal to its source and take nothing away: what ``drctl doctor --fix`` may do."""

from dataclasses import dataclass

from drctl.model.access import AclRule


@dataclass(frozen=True, slots=True)
class SetTopicConfig:
    """One setting of one topic; ``was`` is what it is until then."""

    site: str
    topic: str
    key: str
    value: str
    was: str

    def __str__(self) -> str:
        return f"{self.site}: topic {self.topic}: set {self.key}={self.value} (now {self.was})"


@dataclass(frozen=True, slots=True)
class AddPartitions:
    """Partitions up to ``count``; there are ``was`` until then. They can never be taken away again."""

    site: str
    topic: str
    count: int
    was: int

    def __str__(self) -> str:
        return f"{self.site}: topic {self.topic}: add partitions up to {self.count} (now {self.was})"


@dataclass(frozen=True, slots=True)
class AllowRight:
    """One ALLOW rule."""

    site: str
    rule: AclRule

    def __str__(self) -> str:
        return f"{self.site}: add the rule {self.rule}"


@dataclass(frozen=True, slots=True)
class SetConnectorConfig:
    """One setting of one connector at the site's Connect worker, which restarts its tasks."""

    site: str
    connector: str
    key: str
    value: str
    was: str

    def __str__(self) -> str:
        return f"{self.site}: connector {self.connector}: set {self.key}={self.value} (now {self.was})"


type Fix = SetTopicConfig | AddPartitions | AllowRight | SetConnectorConfig
