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
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from random import Random
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from drctl.chaos.admission import admitted  # noqa: E402 - the checkout's own drctl
from drctl.config import load  # noqa: E402
from drctl.drivers.connect.definitions import read  # noqa: E402
from drctl.drivers.kafka.offsets_topic import OffsetsTopic  # noqa: E402
from drctl.drivers.store.clock import SystemClock  # noqa: E402
from drctl.drivers.store.front_door import FileFrontDoor  # noqa: E402
from drctl.drivers.store.journal import SqliteJournal  # noqa: E402
from drctl.errors import DrctlError  # noqa: E402
from drctl.model.chain import GENESIS, Change, Line, chained  # noqa: E402
from drctl.model.documents import DocumentError, json_of  # noqa: E402
from drctl.model.offsets import TopicPartition  # noqa: E402
from drctl.model.site import Link  # noqa: E402
from drctl.plans.lines import record_of  # noqa: E402

LONGEST = 30.0
"""Seconds of CPU after which a reader counts as one that does not come to an end; the slowest answer takes a sixth."""

NASTY = (
    *(b"[" * 5000, b"{" * 200, b"- " * 200, b"? " * 100, b'{"a":' * 200, b"a" * 40_000),
    *(b"9" * 5000, b"-", b"1e999", b"NaN", b"0x", b"1_0", b"2001-99-99", b"99999999999999999h", b"\xd9\xa3"),
    *(b"\x00", b"\x1b]0;x\x07", b"\n", b"\r", b"\t", b" ", b"\xc2\x85", b"\xe2\x80\xa8", b"\xff"),
    *(b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"\\", b'"', b"'", b":", b": ", b",", b"]", b"}", b"#"),
    *(b"&a ", b"*a ", b"<<: ", b"!!binary ", b"!x ", b"%YAML 1.1\n---\n", b"---\n", b"...\n", b"|\n", b">\n"),
    *(b"null", b"true", b"[::1", b"://", b"@"),
)
"""What documents of all kinds stumble over."""

PLAN = b"""\
apiVersion: drctl.io/v1alpha1
kind: DisasterRecoveryPlan
metadata: {name: plant}
spec:
  sites:
    - name: DC1
      kafka: {bootstrapServers: "n:1, [::1]:2", clientProperties: c, canary: {clientProperties: c, topic: canary}}
      connect: {url: "http://n:8083"}
      kubernetes: {kubeconfig: c, context: north, namespace: kafka, pods: app=kafka}
    - name: us_east
      kafka: {bootstrapServers: "s:1", clientProperties: c, canary: {clientProperties: c, topic: canary}}
      connect: {url: "https://s:8083"}
  links:
    - {name: n-s, source: DC1, target: us_east, connectors: c, replicationPrincipal: "User:mm2"}
    - {name: s-n, source: us_east, target: DC1, connectors: c, replicationPrincipal: "User:mm2", separator: "-"}
  workloads:
    - {name: all, topics: [readings, a.b], groups: ["billing[/prod]"], sinks: [lake]}
  objectives: {recoveryTime: 1h30m, recoveryPoint: 0s}
  guards: {fenceWindow: 5s, maxLag: 5, coolDown: 1m}
  hooks: {pre: [{command: [sh, -c, x], timeout: 1m}]}
  frontDoor: {file: door.json}
  state: {file: state.sqlite}
"""
MIRROR = "org.apache.kafka.connect.mirror.Mirror"
ALIASES = {"source.cluster.alias": "north", "target.cluster.alias": "south", "tasks.max": 2}
LINKS = json.dumps(
    {k: {"connector.class": f"{MIRROR}{k}Connector", **ALIASES} for k in ("Source", "Checkpoint", "Heartbeat")},
    indent=1,
)
EXPERIMENT = (ROOT / "experiments" / "leader-broker-killed.yaml").read_bytes()
RECORD = json.dumps(
    {"offset": 1, "timestamp": 5, "timestampType": "CreateTime", "transaction": "committed", "leaderEpoch": None}
    | {"key": None, "value": "dg==", "headers": [["h", "dg=="]]}
)
RUN = '{"epoch": 3, "id": "r", "kind": "switchover", "plan": "p", "plan_digest": "d", "source": "n", "target": "s"}'
POSITION = b"\x00\x01\x00\x05group\x00\x05topic" + bytes(4)
VALUE = bytes.fromhex("0003" + "0000000000000007" + "00000001" + "0000" + "0000000000000005")


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


READERS = {
    "plan": Reader((PLAN,), _file("plan.yaml", _plan)),
    "links": Reader((LINKS.encode(),), _file("l.json", lambda p: read(Link("l", "north", "south", p, "User:m")))),
    "pointer": Reader((b'{"site": "north"}\n', b'{"site": null}'), _file("d.json", lambda p: FileFrontDoor(p).site())),
    "experiment": Reader((EXPERIMENT,), _file("e.yaml", admitted)),
    "json": Reader((LINKS.encode(), RECORD.encode()), _json),
    "salvaged": Reader((RECORD.encode(),), lambda _, raw: record_of(TopicPartition("t", 0), raw)),
    "journal": Reader((RUN.encode(),), _copied),
    "commits": Reader((POSITION, VALUE), _committed),
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
