"""Every way in which a live drill is not proved: each change of its journal alone is named."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from drctl.drills.live.judging import judged
from drctl.model.run import Event, JournalEntry, RunState
from drctl.model.verdict import Verdict
from drctl.plans.live import LiveMove, LivePhase, LiveState
from tests.spec.staying import perform, ready

type Edit = Callable[[dict[str, Any]], dict[str, Any]]

HANDED, WATCHED, GATES = "hand-over-positions", "watch-first-commits", "check-gates"
ORDERS = "shop.orders-0"


@cache
def whole() -> LiveState:
    """A drill that is proved; nobody changes it."""
    return perform(ready().new_process()).state


def edited(move: LiveMove | None, step: str, edit: Edit) -> LiveMove:
    assert move is not None
    told = (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE)

    def entry(each: JournalEntry) -> JournalEntry:
        return replace(each, body=edit(each.body)) if each.step == step and each.event in told else each

    return replace(move, entries=tuple(map(entry, move.entries)))


def there(step: str, edit: Edit) -> LiveState:
    return replace(whole(), there=edited(whole().there, step, edit))


def home(step: str, edit: Edit) -> LiveState:
    return replace(whole(), home=edited(whole().home, step, edit))


def line(group: str, **changes: object) -> Edit:
    """One handed-over position of a group with these changes."""

    def edit(body: dict[str, Any]) -> dict[str, Any]:
        positions = body["groups"][group]["positions"]
        changed = positions | {ORDERS: positions[ORDERS] | changes}
        return body | {"groups": body["groups"] | {group: body["groups"][group] | {"positions": changed}}}

    return edit


def without(group: str) -> Edit:
    def edit(body: dict[str, Any]) -> dict[str, Any]:
        return body | {"groups": {name: each for name, each in body["groups"].items() if name != group}}

    return edit


def stood_still(body: dict[str, Any]) -> dict[str, Any]:
    """Every group has on the way home what it was given on the way there."""
    given = whole().there
    assert given is not None
    told = next(each.body for each in given.entries if each.step == HANDED and "groups" in each.body)["groups"]
    groups: dict[str, Any] = {}
    for name, group in body["groups"].items():
        positions: dict[str, Any] = {}
        for partition, position in group["positions"].items():
            positions[partition] = position | {"here": told[name]["positions"][partition]["there"]}
        groups[name] = group | {"positions": positions}
    return body | {"groups": groups}


def looked_at(state: LiveState, *events: Event) -> LiveState:
    """The drill with entries of these kinds alone."""
    return replace(state, entries=tuple(each for each in state.entries if each.event in events))


def ended(why: str, earlier: float = 0) -> LiveState:
    def entry(each: JournalEntry) -> JournalEntry:
        if each.event is not Event.STAY_ENDED:
            return each
        return replace(each, at=each.at - timedelta(seconds=earlier), body=each.body | {"why": why})

    return replace(whole(), entries=tuple(map(entry, whole().entries)))


def test_whole_it_is_proved() -> None:
    assert (judged(whole()).verdict, judged(whole()).reasons) == (Verdict.PROVED, ())


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda: there(HANDED, line("billing", proof="repeats-accepted")), "was given an earlier position"),
        (lambda: home(HANDED, line("billing", proof="repeats-accepted")), "was given an earlier position"),
        (lambda: home(HANDED, line("billing", here=0)), "stood at 0 before the way home"),
        (lambda: there(WATCHED, lambda body: body | {"still at the source": ["billing x"]}), "still commits at north"),
        (lambda: home(WATCHED, lambda body: body | {"still at the source": ["billing x"]}), "still commits at south"),
    ],
    ids=["earlier there", "earlier home", "set back", "still at north", "still at south"],
)
def test_records_read_twice_refute(change: Callable[[], LiveState], names: str) -> None:
    found = judged(change())
    assert found.verdict is Verdict.REFUTED
    assert any(names in each for each in found.reasons)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda: replace(whole(), phase=LivePhase.PROMOTED, home=None), "was promoted"),
        (lambda: replace(whole(), phase=LivePhase.OVERTAKEN, home=None), "somebody else moved the work"),
        (lambda: replace(whole(), phase=LivePhase.STAYING, home=None), "still at the other site"),
        (lambda: home(HANDED, without("billing")), "had no position before the way home"),
        (lambda: there(WATCHED, lambda body: body | {"not arrived": ["group billing"]}), "not arrived yet"),
        (lambda: there(WATCHED, lambda body: body | {"source not seen": "silent"}), "is unknown: silent"),
        (lambda: there(GATES, lambda body: {}), "no second person's approval"),
        (lambda: there(HANDED, lambda body: body | {"groups": {}}), "has handed over no position"),
        (lambda: ended("signal"), "the stay was ended"),
        (lambda: ended("time", earlier=60), "the stay was to last until"),
        (lambda: looked_at(whole(), Event.RUN_STARTED, Event.STAY_ENDED), "nobody looked at the stay"),
        (lambda: looked_at(whole(), Event.RUN_STARTED, Event.STAY_WATCHED), "nothing says why the stay ended"),
    ],
    ids=[
        "promoted", "overtaken", "not home", "no position", "not arrived", "unseen", "unapproved", "none handed",
        "signal", "early", "no look", "no end",
    ],
)  # fmt: skip
def test_what_is_missing_is_named_and_is_no_proof(change: Callable[[], LiveState], names: str) -> None:
    found = judged(change())
    assert found.verdict is Verdict.INCONCLUSIVE
    assert any(names in each for each in found.reasons)


def test_a_move_with_an_exception_is_no_proof() -> None:
    given = whole().there
    assert given is not None

    def entry(each: JournalEntry) -> JournalEntry:
        more = {"exceptions": ["reverse-replication is pending"]} if each.event is Event.RUN_ENDED else {}
        return replace(each, body=each.body | more)

    move = replace(given, entries=tuple(map(entry, given.entries)))
    found = judged(replace(whole(), there=move))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "reverse-replication is pending" in found.reasons[0]


def test_a_move_that_was_rolled_back_is_no_proof() -> None:
    given = whole().home
    assert given is not None
    found = judged(replace(whole(), home=replace(given, state=RunState.ROLLED_BACK)))
    assert found.verdict is Verdict.INCONCLUSIVE


def test_groups_that_read_nothing_there_show_nothing() -> None:
    assert judged(home(HANDED, stood_still)).verdict is Verdict.VACUOUS
