"""What a drctl service at another place saw, as it tells at ``/sightings``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx2

from drctl.errors import Unreachable, Unsupported
from drctl.model.reading import Reading
from drctl.model.sight import Sighting
from drctl.redaction import redact_foreign, without_login


class ServiceWitness:
    """Implements :class:`drctl.ports.Witness`. What it says is only believed of itself: ``place`` is ours to give."""

    def __init__(self, place: str, url: str) -> None:
        self.place, self.url = place, without_login(url).rstrip("/")
        self._asked = f"{url.rstrip('/')}/sightings"
        self._http = httpx2.Client(timeout=httpx2.Timeout(3, connect=2), trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def sightings(self) -> Mapping[str, tuple[Sighting, ...]]:
        told: Any = None
        try:
            answer = self._http.get(self._asked)
            if answer.is_success:
                told = answer.json()
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise Unreachable(
                f"witness {self.place} does not answer: {redact_foreign(str(error))}", remedy="check its service"
            ) from error
        except (ValueError, RecursionError):
            pass  # told below
        try:
            return {str(site): tuple(map(self._sighting, seen)) for site, seen in told["sites"].items()}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Unsupported(
                f"what answers at {self.url} is no drctl service that has looked", remedy="correct the witness's url"
            ) from error

    def _sighting(self, told: Mapping[str, Any]) -> Sighting:
        met, seen = told["met"], datetime.fromisoformat(told["seenAt"])
        if seen.tzinfo is None or not (met is None or isinstance(met, bool)):
            raise ValueError(told)
        reading: Reading[bool] = Reading(met, seen, "" if met is not None else str(told.get("unknown") or "unknown"))
        return Sighting(f"drctl-{self.place}", self.place, str(told["part"]), reading)
