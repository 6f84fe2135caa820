"""The software of brokers' clients: ``socket-server-metrics`` by client software (KIP-511), as text for Prometheus.

The name of the metric is the exporter's: Strimzi's own configuration has
``kafka_server_socket_server_metrics_connections_software``, the JMX exporter without rules leaves the last word out.
The labels are Kafka's; they may be written in lower case or with underscores.
"""

import math
import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence

import httpx2

from drctl.errors import Unreachable, Unsupported
from drctl.model.clients import ConnectedSoftware
from drctl.redaction import redact_foreign, without_login

PATIENCE = 3.0, 2.0
"""Seconds for which an exporter may keep silent, and for a connection to it: it asks for thousands of values."""
WITHIN = 6.0
"""Seconds for all brokers of a site: a look of a person at all clients may take little more."""
MOST = 64 << 20
"""Bytes of an answer that are looked through: some thousand partitions make ten millions."""

LONGEST = 1 << 16
"""Letters of a line that is looked at; one of Kafka's metrics has some hundred."""

SAMPLE = re.compile(
    r"^[A-Za-z_:][\w:]{0,200}connections\w{0,200}\{(?P<labels>.*)\}\s+(?P<value>\S+)(?:\s+-?\d+)?\s*$", re.ASCII
)
LABEL = re.compile(r'([A-Za-z_]\w{0,100})="((?:[^"\\]|\\.)*)"', re.ASCII)
ESCAPED = re.compile(r"\\(.)")
NAME, VERSION, LISTENER = "clientsoftwarename", "clientsoftwareversion", "listener"


class ScrapedConnections:
    """Implements :class:`drctl.ports.ClientMetrics`; only reads. ``urls`` are one per broker."""

    def __init__(self, site: str, urls: Sequence[str]) -> None:
        self.site, self.urls = site, tuple(urls)

    def connected(self) -> tuple[ConnectedSoftware, ...]:
        until = time.monotonic() + WITHIN
        timeout = httpx2.Timeout(PATIENCE[0], connect=PATIENCE[1])
        with httpx2.Client(timeout=timeout, trust_env=False) as http:
            found = connections_in(line for url in self.urls for line in self._lines(http, url, until))
        if not found:  # drctl's own connections would be among them
            raise Unsupported(
                f"site {self.site}: the brokers' metrics tell no client software",
                remedy="let the exporter tell kafka.server:type=socket-server-metrics,clientSoftwareName=*",
            )
        return found

    def _lines(self, http: httpx2.Client, url: str, until: float) -> Sequence[str]:
        place, raw = f"site {self.site}: metrics at {without_login(url)}", bytearray()
        try:
            with http.stream("GET", url) as answer:
                for part in answer.iter_bytes():
                    raw += part
                    if len(raw) > MOST or time.monotonic() > until:
                        remedy = "see who answers there, and how long it takes"
                        raise Unreachable(f"{place} come to no end within {WITHIN:.0f} s", remedy=remedy)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            remedy = "check that the broker's exporter runs"
            raise Unreachable(f"{place} are not told: {redact_foreign(str(error))}", remedy=remedy) from error
        if not answer.is_success:
            raise Unreachable(f"{place} answer {answer.status_code}", remedy="correct brokerMetrics")
        return raw.decode("utf-8", "replace").split("\n")


def connections_in(lines: Iterable[str]) -> tuple[ConnectedSoftware, ...]:
    """Return what metrics in Prometheus' text format tell; lines of anything else are passed over."""
    counted: Counter[tuple[str, str, str]] = Counter()
    for line in lines:
        sample = SAMPLE.match(line) if len(line) <= LONGEST else None
        if sample is None:
            continue
        labels = {_bare(name): ESCAPED.sub(_unescaped, value) for name, value in LABEL.findall(sample["labels"])}
        number = _number(sample["value"])
        if NAME in labels and VERSION in labels and number > 0:
            counted[labels.get(LISTENER, ""), labels[NAME], labels[VERSION]] += number
    return tuple(
        ConnectedSoftware(software, version, listener, count)
        for (listener, software, version), count in sorted(counted.items())
    )


def _bare(label: str) -> str:
    return label.replace("_", "").lower()


def _unescaped(found: "re.Match[str]") -> str:
    return "\n" if found[1] == "n" else found[1]


def _number(text: str) -> int:
    try:
        value = float(text)
    except ValueError:
        return 0
    return int(value) if math.isfinite(value) else 0
