"""Decisions about a live drill that are taken under the lease, so that exactly one of two that exclude each other is.

A person's word is a run of its own kind, begun and ended under the lease. A move of the drill asks under the same lease
whether a word to stay was said, or the drill was given up before it moved:

==============================  ===================================  =======================================
the drill                       a word to go home                    a word to stay
==============================  ===================================  =======================================
moves                           Locked, or refused                   Locked, or refused
stays, no word yet              taken                                taken
stays, is to go home by a word  refused                              refused until the stay is over; then
                                                                     taken, as long as no way home is begun
is promoted                     refused                              refused
==============================  ===================================  =======================================

Example: ben says go-home at 02:10, and north is lost at 02:11. The way home is refused by its gates, and nobody can end
the drill by it: anna promotes it, and the work stays at south.
"""

import secrets

from drctl.errors import ConfigInvalid, Refused
from drctl.model.run import Run, RunState
from drctl.model.terms import Terms
from drctl.plans.live import (
    HOME,
    THERE,
    DrillWord,
    LivePhase,
    LiveState,
    end_live_drill,
    live_drill,
    live_state,
    standing_drill,
)
from drctl.plans.selection import DRILL_WORD
from drctl.ports import World


def say_word(world: World, word: DrillWord, terms: Terms, reason: str) -> LiveState:
    """Write a person's word about the live drill that stays; returns the drill as it stands then.

    ConfigInvalid without a reason. Refused where none stays, or another word counts; Locked while a move is at work.
    """
    if not reason.strip():
        raise ConfigInvalid("the word gives no reason", remedy="say why: it goes to the journal")
    world.lease.acquire(f"the word of {terms.by or 'somebody'} about a live drill")
    try:
        standing = standing_drill(world)
        if standing is None or standing.phase is not LivePhase.STAYING:
            raise Refused(_why_no_word(standing), remedy="see 'drctl status'")
        if standing.word is not None and (word is DrillWord.GO_HOME or standing.ended is None):
            raise Refused(
                f"{standing.word.by or 'somebody'} has said already: {standing.word.word} ({standing.word.reason})",
                remedy="once the drill has ended, a switchover leads wherever it is wanted",
            )
        drill, plan = standing.run, world.plan
        identity = f"word-{world.clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        about = {"about": drill.id, "word": word.value, "reason": reason.strip()}
        made = Run(identity, DRILL_WORD, plan.name, plan.digest, drill.source, drill.target, world.epochs.current())
        world.journal.begin(made, about | terms.told())
        world.journal.end(identity, RunState.DONE)
        return live_state(world.journal, drill)
    finally:
        world.lease.release()


def _why_no_word(standing: LiveState | None) -> str:
    if standing is None:
        return "no live drill is under way"
    return f"live drill {standing.run.id} is {standing.phase}, and a word counts only while it stays"


def give_up_unmoved(world: World) -> bool:
    """End the live drill that was cut off before its first move; returns whether there was one. Raises Locked.

    Since it was begun a window may have closed, and nobody may want it any more.
    """
    if not _is_unmoved(standing_drill(world)):
        return False
    world.lease.acquire("the end of a live drill that never moved")
    try:
        standing = standing_drill(world)  # its drctl may have begun the move since
        if standing is None or not _is_unmoved(standing):
            return False
        told = {"failure": "cut off before its first move: nothing was changed"}
        end_live_drill(world, standing.run, good=False, told=told)
        return True
    finally:
        world.lease.release()


def _is_unmoved(standing: LiveState | None) -> bool:
    return standing is not None and standing.phase is LivePhase.BEGUN and standing.there is None


def require_drill_allows(world: World, terms: Terms) -> None:
    """Refused where a move would begin a drill that was given up, or lead one home that a person has promoted."""
    if not terms.drill:
        return
    state = live_drill(world.journal, terms.drill["id"])
    if terms.drill["way"] == THERE and dict(world.journal.runs())[state.run] is not RunState.RUNNING:
        raise Refused(
            f"live drill {state.run.id} was given up before it moved",
            remedy="begin another: 'drctl drill --level live'",
        )
    word = state.word
    if terms.drill["way"] == HOME and word is not None and word.word is DrillWord.STAY:
        raise Refused(
            f"{word.by or 'somebody'} has promoted the drill: {word.reason}",
            remedy="'drctl drill --level live' writes its report; a switchover leads home",
        )
