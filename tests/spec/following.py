"""The fake deployment in trouble, what an operator types then, and what drctl says is to be done about it, followed."""

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

import pytest
from click.testing import CliRunner

import drctl.cli
from drctl.cli import cli
from drctl.errors import Blocked, DrctlError, RollbackPending, Unreachable
from drctl.model.fence import DenyRule, Scope
from drctl.model.link import ConnectorState
from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.terms import Terms
from drctl.plans.pausing import begin_pause
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world
from tests.fakes.world import APPLICATIONS
from tests.spec.bereft import CUT, VOUCHED, cut_at, lose_target
from tests.spec.failing import SOMEBODY, fail_over, lose, synced
from tests.spec.handing_over import hand_over, stop
from tests.spec.harness import go_on, killed_at, switch
from tests.spec.returning import returned

type Words = tuple[str, ...]

FENCE = {DenyRule(p, s) for p in (*APPLICATIONS, "User:canary") for s in Scope}
ASKED: tuple[Words, ...] = (
    ("status",),
    ("doctor", "--window", "0s"),
    ("plan", "switchover", "--to", "south"),
    ("plan", "switchover", "--to", "north"),
    ("switchover", "--to", "south", "--yes"),
    ("switchover", "--to", "north", "--yes"),
    ("failover", "--to", "south", "--yes"),
    ("failover", "--to", "north", "--yes"),
    ("groups", "translate"),
    ("groups", "handover", "--to", "south", "--group", "billing", "--yes"),
    ("groups", "handover", "--to", "north", "--group", "billing", "--yes"),
    ("groups", "undo", "--to", "south", "--yes"),
    ("groups", "list"),
    ("fence", "--site", "north", "--yes"),
    ("unfence", "north"),
    ("unfence", "south"),
    ("failback", "--to", "north", "--yes"),
    ("salvage", "--yes"),
    ("forecast", "--to", "south"),
    ("clients",),
    ("runs", "resume"),
)


def _with(change: Callable[[FakeWorld], object]) -> Callable[[], FakeWorld]:
    def build() -> FakeWorld:
        earth = fake_world()
        change(earth)
        return earth

    return build


def _fenced(earth: FakeWorld) -> None:
    earth.north.denials = set(FENCE)


def _routed_nowhere(earth: FakeWorld) -> None:
    earth.routing.route_to(None)


def _fenced_and_routed_nowhere(earth: FakeWorld) -> None:
    _fenced(earth)
    _routed_nowhere(earth)


def _link_stopped(earth: FakeWorld) -> None:
    earth.mirrors["north", "south"].state = ConnectorState.STOPPED


def _standby_open(earth: FakeWorld) -> None:
    earth.south.denials = set()


def _ahead(earth: FakeWorld) -> None:
    earth.south.group("billing").committed[TopicPartition("shop.orders", 0)] = Committed(10_000)


def _paused(earth: FakeWorld) -> None:
    begin_pause(earth.new_process(), Terms(by="anna"), earth.clock.now() + timedelta(hours=1), "a storm")


def _silent(earth: FakeWorld) -> None:
    earth.south.down = True


def _moved(earth: FakeWorld) -> None:
    switch(earth.ports())
    earth.settle(5)


def _cut(effect: str) -> Callable[[FakeWorld], None]:
    def cut(earth: FakeWorld) -> None:
        with killed_at(earth, effect):
            switch(earth.ports())
        earth.new_process()

    return cut


def _rolled_back(earth: FakeWorld) -> None:
    def fail(effect: str) -> None:
        if effect == "stop link to south":
            raise Unreachable("south's worker does not answer")

    earth.effects.watchers.append(fail)
    with pytest.raises(DrctlError):
        switch(earth.ports())
    earth.effects.watchers.remove(fail)
    earth.settle(5)


def _handed_over(effect: str = "") -> Callable[[], FakeWorld]:
    """One group goes on at the other site, or was to."""

    def build() -> FakeWorld:
        earth = fake_world()
        routing = stop(earth, "billing")
        if not effect:
            hand_over(earth.ports(), "billing")
            routing.route_to("south")
            earth.settle(5)
            return earth
        with killed_at(earth, effect):
            hand_over(earth.ports(), "billing")
        earth.new_process()
        return earth

    return build


def _failed_over(effect: str = "") -> Callable[[], FakeWorld]:
    def build() -> FakeWorld:
        earth = synced(fake_world())
        lose(earth, sighted=True)
        if not effect:
            fail_over(earth.ports(), accepted=AcceptedLoss(unknown=True), attestation=SOMEBODY)
            return earth
        with killed_at(earth, effect):
            fail_over(earth.ports(), accepted=AcceptedLoss(unknown=True), attestation=SOMEBODY)
        earth.new_process()
        return earth

    return build


