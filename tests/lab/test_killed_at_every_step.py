"""kill -9 at every step of a switchover on two real sites; behind the opening with the old site harmed as well."""

import signal
from collections.abc import Callable
from uuid import uuid4

import pytest

from drctl.drivers.store.clock import SystemClock
from drctl.drivers.store.journal import SqliteJournal
from drctl.errors import Blocked
from drctl.lab.faults import FAULTS
from drctl.lab.lab import Lab
from drctl.lab.repairs import REPAIRS
from drctl.model.run import RunState
from drctl.monitors import observe
from drctl.plans import switchover
from drctl.plans.pending import pending_reversal
from drctl.plans.selection import SWITCHOVER
from tests.lab.killing import killed_at
from tests.lab.test_switchover import Reader, Writer, opened, some_writes, total
from tests.lab.usage import drctl, restarted, serving, wait, wait_until_link_works

STEPS = [step.name for step in switchover.ordered("north", "south", observe=observe).steps]
CLOCK = SystemClock()
BLOCKED = Blocked.exit_code
BEHIND = STEPS[STEPS.index("unfence-target") + 1 :]


@pytest.fixture(scope="module")
def lab(own_lab: Lab) -> Lab:
    """A lab of their own: these tests move its work to and fro."""
    with opened(own_lab):  # gives every group of the plan a position
        return own_lab


def _killed_at(lab: Lab, step: str) -> tuple[str, str]:
    """Begin a switchover whose process dies at that step; from where to where."""
    source, target = serving(lab)
    deadline = CLOCK.monotonic() + 120
    while True:  # a site that was harmed needs a moment until the gates let a move begin
        done = killed_at(lab, SWITCHOVER, source, target, step)
        if done.returncode != BLOCKED or CLOCK.monotonic() > deadline:
            break
        restarted(lab, done.stderr)
        CLOCK.sleep(1)
    assert done.returncode == -signal.SIGKILL, f"it did not come to {step}: {done.stderr[-2000:]}"
    return source, target


def _last(lab: Lab) -> RunState:
    with opened(lab) as world:
        return SqliteJournal(world.plan.state, CLOCK).runs()[-1][1]


@pytest.mark.long
def test_killed_at_every_step_under_load_a_switchover_goes_on_and_loses_and_repeats_nothing(lab: Lab) -> None:
    prefix = uuid4().hex
    with opened(lab) as world, Writer(lab, world, prefix) as writer, Reader(lab, world, "dispatch", prefix) as reader:
        wait("the reader has joined", reader.joined.is_set, 30)
        for step in STEPS:
            some_writes(world, writer)
            source, target = _killed_at(lab, step)
            resumed = drctl(lab, "runs", "resume")
            assert resumed.returncode == 0, f"{step}: {resumed.stderr}"
            assert serving(lab) == (target, source), step
            wait_until_link_works(lab, world, target, source)
        some_writes(world, writer)
        writer.end()
        wait("everything is read", lambda: total(reader.processed) >= total(writer.acknowledged), 60)
        reader.end()
    assert reader.processed == writer.acknowledged


def _brokers_die(lab: Lab, site: str) -> None:
    for broker in lab.layout[site].brokers:
        FAULTS["kill"](lab, broker)


def _worker_dies(lab: Lab, site: str) -> None:
    FAULTS["kill"](lab, lab.layout[site].worker)


@pytest.mark.long
@pytest.mark.parametrize("harm", [_brokers_die, _worker_dies])
def test_killed_behind_the_opening_with_the_old_site_harmed_clients_are_at_the_new_one(
    lab: Lab, harm: Callable[[Lab, str], None]
) -> None:
    for step in BEHIND:
        source, target = _killed_at(lab, step)
        harm(lab, source)
        try:
            resumed = drctl(lab, "runs", "resume")
            assert resumed.returncode == 0, f"{step}: {resumed.stderr}"
            assert serving(lab) == (target, source), step
            assert _last(lab) is RunState.DONE
            owed = _owed(lab)
            # A link home that had been started before the kill may be found at work while its worker dies.
            assert owed or step == "watch-first-commits", f"{step}: nothing was left pending"
        finally:
            REPAIRS["restore-site"](lab, source)
        if owed:
            made_up = drctl(lab, "runs", "resume")
            assert made_up.returncode == 0, f"{step}: {made_up.stderr}"
        assert not _owed(lab)
        with opened(lab) as world:
            wait_until_link_works(lab, world, target, source)


def _owed(lab: Lab) -> bool:
    with opened(lab) as world:
        return pending_reversal(world) is not None
