"""A lab whose brokers, workers and wires are processes that only sleep: real to the kernel, and to nobody else."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from drctl.drivers.store.clock import SystemClock
from drctl.lab.lab import READY, Lab
from drctl.lab.layout import SITES, plan_layout, wire

SLEEP = ["sleep", "600"]


@contextmanager
def sleeping_lab(folder: Path) -> Iterator[Lab]:
    """The lab, which can be attached to; it goes down at the end."""
    folder.mkdir(exist_ok=True)
    lab = Lab(folder, plan_layout(3), SystemClock())
    lab._supervisor = lab.processes.launch_supervisor()
    try:
        for site in SITES:
            for name in (*lab.layout[site].brokers, lab.layout[site].worker, wire(site)):
                lab.processes.start(name, SLEEP)
        (folder / READY).write_text(json.dumps({name: asdict(site) for name, site in lab.layout.items()}))
        yield lab
    finally:
        lab.down()


def state(lab: Lab, process: str) -> str:
    return lab.processes.status(process).state


def await_state(lab: Lab, wanted: str, *processes: str) -> None:
    """Wait until all of them are in that state: the kernel needs a moment to carry out what a signal asks for."""
    deadline = lab.clock.monotonic() + 60
    while left := {name: found for name in processes if (found := state(lab, name)) != wanted}:
        assert lab.clock.monotonic() < deadline, f"not {wanted}: {left}"
        lab.clock.sleep(0.05)
