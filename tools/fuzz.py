"""Mangled documents for every reader of documents: each must give a value or an error of drctl that has a remedy.

``make fuzz`` runs it for a minute, ``make check`` a fixed number of cases (``tests/unit/tools/test_fuzz.py``). A case
is made from seed, reader and number alone, so ``--reader pointer --first 1234 --cases 1`` makes it again.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))


from drctl.chaos.admission import admitted  # noqa: E402 - the checkout's own drctl
from drctl.config import load  # noqa: E402
from drctl.drills.bundle.manifest import MANIFEST, parsed  # noqa: E402
from drctl.drills.bundle.signature import private_key, public_key  # noqa: E402
from drctl.drills.bundle.write import FACTS, JOURNAL, PRIMARY, TOOLKIT_JOURNAL  # noqa: E402
from drctl.drivers.connect.definitions import read  # noqa: E402
from drctl.drivers.kafka import properties  # noqa: E402
from drctl.drivers.kafka.mappings import decode_checkpoint, decode_sync  # noqa: E402
from drctl.drivers.kafka.offsets_topic import OffsetsTopic  # noqa: E402
from drctl.drivers.metrics.connections import connections_in  # noqa: E402
from drctl.drivers.store.arbiter import FileArbiter  # noqa: E402
from drctl.drivers.store.client_routing import FileClientRouting  # noqa: E402
from drctl.drivers.store.clock import SystemClock  # noqa: E402
from drctl.drivers.store.journal import SqliteJournal  # noqa: E402
from drctl.errors import DrctlError  # noqa: E402
from drctl.ledger.history import lines_of  # noqa: E402
from drctl.model.chain import GENESIS, Change, Line, chained  # noqa: E402
from drctl.model.documents import DocumentError, json_of  # noqa: E402
from drctl.model.links import Link  # noqa: E402
from drctl.model.offsets import TopicPartition  # noqa: E402
from drctl.plans.lines import record_of  # noqa: E402
from drctl.plans.stamp import Stamp  # noqa: E402
from tools import fuzz_readers  # noqa: E402
from tools.fuzz_documents import (  # noqa: E402
    ARBITER,
    BODY,
    CHECKPOINT,
    CONNECTOR,
    COPIED,
    EXPERIMENT,
    FAULT,
    GROUPS,
    HEADERS,
    HISTORY,
    KUBECONFIG,
    KUBERNETES,
    LINKS,
    LISTED,
    METRICS,
    NASTY,
    OTHERS,
    PLAN,
    POSITION,
    PRIVATE,
    PROPERTIES,
    PUBLIC,
    RECORD,
    RUN,
    SCHEMAS,
    SIGHTINGS,
    SUMS,
    SYNC,
    VALUE,
)
from tools.fuzz_readers import judged_with, part_of  # noqa: E402

LONGEST = 30.0
"""Seconds of CPU after which a reader counts as one that does not come to an end; the slowest answer takes a sixth."""


@dataclass(frozen=True)
class Reader:
    """What takes a document apart: its examples, and what reads one that lies in an empty folder of its own."""

    given: tuple[bytes, ...] | Callable[[], tuple[bytes, ...]]
    read: Callable[[Path, bytes], object]

    @property
    def examples(self) -> tuple[bytes, ...]:
        """Documents that nobody has mangled."""
        return self.given() if callable(self.given) else self.given


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


BUNDLED = {"drill": (FACTS, JOURNAL, PRIMARY), "experiment": (FACTS, TOOLKIT_JOURNAL)}
"""Files of bundles of both kinds, with each of which in their place a bundle is judged again."""

READERS = {
    "plan": Reader((PLAN,), _file("plan.yaml", _plan)),
    "links": Reader((LINKS.encode(),), _file("l.json", lambda p: read(Link("l", "north", "south", p, "User:m")))),
    "pointer": Reader(
        (b'{"site": "north"}\n', b'{"site": null}'), _file("d.json", lambda p: FileClientRouting(p).site())
    ),
    "arbiter": Reader((ARBITER.encode(),), _file("a.json", lambda path: FileArbiter(path).read())),
    "arbiter's config map": Reader((ARBITER.encode(),), fuzz_readers.arbiter),
    "experiment": Reader((EXPERIMENT,), _file("e.yaml", admitted)),
    "json": Reader((LINKS.encode(), RECORD.encode()), _json),
    "salvaged": Reader((RECORD.encode(),), lambda _, raw: record_of(TopicPartition("t", 0), raw)),
    "journal": Reader((RUN.encode(),), _copied),
    "commits": Reader((POSITION, VALUE), _committed),
    "stamps": Reader(
        (b"drctl plan=p run=r epoch=3", b"their own"), lambda _, raw: Stamp.read(raw.decode("utf-8", "replace"))
    ),
    "properties": Reader((PROPERTIES,), _file("c.properties", properties.load)),
    "connect": Reader((CONNECTOR.encode(),), fuzz_readers.asked),
    "metrics": Reader((METRICS,), lambda _, raw: connections_in(raw.decode("utf-8", "replace").splitlines())),
    "schemas": Reader((SCHEMAS.encode(),), fuzz_readers.schemas),
    "sightings": Reader((SIGHTINGS.encode(),), fuzz_readers.seen),
    "history": Reader((HISTORY,), lambda _, raw: list(lines_of(raw.splitlines(keepends=True), "h.jsonl"))),
    "kubeconfig": Reader((KUBECONFIG,), _file("kubeconfig", fuzz_readers.connected)),
    "token": Reader((b"abc.def-ghi_5\n",), _file("token", fuzz_readers.token)),
    "kubernetes": Reader((LISTED.encode(),), fuzz_readers.kubernetes),
    "strimzi": Reader((KUBERNETES.encode(),), fuzz_readers.strimzi),
    "journal copy": Reader((COPIED,), fuzz_readers.copy),
    "groups": Reader(GROUPS, fuzz_readers.groups),
    "headers": Reader((HEADERS,), fuzz_readers.parts),
    "entry": Reader((BODY.encode(),), fuzz_readers.entry),
    "sums": Reader((SUMS,), _file("sums", fuzz_readers.sums)),
    "private key": Reader((PRIVATE,), _file("k.pem", private_key)),
    "public key": Reader((PUBLIC,), _file("k.pem", public_key)),
    "faults": Reader((FAULT,), fuzz_readers.faults),
    "toolkit journal": Reader(part_of("experiment", TOOLKIT_JOURNAL), fuzz_readers.toolkit_journal),
    "manifest": Reader(part_of("drill", MANIFEST), lambda _, raw: parsed(raw)),
    **{
        f"{kind}: {name}": Reader(part_of(kind, name), judged_with(kind, name))
        for kind, names in BUNDLED.items()
        for name in names
    },
    "syncs": Reader((SYNC,), fuzz_readers.decoded(decode_sync, 16)),
    "checkpoints": Reader((CHECKPOINT,), fuzz_readers.decoded(decode_checkpoint, 20)),
}


def case(seed: int, reader: str, number: int) -> bytes:
    """The document of that number: an example, mangled up to eight times."""
    random = Random(f"{seed} {reader} {number}")
    raw = random.choice(READERS[reader].examples)
    way = _otherwise if random.random() < 0.3 else _mangled
    for _ in range(random.randint(1, 8)):
        raw = way(random, raw)
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


def _otherwise(random: Random, raw: bytes) -> bytes:
    """A JSON document, or one of its lines, with another value in one place; any other document as it is."""
    lines = raw.splitlines(keepends=True) or [b""]
    at = random.randrange(len(lines))
    for before, part, after in ((b"", raw, b""), (b"".join(lines[:at]), lines[at], b"".join(lines[at + 1 :]))):
        with suppress(ValueError, RecursionError):
            return before + json.dumps(_changed(random, json.loads(part))).encode() + b"\n" + after
    return raw


def _changed(random: Random, value: Any) -> Any:
    keys: list[Any] = (
        list(value) if isinstance(value, dict) else list(range(len(value if isinstance(value, list) else ())))
    )
    if not keys or random.random() < 0.2:
        return random.choice(OTHERS)
    key = random.choice(keys)
    value[key] = _changed(random, value[key])
    if random.random() < 0.1:
        del value[key]
    return value


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
