"""What ``tools/fuzz.py`` has read through a stand-in for who answers, or in the place of a file among others."""

import json
import math
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from gzip import compress, decompress
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import httpx2
from confluent_kafka import Message

from drctl.drills.bundle.judging import judged_again
from drctl.drills.experiments.journal_audit import gaps, states
from drctl.drills.experiments.judging import read_faults, read_journal
from drctl.drivers.connect.replication import ConnectReplication
from drctl.drivers.kafka import journal_copy
from drctl.drivers.kafka.coordinators import COORDINATOR
from drctl.drivers.kafka.group_requests import (
    CLASSIC_GROUP,
    CONSUMER_GROUP,
    DELETED_GROUP,
    POSITIONS,
    committing,
    removing,
)
from drctl.drivers.kafka.wire_format import Malformed
from drctl.drivers.kafka.wire_format import WireReader as Bytes
from drctl.drivers.kube.arbiter import KEY, ConfigMapArbiter
from drctl.drivers.kube.kubelets import ProxiedKubelets
from drctl.drivers.kube.resources import KubeResources
from drctl.drivers.registry.schemas import HttpSchemaRegistry
from drctl.drivers.store.clock import SystemClock
from drctl.drivers.store.database import transaction
from drctl.drivers.store.journal import SqliteJournal
from drctl.drivers.store.lines import add
from drctl.drivers.store.vault import SUMS, FileVault
from drctl.drivers.strimzi.access import StrimziAccess
from drctl.drivers.strimzi.replication import StrimziReplication
from drctl.drivers.witness.service import ServiceWitness
from drctl.errors import Conflict
from drctl.model.chain import Change, entry_digest
from drctl.model.links import Link
from drctl.model.resources import POD
from drctl.model.run import Run
from drctl.model.schemas import RegistryPlace
from drctl.model.site import Canary, Site, Strimzi
from tests.unit.drills.bundles import bundle, listed, resealed
from tests.unit.drills.trials import trial_bundle
from tools.fuzz_documents import LINKS

NOON = "2026-11-24T12:00:00+00:00"


class _Hurried(SystemClock):
    """A clock of which every wait is over at once."""

    waited = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.waited

    def sleep(self, seconds: float) -> None:
        self.waited += seconds


def asked(_: Path, raw: bytes) -> object:
    """What a worker, or what answers in its place, says of a link's connectors: as an answer, and as an error."""
    link = _link()
    link.client._http = _answering(400, raw)
    with suppress(Conflict):
        link.frontier()
    link.client._http = _answering(200, raw)
    return link.worker.connector("x"), link.frontier()


def seen(_: Path, raw: bytes) -> object:
    witness = _witness()
    witness._http = _answering(200, raw)
    return witness.sightings()


def schemas(_: Path, raw: bytes) -> object:
    registry = HttpSchemaRegistry("north", RegistryPlace("http://r:1"))
    with _answering(200, raw) as http:
        return dict(registry._in_pages(http, math.inf))


@cache
def _link() -> ConnectReplication:
    """One for all cases: a client that could connect reads all authorities that it may trust."""
    with tempfile.TemporaryDirectory(prefix="drctl-fuzz-") as folder:
        definitions = Path(folder) / "l.json"
        definitions.write_text(LINKS)
        link = ConnectReplication(Link("l", "north", "south", definitions, "User:m"), "http://w:1", SystemClock())
    link.close()
    return link


@cache
def _witness() -> ServiceWitness:
    witness = ServiceWitness("west", "http://w:1")
    witness.close()
    return witness


def _answering(status: int, raw: bytes) -> httpx2.Client:
    """A client that connects to nothing, and is answered that whatever it asks."""
    kind = {"content-type": "application/json"}
    stand_in = httpx2.MockTransport(lambda _: httpx2.Response(status, headers=kind, content=raw))
    return httpx2.Client(transport=stand_in, base_url="http://w:1", verify=False)


def decoded(decode: Callable[[Message], object], size: int) -> Callable[[Path, bytes], object]:
    """A record of MirrorMaker 2: its key ends, and its value begins, as far from the end as the format has it."""

    def read(_: Path, raw: bytes) -> object:
        return decode(Message(topic="t", partition=0, offset=7, key=raw[:-size], value=raw[-size:]))

    return read


def connected(path: Path) -> object:
    """Read a kubeconfig, up to the point at which it would be connected by."""
    resources = KubeResources("north", path, "north", "kafka", SystemClock())
    try:
        return resources.client._connected()
    finally:
        resources.close()


def token(path: Path) -> object:
    """Read a token in a file of its own."""
    kubeconfig = path.parent / "kubeconfig"
    kubeconfig.write_text(
        "clusters: [{name: c, cluster: {server: 'http://h'}}]\n"
        "users: [{name: u, user: {tokenFile: token}}]\n"
        "contexts: [{name: north, context: {cluster: c, user: u}}]\n"
    )
    return connected(kubeconfig)


def _answered(raw: bytes, status: int = 200) -> KubeResources:
    """Resources of an API server that answers that, whatever it is asked."""
    resources = KubeResources("north", None, "north", "kafka", _Hurried())

    def request(*_: object, **__: object) -> object:
        body = BytesIO(raw + b"\n")  # the line that a watch brings is a whole one
        answer = {"status": status, "headers": {}, "read": body.read, "read1": body.read1}
        return SimpleNamespace(response=SimpleNamespace(**answer, release_conn=lambda: None, close=lambda: None))

    configuration = SimpleNamespace(host="http://h", auth_settings=dict)
    resources.client._rest = SimpleNamespace(configuration=configuration, request=request)
    return resources


