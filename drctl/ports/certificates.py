"""Certificates of one site: those that its brokers present, and those that its clients are set up with."""

from typing import Protocol

from drctl.model.upkeep import Certificate, KeptCertificate


class Certificates(Protocol):
    """Looks at certificates and trusts none: whether they may be trusted is the clients' business."""

    def addresses(self) -> tuple[str, ...]:
        """The bootstrap addresses as ``host:port``; none where the site's clients speak without TLS."""
        ...

    def served(self, address: str) -> tuple[Certificate, ...]:
        """The chain that is presented there, the broker's own first. Nobody logs in; Unsupported if it speaks no TLS.

        Of a broker that refuses TLS 1.2 only its own certificate is told.
        """
        ...

    def kept(self) -> tuple[KeptCertificate, ...]:
        """Those in the keystores and truststores of drctl's client and of the canary's."""
        ...
