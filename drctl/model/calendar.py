"""Model when planned moves may begin: windows of the week and blocked dates, in one time zone."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from drctl.model.capacity import DAY, Shift, Spans, span_with


@dataclass(frozen=True, slots=True)
class Calendar:
    """``windows`` in which a move may begin, any time if there is none; ``blocked`` days, first and last of each span.

    A window is the part of the week that a :class:`Shift` covers; what that demands does not matter here.
    """

    zone: tzinfo
    zone_name: str
    windows: tuple[Shift, ...]
    blocked: Spans

    def why_not(self, at: datetime) -> str:
        """Why nothing planned may begin then, in words; empty if it may. The clock on the wall decides."""
        local = at.astimezone(self.zone)
        if found := span_with(local.date(), self.blocked):
            first, last = found
            span = f"{first}" if first == last else f"{first} to {last}"
            return f"{span} is blocked ({self.zone_name})"
        minute = local.weekday() * DAY + local.hour * 60 + local.minute
        if self.windows and not any(window.covers(minute) for window in self.windows):
            return f"{local:%a %H:%M} is in no window ({self.zone_name})"
        return ""
