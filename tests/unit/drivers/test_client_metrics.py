"""Brokers' metrics read for the software of clients: by name and label as exporters write them, and within bounds."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

import pytest

from drctl.drivers.metrics import connections
from drctl.drivers.metrics.connections import ScrapedConnections, connections_in
from drctl.errors import Unreachable, Unsupported
from drctl.model.clients import ConnectedSoftware
from tests.unit.drivers.serving import served

STRIMZI = "kafka_server_socket_server_metrics_connections_software"
JAVA = (
    '{{clientSoftwareName="apache-kafka-java",clientSoftwareVersion="3.7.0",'
    'listener="TLS-9093",networkProcessor="{}",}}'
)


@dataclass
class Exporters:
    """What each broker's exporter answers, by path; every other path is not there."""

    told: dict[str, str] = field(default_factory=dict)


@contextmanager
def serving(exporters: Exporters) -> Iterator[str]:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            raw = exporters.told.get(self.path, "").encode()
            self.send_response(200 if self.path in exporters.told else 404)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            """Stay silent."""

    with served(Answers) as url:
        yield url


@pytest.fixture
def exporters() -> Exporters:
    return Exporters()


@pytest.fixture
def url(exporters: Exporters) -> Iterator[str]:
    with serving(exporters) as address:
        yield address


def test_connections_of_all_brokers_and_processors_are_added_up(exporters: Exporters, url: str) -> None:
    exporters.told = {
        "/1": f"# TYPE {STRIMZI} gauge\n{STRIMZI}{JAVA.format(0)} 2.0\n{STRIMZI}{JAVA.format(1)} 3.0 1767225600000\n",
        "/2": f'{STRIMZI}{JAVA.format(0)} 1.0\nkafka_server_brokertopicmetrics_messagesin_total{{topic="t"}} 7.0\n'
        f'{STRIMZI}{{clientSoftwareName="librdkafka",clientSoftwareVersion="2.9.0",listener="PLAIN-9092"}} 4\n',
    }
    assert ScrapedConnections("north", (f"{url}/1", f"{url}/2")).connected() == (
        ConnectedSoftware("librdkafka", "2.9.0", "PLAIN-9092", 4),
        ConnectedSoftware("apache-kafka-java", "3.7.0", "TLS-9093", 6),
    )


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('x_connections{clientsoftwarename="a",clientsoftwareversion="1"} 1', ConnectedSoftware("a", "1", "", 1)),
        (
            'x_connections{client_software_name="a",client_software_version="1"} 9',
            ConnectedSoftware("a", "1", "", 9),
        ),
        (
            r'x_connections{clientSoftwareName="a\"b\\c\nd",clientSoftwareVersion="1"} 1',
            ConnectedSoftware('a"b\\c\nd', "1", "", 1),
        ),
    ],
    ids=["lower case", "underscores", "escapes"],
)
def test_labels_are_read_as_exporters_write_them(line: str, found: ConnectedSoftware) -> None:
    assert connections_in([line]) == (found,)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "# x_connections{} 1",
        "x_connections 5",
        'x_connections{listener="A"} 5',
        'x_connections{clientSoftwareName="a"} 5',
        'x_requests{clientSoftwareName="a",clientSoftwareVersion="1"} 5',
        'x_connections{clientSoftwareName="a",clientSoftwareVersion="1"} 0.0',
        'x_connections{clientSoftwareName="a",clientSoftwareVersion="1"} NaN',
        'x_connections{clientSoftwareName="a",clientSoftwareVersion="1"} +Inf',
        'x_connections{clientSoftwareName="a",clientSoftwareVersion="1"} many',
        'x_connections{clientSoftwareName="a',
    ],
)
def test_whatever_else_a_line_tells_is_passed_over(line: str) -> None:
    assert connections_in([line]) == ()


def test_metrics_without_client_software_are_not_taken_for_nobody(exporters: Exporters, url: str) -> None:
    exporters.told = {"/": "up 1\n"}
    with pytest.raises(Unsupported, match="site north: the brokers' metrics tell no client software"):
        ScrapedConnections("north", (f"{url}/",)).connected()


def test_one_broker_that_does_not_tell_leaves_the_whole_unknown(exporters: Exporters, url: str) -> None:
    exporters.told = {"/1": f"{STRIMZI}{JAVA.format(0)} 2.0\n"}
    with pytest.raises(Unreachable, match=r"site north: metrics at .*/2 answer 404"):
        ScrapedConnections("north", (f"{url}/1", f"{url}/2")).connected()


def test_nobody_there_is_told_without_a_login_in_the_address(exporters: Exporters) -> None:
    with serving(exporters) as address:
        gone = address.replace("http://", "http://user:hidden@")
    with pytest.raises(Unreachable, match="are not told") as caught:
        ScrapedConnections("north", (gone,)).connected()
    assert "hidden" not in str(caught.value)


def test_an_answer_that_is_not_over_in_time_is_given_up(
    exporters: Exporters, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporters.told = {"/": f"{STRIMZI}{JAVA.format(0)} 2.0\n"}
    monkeypatch.setattr(connections, "WITHIN", -1.0)
    with pytest.raises(Unreachable, match="come to no end"):
        ScrapedConnections("north", (f"{url}/",)).connected()
