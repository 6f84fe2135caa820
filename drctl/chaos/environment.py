"""Where an experiment acts: the lab that the runner names in the environment."""

import os
from pathlib import Path
from uuid import UUID

from drctl.drivers.store.clock import SystemClock
from drctl.errors import LabError
from drctl.lab import Lab
from drctl.lab.kube.lab import SITE, KubeLab
from drctl.lab.running import attached
from drctl.lab.steady import SteadyClock, SteadyTime

LAB = "DRCTL_CHAOS_LAB"
EVIDENCE = "DRCTL_CHAOS_EVIDENCE"
RUN, HISTORIES = "DRCTL_CHAOS_RUN", "DRCTL_CHAOS_HISTORIES"
REPORT = "DRCTL_CHAOS_REPORT"
"""The folder of the run's report, for evidence that only an action can gather."""
TIME_OFFSET = "DRCTL_CHAOS_TIME_OFFSET"
"""That of the run's :class:`~drctl.lab.steady.SteadyTime`: evidence of a fault is held against moments by that time."""


def lab() -> Lab:
    """The running lab, with the run's time if there is one. LabError if none is named or none runs there."""
    if LAB not in os.environ:
        raise LabError(f"{LAB} names no lab", remedy="use 'drctl chaos run', or set it to the folder of a running lab")
    there = attached(Path(os.environ[LAB]))
    if TIME_OFFSET in os.environ:
        there.clock = SteadyClock(SteadyTime(there.clock, float(os.environ[TIME_OFFSET])))
    return there


def kube_lab(site: str) -> KubeLab:
    """The running lab, whose brokers of that site are pods. LabError if they are none."""
    there = lab()
    if not isinstance(there, KubeLab):
        raise LabError(f"the lab in {there.folder} has no pods", remedy="start one with 'drctl lab kube up'")
    if site != SITE:
        raise LabError(f"the brokers of {site} are no pods", remedy=f"use {SITE}")
    return there


def run_under_way() -> tuple[UUID, Path, SteadyTime]:
    """Return the run's id, the folder of its histories and its time. LabError where there is no run.

    For an action that writes as a client of the workload does, so that what it writes is accounted for.
    """
    if not {RUN, HISTORIES, TIME_OFFSET} <= os.environ.keys():
        raise LabError("nothing takes account of what is written", remedy="use 'drctl chaos run'")
    time = SteadyTime(SystemClock(), float(os.environ[TIME_OFFSET]))
    return UUID(os.environ[RUN]), Path(os.environ[HISTORIES]), time


def report_folder() -> Path:
    """Return the folder of the run's report. LabError where there is no run."""
    if REPORT not in os.environ:
        raise LabError("nothing keeps what is found", remedy="use 'drctl chaos run'")
    return Path(os.environ[REPORT])


def note(line: str) -> None:
    """Append what somebody else saw of a fault, as one line of JSON, where the runner asked for it, if it did."""
    if EVIDENCE in os.environ:
        with Path(os.environ[EVIDENCE]).open("a", encoding="utf-8") as file:
            file.write(line + "\n")
