"""Tell of a live drill that has not ended: where it stands, what that means, and what to type."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from drctl.plans.live import LivePhase, LiveState, is_watched

GO_ON = "drctl drill --level live"


def live_lines(state: LiveState, now: datetime) -> Iterator[str]:
    """Yield what an operator must know first, a line each."""
    run = state.run
    yield f"LIVE DRILL {run.id}, from {run.source} to {run.target}: {state.phase}"
    moving = {LivePhase.LEAVING: state.there, LivePhase.RETURNING: state.home}.get(state.phase)
    if moving is not None:
        yield f"  its run {moving.run.id} is unfinished; once it is resumed or given up: {GO_ON}"
        return
    if state.phase is LivePhase.BEGUN and state.there is None:
        yield f"  it was cut off before its first move, or is about to begin it; a new one is begun by: {GO_ON}"
        return
    if state.phase is not LivePhase.STAYING:
        yield f"  nothing moves any more; its report is written by: {GO_ON}"
        return
    yield f"  the work of {run.source} is at {run.target}, and comes home at {_time(state.until)}"
    if state.word is not None:
        yield f"  {state.word.by or 'somebody'} said {state.word.word}: {state.word.reason}"
    if state.ended is not None:
        yield f"  the stay is over ({state.ended.body['detail']}), and the way home was not done"
    elif not is_watched(state, now):
        last = state.looks[-1].at if state.looks else None
        yield f"  NOBODY WATCHES IT, SO NOTHING BRINGS IT HOME: the last look was at {_time(last)}"
    yield f"  go on (watches it and brings it home): {GO_ON}"
    if state.ended is None and state.word is None:
        yield "  come home now:      drctl drill --go-home 'REASON'"
    if state.ended is not None or state.word is None:
        yield "  let the work stay:  drctl drill --promote 'REASON'"


def live_document(state: LiveState | None, now: datetime) -> dict[str, Any] | None:
    """The same for programs; None where no drill is under way."""
    if state is None:
        return None
    return {
        "id": state.run.id,
        "source": state.run.source,
        "target": state.run.target,
        "phase": state.phase.value,
        "since": state.since and state.since.isoformat(),
        "until": state.until and state.until.isoformat(),
        "lastLook": state.looks[-1].at.isoformat() if state.looks else None,
        "watched": is_watched(state, now) if state.phase is LivePhase.STAYING else None,
        "stayEnded": state.ended and state.ended.body["why"],
    }


def _time(at: datetime | None) -> str:
    return "no time" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"
