"""Where an experiment acts: the lab that the runner names in the environment."""

import os
from pathlib import Path

from drctl.errors import LabError
from drctl.lab import Lab

LAB = "DRCTL_CHAOS_LAB"
EVIDENCE = "DRCTL_CHAOS_EVIDENCE"


def lab() -> Lab:
    """The running lab. LabError if none is named or none runs there."""
    if LAB not in os.environ:
        raise LabError(f"{LAB} names no lab", remedy="use 'drctl chaos run', or set it to the folder of a running lab")
    return Lab.attach(Path(os.environ[LAB]))


def note(line: str) -> None:
    """Append what somebody else saw of a fault, as one line of JSON, where the runner asked for it, if it did."""
    if EVIDENCE in os.environ:
        with Path(os.environ[EVIDENCE]).open("a", encoding="utf-8") as file:
            file.write(line + "\n")
