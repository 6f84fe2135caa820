"""Conditions of beginning a live drill; all else the gates of its moves ask."""

from datetime import timedelta

from drctl.decide.rules import Blocker, Rule
from drctl.errors import Blocked
from drctl.plans.live import require_allowed
from drctl.plans.unfinished import require_none_unfinished
from drctl.ports import World

MINUTE = timedelta(minutes=1)
"""Windows and blocked days begin and end at whole minutes."""


def require_may_begin(world: World) -> None:
    """Raise unless the plan file allows it, no run is unfinished, and all of the stay lies in the calendar's windows.

    ConfigInvalid, Refused and Blocked, in that order.
    """
    stay, calendar = require_allowed(world).stay, world.plan.guards.calendar
    require_none_unfinished(world)
    now = world.clock.now()
    moments = [now + MINUTE * number for number in range(stay // MINUTE + 1)]
    for at in (*moments, now + stay):
        if calendar is not None and (why := calendar.why_not(at)):
            detail = f"the stay of a live drill would end at {now + stay:%a %H:%M} UTC: {why}"
            remedy = "begin it early enough in a window of guards.calendar, or shorten drills.live.stay"
            raise Blocked(
                "a live drill may not begin now",
                (f"{detail} ({remedy})",),
                exit_code=Blocker(Rule.OUTSIDE_WINDOW, detail, remedy).concern.value,
                remedy="wait; a drill overrides no window",
            )
