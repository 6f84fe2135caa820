"""Journals of runs that were cut off, saved by one version of drctl, and the world in which another continues them.

``python -m tests.spec.saved`` writes those of this version that are not there yet into ``tests/journals``. One that is
there is never written again: users have such journals.
"""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from drctl import __version__
from drctl.errors import DrctlError, RolledBack
from drctl.model import former
from drctl.model.chain import Change, Line
from drctl.model.loss import AcceptedLoss
from drctl.model.run import RunState
from drctl.ports import World
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.failing import fail_over, lose, some_lag, synced, watch_two_writers
from tests.spec.harness import go_on, switch, watch_for_two_open_sites

FOLDER = Path(__file__).parents[1] / "journals"
SUMS = FOLDER / "SHA256SUMS"
"""Every journal with its SHA-256, as ``sha256sum`` writes and checks it."""
FORMER_EFFECT = ("door to ", "routing to ")
"""How saved journals call a change of client routing, and how the fakes do: files and first lines stay."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a run was cut off: right after, or right before, the ``nth`` change of that name by the fakes.

    They are named after what is changed at a site, not after steps, so that a step may be called otherwise one day.
    A change that has another name by now keeps the one of the journals: ``FORMER_EFFECT``.
    """

    situation: str
    effect: str
    nth: int = 1
    before: bool = False

    @property
    def file(self) -> str:
        """The name of its journal, without the folder of the version."""
        words = [self.situation, "before" if self.before else "after", *self.effect.split()]
        return "-".join([*words, *([str(self.nth)] if self.nth > 1 else [])]) + ".jsonl"


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved journal: where it was cut, the epoch register then, how its own version ended the run, and all lines."""

    cut: Cut
    version: str
    epoch: int
    ended: str
    lines: tuple[Line, ...]

    @staticmethod
    def read(path: Path) -> "Saved":
        """The journal in that file; how its run ended in today's words."""
        first, *rest = path.read_text(encoding="utf-8").splitlines()
        told = json.loads(first)
        told["ended"] = former.STATES.get(told["ended"], told["ended"])
        lines = tuple(Line(**{**json.loads(line), "change": Change(json.loads(line)["change"])}) for line in rest)
        return Saved(Cut(**told.pop("cut")), lines=lines, **told)

    def write(self, path: Path) -> None:
        """Into a file that must not be there."""
        head = {"cut": asdict(self.cut), "version": self.version, "epoch": self.epoch, "ended": self.ended}
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            for each in (head, *map(asdict, self.lines)):
                file.write(json.dumps(each, sort_keys=True) + "\n")


@dataclass(frozen=True, slots=True)
class Ended:
    """How the run ended when it was continued: ``word`` is its state, or *refused* with the error."""

    earth: FakeWorld
    word: str
    error: DrctlError | None
    both_open: list[str]


def _switched(world: World) -> object:
    return switch(world)


def _failed_over(world: World) -> object:
    return fail_over(world, accepted=AcceptedLoss(10_000))


def _stubborn() -> FakeWorld:
    """A group does not leave the source, so a switchover is rolled back."""
    earth = fake_world()
    earth.consumers["billing"].stubborn = True
    return earth


def _dead() -> FakeWorld:
    """North is gone under load."""
    earth = synced(fake_world())
    some_lag(earth)
    lose(earth)
    return earth


