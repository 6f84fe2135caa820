"""An older state file is restored over a run: the sites decide, and what they do not prove stops with an error."""

from collections.abc import Callable
from functools import cache

import pytest

from drctl.errors import Blocked, JournalBroken, Refused, RolledBack
from drctl.model.loss import AcceptedLoss
from drctl.model.run import RunState
from drctl.model.terms import Terms
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import fail_over, lose, some_lag, synced, watch_two_writers
from tests.spec.harness import go_on, require_nothing_lost_or_repeated, switch, watch_for_two_open_sites
from tests.spec.rewinding import Act, Rewound, cut_at, every_rewind

ANY = AcceptedLoss(10_000)
ABORT = Terms(by="ada", abort="the state file is an older one")


def _fail_over(world: World) -> object:
    return fail_over(world, accepted=ANY)


def _abort(world: World) -> object:
    return go_on(world, ABORT)


def _limping() -> FakeWorld:
    """North answers and takes writes, but lacks brokers."""
    earth = synced(fake_world())
    earth.missing_brokers = {"north": [2, 3]}
    some_lag(earth)
    return earth


def _dead() -> FakeWorld:
    """North is gone under load."""
    earth = synced(fake_world())
    some_lag(earth)
    lose(earth)
    return earth


@cache
def _named(build: Callable[[], FakeWorld], act: Act) -> tuple[tuple[int, str], ...]:
    """All effects, numbered."""
    earth = build()
    act(earth.ports())
    return tuple(enumerate(earth.effects.names))


def _changes(build: Callable[[], FakeWorld], act: Act) -> tuple[int, ...]:
    """The effects that change a site, a link or where clients go, and the last one of all."""
    named = _named(build, act)
    return (*(n for n, name in named if not name.startswith("journal")), len(named) - 1)


SWITCHOVER = _changes(fake_world, switch)
LIMPING, DEAD = _changes(_limping, _fail_over), _changes(_dead, _fail_over)


def test_the_cuts_cover_the_whole_run() -> None:
    assert min(len(SWITCHOVER), len(LIMPING), len(DEAD)) > 5


@pytest.mark.parametrize("act", [switch, _abort])
@pytest.mark.parametrize("effect", SWITCHOVER)
def test_a_switchover_that_meets_an_older_journal_ends_well_or_says_why_not(effect: int, act: Act) -> None:
    earth = fake_world()
    snapshots = cut_at(earth, effect, switch)
    ended = list(every_rewind(earth, snapshots[:-1], act, watch_for_two_open_sites))
    for each in ended:
        _require_clear_end(each)
    for each in [each for each in ended if each.state is RunState.DONE][:1]:
        each.earth.settle()
        require_nothing_lost_or_repeated(each.earth, "south")


@pytest.mark.parametrize("act", [_fail_over, _abort])
@pytest.mark.parametrize("effect", LIMPING)
def test_a_failover_that_meets_an_older_journal_ends_well_or_says_why_not(effect: int, act: Act) -> None:
    earth = _limping()
    snapshots = cut_at(earth, effect, _fail_over)
    for each in every_rewind(earth, snapshots[:-1], act, watch_two_writers):
        _require_clear_end(each)


@pytest.mark.parametrize("act", [_fail_over, _abort])
@pytest.mark.parametrize("effect", DEAD)
def test_clients_of_a_site_that_is_open_are_never_sent_to_the_lost_one(effect: int, act: Act) -> None:
    earth = _dead()
    snapshots = cut_at(earth, effect, _fail_over)
    opened = not earth.south.denials
    sent = earth.routing.site()
    for each in every_rewind(earth, snapshots[:-1], act, watch_two_writers):
        assert each.earth.routing.site() in {sent, "south"} if opened else each.earth.south.denials or sent != "south"
        assert each.error is None or isinstance(each.error, RolledBack) or each.error.remedy


def _require_clear_end(each: Rewound) -> None:
    """As if undisturbed, rolled back, or stopped with an error that says what to do; nothing is claimed unseen."""
    told, where = str(each.error), each.earth.open_sites()
    if each.error is None:
        assert each.state is RunState.DONE
        assert where == {"south"}
        assert each.earth.routing.site() == "south"
    elif isinstance(each.error, RolledBack):
        assert each.earth.writable() == (set() if "north stays closed" in told else {"north"}), told
        assert "south" not in where
        assert any(words in told for words in ("north is open again", "north stays closed", "south was not opened"))
        assert each.earth.routing.site() == "north"
    else:
        assert isinstance(each.error, (Blocked, JournalBroken, Refused)), told
        assert each.error.remedy


def test_open_again_is_said_only_after_a_write_was_seen() -> None:
    earth = fake_world()
    closed = next(effect for effect, name in _named(fake_world, switch) if name == "deny at north")
    snapshots = cut_at(earth, closed, switch)
    assert earth.writable() == set()
    (before_the_gates,) = every_rewind(earth, snapshots[1:2], _abort, watch_for_two_open_sites)
    assert "north stays closed for User:canary" in str(before_the_gates.error)
    assert "drctl unfence north" in before_the_gates.error.remedy if before_the_gates.error else False


def test_a_closed_target_is_seen_before_the_source_is_opened() -> None:
    earth = fake_world()

    def let_in(effect: str) -> None:
        earth.south.allowed |= {"User:stranger"} if effect == "routing to None" else set()

    earth.consumers["billing"].stubborn = True
    earth.effects.watchers.append(let_in)
    with pytest.raises(Exception, match=r"north stays closed, because south is not: .*User:stranger") as caught:
        switch(earth.ports())
    assert not isinstance(caught.value, RolledBack)
    assert earth.writable() == set()
