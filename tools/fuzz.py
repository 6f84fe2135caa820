"""Mangled documents for every reader of documents: each must give a value or an error of drctl that has a remedy.

``make fuzz`` runs it for a minute, ``make check`` a fixed number of cases (``tests/unit/tools/test_fuzz.py``). A case
is made from seed, reader and number alone, so ``--reader pointer --first 1234 --cases 1`` makes it again.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import httpx2  # noqa: E402
from confluent_kafka import Message  # noqa: E402

from drctl.chaos.admission import admitted  # noqa: E402 - the checkout's own drctl
from drctl.config import load  # noqa: E402
from drctl.drivers.connect.definitions import read  # noqa: E402
from drctl.drivers.connect.replication import ConnectReplication  # noqa: E402
from drctl.drivers.kafka import properties  # noqa: E402
from drctl.drivers.kafka.mappings import decode_checkpoint, decode_sync  # noqa: E402
from drctl.drivers.kafka.offsets_topic import OffsetsTopic  # noqa: E402
from drctl.drivers.store.client_routing import FileClientRouting  # noqa: E402
from drctl.drivers.store.clock import SystemClock  # noqa: E402
from drctl.drivers.store.journal import SqliteJournal  # noqa: E402
from drctl.drivers.witness.service import ServiceWitness  # noqa: E402
from drctl.errors import Conflict, DrctlError  # noqa: E402
from drctl.ledger.history import lines_of  # noqa: E402
from drctl.model.chain import GENESIS, Change, Line, chained  # noqa: E402
from drctl.model.documents import DocumentError, json_of  # noqa: E402
from drctl.model.offsets import TopicPartition  # noqa: E402
from drctl.model.site import Link  # noqa: E402
from drctl.plans.lines import record_of  # noqa: E402
from drctl.plans.stamp import Stamp  # noqa: E402
from tools.fuzz_documents import (  # noqa: E402
    CHECKPOINT,
    CONNECTOR,
    EXPERIMENT,
    HISTORY,
    LINKS,
    NASTY,
    PLAN,
    POSITION,
    PROPERTIES,
    RECORD,
    RUN,
    SIGHTINGS,
    SYNC,
    VALUE,
)

LONGEST = 30.0
"""Seconds of CPU after which a reader counts as one that does not come to an end; the slowest answer takes a sixth."""


class Reader(NamedTuple):
    """What takes a document apart: its examples, and what reads one that lies in an empty folder of its own."""

    examples: tuple[bytes, ...]
    read: Callable[[Path, bytes], object]


def _file(name: str, reading: Callable[[Path], object]) -> Callable[[Path, bytes], object]:
    def written(folder: Path, raw: bytes) -> object:
        path = folder / name
        path.write_bytes(raw)
        return reading(path)

    return written


def _plan(path: Path) -> object:
    (path.parent / "c").touch()
    return load(path)


def _json(_: Path, raw: bytes) -> object:
    try:
        return json_of(raw)
    except DocumentError as error:
        if error.line < 1:
            raise
        return None


def _copied(folder: Path, raw: bytes) -> object:
    """The content of a journal's line, chained as only somebody who knows drctl would do it."""
    (folder / "j.sqlite").unlink(missing_ok=True)
    journal = SqliteJournal(folder / "j.sqlite", SystemClock())
    line = Line(1, Change.RUN_BEGUN, "r", raw.decode("utf-8", "replace"))
    return journal.complete([chained(GENESIS, line)])


def _committed(_: Path, raw: bytes) -> object:
    topic = OffsetsTopic()
    return [*topic.changes(raw, VALUE), *topic.changes(POSITION, raw)]


def _asked(_: Path, raw: bytes) -> object:
    """What a worker, or what answers in its place, says of a link's connectors: as an answer, and as an error."""
    link = _link()
    link.client._http = _answering(400, raw)
    with suppress(Conflict):
        link.frontier()
    link.client._http = _answering(200, raw)
    return link.worker.connector("x"), link.frontier()


def _seen(_: Path, raw: bytes) -> object:
    witness = _witness()
    witness._http = _answering(200, raw)
    return witness.sightings()


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


def _decoded(decode: Callable[[Message], object], size: int) -> Callable[[Path, bytes], object]:
    """A record of MirrorMaker 2: its key ends, and its value begins, as far from the end as the format has it."""

    def decoded(_: Path, raw: bytes) -> object:
        return decode(Message(topic="t", partition=0, offset=7, key=raw[:-size], value=raw[-size:]))

    return decoded