def kubernetes(_: Path, raw: bytes) -> object:
    """Look at what an API server, or what answers in its place, says to every question."""
    resources = _answered(raw)
    found = [list(resources.watch(POD, "1", 1)), ProxiedKubelets(resources.client, "kafka").usage("n")]
    return [*found, resources.served("g"), resources.get(POD, "x"), resources.list(POD)]


def arbiter(_: Path, raw: bytes) -> object:
    """Read what the config map of an arbiter holds."""
    item = {"metadata": {"name": "a", "resourceVersion": "5"}, "data": {KEY: raw.decode("utf-8", "replace")}}
    return ConfigMapArbiter(_answered(json.dumps(item).encode()), "a").read()


def groups(_: Path, raw: bytes) -> object:
    """Take bytes for what a coordinator says to each of our questions."""
    of_one = (committing("g", {}), removing("g", []))
    for question in (COORDINATOR, POSITIONS, CLASSIC_GROUP, CONSUMER_GROUP, DELETED_GROUP, *of_one):
        with suppress(Malformed):
            question.told(Bytes(raw, flexible=True))
    return None


def strimzi(_: Path, raw: bytes) -> object:
    """Take one resource for all that Strimzi's operators write: Kafka, users, secrets, mirrors and offsets."""
    resources = _answered(raw)
    site = Site("north", "", None, "", Canary(None, "canary"))
    link = Link("l", "north", "south", Path(), "User:m", mirror_maker="m")
    client = StrimziAccess(site, Strimzi("north", "external", "drctl", "canary"), resources).client("drctl")
    replication = StrimziReplication(link, resources, _Hurried())
    return client, replication.status(), replication.frontier()


def copy(_: Path, raw: bytes) -> object:
    """Read a record of the journal's topic."""
    headers: list[tuple[str, str | bytes | None]] = [("number", b"1"), ("part", b"1/1")]
    record = Message(topic="drctl.journal", partition=0, offset=7, key=b"lab", value=raw, headers=headers)
    return list(journal_copy._joined("north", [record]))


def parts(_: Path, raw: bytes) -> object:
    """Read headers of a record of the journal's topic, divided at a blank."""
    number, part = [*raw.split(b" ", 1), b""][:2]
    headers: list[tuple[str, str | bytes | None]] = [("number", number), ("part", part)]
    record = Message(topic="drctl.journal", partition=0, offset=7, key=b"lab", value=b"{}", headers=headers)
    return list(journal_copy._joined("north", [record]))


def entry(folder: Path, raw: bytes) -> object:
    """Read the body of a journal's entry, chained as only somebody who knows drctl would do it."""
    path = folder / "e.sqlite"
    path.unlink(missing_ok=True)
    journal = SqliteJournal(path, SystemClock())
    journal.begin(Run("r", "approval", "p", "d", "", "", 1))
    body = raw.decode("utf-8", "replace").replace("\0", "")
    digest = entry_digest("r", 1, NOON, "approval-given", "", body)
    with transaction(path) as database:
        database.execute("INSERT INTO entry VALUES ('r', 1, ?, 'approval-given', '', ?, ?)", (NOON, body, digest))
        add(database, Change.ENTRY_WRITTEN, "r", "1", digest)
    return journal.entries("r"), journal.lines()


def sums(path: Path) -> object:
    """Read the checksums of a salvage."""
    folder = path.parent / "r"
    folder.mkdir()
    path.rename(folder / SUMS)
    return FileVault(path.parent).faults("r")


def toolkit_journal(_: Path, raw: bytes) -> object:
    """Audit a journal of the Chaos Toolkit."""
    journal, digest = read_journal(raw)
    return list(gaps(journal)), journal is None or states(journal), digest


def faults(_: Path, raw: bytes) -> object:
    """Read what others saw of faults."""
    return list(read_faults(raw))


@cache
def _bundle(kind: str) -> Path:
    """A bundle of a drill or an experiment that never happened; gone with the process."""
    folder = tempfile.TemporaryDirectory(prefix="drctl-fuzz-")
    _KEPT.append(folder)
    return bundle(Path(folder.name)) if kind == "drill" else trial_bundle(Path(folder.name))


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


def part_of(kind: str, name: str) -> Callable[[], tuple[bytes, ...]]:
    """What stands in that file of such a bundle, unpacked."""

    def examples() -> tuple[bytes, ...]:
        raw = (_bundle(kind) / name).read_bytes()
        return (decompress(raw) if name.endswith(".gz") else raw,)

    return examples


def judged_with(kind: str, name: str) -> Callable[[Path, bytes], object]:
    """Judge such a bundle again with that in place of a file of it, its manifest made to fit."""

    def judge(folder: Path, raw: bytes) -> object:
        report = folder / "report"
        shutil.rmtree(report, ignore_errors=True)
        shutil.copytree(_bundle(kind), report)
        (report / name).write_bytes(compress(raw, 1) if name.endswith(".gz") else raw)
        resealed(report)
        return judged_again(report, listed(report))

    return judge
