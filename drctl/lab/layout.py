"""Where everything of a lab lies: folders, ports, names, and how a JVM is started."""

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from drctl.errors import LabError
from drctl.lab.ports import free_ports

KAFKA = "4.3.1"
SITES = ("north", "south")
USERS = ("admin", "drctl", "connect", "mm2", "sinks", "canary", "turbines", "shop", "readers")
TOPICS = {"turbines.readings": 6, "shop.orders": 3, "shop.prices": 2}
GROUPS = ("dispatch", "reporting", "billing", "forecast", "pricing")
CANARY_TOPIC = "drctl.canary"
SOCKET = "supervisor.sock"
LOGS = "logs"
JVM_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}
"""Of every JVM: it reads names of files by its locale, and in none but UTF-8 all of them exist."""


@dataclass(frozen=True, slots=True)
class KraftNode:
    """One combined KRaft node: its ports. ``link`` advertises ``wire``, so it is reached through the wire."""

    number: int
    client: int
    internal: int
    controller: int
    link: int
    wire: int


@dataclass(frozen=True, slots=True)
class SiteLayout:
    """One site: its nodes, the port of its Connect worker, and the host where its brokers listen."""

    name: str
    nodes: tuple[KraftNode, ...]
    connect: int
    host: str = "localhost"

    @property
    def bootstrap_servers(self) -> str:
        """For clients on this side of the wire."""
        return ",".join(f"{self.host}:{node.client}" for node in self.nodes)

    @property
    def link_servers(self) -> str:
        """For the other site's Connect worker, through the wire."""
        return ",".join(f"localhost:{node.wire}" for node in self.nodes)

    @property
    def replicas(self) -> int:
        """Replication factor that these nodes can carry."""
        return min(3, len(self.nodes))

    def broker(self, number: int) -> str:
        """The process name of a broker."""
        return f"{self.name}-broker-{number}"

    @property
    def brokers(self) -> tuple[str, ...]:
        """Process names of all brokers."""
        return tuple(self.broker(node.number) for node in self.nodes)

    @property
    def worker(self) -> str:
        """The process name of the Connect worker."""
        return f"{self.name}-connect"


def other(site: str) -> str:
    """The other one of the two sites."""
    return SITES[1 - SITES.index(site)]


def wire(source: str) -> str:
    """The process that carries the link from that site: the other site's worker reads through it."""
    return f"wire-{source}-to-{other(source)}"


def password(user: str, site: str) -> str:
    """The lab's passwords are no secrets, but are treated as such."""
    return f"{user}-at-{site}"


def plan_layout(nodes: int) -> dict[str, SiteLayout]:
    """Choose free ports for both sites."""
    ports = iter(free_ports(2 * (5 * nodes + 1)))
    return {name: _site(name, nodes, ports) for name in SITES}


def _site(name: str, nodes: int, ports: Iterator[int]) -> SiteLayout:
    return SiteLayout(name, tuple(_node(number, ports) for number in range(1, nodes + 1)), next(ports))


def _node(number: int, ports: Iterator[int]) -> KraftNode:
    return KraftNode(number, *(next(ports) for _ in range(5)))


def require_usable(folder: Path) -> None:
    """LabError for a folder whose name Kafka's settings cannot hold: they have lists, and references to files.

    Beyond the first 65536 letters Java 17 finds a folder, and not what lies in it by a URL.
    """
    name = str(folder)
    if any(
        letter in ",:{}" or ord(letter) < 32 or 0xD800 <= ord(letter) < 0xE000 or ord(letter) > 0xFFFF
        for letter in name
    ):
        raise LabError(
            f"a lab cannot lie in {name!r}: Kafka's settings take no path with a comma, a colon, a brace, an emoji, a"
            " control character or a letter that is not UTF-8",
            remedy="name another folder with --dir or DRCTL_LAB",
        )


def cache() -> Path:
    """The folder outside any checkout that set-up fills."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("DRCTL_CACHE") or Path(home) / "drctl")


def class_path() -> str:
    """Kafka's jars as a class path. LabError if set-up has not fetched them."""
    kafka = cache() / f"kafka-{KAFKA}"
    if not (kafka / ".complete").exists():
        raise LabError(f"Kafka {KAFKA} is not in {kafka}", remedy="run 'make setup', which fetches it")
    return f"{kafka / 'libs'}/*"


def archive(main: str) -> Path:
    """Where the class-data archive of that program lies once set-up has made it."""
    return cache() / f"kafka-{KAFKA}" / "classes" / f"{main}.jsa"


def java(main: str, *arguments: str, heap: str = "256m") -> list[str]:
    """A JVM tuned to start fast and stay small. Measured: half the start-up time and memory of the defaults.

    A third of the work of starting a lab is loading classes, so they come from an archive where there is one. One that
    does not fit this JVM or these jars is ignored by the JVM, which then loads them one by one.

    What is in DRCTL_LAB_JAVA_FLAGS goes over it: ``-XX:TieredStopAtLevel=4`` serves a load that lasts, for once the JVM
    is group_sync, TLS alone costs a fraction.
    """
    flags = [f"-Xmx{heap}", "-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xss512k", "-Xshare:auto"]
    log = Path(__file__).parent / "kafka" / "log4j2.yaml"
    flags += ["-XX:ReservedCodeCacheSize=64m", "-Djava.awt.headless=true", f"-Dlog4j2.configurationFile={log}"]
    if archive(main).exists():
        flags.append(f"-XX:SharedArchiveFile={archive(main)}")
    flags += shlex.split(os.environ.get("DRCTL_LAB_JAVA_FLAGS", ""))
    return ["java", *flags, "-cp", class_path(), main, *arguments]
