"""Observes for the service what the links may lose: looks over some minutes, judged after each."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime

import structlog

from drctl.decide.losses import losses, time_left, window
from drctl.decide.rules import Blocker
from drctl.model.copying import LinkLook
from drctl.model.reading import Reading
from drctl.monitors import look_at_link, reading_of, remember
from drctl.plans.selection import moving
from drctl.ports import World
from drctl.service.metrics import Metrics


class LossWatch:
    """Looks at the link that leaves the site that serves. What changes in its verdict is logged, once."""

    def __init__(self, world: World, metrics: Metrics) -> None:
        self.world, self.metrics = world, metrics
        self._looks: dict[str, deque[LinkLook]] = {}
        self._told: set[tuple[str, str]] = set()
        self.log = structlog.get_logger("drctl.service").bind(plan=world.plan.name)

    def cycle(self, committed_at: Mapping[str, Reading[Mapping[str, datetime]]]) -> None:
        """Look once. ``committed_at``: per site the oldest commit of each group there."""
        serving = reading_of(self.world.clock, self.world.client_routing.site).value
        found: list[tuple[str, Blocker]] = []
        for source, target in self.world.links:
            if source != serving:
                # What was seen while it was in use would alarm without end, and be compared with what comes much later.
                name = self.world.links[source, target].link.name
                self._looks.pop(name, None)
                self.metrics.hide_losses(name)
                continue
            # Groups that were handed over alone are ahead there, as they should be.
            moved = reading_of(self.world.clock, lambda target=target: moving(self.world, target))  # type: ignore[misc]
            seen = look_at_link(moved.value or self.world, source, target, committed_at[target])
            looks = self._looks.setdefault(seen.link.name, deque())
            looks.append(seen)
            # One look older than the window is kept: between it and now nothing must have stood still.
            while len(looks) > 2 and seen.at - looks[1].at >= window(seen):
                looks.popleft()
            reasons = list(losses(looks))
            found += [(seen.link.name, each) for each in reasons]
            self.metrics.show_losses(seen.link.name, reasons, time_left(looks))
            reading_of(self.world.clock, lambda seen=seen: remember(self.world, seen))  # type: ignore[misc]
        self._tell(found)

    def _tell(self, found: list[tuple[str, Blocker]]) -> None:
        now = {(each.rule.name, each.detail.rpartition(": ")[0]) for _, each in found}
        for link, each in found:
            if (each.rule.name, each.detail.rpartition(": ")[0]) not in self._told:
                self.log.warning("loss-seen", link=link, rule=each.rule.name, detail=each.detail, remedy=each.remedy)
        self._told = now
