"""A state file of before is restored, or its machine rolled back to a snapshot: journal and epoch as they were then."""

import pickle
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from drctl.errors import DrctlError
from drctl.model.run import RunState
from drctl.ports import World
from tests.fakes import FakeWorld, Killed

type Act = Callable[[World], object]
"""One process' attempt."""
type Snapshot = tuple[int, int]
"""How many lines the journal had, and the epoch: both are in the state file."""


@dataclass(frozen=True, slots=True)
class Rewound:
    """What became of a run that met an older state file: the error, None if it ended well."""

    earth: FakeWorld
    kept: int
    error: DrctlError | None

    @property
    def state(self) -> RunState | None:
        """How the newest run stands; None if the file knows of none."""
        runs = self.earth.journal.runs()
        return runs[-1][1] if runs else None


def cut_at(earth: FakeWorld, effect: int, act: Act) -> list[Snapshot]:
    """Let it act until right after that effect; every state file that there was until then, oldest first."""
    snapshots: list[Snapshot] = []

    def save(_: str) -> None:
        now = (len(earth.journal.lines()), earth.epochs.epoch)
        if now not in snapshots:
            snapshots.append(now)

    earth.effects.watchers.append(save)
    earth.effects.cut_off(effect, before=False)
    with suppress(Killed, DrctlError):
        act(earth.ports())
    earth.effects.watchers.clear()
    earth.effects.go_on()
    earth.settle(1)
    return snapshots


def every_rewind(
    earth: FakeWorld,
    snapshots: list[Snapshot],
    act: Act,
    watch: Callable[[FakeWorld], list[str]],
) -> Iterator[Rewound]:
    """Restore each of these files into a copy of the world, and act there; at no instant may two sites be open."""
    whole = pickle.dumps(earth)  # a tenth of the time of a deep copy
    for lines, epoch in snapshots:
        copy: FakeWorld = pickle.loads(whole)
        world = copy.new_process()
        copy.journal.set_back(lines)
        copy.epochs.epoch = epoch
        copy.effects.names.clear()
        both_open, error = watch(copy), None
        try:
            act(world)
        except DrctlError as caught:
            error = caught
        copy.settle(2)
        assert both_open == [], f"with {lines} lines kept, both sites were open at {both_open[0]}"
        yield Rewound(copy, lines, error)
