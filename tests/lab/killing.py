"""A move whose process dies at a step by its own hand: the instant is exact, however short the step is."""

import subprocess
import sys
from pathlib import Path

from drctl.lab.lab import Lab

SCRIPT = '''
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from drctl.config import load
from drctl.errors import Blocked
from drctl.model.loss import AcceptedLoss
from drctl.monitors import observe
from drctl.plans import failover, runner, switchover
from drctl.wiring import open_world

file, kind, source, target, step = sys.argv[1:]


class Journal:
    """Dies once it has written the first line about that step: its intent, or that it was found done."""

    def __init__(self, journal):
        self.journal = journal

    def append(self, run, event, name="", body=None):
        entry = self.journal.append(run, event, name, body)
        if name == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return entry

    def __getattr__(self, name):
        return getattr(self.journal, name)


lost = kind == "failover"
with open_world(load(Path(file)), doubted=(source,) if lost else ()) as world:
    if lost:
        plan = failover.plan(world, source, target, observe=observe, accepted=AcceptedLoss(unknown=True))
    else:
        plan = switchover.plan(world, source, target, observe=observe)
    try:
        runner.run(plan, replace(world, journal=Journal(world.journal)), lambda progress: None)
    except Blocked as blocked:
        print(blocked.reasons, file=sys.stderr)
        sys.exit(Blocked.exit_code)
'''


def killed_at(lab: Lab, kind: str, source: str, target: str, step: str) -> "subprocess.CompletedProcess[str]":
    """Begin or continue a move, and die once the journal has a line about that step; a failover accepts any loss.

    It returns -9 then; what the gates refused is Blocked's exit code, with the reasons on standard error.
    """
    command = [sys.executable, "-c", SCRIPT, str(lab.plan_file), kind, source, target, step]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=Path.cwd())
