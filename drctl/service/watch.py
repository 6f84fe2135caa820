"""The service: looks at both sites and the link again and again, and tells what it saw."""

import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from threading import Lock
from typing import Any

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from drctl.model.facts import Status
from drctl.monitors import Sessions, follow, look
from drctl.ports import World
from drctl.service.http import listen
from drctl.service.metrics import Metrics
from drctl.service.warmth import WarmKeeper

STALE_AFTER = 3
"""Cycles without a look after which the service is not healthy."""

FOLLOWING = 5.0
"""Seconds of a cycle in which one site's tail may catch up; what is left is shown, and read in the next cycle."""

PAUSE = 0.1
"""Seconds between two warm cycles."""

GRACE = 10.0
"""Seconds that what is under way may still take when the service is ended: Kubernetes kills after 30."""


class Watch:
    """One cycle is one look. ``look_at`` is the monitors' status, handed in by wiring's caller."""

    def __init__(
        self, world: World, look_at: Callable[[World], Status], every: timedelta, *, warm: bool = False
    ) -> None:
        self.world = world
        self.look_at = look_at
        self.every = every
        self.metrics = Metrics()
        self.sessions = {name: Sessions() for name in world.sites}
        self.tails = Lock()
        self.keeper = WarmKeeper(world, self.sessions, self.tails, self.metrics) if warm else None
        self.log = structlog.get_logger("drctl.service").bind(plan=world.plan.name)
        self.looked_at: float | None = None
        self.cycles = 0

    def cycle(self) -> None:
        """Look once and set the metrics."""
        clock = self.world.clock
        began = clock.monotonic()
        seen = self.look_at(self.world)
        self.cycles += 1
        self.looked_at = clock.monotonic()
        self.metrics.show(seen)
        for name, sessions in self.sessions.items():
            tail = self.world.sites[name].tail
            with self.tails:
                followed = look(clock, partial(follow, tail, sessions, clock, FOLLOWING))
            self.metrics.show_sessions(name, followed, sessions, self.world.plan.groups)
        self.metrics.cycle_seconds.set(clock.monotonic() - began)
        self.metrics.cycle_at.set(clock.now().timestamp())
        for site in seen.sites:
            self.log.info(
                "site-seen", cycle=self.cycles, site=site.facts.name, role=site.role.value, epoch=seen.epoch.value
            )

    def cycle_or_tell(self) -> None:
        """One cycle; what it raises is logged and counted, and the next cycle comes all the same."""
        try:
            self.cycle()
        except Exception:
            self.metrics.failed.inc()
            self.log.exception("look-failed", cycle=self.cycles + 1)

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Healthy while looks are fresh, whatever they show."""
        limit = self.every.total_seconds() * STALE_AFTER
        if self.looked_at is None:
            return False, {"healthy": False, "why": "no look has ended yet"}
        age = self.world.clock.monotonic() - self.looked_at
        return age <= limit, {"healthy": age <= limit, "secondsSinceLastLook": round(age, 1), "cycles": self.cycles}

    def run(self, address: str) -> bool:
        """Serve until SIGTERM or SIGINT; returns whether what was under way then came to its end.

        A lost site can hold a call for longer than anybody waits. All that is done here may be cut off at any moment.
        """
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        server = listen(address, self.metrics.registry, self.health)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        scheduler = BackgroundScheduler(timezone="UTC")
        # A late look is better than none, two at once are worse than one.
        scheduler.add_job(
            self.cycle_or_tell,
            "interval",
            seconds=self.every.total_seconds(),
            next_run_time=self.world.clock.now(),
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
        scheduler.start()
        self.log.info("service-started", port=server.server_address[1])
        keeping = threading.Thread(target=self._keep_warm, args=(ended,), daemon=True)
        keeping.start()
        ended.wait()
        ending = threading.Thread(target=scheduler.shutdown, daemon=True)
        ending.start()
        server.shutdown()
        server.server_close()
        deadline = self.world.clock.monotonic() + GRACE
        for thread in (keeping, ending):
            thread.join(max(0.0, deadline - self.world.clock.monotonic()))
        all_ended = not (keeping.is_alive() or ending.is_alive())
        self.log.info("service-stopped", cut_off=not all_ended)
        return all_ended

    def _keep_warm(self, ended: threading.Event) -> None:
        while self.keeper is not None and not ended.wait(PAUSE):
            self.keeper.cycle_or_tell()
