"""From the journal of a live drill to its verdict: no site and no clock, so that anybody can judge it again.

=============================================================================  ============
a group committed on at the site that it had left, stood before a position
that was handed over, or was given an earlier one                              refuted
not both moves done without exceptions; a group that did not arrive; a
position that was not proven, or is missing on the way home; a stay that
something but its time ended, or nobody looked at; a pause not measured         inconclusive
no group has read on at the other site                                         vacuous
none of these                                                                  proved
=============================================================================  ============

The pauses are compared with the objective, which decides nothing. What clients did with records no journal knows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from drctl.drills.live.watching import handed_over
from drctl.drills.report.run import LEFT
from drctl.model.run import Evidence, RunState
from drctl.model.translation import Proof
from drctl.model.verdict import Verdict
from drctl.plans.live import BY_TIME, LiveMove, LivePhase, LiveState
from drctl.plans.objectives import pause
from drctl.plans.repetition import result
from drctl.plans.steps.check_gates import CheckGates
from drctl.plans.steps.hand_over_positions import PROOFS

SURE = frozenset(PROOFS[proof] for proof in Proof)
STILL_THERE = ("watch-first-commits", "still at the source")
NOT_BOTH = {
    LivePhase.BEGUN: "the move to the other site was refused or rolled back: nothing was drilled",
    LivePhase.LEAVING: "the move to the other site is unfinished",
    LivePhase.STAYING: "the work is still at the other site: the way home was not done",
    LivePhase.RETURNING: "the move home is unfinished",
    LivePhase.PROMOTED: "the drill was promoted: the work stays at the other site, so there was no way home",
    LivePhase.OVERTAKEN: "somebody else moved the work, so the drill ended there",
}
"""Why a drill in that phase is not proved."""


@dataclass(frozen=True, slots=True)
class LiveJudgement:
    """Hold how much a live drill was worth, with all reasons."""

    verdict: Verdict
    reasons: tuple[str, ...]


def judged(state: LiveState) -> LiveJudgement:
    """Judge a drill by its own entries and those of its moves."""
    moves = [move for move in (state.there, state.home) if move is not None]
    refuting = [*chain.from_iterable(map(_read_twice, moves)), *_set_back(state)]
    if refuting:
        return LiveJudgement(Verdict.REFUTED, tuple(refuting))
    lacking = [*_lacking(state), *chain.from_iterable(map(_unproven, moves))]
    if lacking:
        return LiveJudgement(Verdict.INCONCLUSIVE, tuple(lacking))
    if not _read_on(state):
        return LiveJudgement(Verdict.VACUOUS, ("no group has read on at the other site: nothing shows that they can",))
    return LiveJudgement(Verdict.PROVED, ())


def seen_in(move: LiveMove) -> Mapping[str, Evidence]:
    """Return each step's evidence of a move."""
    return result(move.run, RunState.RUNNING, move.entries).evidence


def exceptions_of(move: LiveMove) -> tuple[str, ...]:
    """Return what went wrong beside a move that is done."""
    return result(move.run, RunState.RUNNING, move.entries).exceptions


def left_of(move: LiveMove) -> Iterator[str]:
    """Yield what does not work yet at the end of a move, in words."""
    seen = seen_in(move)
    for (step, key), words in LEFT.items():
        found = seen.get(step, {}).get(key) or ()
        for each in [found] if isinstance(found, str) else found:
            yield f"{words}: {each}"
    if unseen := seen.get("watch-first-commits", {}).get("source not seen"):
        yield f"whether anybody still commits at {move.run.source} is unknown: {unseen}"


def _read_twice(move: LiveMove) -> Iterator[str]:
    """Records that a group was given once more, or reads at two sites, as far as a move shows them."""
    step, key = STILL_THERE
    for each in seen_in(move).get(step, {}).get(key, ()):
        yield f"run {move.run.id}: still commits at {move.run.source}: {each}"
    for group, handed in sorted(handed_over(move).items()):
        for partition, line in sorted(handed["positions"].items()):
            if line["proof"] not in SURE:
                yield f"run {move.run.id}: {group} {partition} was given an earlier position ({line['proof']})"


def _set_back(state: LiveState) -> Iterator[str]:
    """Positions on the way home that are before those that were handed over on the way there: they were read twice."""
    for group, partition, there, home in _ways(state):
        if home is not None and home < there:
            yield f"{group} {partition} was handed over at {there} and stood at {home} before the way home"


def _ways(state: LiveState) -> Iterator[tuple[str, str, int, int | None]]:
    """Each position at the other site: as it was handed over there, and as it was when the way home began.

    None where the way home knows no such position. Nothing where one of the moves handed nothing over.
    """
    if state.there is None or state.home is None:
        return
    gone, come = handed_over(state.there), handed_over(state.home)
    if not come:
        return
    for group, handed in sorted(gone.items()):
        for partition, line in sorted(handed["positions"].items()):
            image = line.get("as", partition)
            known = come[group]["positions"].get(image) if group in come else None
            yield group, image, line["there"], None if known is None else known["here"]


def _lacking(state: LiveState) -> Iterator[str]:
    """Whatever is missing of a whole drill."""
    if state.phase in NOT_BOTH:
        yield NOT_BOTH[state.phase]
    if state.ended is None and state.phase is LivePhase.HOME:
        yield "nothing says why the stay ended"
    if state.ended is not None and state.ended.body["why"] != BY_TIME:
        yield f"the stay was ended: {state.ended.body['detail']}"
    if state.until is not None and state.ended is not None and state.ended.at < state.until:
        yield f"the stay was to last until {state.until:%H:%M:%S} UTC and ended at {state.ended.at:%H:%M:%S}"
    if state.there is not None and "approval" not in seen_in(state.there).get(CheckGates.name, {}):
        yield "no second person's approval is in the journal of the move there"
    if state.since is not None and not state.looks:
        yield "nobody looked at the stay"
    for group, partition, there, home in _ways(state):
        if home is None:
            yield f"{group} {partition} was handed over at {there} and had no position before the way home"


def _unproven(move: LiveMove) -> Iterator[str]:
    """Whatever keeps one move from being a proof."""
    run = f"run {move.run.id}"
    if move.state is not RunState.DONE:
        yield f"{run} is {'rolled back' if move.state is RunState.ROLLED_BACK else move.state}"
        return
    yield from (f"{run}: {each}" for each in exceptions_of(move))
    yield from (f"{run}: {each}" for each in left_of(move))
    if not any(handed["positions"] for handed in handed_over(move).values()):
        yield f"{run} has handed over no position"
    if pause(move.entries) is None:
        yield f"{run}: how long nobody could write was not measured"


def _read_on(state: LiveState) -> bool:
    """Whether a group was beyond what was handed over when the way home began."""
    return any(home is not None and home > there for _, _, there, home in _ways(state))
