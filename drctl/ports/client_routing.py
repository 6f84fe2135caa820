"""Where clients are told to go."""

from typing import Protocol


class ClientRouting(Protocol):
    """One pointer that clients follow: the name of the site that serves them, or nowhere."""

    def site(self) -> str | None:
        """The site clients are sent to, or None while routing is closed to consumers."""
        ...

    def obstacle(self) -> str:
        """Why it could not be turned now, in words, as far as that shows without turning it; else empty.

        Whatever :meth:`site` raises where it cannot be asked.
        """
        ...

    def route_to(self, site: str | None) -> None:
        """Send clients there; None closes it to consumers. Atomic: readers see the old or the new value."""
        ...