READERS = {
    "plan": Reader((PLAN,), _file("plan.yaml", _plan)),
    "links": Reader((LINKS.encode(),), _file("l.json", lambda p: read(Link("l", "north", "south", p, "User:m")))),
    "pointer": Reader(
        (b'{"site": "north"}\n', b'{"site": null}'), _file("d.json", lambda p: FileClientRouting(p).site())
    ),
    "experiment": Reader((EXPERIMENT,), _file("e.yaml", admitted)),
    "json": Reader((LINKS.encode(), RECORD.encode()), _json),
    "salvaged": Reader((RECORD.encode(),), lambda _, raw: record_of(TopicPartition("t", 0), raw)),
    "journal": Reader((RUN.encode(),), _copied),
    "commits": Reader((POSITION, VALUE), _committed),
    "stamps": Reader(
        (b"drctl plan=p run=r epoch=3", b"their own"), lambda _, raw: Stamp.read(raw.decode("utf-8", "replace"))
    ),
    "properties": Reader((PROPERTIES,), _file("c.properties", properties.load)),
    "connect": Reader((CONNECTOR.encode(),), _asked),
    "sightings": Reader((SIGHTINGS.encode(),), _seen),
    "history": Reader((HISTORY,), lambda _, raw: list(lines_of(raw.splitlines(keepends=True), "h.jsonl"))),
    "syncs": Reader((SYNC,), _decoded(decode_sync, 16)),
    "checkpoints": Reader((CHECKPOINT,), _decoded(decode_checkpoint, 20)),
}


def case(seed: int, reader: str, number: int) -> bytes:
    """The document of that number: an example, mangled up to eight times."""
    random = Random(f"{seed} {reader} {number}")
    raw = random.choice(READERS[reader].examples)
    for _ in range(random.randint(1, 8)):
        raw = _mangled(random, raw)
    return raw


def _mangled(random: Random, raw: bytes) -> bytes:
    """The document with one thing done to it, somewhere."""
    at, until = sorted((random.randint(0, len(raw)), random.randint(0, len(raw))))
    before, part, after = raw[:at], raw[at:until], raw[until:]
    nasty = random.choice(NASTY)
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: before + nasty + part + after,
        lambda: before + nasty + after,
        lambda: before + part[20:] + after,
        lambda: before + part + part + after,
        lambda: before + (part * 500)[:50_000] + after,
        lambda: before + random.randbytes(random.randint(1, 4)) + (part + after)[1:],
        lambda: raw.replace(random.choice(raw.split() or [b" "]), nasty, 1),
        lambda: raw.decode("utf-8", "replace").encode(random.choice(("utf-16", "utf-8-sig", "cp500")), "replace"),
    )
    return random.choice(ways)()


def complaint(reader: Reader, raw: bytes) -> str | None:
    """What is wrong with how a document is answered; nothing if it is a value, or an error with a remedy."""
    with tempfile.TemporaryDirectory(prefix="drctl-fuzz-") as folder:
        try:
            with _bounded():
                reader.read(Path(folder), raw)
        except DrctlError as error:
            return None if error.remedy else f"{type(error).__name__} without a remedy: {str(error)[:200]}"
        except _EndlessError:
            return f"no answer within {LONGEST} seconds of CPU"
        except Exception as error:  # noqa: BLE001 - any other error is what is looked for
            return f"{type(error).__name__}: {str(error)[:200]}"
    return None


class _EndlessError(BaseException):
    """The time is up. No reader may catch it."""


@contextmanager
def _bounded() -> Iterator[None]:
    """Seconds of this process's own CPU, so that a busy machine makes no difference."""

    def end(*_: object) -> None:
        raise _EndlessError

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def main() -> int:
    """Go through the readers in turn; 1 if any case was answered wrongly."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=60, help="stop after so long (default 60)")
    options.add_argument("--cases", type=int, help="stop after so many cases per reader instead")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--first", type=int, default=0, help="number of the first case")
    options.add_argument("--reader", choices=READERS, help="only this one")
    asked = options.parse_args()
    names = [asked.reader] if asked.reader else list(READERS)
    end, wrong, done = time.monotonic() + asked.seconds, 0, 0
    for number in count(asked.first):
        if number - asked.first == asked.cases or (asked.cases is None and time.monotonic() >= end):
            break
        for name in names:
            done += 1
            if said := complaint(READERS[name], case(asked.seed, name, number)):
                wrong += 1
                print(f"{name}: {said}\n  again: --seed {asked.seed} --reader {name} --first {number} --cases 1")
    print(f"{done} cases, {wrong} answered wrongly")
    return 1 if wrong or not done else 0


if __name__ == "__main__":
    sys.exit(main())
