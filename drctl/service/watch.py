"""The service: looks at both sites and the link again and again, and tells what it saw."""

import signal
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from threading import Lock
from typing import Any

import structlog
from apscheduler.events import EVENT_JOB_MAX_INSTANCES
from apscheduler.schedulers.background import BackgroundScheduler

from drctl.model.clients import SiteClients
from drctl.model.facts import Status
from drctl.model.reading import Reading
from drctl.model.sight import Sight, Sighting
from drctl.monitors import Sessions, SiteObservers, follow, hidden, oldest_commits, reading_of
from drctl.monitors.sessions import TailStatus
from drctl.ports import Clock, Tail, World
from drctl.redaction import describe
from drctl.service.acting import Acting, Opened, led
from drctl.service.automatic_failover import AutomaticFailover
from drctl.service.canary import CanaryOpened, CanaryWatch
from drctl.service.capacity import CapacityAhead, CapacityWatch
from drctl.service.clients_left import ClientsLeftWatch
from drctl.service.courses import CourseKeeper
from drctl.service.election import Election
from drctl.service.failed_tasks import FailedTasks
from drctl.service.foresight import Foresight
from drctl.service.group_sync import GroupSyncLoop
from drctl.service.http import listen
from drctl.service.live_drill import LiveDrillWatch
from drctl.service.losses import LossWatch
from drctl.service.metrics import Metrics
from drctl.service.pausing import PauseWatch
from drctl.service.returned import ReturnedSites
from drctl.service.reversal import PendingReversals
from drctl.service.rollback import PendingRollbacks
from drctl.service.showing import ResourceMirror
from drctl.service.telling import Telling, Trouble

STALE_AFTER = 3
"""Cycles without a look after which the service is not healthy."""

FOLLOWING = 5.0
"""Seconds of a cycle in which one site's tail may catch up; what is left is shown, and read in the next cycle."""

TURN = 0.1
"""Seconds of it at a time."""
BREATH = 0.02
"""Seconds between two turns, for the group-offset sync to take its own."""

GRACE = 10.0
"""Seconds that what is under way may still take when the service is ended: Kubernetes kills after 30."""


