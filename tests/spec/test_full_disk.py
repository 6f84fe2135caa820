"""A disk that is full under the journal: the run stops before its next effect, and goes on when there is room."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

# A limit on the size of files, which only a process of its own may be given, stands for a full disk.
PROGRAM = """
import json, resource, signal, sys
from pathlib import Path
from drctl.drivers.store.journal import SqliteJournal
from drctl.errors import JournalBroken
from drctl.model.run import RunState
from drctl.plans.selection import chosen
from drctl.model.loss import AcceptedLoss
from tests.fakes import fake_world
from tests.spec.failing import beyond_the_frontier, fail_over, lose, require_served_by_target, synced, watch_two_writers
from tests.spec.stage import require_nothing_lost_or_repeated, switch, watch_for_two_open_sites

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
earth = fake_world()
earth.journal = SqliteJournal(Path(sys.argv[1]) / "j.sqlite", earth.clock)
lost, done = sys.argv[3] == "failover", []
if lost:
    lose(synced(earth), sighted=True)
    earth.effects.names.clear()
both_open = watch_two_writers(earth) if lost else watch_for_two_open_sites(earth)

def move(world):
    return fail_over(world, accepted=AcceptedLoss(10_000)) if lost else switch(world)

class Full:
    def __init__(self, journal, limit): self.journal, self.limit, self.count = journal, limit, 0
    def __getattr__(self, name): return getattr(self.journal, name)
    def append(self, *told):
        self.count += 1
        if self.count == self.limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
            done.extend(earth.effects.names)
        return self.journal.append(*told)

whole = earth.journal
earth.journal = Full(whole, int(sys.argv[2]))
try:
    move(earth.ports())
    print(json.dumps("the disk was never full"))
    sys.exit()
except JournalBroken as error:
    named = "j.sqlite" in str(error)
after = list(earth.effects.names)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
earth.journal = whole
state = move(earth.new_process()).state
if lost:
    require_served_by_target(earth, beyond_the_frontier(earth))
else:
    require_nothing_lost_or_repeated(earth, "south")
print(json.dumps([named, after == done, state, both_open]))
"""


@pytest.mark.parametrize(
    ("verb", "entry"),
    [*(("switchover", entry) for entry in (1, 6, 11, 20, 31)), *(("failover", entry) for entry in (1, 4, 9, 14, 19))],
)
def test_a_full_disk_stops_a_run_before_its_next_effect(tmp_path: Path, verb: str, entry: int) -> None:
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), str(entry), verb], capture_output=True, text=True, check=True
    )
    assert json.loads(told.stdout.splitlines()[-1]) == [True, True, "done", []]
