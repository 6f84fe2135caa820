"""Whole records and the vault, in memory."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256

from drctl.errors import Conflict, DrctlError, Forbidden, NotFound
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.salvage import Content, Fate
from drctl.ports import Replay
from tests.fakes.effects import Effects
from tests.fakes.site import Ending, FakeSite


class FakeContents:
    """Reads entries as they are; writes as ``User:drctl``."""

    def __init__(self, site: FakeSite, effects: Effects | None = None) -> None:
        self.site = site
        self._effects = effects or Effects()

    def read(self, partition: TopicPartition, start: int, stop: int) -> Iterator[Content]:
        log = self.site.log(partition)
        for offset in range(max(start, log.start), min(stop, len(log.entries))):
            entry = log.entries[offset]
            if entry.payload is not None and not entry.gone:
                ending = entry.transaction.ending if entry.transaction else Ending.COMMITTED
                fate = Fate[ending.name] if offset < log.bounds.stable else Fate.OPEN
                value = None if entry.tombstone else entry.payload
                yield Content(partition, offset, entry.key, value, entry.headers, entry.milliseconds, fate=fate)

    @contextmanager
    def replay(self, name: str, partition: TopicPartition) -> Iterator[Replay]:
        self.site.reach()
        self.site.log(partition)
        self.site.replaying[name, partition] = mine = object()
        yield _FakeReplay(self.site, self._effects, name, partition, mine)


class _FakeReplay:
    def __init__(self, site: FakeSite, effects: Effects, name: str, partition: TopicPartition, mine: object) -> None:
        self.site, self._effects, self.name, self.partition, self.mine = site, effects, name, partition, mine

    def reached(self) -> int:
        self.site.reach()
        noted = self.site.group(self.name).committed.get(self.partition)
        return noted.offset if noted else 0

    def write(self, records: Sequence[Content], reached: int) -> None:
        self.site.reach()
        if self.site.replaying[self.name, self.partition] is not self.mine:
            raise Conflict(f"{self.site.name}: another one replays {self.partition}")
        if not self.site.may("User:drctl"):
            raise Forbidden(f"{self.site.name}: User:drctl may not write to {self.partition}")
        with self._effects(f"replay to {self.site.name}"):
            transaction = self.site.begin("User:drctl")
            for record in records:
                offset = transaction.write(self.partition, record.value or b"")
                entry = self.site.logs[self.partition].entries[offset]
                entry.key, entry.headers, entry.tombstone = record.key, record.headers, record.value is None
                entry.milliseconds = record.milliseconds
            transaction.end(Ending.COMMITTED)
            self.site.group(self.name).committed[self.partition] = Committed(reached)


class FakeVault:
    """Files by run and name. ``full`` refuses to write."""

    def __init__(self, effects: Effects | None = None) -> None:
        self._effects = effects or Effects()
        self.files: dict[tuple[str, str], list[bytes]] = {}
        self.noted: dict[tuple[str, str], str] = {}
        self.full = False

    def runs(self) -> tuple[str, ...]:
        return tuple(sorted({run for run, _ in self.files}))

    def place(self, run: str) -> str:
        return f"/salvage/{run}"

    def put(self, run: str, name: str, lines: Iterable[bytes]) -> None:
        held = list(lines)
        if self.full:
            raise DrctlError(f"/salvage/{run}/{name} cannot be written: no space left", remedy="make room")
        with self._effects(f"vault gets {name}"):
            self.noted[run, name] = _sum(held)
            self.files[run, name] = held

    def holds(self, run: str, name: str) -> bool:
        return (run, name) in self.files and self.noted.get((run, name)) == _sum(self.files[run, name])

    def lines(self, run: str, name: str) -> Iterator[bytes]:
        if (run, name) not in self.files:
            raise NotFound(f"/salvage/{run} holds no {name}")
        yield from self.files[run, name]

    def faults(self, run: str) -> tuple[str, ...]:
        names = {name for of, name in self.noted | self.files if of == run}
        if not names:
            return (f"/salvage/{run} is not there",)
        return tuple(f"{name} was altered or is missing" for name in sorted(names) if not self.holds(run, name))


def _sum(lines: list[bytes]) -> str:
    return sha256(b"".join(line + b"\n" for line in lines)).hexdigest()
