"""Read what a drctl service at another place saw, as it tells at ``/sightings``."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx2

from drctl.errors import Unreachable, Unsupported
from drctl.model.documents import json_of
from drctl.model.reading import Reading
from drctl.model.sight import Sighting
from drctl.redaction import redact_foreign, without_login

PATIENCE = 3.0, 2.0
"""Seconds for which a witness may keep silent, and for a connection to it."""
MOST = 1 << 20
"""Bytes of an answer that are taken in: a sighting has about a hundred, and a site some ten of them."""


class ServiceWitness:
    """Implements :class:`drctl.ports.Witness`. What it says is only believed of itself: ``place`` is ours to give."""

    def __init__(self, place: str, url: str) -> None:
        self.place, self.url = place, without_login(url).rstrip("/")
        self._asked = f"{url.rstrip('/')}/sightings"
        self._http = httpx2.Client(timeout=httpx2.Timeout(PATIENCE[0], connect=PATIENCE[1]), trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def sightings(self) -> Mapping[str, tuple[Sighting, ...]]:
        told: Any = None
        try:
            told = json_of(self._answer())
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise Unreachable(
                f"witness {self.place} does not answer: {redact_foreign(str(error))}", remedy="check its service"
            ) from error
        except ValueError:
            pass  # told below
        try:
            return {str(site): tuple(map(self._sighting, seen)) for site, seen in told["sites"].items()}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Unsupported(
                f"what answers at {self.url} is no drctl service that has looked", remedy="correct the witness's url"
            ) from error

    def _answer(self) -> bytes:
        """Return what it tells; nothing where that is an error, or comes to no end."""
        raw, until = bytearray(), time.monotonic() + sum(PATIENCE)
        with self._http.stream("GET", self._asked) as answer:
            if not answer.is_success:
                return b""
            for part in answer.iter_bytes():
                raw += part
                if len(raw) > MOST or time.monotonic() > until:
                    return b""
        return bytes(raw)

    def _sighting(self, told: Mapping[str, Any]) -> Sighting:
        met, seen = told["met"], datetime.fromisoformat(told["seenAt"])
        if seen.tzinfo is None or not (met is None or isinstance(met, bool)):
            raise ValueError(told)
        reading: Reading[bool] = Reading(met, seen, "" if met is not None else str(told.get("unknown") or "unknown"))
        return Sighting(f"drctl-{self.place}", self.place, str(told["part"]), reading)