def _back() -> FakeWorld:
    earth = _failed_over()()
    earth.north.down = False
    earth.workers["north"].worker_down = False
    earth.mirrors["south", "north"].worker_down = False
    return earth


def _bereft(effect: str) -> Callable[[], FakeWorld]:
    def build() -> FakeWorld:
        earth = cut_at(effect)
        lose_target(earth)
        earth.new_process()
        return earth

    return build


def _waiting() -> FakeWorld:
    earth = _bereft(CUT)()
    with pytest.raises(RollbackPending):
        go_on(earth.new_process(), VOUCHED)
    earth.new_process()
    return earth


CUTS = (
    "raise epoch to 1",
    "journal says step-intended prove-ahead",
    "journal says step-intended await-open-transactions",
    "journal says step-intended prove-fence",
    "routing to None",
    "commit billing at south",
    "stop link to south",
    "journal says step-intended record-handover-point",
    "lift at south",
    "routing to south",
    "restart link to north",
    "resume link to north",
    "journal says step-intended watch-first-commits",
)
TROUBLES: dict[str, Callable[[], FakeWorld]] = {
    "nothing": fake_world,
    "the source is fenced": _with(_fenced),
    "clients are sent nowhere": _with(_routed_nowhere),
    "the source is fenced and clients are sent nowhere": _with(_fenced_and_routed_nowhere),
    "the link is stopped": _with(_link_stopped),
    "the standby is open": _with(_standby_open),
    "a position is ahead at the standby": _with(_ahead),
    "paused": _with(_paused),
    "the standby is silent": _with(_silent),
    "moved": _with(_moved),
    "rolled back": _with(_rolled_back),
    "a group was handed over": _handed_over(),
    "a handover was cut off early": _handed_over("raise epoch to 1"),
    "a handover was cut off before positions are committed": _handed_over("commit billing at south"),
    "a handover was cut off at its end": _handed_over("journal says step-found-done watch-first-commits"),
    "a failover stands": _failed_over(),
    "a failover was cut off early": _failed_over("raise epoch to 1"),
    "a failover was cut off before the target is open": _failed_over("lift at south"),
    "a failover was cut off before clients are sent": _failed_over("routing to south"),
    "a site has come back": _back,
    "a site has come back, unclosed": lambda: returned().earth,
    "a site has come back, closed": lambda: returned(fence="proven").earth,
    "a switchover was cut off early behind its fence, and its target is lost": _bereft("routing to None"),
    "a switchover was cut off late behind its fence, and its target is lost": _bereft(CUT),
    "a rollback waits for its target": _waiting,
    **{f"a switchover was cut off before: {effect}": _with(_cut(effect)) for effect in CUTS},
}


def in_trouble(trouble: str) -> FakeWorld:
    """Return a deployment of its own in that trouble."""
    earth: FakeWorld = pickle.loads(_brought_about(trouble))
    return earth


@cache
def _brought_about(trouble: str) -> bytes:
    """Once for all that is typed in it: to bring it about takes ten times as long as to read it back."""
    return pickle.dumps(TROUBLES[trouble]())


@cache
def _commands() -> tuple[ModuleType, ...]:
    """All modules of the command line but the one that opens what a plan file names."""
    names = [found.name for found in iter_modules(drctl.cli.__path__) if found.name != "world"]
    return tuple(import_module(f"drctl.cli.{name}") for name in names)


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and its exit code."""

    text: str
    code: int


def typed(earth: FakeWorld, words: Words) -> Said:
    """Type that, as another process, and answer every question with yes."""

    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield earth.new_process()

    with pytest.MonkeyPatch.context() as patch:
        for module in _commands():
            if hasattr(module, "opened"):
                patch.setattr(module, "opened", opened)
            if hasattr(module, "require_somebody"):
                patch.setattr(module, "require_somebody", lambda **_: None)
        done = CliRunner().invoke(cli, words, input="y\n" * 5, standalone_mode=False)
    text, error = done.output, done.exception
    if isinstance(error, DrctlError):
        text += f"\n{error}\n{error.remedy}"
    if isinstance(error, Blocked):
        text += "\n".join(("", *(str(each) for each in error.reasons)))
    elif error is not None and not isinstance(error, DrctlError):
        raise error
    return Said(text, done.exit_code)
