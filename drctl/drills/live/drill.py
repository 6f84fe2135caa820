"""A drill with the real work: a switchover, a stay that is watched, and the way home, or a person's word to stay.

Each turn asks the journal where the drill stands (``drctl/plans/live.py``) and takes the next step, so a process that
goes on behind a cut does what the one before would have done::

    BEGUN ──> LEAVING ──> STAYING ──────────────> RETURNING ──> HOME
      │ refused, rolled back │ its time, a signal,   │ rolled back: STAYING, and it is told
      v                      │ a word to go home
    ends                     ├─ a word to stay ──> PROMOTED
                             └─ somebody moves ──> OVERTAKEN

The stay holds no lease. Nothing but the two switchovers changes anything at a site.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain

from drctl.decide.staying import standing
from drctl.drills.live.watching import StayLook, look_at_stay
from drctl.errors import Blocked, DrctlError, JournalBroken, Locked, Refused
from drctl.model.run import Event, RunResult
from drctl.model.terms import Terms
from drctl.plans.live import (
    ABOUT,
    BY_SIGNAL,
    BY_TIME,
    BY_WORD,
    HOME,
    OVERTAKEN_THERE,
    THERE,
    LivePhase,
    LiveState,
    SpokenWord,
    live_drill,
    require_allowed,
    spoken,
    terms_told,
)
from drctl.plans.observing import Observe
from drctl.plans.plan import Plan
from drctl.plans.selection import moving
from drctl.plans.switchover import plan as switchover_plan
from drctl.ports import World

POLL = 1.0
"""Seconds between two looks for a word: who has said it watches what happens."""
LOOK = 15.0
"""Seconds between two looks at the sites: three in a row are within a minute."""
AGAIN = 60.0
"""Seconds between two tries of a way home that gates refuse; each leaves a run in the journal."""
PATIENCE = 600.0
"""Seconds for which it is tried: a lag that a healthy link cannot work off in these is a matter for a person."""
OVERRIDDEN = ("outside-window", "cooling-down", "paused", "positions-stale")
"""Rules against beginning something new, which a way home is not."""
ENDED = (LivePhase.HOME, LivePhase.PROMOTED, LivePhase.OVERTAKEN)

type Move = Callable[[Plan, World, Terms], RunResult]
"""Runs a plan to its end, or goes on with it, and shows it."""


class LiveDrill:
    """One drill, begun or continued; :meth:`perform` brings it as far as it goes."""

    def __init__(
        self, world: World, drill: str, terms: Terms, *, observe: Observe, move: Move, say: Callable[[str], None]
    ) -> None:
        """``drill`` is its id in the journal; ``terms`` are those of the person who gave the command now."""
        self.world, self.drill, self.terms = world, drill, terms
        self.observe, self.move, self.say = observe, move, say
        self.allowed = require_allowed(world)
        self.failed: DrctlError | None = None
        self._home_until: float | None = None

    def perform(self) -> LiveState:
        """Move, stay, come home; returns where it stands then, BEGUN where its move was refused or rolled back.

        ``failed`` is the error of that move. Raises what a move raises that is left unfinished, and what keeps the way
        home from being run: the same command goes on from there.
        """
        while True:
            state = self._state()
            if state.phase in ENDED or (state.phase is LivePhase.BEGUN and state.there is not None):
                return state
            if state.phase in (LivePhase.BEGUN, LivePhase.LEAVING):
                self._leave()
                if self.failed is not None and self._state().there is None:
                    return self._state()
            elif state.phase is LivePhase.RETURNING:
                self._move(HOME)
            elif state.ended is None:
                self._stay(state)
            else:
                self._go_home(state)

    def _state(self) -> LiveState:
        return live_drill(self.world.journal, self.drill)

    def _leave(self) -> None:
        """Move there. A refusal and a rollback end the drill; whatever is left unfinished is raised."""
        try:
            self._move(THERE)
        except DrctlError as error:
            if self._state().phase is not LivePhase.BEGUN:
                raise
            self.failed = error

    def _go_home(self, state: LiveState) -> None:
        """Move home, unless the work was moved since; what passes is waited for, and a word to stay ends it."""
        clock = self.world.clock
        if self._home_until is None:
            self._home_until = clock.monotonic() + PATIENCE
        if elsewhere := self._elsewhere(state):
            self._over(OVERTAKEN_THERE, elsewhere)
            return
        try:
            self._move(HOME)
        except DrctlError as error:
            phase = self._state().phase
            if phase is LivePhase.PROMOTED:
                return
            if phase is not LivePhase.STAYING or not _may_pass(error) or clock.monotonic() >= self._home_until:
                raise
            reasons = error.reasons if isinstance(error, Blocked) else ()
            self.say(f"the way home waits: {'; '.join(reasons) or error}")
            # Who holds the lease for a word, or to mend a standby, holds it for seconds; a try leaves no run then.
            clock.sleep(LOOK if isinstance(error, Locked) else AGAIN)

    def _move(self, way: str) -> None:
        state = self._state()
        drill = state.run
        ends = (drill.source, drill.target) if way == THERE else (drill.target, drill.source)
        world = moving(self.world, ends[1])
        plan = switchover_plan(world, *ends, observe=self.observe)
        terms = replace(self.terms, drill={"id": self.drill, "way": way})
        if way == THERE:
            plan = replace(plan, about={ABOUT: {name: state.said[name] for name in terms_told(self.allowed)}})
        else:
            terms = replace(terms, overrides=dict.fromkeys(OVERRIDDEN, f"the way home of live drill {self.drill}"))
        self.say(f"moving {way}: from {ends[0]} to {ends[1]}")
        self.move(plan, world, terms)

    def _stay(self, state: LiveState) -> None:
        """Watch until the stay is over, and write down why it is."""
        until = state.until
        if until is None:
            raise Refused(f"live drill {self.drill} does not stay anywhere", remedy="see 'drctl runs list --all'")
        looks: list[StayLook] = []
        clock, due = self.world.clock, self.world.clock.monotonic()
        self.say(f"the work stays at {state.run.target} until {until:%Y-%m-%d %H:%M:%S} UTC")
        while True:
            if word := spoken(self.world.journal, state.run):
                return self._over(BY_WORD, _worded(word))
            if clock.monotonic() >= due:
                if self._state().phase is not LivePhase.STAYING:
                    return None  # the next turn tells by whom
                if elsewhere := self._elsewhere(state):
                    return self._over(OVERTAKEN_THERE, elsewhere)
                looks.append(self._look(state, looks))
                if signals := standing([each.signals for each in looks]):
                    return self._over(BY_SIGNAL, "; ".join(f"{each.name}: {each.detail}" for each in signals))
                due = clock.monotonic() + LOOK
            if clock.now() >= until:
                return self._over(BY_TIME, f"the stay was to end at {until:%Y-%m-%d %H:%M:%S} UTC")
            clock.sleep(POLL)

    def _look(self, state: LiveState, before: Sequence[StayLook]) -> StayLook:
        look = look_at_stay(self.world, state, self.allowed, self.observe)
        told = frozenset(chain.from_iterable(each.signals for each in before))
        self.world.journal.append(self.drill, Event.STAY_WATCHED, body=look.to_json(told))
        for each in look.signals:
            if each.blocking:
                self.say(f"seen: {each.name}: {each.detail}")
        return look

    def _elsewhere(self, state: LiveState) -> str:
        """Why the work is not the drill's to lead home any more; empty if it is, or if nobody can tell."""
        try:
            routing, epoch = self.world.client_routing.site(), self.world.epochs.current()
        except JournalBroken:
            raise
        except DrctlError as error:
            # The move home asks again before it changes anything; a stay that ends here would have no end.
            self.say(f"whether the work is still there is unknown: {error}")
            return ""
        if routing != state.run.target:
            return f"clients are sent to {routing or 'no site'}, and not to {state.run.target}"
        own = max(move.run.epoch for move in (state.there, state.home) if move is not None)
        return f"the epoch is {epoch}, and that of the drill's moves {own}" if epoch > own else ""

    def _over(self, why: str, detail: str) -> None:
        self.say(f"the stay is over: {detail}")
        self.world.journal.append(self.drill, Event.STAY_ENDED, body={"why": why, "detail": detail})


def _may_pass(error: DrctlError) -> bool:
    """Whether the way home that failed by it, before it was begun, may be possible later."""
    return isinstance(error, Blocked | Locked) or error.transient


def _worded(word: SpokenWord) -> str:
    return f"{word.by or 'somebody'} said {word.word}: {word.reason}"
