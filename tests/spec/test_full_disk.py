"""A disk that is full under the journal: the run stops before its next effect, and goes on when there is room."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

# A limit on the size of files, which only a process of its own may be given, stands for a full disk. Each is a fork of
# one in which all is loaded.
PROGRAM = """
import json, os, resource, signal, sys, traceback
from pathlib import Path
from drctl.drivers.store.journal import SqliteJournal
from drctl.errors import JournalBroken
from drctl.model.run import RunState
from drctl.plans.selection import chosen
from drctl.model.loss import AcceptedLoss
from tests.fakes import fake_world
from tests.spec.failing import beyond_the_frontier, fail_over, lose, require_served_by_target, synced, watch_two_writers
from tests.spec.harness import require_nothing_lost_or_repeated, switch, watch_for_two_open_sites

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder, verb, *entries = sys.argv[1:]
lost = verb == "failover"

class Full:
    def __init__(self, journal, limit, fill): self.journal, self.limit, self.fill, self.count = journal, limit, fill, 0
    def __getattr__(self, name): return getattr(self.journal, name)
    def append(self, *told):
        self.count += 1
        if self.count == self.limit:
            self.fill()
        return self.journal.append(*told)

def move(world):
    return fail_over(world, accepted=AcceptedLoss(10_000)) if lost else switch(world)

def filled_at(entry):
    earth, done = fake_world(), []
    earth.journal = SqliteJournal(Path(folder) / f"{entry}.sqlite", earth.clock)
    if lost:
        lose(synced(earth), sighted=True)
        earth.effects.names.clear()
    both_open = watch_two_writers(earth) if lost else watch_for_two_open_sites(earth)

    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        done.extend(earth.effects.names)

    whole = earth.journal
    earth.journal = Full(whole, entry, fill)
    try:
        move(earth.ports())
        return "the disk was never full"
    except JournalBroken as error:
        named = f"{entry}.sqlite" in str(error)
    after = list(earth.effects.names)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    earth.journal = whole
    state = move(earth.new_process()).state
    if lost:
        require_served_by_target(earth, beyond_the_frontier(earth))
    else:
        require_nothing_lost_or_repeated(earth, "south")
    return [named, after == done, state, both_open]

for entry in map(int, entries):
    if not os.fork():
        try:
            Path(folder, f"{entry}.json").write_text(json.dumps(filled_at(entry)))
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    assert os.wait()[1] == 0, f"at entry {entry}"
"""


@pytest.mark.parametrize(("verb", "entries"), [("switchover", (1, 6, 11, 20, 31)), ("failover", (1, 4, 9, 14, 19))])
def test_a_full_disk_stops_a_run_before_its_next_effect(tmp_path: Path, verb: str, entries: tuple[int, ...]) -> None:
    words = [sys.executable, "-c", PROGRAM, str(tmp_path), verb, *map(str, entries)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    ended = {entry: json.loads((tmp_path / f"{entry}.json").read_text()) for entry in entries}
    assert ended == {entry: [True, True, "done", []] for entry in entries}
