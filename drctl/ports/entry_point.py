"""Ask what clients bootstrap through, whichever site serves them."""

from typing import Protocol


class EntryPoint(Protocol):
    """Addresses that lead clients to the site to which they are sent: a name in DNS, a load balancer, a proxy."""

    @property
    def servers(self) -> str:
        """Bootstrap servers as clients have them, for people."""
        ...

    def cluster_id(self, site: str) -> str:
        """The id of the cluster that answers there now, to one who logs in as drctl does at ``site``.

        Each call makes a connection of its own, as a client that starts does. Unreachable or Unauthenticated where none
        lets us in.
        """
        ...
