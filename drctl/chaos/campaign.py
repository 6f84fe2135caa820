"""Experiments one after the other for as long as is wanted, in an order that a seed determines.

Each run is a process of its own (``drctl chaos run``), so one that dies takes no campaign with it, and only a verdict
that it wrote itself counts. They share a lab as long as every one is proved; after one that is not, the lab is taken
down, so that none is judged by what another has left. Among them is a negative control in which brokers really lose
records: where none is refuted as it states, the campaign proves nothing. What a campaign knows is what its folder
holds: nothing of a run is kept in memory once its line is written.
"""

import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from drctl.chaos.admission import Experiment
from drctl.drills.bundle.manifest import MANIFEST
from drctl.drills.bundle.write import VERDICT
from drctl.errors import DrctlError
from drctl.ports import Clock

DRCTL = (sys.executable, "-m", "drctl")
NOT_RUN = "not run"
"""In place of a verdict: none was written."""
UNCONTROLLED = "its negative control was not caught, or there is none"
NO_CONTROL = "no experiment in which brokers lose records was refuted as stated"
"""Why a campaign is inconclusive in which everything else is proved."""
ENDS_WITHIN = 60.0
"""Seconds for an experiment to undo what it has begun, once it is told to end."""

type StartLab = Callable[[Path], AbstractContextManager[object]]
"""Starts a lab in a folder; it goes down on leaving."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one run ended. ``verdict`` is a verdict or NOT_RUN, with why in ``reason``; ``code`` is its exit code.

    ``number`` counts a campaign's runs from 1; ``since`` is the number of the run before which the lab was new.
    ``faults``: of each that somebody else than its injector saw what it was, of whom, and who saw it. ``report``: its
    folder, below the campaign's, and ``manifest``: the SHA-256 of the manifest there. ``refuted_as_stated``: it says so
    of itself, as a negative control in which brokers lost records.
    """

    number: int
    since: int
    experiment: str
    verdict: str
    code: int
    reason: str = ""
    at: str = ""
    seconds: float = 0.0
    faults: tuple[dict[str, str], ...] = ()
    acknowledged: int = 0
    control_caught: bool = False
    report: str = ""
    manifest: str = ""
    refuted_as_stated: bool = False

    @property
    def as_stated(self) -> bool:
        """Whether it is proved or refuted as it states, the command agrees, and the checker named every fault that was
        planted into it. Without its negative control it proves nothing, whoever wrote its verdict.
        """
        return (self.verdict == "proved" or self.is_control) and self.code == 0 and self.control_caught

    @property
    def is_control(self) -> bool:
        """Whether brokers lost records in it, and it was refuted of just that."""
        return self.verdict == "refuted" and self.refuted_as_stated


@dataclass(frozen=True, slots=True)
class Schedule:
    """Which experiment is the n-th: round by round all of them, shuffled again for each unless the seed is 0."""

    experiments: tuple[Experiment, ...]
    seed: int

    def at(self, number: int) -> Experiment:
        """Return it; numbers begin at 1. Always the same, whatever ran before."""
        turn, place = divmod(number - 1, len(self.experiments))
        order = list(self.experiments)
        if self.seed:
            random.Random(f"{self.seed}/{turn}").shuffle(order)  # noqa: S311 - an order, no secret
        return order[place]


class Runner:
    """Runs experiments on a lab that is kept while they are proved. To be closed: then its lab goes down."""

    def __init__(self, folder: Path, start_lab: StartLab, clock: Clock, *, more: Sequence[str] = ()) -> None:
        """``more``: words for every ``drctl chaos run``."""
        self.folder, self.start_lab, self.clock, self.more = folder, start_lab, clock, more
        self._lab: ExitStack | None = None
        self._where, self._since = Path(), 0

    def run(self, number: int, experiment: Experiment, report: str) -> Result:
        """Run one and return how it ended; a lab that does not start is an ending, too."""
        begun, at = self.clock.monotonic(), self.clock.now().isoformat(timespec="seconds")
        try:
            self._ready(number)
        except DrctlError as error:
            reason = f"the lab did not start: {error}"
            return Result(number, number, experiment.path.stem, NOT_RUN, error.exit_code, reason, at)
        place = self.folder / report
        (place / VERDICT).unlink(missing_ok=True)
        words = ("chaos", "run", str(experiment.path), "--report", str(place), "--lab", str(self._where), *self.more)
        code = _end_of((*DRCTL, *words))
        told = _told(place)
        found = Result(
            number,
            self._since,
            experiment.path.stem,
            told.pop("verdict", NOT_RUN),
            code,
            told.pop("reason", f"it ended with exit code {code} and no verdict"),
            at,
            round(self.clock.monotonic() - begun, 1),
            report=report,
            **told,
        )
        # A control has lost records, and says so of its lab as well: no other experiment is to find them.
        if not found.as_stated or found.is_control:
            self.close()
        return found

    def close(self) -> None:
        """Take the lab down."""
        if self._lab is not None:
            lab, self._lab = self._lab, None
            lab.close()

    def _ready(self, number: int) -> None:
        if self._lab is not None:
            return
        with ExitStack() as stack:
            self._where = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="drctl-chaos-"))) / "lab"
            stack.enter_context(self.start_lab(self._where))
            self._lab, self._since = stack.pop_all(), number


def runs(
    schedule: Schedule, runner: Runner, first: int, going_on: Callable[[int], bool], say: Callable[[str], None]
) -> Iterator[Result]:
    """Run what the schedule says, from that number on, as long as ``going_on`` with the next."""
    for number in count(first):
        if not going_on(number):
            return
        experiment = schedule.at(number)
        say(f"run {number}: {experiment.path.stem}")
        yield runner.run(number, experiment, f"runs/{number:05}-{experiment.path.stem}")


def _end_of(command: Sequence[str]) -> int:
    """Run it; whatever ends us ends it first, so that it ends the faults that it has begun."""
    with subprocess.Popen(command) as process:
        try:
            return process.wait()
        except BaseException:
            process.terminate()
            try:
                process.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
            raise


def _fault(told: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(told.get(key, "")) for key in ("fault", "target", "observer")}


def _told(report: Path) -> dict[str, Any]:
    """Return what a run has written of itself; nothing where it has written nothing that can be read."""
    try:
        document: Mapping[str, Any] = json.loads((report / VERDICT).read_bytes())
        control = document.get("negative_control") or {}
        caught = bool(control) and all(each is True for each in control.values())
        manifest = report / MANIFEST
        return {
            "verdict": str(document["verdict"]),
            "reason": "; ".join(([] if caught else [UNCONTROLLED]) + list(map(str, document["reasons"]))),
            "faults": tuple(map(_fault, document.get("faults", ()))),
            "acknowledged": int(document.get("records", {}).get("acknowledged", 0)),
            "control_caught": caught,
            "refuted_as_stated": document.get("as_stated") is True,
            "manifest": hashlib.sha256(manifest.read_bytes()).hexdigest() if manifest.exists() else "",
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def names(experiments: Sequence[Experiment], folder: Path) -> tuple[str, ...]:
    """Return where each lies, as seen from a folder."""
    return tuple(os.path.relpath(each.path, folder) for each in experiments)
