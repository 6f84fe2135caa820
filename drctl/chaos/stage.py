"""Where an experiment acts: the lab that the runner names in the environment."""

import os
from pathlib import Path

from drctl.lab import Lab

LAB = "DRCTL_CHAOS_LAB"
EVIDENCE = "DRCTL_CHAOS_EVIDENCE"


def lab() -> Lab:
    """The running lab. LabError if there is none."""
    return Lab.attach(Path(os.environ[LAB]))


def evidence_file() -> Path:
    """Where actions write down what others saw of their faults, one JSON object per line."""
    return Path(os.environ[EVIDENCE])