SITUATIONS: dict[str, tuple[Callable[[], FakeWorld], Callable[[World], object]]] = {
    "switchover": (fake_world, _switched),
    "rollback": (_stubborn, _switched),
    "failover": (_dead, _failed_over),
}
WATCHERS = {
    "switchover": watch_for_two_open_sites,
    "rollback": watch_for_two_open_sites,
    "failover": watch_two_writers,  # the lost site is not fenced, and nobody can write there
}
CUTS = (
    Cut("switchover", "raise epoch to 1"),
    Cut("switchover", "deny at north"),
    Cut("switchover", "deny at north", nth=2, before=True),
    Cut("switchover", "door to None"),
    Cut("switchover", "commit dispatch at south", before=True),
    Cut("switchover", "stop link to south"),
    Cut("switchover", "lift at south", before=True),
    Cut("switchover", "lift at south"),
    Cut("switchover", "door to south"),
    Cut("switchover", "restart link to north"),
    Cut("switchover", "journal ends run as done", before=True),
    Cut("rollback", "lift at north"),
    Cut("rollback", "door to north"),
    Cut("failover", "raise epoch to 1"),
    Cut("failover", "lift at south", before=True),
    Cut("failover", "lift at south"),
    Cut("failover", "door to south"),
)


def cut_off(earth: FakeWorld, cut: Cut, act: Callable[[World], object]) -> bool:
    """Let it act until the process dies there; whether it did."""
    met, effect = 0, cut.effect.replace(*FORMER_EFFECT)

    def die(name: str) -> None:
        nonlocal met
        met += name == effect
        # A watcher is called twice for a change: right before it, and right after it.
        if name == effect and met == 2 * cut.nth - (1 if cut.before else 0):
            raise Killed(name)

    earth.effects.watchers.append(die)
    died = False
    try:
        with suppress(RolledBack):
            act(earth.ports())
    except Killed:
        died = True
    earth.effects.watchers.remove(die)
    earth.settle(1)
    return died


def save(cut: Cut) -> Saved:
    """Run until the cut with this version's code, and note how it ends when this version continues it."""
    build, act = SITUATIONS[cut.situation]
    earth = build()
    if not cut_off(earth, cut, act):
        raise AssertionError(f"no {cut.situation} comes to change {cut.nth} of {cut.effect}")
    saved = Saved(cut, __version__, earth.epochs.epoch, "", earth.journal.lines())
    return replace(saved, ended=continued(saved).word)


def continued(saved: Saved) -> Ended:
    """Continue the run of a saved journal with today's code, in the world as the cut left it.

    The world is brought there by today's code, which continues that same run from its first lines: so stamps and marks
    at the sites are that run's. Then the journal is the saved one.
    """
    build, _ = SITUATIONS[saved.cut.situation]
    earth = build()
    begun = max(line.number for line in saved.lines if line.change is Change.RUN_BEGUN)
    _put(earth, saved.lines[: begun + 1], 0)
    both_open = WATCHERS[saved.cut.situation](earth)
    if not cut_off(earth, saved.cut, go_on):
        raise AssertionError(f"continued from its first lines, the run does not come to {saved.cut}")
    _put(earth, saved.lines, saved.epoch)
    error = None
    try:
        go_on(earth.new_process())
    except DrctlError as caught:
        error = caught
    state = earth.journal.runs()[-1][1]
    word = "refused" if state is RunState.RUNNING else state.value
    return Ended(earth, word, error, both_open)


def _put(earth: FakeWorld, lines: tuple[Line, ...], epoch: int) -> None:
    """Be a state file with just this journal and epoch; what writes it is no effect of a run."""
    earth.journal.set_back(0)
    earth.journal.complete(lines)
    earth.epochs.epoch = epoch


def sums(told: str) -> dict[str, str]:
    """Read such a list: SHA-256 by folder and file."""
    return {name: digest for digest, name in (line.split("  ", 1) for line in told.splitlines())}


def main() -> None:
    """Write what is not there yet, and its sum; a sum that is there stays."""
    for cut in CUTS:
        path = FOLDER / __version__ / cut.file
        if not path.exists():
            save(cut).write(path)
    known = sums(SUMS.read_text(encoding="utf-8")) if SUMS.exists() else {}
    for path in FOLDER.glob("*/*.jsonl"):
        known.setdefault(str(path.relative_to(FOLDER)), hashlib.sha256(path.read_bytes()).hexdigest())
    SUMS.write_text("".join(f"{known[name]}  {name}\n" for name in sorted(known)), encoding="utf-8")


if __name__ == "__main__":
    main()