class Watch:
    """One cycle is one look. ``look_at`` is the monitors' status, handed in by wiring's caller, ``observers`` its own.

    With an ``election`` it looks all the same, and acts only while it leads. Without ``opened``,
    what makes worlds to act in, it only looks and tells. ``canary`` is what a canary works with, if one is to run;
    ``mirror`` shows what was seen elsewhere.
    """

    def __init__(
        self,
        world: World,
        look_at: Callable[[World], Status],
        every: timedelta,
        *,
        group_sync: bool = False,
        observers: SiteObservers | None = None,
        election: Election | None = None,
        opened: Opened | None = None,
        canary: CanaryOpened | None = None,
        mirror: ResourceMirror | None = None,
    ) -> None:
        self.world = world
        self.look_at = look_at
        self.every = every
        self.metrics = Metrics()
        self.observers, self.mirror = observers, mirror
        self.causes = CourseKeeper(self.metrics.registry)
        self.sessions = {name: Sessions() for name in world.sites}
        self.tails = Lock()
        self.election = election
        leads = election.leads if election else lambda: True
        if election is not None:
            election.expose(self.metrics.registry)
        self.pause = PauseWatch(world, self.metrics)
        may_begin = partial(self._may_begin, leads)
        self.keeper = GroupSyncLoop(world, self.sessions, self.tails, self.metrics, may_begin) if group_sync else None
        self.canary = CanaryWatch(world.plan, canary, self.metrics.registry, leads) if canary else None
        self.foresight = Foresight(world, self.metrics)
        self.losses = LossWatch(world, self.metrics)
        self.clients_left = ClientsLeftWatch(world, self.metrics)
        self.live_drill = LiveDrillWatch(world, self.metrics.registry)
        self.capacity = CapacityWatch(world, self.metrics)
        own = led(opened, leads) if opened else None
        acting = (ReturnedSites, PendingReversals, PendingRollbacks, FailedTasks, CapacityAhead, AutomaticFailover)
        deputies = [each(world, own, self.metrics) for each in acting] if own else []
        self.acting = Acting(deputies, may_begin)
        self.log = structlog.get_logger("drctl.service").bind(plan=world.plan.name)
        self.looked_at: float | None = None
        self.cycles = 0
        self.trouble, self.telling = Trouble("look-failed"), Telling()
        self._late = Telling()
        self.ended = threading.Event()
        self.epoch_known = False
        self.sights: tuple[Sight, ...] = ()

    def cycle(self) -> None:
        """Look once and set the metrics."""
        clock = self.world.clock
        began = clock.monotonic()
        seen = self.look_at(self.world)
        self.cycles += 1
        self.looked_at = clock.monotonic()
        self.epoch_known = seen.epoch.known
        self.pause.active()  # also where nothing would act: begin and end are logged, and shown as a metric
        # Before all that only shows: a site that is open again does not wait for metrics.
        self.acting.take(seen)
        if self.mirror is not None:
            self.mirror.take(seen)
        self.metrics.show(seen)
        self.causes.take(seen.sites, clock.now())
        self.sights = tuple(site.sight for site in seen.sites)
        oldest: dict[str, Reading[Mapping[str, datetime]]] = {}
        clients: list[SiteClients] = []
        for name, sessions in self.sessions.items():
            followed = reading_of(clock, partial(self._follow, self.world.sites[name].tail, sessions))
            with self.tails:
                oldest[name] = self._oldest(followed, sessions)
                clients.append(self.clients_left.clients(name, followed, sessions))
            self.metrics.show_sessions(name, followed, sessions, self.world.plan.groups)
        self.losses.cycle(oldest)
        self.clients_left.cycle(clients)
        self.live_drill.cycle()
        self.capacity.cycle(seen)
        self.metrics.cycle_seconds.set(clock.monotonic() - began)
        self.metrics.cycle_at.set(clock.now().timestamp())
        self._tell_of_sites(seen)
        self.foresight.look(seen)

    def _may_begin(self, leads: Callable[[], bool]) -> bool:
        """Whether something new may be begun. A run under way asks for leadership alone: no pause stops it halfway."""
        return leads() and not self.pause.active()

    def _tell_of_sites(self, seen: Status) -> None:
        for site in seen.sites:
            name, role, epoch = site.facts.name, site.role.value, seen.epoch.value
            tell = self.log.info if self.telling.changed(name, (role, epoch)) else self.log.debug
            tell("site-seen", cycle=self.cycles, site=name, role=role, epoch=epoch)

    def _oldest(self, followed: Reading[TailStatus], sessions: Sessions) -> Reading[Mapping[str, datetime]]:
        """When each group's oldest position was committed, known once the tail was read to its end."""
        told = followed.value
        if told is None or told.behind is None:
            return Reading(None, followed.seen_at, followed.unknown or "the commits are not read to their end yet")
        if told.polled is not None:
            return Reading(None, followed.seen_at, "__consumer_offsets may not be read")
        if why := hidden(sessions, self.world.plan.groups):
            return Reading(None, followed.seen_at, why)
        return Reading(oldest_commits(sessions, self.world.plan.groups), followed.seen_at)

    def _follow(self, tail: Tail, sessions: Sessions) -> TailStatus:
        """In short turns: under load there is always more, and the group-offset sync needs the tails too."""
        clock = self.world.clock
        deadline = clock.monotonic() + FOLLOWING
        while True:
            with self.tails:
                followed = follow(tail, sessions, clock, TURN)
            # What a transaction hides does not come by reading on, so it counts as read.
            if followed.behind == sessions.undecided.records or clock.monotonic() > deadline:
                return followed
            clock.sleep(BREATH)

    def cycle_or_tell(self) -> None:
        """One cycle; what it raises is counted and told when it changes, and the next cycle comes all the same."""
        try:
            self.cycle()
        except Exception as error:  # noqa: BLE001 - it is logged with its traceback
            self.metrics.failed.inc()
            self.trouble.met(self.log.exception, describe(error), {"cycle": self.cycles + 1})
        else:
            self.trouble.over(self.log)
        if self._late.changed("look", None):
            self.log.info("look-ended-at-last")

    def look_lasts(self, *_: object) -> None:
        """The next look was due, and the one before has not ended: told once, and its end."""
        if self._late.changed("look", "lasts"):
            self.log.warning("look-lasts", longer_than=self.every.total_seconds())

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Healthy while looks are fresh, whatever they show."""
        limit = self.every.total_seconds() * STALE_AFTER
        leadership = {"leadership": self.election.told()} if self.election else {}
        if self.looked_at is None:
            return False, {"healthy": False, "why": "no look has ended yet", **leadership}
        age = self.world.clock.monotonic() - self.looked_at
        told = {"healthy": age <= limit, "secondsSinceLastLook": round(age, 1), "cycles": self.cycles}
        return age <= limit, {**told, **leadership}

    def ready(self) -> tuple[bool, dict[str, Any]]:
        """Ready while looks are fresh and the state file can be read, until it is ended. Leading is not asked for."""
        healthy, told = self.health()
        why = "it is ending" if self.ended.is_set() else "" if healthy else "looks are not fresh"
        why = why or ("" if self.epoch_known else "the epoch cannot be read")
        return not why, {**told, "ready": not why, **({"whyNotReady": why} if why else {})}

    def sightings(self) -> dict[str, Any]:
        """Return what was met and what was not in the last look, by this service alone, for drctl at other places."""
        return {"sites": {sight.site: list(map(_told, sight.own)) for sight in self.sights}}

    def run(self, address: str) -> bool:
        """Serve until SIGTERM or SIGINT; returns whether what was under way then came to its end.

        A lost site can hold a call for longer than anybody waits. All that is done here may be cut off at any moment.
        """
        ended = self.ended
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        server = listen(address, self.metrics.registry, self.health, self.ready, self.sightings)
        server.start()
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
        scheduler.add_listener(self.look_lasts, EVENT_JOB_MAX_INSTANCES)
        scheduler.start()
        self.log.info("service-started", address=server.address, port=server.port)
        if self.observers is not None:
            self.observers.follow(ended)
        # Daemons, all of them: a call into a client library that hangs on a lost site must not keep the
        # process from ending.
        keeping = threading.Thread(target=self._sync_groups, args=(ended,), daemon=True)
        keeping.start()
        acting = threading.Thread(target=self.acting.run, args=(ended,), daemon=True)
        acting.start()
        writing = threading.Thread(target=self._write_canary, args=(ended,), daemon=True)
        writing.start()
        if self.mirror is not None:
            threading.Thread(target=self.mirror.run, args=(ended,), daemon=True).start()
        electing = threading.Thread(target=self._elect, args=(ended, keeping, acting, writing), daemon=True)
        electing.start()
        # A signal does nothing but set this. What is under way has some seconds then and is cut off behind
        # them, which every run survives; Kubernetes would kill it a little later anyway.
        ended.wait()
        ending = threading.Thread(target=scheduler.shutdown, daemon=True)
        ending.start()
        server.close()
        deadline = self.world.clock.monotonic() + GRACE
        all_ended = _gone((keeping, acting, writing, electing, ending), deadline, self.world.clock)
        self.log.info("service-stopped", cut_off=not all_ended)
        return all_ended

    def _sync_groups(self, ended: threading.Event) -> None:
        busy = False
        while self.keeper is not None and not ended.wait(0.0 if busy else self.keeper.pause):
            busy = self.keeper.cycle_or_tell()

    def _write_canary(self, ended: threading.Event) -> None:
        if self.canary is not None:
            self.canary.run(ended)

    def _elect(self, ended: threading.Event, *acting: threading.Thread) -> None:
        """Leadership is given back when nothing that acts is under way any more."""
        clock = self.world.clock
        if self.election is not None:
            self.election.run(ended, lambda patience: _gone(acting, clock.monotonic() + patience, clock), GRACE)


def _gone(threads: Iterable[threading.Thread], deadline: float, clock: Clock) -> bool:
    """Whether all of them end until then."""
    for thread in threads:
        thread.join(max(0.0, deadline - clock.monotonic()))
    return not any(thread.is_alive() for thread in threads)


def _told(sighting: Sighting) -> dict[str, Any]:
    met = sighting.met
    seen = {"part": sighting.part, "met": met.value, "seenAt": met.seen_at.isoformat()}
    return seen if met.known else {**seen, "unknown": met.unknown}
