"""One experiment under load on the lab, judged by the ledger and by what others saw of the fault."""

import getpass
import os
import secrets
import shutil
import socket
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import UUID, uuid4

from drctl.chaos.admission import Experiment
from drctl.chaos.environment import EVIDENCE, HISTORIES, LAB, REPORT, RUN, TIME_OFFSET
from drctl.drills.audit_reader import await_copied, fresh_reader, log_ends
from drctl.drills.bundle.codec import found_in
from drctl.drills.bundle.packing import Unpacking
from drctl.drills.bundle.write import FAULTS, STRANDED, TOOLKIT_JOURNAL, TOOLKIT_LOG, TRIP, keep_trial
from drctl.drills.experiments.facts import trial_as_json
from drctl.drills.experiments.judging import AFTER, BEFORE, ExperimentOutcome, Origin, Remains, Trial, judged
from drctl.drills.experiments.round_trip import RoundTrip, trip_in
from drctl.drills.outcome import Work
from drctl.drills.provenance import commit, versions
from drctl.drills.timeline import Histories
from drctl.drivers.store.client_routing import FileClientRouting
from drctl.errors import LabError
from drctl.lab.lab import Lab
from drctl.lab.layout import other
from drctl.lab.steady import SteadyTime
from drctl.lab.wholeness import WHOLE_WITHIN, await_whole
from drctl.lab.workload import CATCH_UP, CLIENTS, COMPACTED, GROUPS, READS, LabWorkload
from drctl.ledger.events import Event, Seen, Stranded
from drctl.model.offsets import TopicPartition

SLOWEST = 120.0
"""Seconds that a slow machine gets to acknowledge what a verdict needs before and after the fault."""

LONGEST = 600.0
"""Seconds that an experiment may take: the toolkit itself does not enforce its timeouts."""
LONGEST_ON_PODS = 3600.0
"""Seconds for one that kills pods, each of which takes up to half a minute to be back on a busy machine."""

LONGEST_OF_TRIPS = 1500.0
"""Seconds for a failover, the return and the failback, of which a quiet machine needs minutes; before what was struck
is started again by itself."""

LOST_CATCH_UP = 30.0
"""Seconds for groups to read to the end in a negative control: nobody ever reads what is lost at an end."""

COPIED = 120.0
"""Seconds in which the standby gets what was written last; what it lacks then, the verdict names."""

PRIMARY = "north"
CHILD = "chaostoolkit"
WORK = Work(READS, CLIENTS, COMPACTED)
"""Who is to do what under every experiment."""


def conduct(
    lab: Lab,
    experiment: Experiment,
    folder: Path,
    *,
    say: Callable[[str], None],
    settle: float = 10,
    patience: float = WHOLE_WITHIN,
) -> ExperimentOutcome:
    """Let the workload run, conduct the experiment in a child process, let it settle, keep the evidence, and judge.

    Experiments act on north, so LabError if that is not the lab's primary; and on a whole lab, so LabError if one that
    an earlier experiment has left otherwise is not whole within ``patience`` seconds. What the workload did not write
    is left out.
    """
    # Not believed of the last experiment: a switchover in between would let faults hit the standby, and
    # prove nothing.
    primary = FileClientRouting(lab.folder / "client-routing.json").site()
    if primary != PRIMARY:
        raise LabError(f"the lab's primary is {primary}", remedy=f"make {PRIMARY} the primary again, with a switchover")
    await_whole(lab, patience)
    run = uuid4()
    # Before the standby's ends are looked up: what is left of an earlier run would be copied behind them.
    await_copied(lab, primary, COPIED)
    since, before = log_ends(lab, primary), log_ends(lab, other(primary))
    say("the workload starts")
    time = SteadyTime.begun(lab.clock)
    histories = lab.folder / "histories" / run.hex
    # Who waited for a lost site would never work at the other one.
    workload = LabWorkload.start(lab, run, histories, time, burst=1000, leave_lost_sites=experiment.round_trip)
    try:
        _let_work(lab, workload, settle, BEFORE)
        began = time.now()
        say(f"experiment {experiment.path.name}")
        _in_a_child(lab, experiment, folder, workload)
        ended = time.now()
        say("the workload settles")
        _let_work(lab, workload, settle, AFTER)
        workload.stop_producers()
        workload.catch_up(say, LOST_CATCH_UP if experiment.refutation else CATCH_UP)
        # Whoever reads again does so now.
        # Time for a group that was sent back to an older position to read on from there.
        lab.clock.sleep(3)
    finally:
        workload.stop()
    say("what is there at the end is read")
    trip = _trip(folder)
    found = _found(lab, primary, run, since, trip)
    standby = None if experiment.refutation else _copy(lab, primary, run, before)
    trial = Trial(
        id=f"{experiment.path.stem}-{lab.clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
        stated=experiment.statement,
        work=WORK,
        began=began,
        ended=ended,
        complete=workload.complete(),
        origin=Origin(_user(), socket.gethostname(), commit(), versions()),
        mirrored=standby is not None,
        round_trip=experiment.round_trip,
    )
    keep_trial(folder, trial_as_json(trial), found, workload.histories, standby)
    seen, journal = Histories.read(workload.histories), _bytes(folder / TOOLKIT_JOURNAL)
    faults, tail = _bytes(folder / FAULTS) or b"", _tail(folder) if trip else ()
    return judged(trial, Remains(seen, found, journal, faults, standby or (), trip, tail))


