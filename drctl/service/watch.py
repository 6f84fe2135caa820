"""The service: looks at both sites and the link again and again, and tells what it saw."""

import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from drctl.model.facts import Status
from drctl.ports import World
from drctl.service.http import listen
from drctl.service.metrics import Metrics

STALE_AFTER = 3
"""Cycles without a look after which the service is not healthy."""


class Watch:
    """One cycle is one look. ``look`` is the monitors' status, handed in by wiring's caller."""

    def __init__(self, world: World, look: Callable[[World], Status], every: timedelta) -> None:
        self.world = world
        self.look = look
        self.every = every
        self.metrics = Metrics()
        self.log = structlog.get_logger("drctl.service").bind(plan=world.plan.name)
        self.looked_at: float | None = None
        self.cycles = 0

    def cycle(self) -> None:
        """Look once and set the metrics."""
        clock = self.world.clock
        began = clock.monotonic()
        seen = self.look(self.world)
        self.cycles += 1
        self.metrics.show(seen)
        self.looked_at = clock.monotonic()
        self.metrics.cycle_seconds.set(self.looked_at - began)
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

    def run(self, address: str) -> None:
        """Serve until SIGTERM or SIGINT."""
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
        ended.wait()
        scheduler.shutdown(wait=True)
        server.shutdown()
        server.server_close()
        self.log.info("service-stopped")
