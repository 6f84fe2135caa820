"""Settings and partitions of one site's topics, and the topics themselves."""

from collections.abc import Collection, Mapping
from typing import Protocol


class Topics(Protocol):
    """Change what may be changed of topics. All methods are idempotent; NotFound for a topic that does not exist.

    A method returns when the brokers have taken a change; a broker may show it somewhat later.
    """

    def own(self, topics: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """Every asked topic's own settings; a key that only has a default of the brokers is left out."""
        ...

    def change(self, wanted: Mapping[str, Mapping[str, str | None]]) -> None:
        """Set these keys of these topics, or with None give them their defaults back; others stay.

        Conflict if the brokers decline a value.
        """
        ...

    def add_partitions(self, name: str, count: int) -> None:
        """Have at least that many partitions; with as many or more there is nothing to do."""
        ...

    def create(self, name: str, partitions: int, replicas: int, config: Mapping[str, str]) -> None:
        """Have a topic of that name; one that exists is left as it is. Conflict if the brokers decline it."""
        ...

    def delete(self, name: str) -> None:
        """Delete it with its records; one that does not exist is no error. Its groups' positions go with it, later.

        Conflict where the brokers delete no topics.
        """
        ...