def _found(
    lab: Lab, primary: str, run: UUID, since: Mapping[TopicPartition, int], trip: RoundTrip | None
) -> tuple[Event, ...]:
    """Return what a fresh reader finds. A topic that was recreated has offsets anew, and what earlier runs wrote."""
    anew = trip.recreated if trip else ()
    found = fresh_reader(lab, primary, run, {tp: offset for tp, offset in since.items() if tp.topic not in anew})
    return tuple(each for each in found if not (isinstance(each, Seen) and each.foreign and each.topic in anew))


def _trip(folder: Path) -> RoundTrip | None:
    """Return how the work left and came home, as the action that did it told; None where none did."""
    told = _bytes(folder / TRIP)
    return None if told is None else trip_in(TRIP, told)


def _tail(folder: Path) -> tuple[Stranded, ...]:
    """Return the tail that was saved on that way."""
    lines = Unpacking(folder, (folder / STRANDED).stat().st_size).lines(STRANDED)
    return tuple(each for each in found_in(STRANDED, lines) if isinstance(each, Stranded))


def _copy(lab: Lab, primary: str, run: UUID, since: Mapping[TopicPartition, int]) -> tuple[Event, ...]:
    """Return what a fresh reader finds at the standby, once the link has copied all, or has had its time.

    Not of a negative control: the link reads a log anew that was cut behind it.
    """
    await_copied(lab, primary, COPIED)
    return tuple(fresh_reader(lab, other(primary), run, since))


def _bytes(path: Path) -> bytes | None:
    """Return what a child process left there; None if it left nothing."""
    return path.read_bytes() if path.is_file() else None


def _let_work(lab: Lab, workload: LabWorkload, seconds: float, floor: int) -> None:
    """That long, and on a slow machine until so many records more are acknowledged and every group has read on."""
    begun = Counter(workload.counts())
    lab.clock.sleep(seconds)
    deadline = lab.clock.monotonic() + SLOWEST
    while lab.clock.monotonic() < deadline:
        grown = workload.counts() - begun
        if grown["acknowledged"] > floor and all(grown[f"processed {group.name}"] for group in GROUPS):
            return
        lab.clock.sleep(0.5)


def _in_a_child(lab: Lab, experiment: Experiment, folder: Path, workload: LabWorkload) -> None:
    """Run the toolkit among the lab's own processes, so it never outlives the lab. It leaves journal and faults."""
    for name in (TOOLKIT_JOURNAL, FAULTS):
        (folder / name).unlink(missing_ok=True)
    command = [sys.executable, "-m", "drctl.chaos.child", str(experiment.path), str(folder / TOOLKIT_JOURNAL)]
    told = {LAB: str(lab.folder), EVIDENCE: str(folder / FAULTS), TIME_OFFSET: repr(workload.time.offset)}
    told[REPORT] = str(folder)
    environment = {**os.environ, **told, RUN: str(workload.run), HISTORIES: str(workload.histories)}
    lab.processes.start(CHILD, command, environment)
    try:
        lab.processes.wait_gone(CHILD, _longest(experiment))
    except LabError:
        _end(lab)
    except BaseException:
        _end(lab)
        raise
    shutil.copyfile(lab.folder / "logs" / f"{CHILD}.log", folder / TOOLKIT_LOG)


def _longest(experiment: Experiment) -> float:
    return LONGEST_ON_PODS if experiment.on_pods else LONGEST_OF_TRIPS if experiment.round_trip else LONGEST


def _end(lab: Lab) -> None:
    """Interrupt the toolkit, which then plays its rollbacks; kill it if it does not come to an end."""
    lab.processes.signal(CHILD, "SIGTERM")
    try:
        # The rollbacks start brokers again, each of which takes up to ten seconds on a busy machine.
        lab.processes.wait_gone(CHILD, 60)
    except LabError:
        lab.processes.signal(CHILD, "SIGKILL")
        lab.processes.wait_gone(CHILD)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"uid {os.getuid()}"
