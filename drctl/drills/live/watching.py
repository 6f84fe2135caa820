"""One look at a live drill's stay: both sites, the link home, the groups, and the plan file's own commands."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from drctl.decide.staying import GROUPS_UNKNOWN, ArrivedGroup, StaySignal, group_signals, site_signals
from drctl.errors import DrctlError, PositionsPending
from drctl.model.live import LiveDrillTerms, StayWatch
from drctl.model.run import Event, Evidence, RunState
from drctl.plans import evidence
from drctl.plans.live import LiveMove, LiveState
from drctl.plans.membership import members_in
from drctl.plans.observing import Observe
from drctl.plans.repetition import result
from drctl.plans.selection import moving
from drctl.plans.step_evidence import HANDED_OVER, GroupPositions, group_positions
from drctl.ports import World

WATCH = "watch-"
"""Stands before the name of a command that is asked."""
SITES_UNKNOWN = "sites-unknown"
TOLD = 300
"""Characters of what a command complained of that go to the journal."""


@dataclass(frozen=True, slots=True)
class StayLook:
    """Hold what one look has seen."""

    signals: tuple[StaySignal, ...]
    groups: dict[str, ArrivedGroup]

    def to_json(self, told: Collection[StaySignal] = ()) -> Evidence:
        """Return it as it stands in the journal.

        What is only noted, and was ``told`` by an earlier look, stands there by its name alone: a look comes every few
        seconds, and a plan file may have hundreds of topics.
        """
        known = frozenset(told)
        names = dict.fromkeys(each.name for each in self.signals if not each.blocking and each in known)
        new = [each for each in self.signals if each.blocking or each not in known]
        again = [StaySignal(name, "", blocking=False) for name in names]
        return {
            "signals": [each._asdict() for each in (*new, *again)],
            "groups": {name: {"members": each.members, "beyond": each.beyond} for name, each in self.groups.items()},
        }


def handed_over(move: LiveMove) -> dict[str, GroupPositions]:
    """Return every group's positions as a move has handed them over; none where it has not come to that."""
    seen = result(move.run, RunState.RUNNING, move.entries).evidence
    return dict(group_positions(seen)) if HANDED_OVER in seen else {}


def expected_groups(move: LiveMove) -> frozenset[str]:
    """Return the groups that had members before the move."""
    snapshots: dict[str, Evidence] = {}
    for entry in move.entries:
        if entry.event is Event.STEP_INTENDED:
            snapshots.setdefault(entry.step, entry.body)
    return frozenset(name for name, count in members_in(snapshots).items() if count)


def look_at_stay(world: World, state: LiveState, terms: LiveDrillTerms, observe: Observe) -> StayLook:
    """Look at everything once; what fails is a signal, and raises nothing that a port raises."""
    now = world.clock.now()
    groups: dict[str, ArrivedGroup] = {}
    signals = [*_of_sites(world, state, terms, observe, now)]
    try:
        groups = _groups(world, state)
    except DrctlError as error:
        signals.append(StaySignal(GROUPS_UNKNOWN, str(error)))
    early = state.since is not None and now - state.since < terms.arrive_within
    expected = frozenset() if state.there is None else expected_groups(state.there)
    signals += group_signals(groups, expected, may_arrive=early)
    signals += (each for watch in terms.watches for each in _asked(world, state, watch))
    return StayLook(tuple(signals), groups)


def _of_sites(
    world: World, state: LiveState, terms: LiveDrillTerms, observe: Observe, now: datetime
) -> Iterator[StaySignal]:
    home, there = state.run.source, state.run.target
    try:
        facts = observe(moving(world, home), there, home)
        # All of them before the first is told: what fails in between must not be taken for all that there is.
        found = [*site_signals(facts, world.plan.guards, terms.lag_at_most, now)]
    except DrctlError as error:
        found = [StaySignal(SITES_UNKNOWN, str(error))]
    yield from found


def _groups(world: World, state: LiveState) -> dict[str, ArrivedGroup]:
    """The groups that were handed over, as they stand where the work is now."""
    handed = {} if state.there is None else handed_over(state.there)
    positions, names = world.sites[state.run.target].positions, tuple(sorted(handed))
    described = positions.describe(names)
    try:
        committed = positions.committed(names)
    except PositionsPending as pending:
        committed = pending.found  # a transaction that ends within a look; the next one sees its positions
    found: dict[str, ArrivedGroup] = {}
    for name in names:
        behind: list[str] = []
        beyond = 0
        for partition, line in handed[name]["positions"].items():
            image = evidence.image_of(partition, line)
            now = committed.get(name, {}).get(image)
            if now is not None and now.offset < line["there"]:
                behind.append(str(image))
            beyond += now is not None and now.offset > line["there"]
        found[name] = ArrivedGroup(len(described[name].members), tuple(behind), beyond)
    return found


def _asked(world: World, state: LiveState, watch: StayWatch) -> Iterator[StaySignal]:
    """Ask a command of the plan file; it is told which drill, and where the work is."""
    told = {"drill": state.run.id, "home": state.run.source, "site": state.run.target, "watch": watch.name}
    head = {"apiVersion": "drctl.io/v1alpha1", "kind": "StayFacts"}
    done = world.commands.run(watch.command, json.dumps(head | told), watch.timeout.total_seconds())
    if done.code == 0:
        return
    if done.timed_out:
        how = "did not end in time"
    else:
        how = "could not be started" if done.code is None else f"ended with {done.code}"
    yield StaySignal(WATCH + watch.name, f"{watch.name} {how}: {done.complained(TOLD)}".rstrip(": "))
