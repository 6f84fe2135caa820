"""Causes over time: told once when they are confirmed, shown while they last, and quiet while they flap."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Gauge

from drctl.decide.course import Courses, follow, pages, told
from drctl.decide.health import diagnose
from drctl.decide.response import response
from drctl.model.cause import CauseScope, Course, Phase, SiteHealth
from drctl.model.facts import SiteStatus
from drctl.model.reading import Reading
from drctl.model.sight import Sight


class CourseKeeper:
    """Show what is known of every site's causes, as metrics, and one log line for each that should wake somebody."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.courses: dict[str, Courses] = {}
        self.log = structlog.get_logger("drctl.service")
        self.cause = Gauge(
            "drctl_site_cause",
            "1 for what is wrong at a site: how far it reaches, what it is, and how sure that is over time",
            ("site", "scope", "subject", "phase"),
            registry=registry,
        )
        self.well = Gauge(
            "drctl_site_well",
            "1: nothing wrong was seen and everything was; 0 also if not all was seen",
            ("site",),
            registry=registry,
        )
        self.blind = Gauge(
            "drctl_site_blind_spots", "What could not be seen and is needed", ("site",), registry=registry
        )
        self.notes = Gauge("drctl_site_notes", "What is worth knowing and no cause", ("site",), registry=registry)
        self.blocked = Gauge(
            "drctl_site_partitions_refusing_writes", "Without leader or under min ISR", ("site",), registry=registry
        )
        self.age = Gauge(
            "drctl_reading_age_seconds",
            "Time since the last sign of life of what is read",
            ("site", "reading"),
            registry=registry,
        )

    def take(self, sites: Iterable[SiteStatus], now: datetime) -> None:
        """Follow one more look."""
        self.cause.clear()
        for site in sites:
            found = diagnose(site.sight, now)
            before = self.courses.get(site.facts.name, {})
            after = follow(before, found, now)
            due = list(pages(after))
            self.courses[site.facts.name] = told(after, due)
            for course in due:
                self._tell(found, course)
            for key in before.keys() | after.keys():
                self._tell_of_its_end(found.site, before.get(key), after.get(key))
            self._show(found, after.values())
            self._show_ages(site.sight, now)

    def _tell(self, found: SiteHealth, course: Course) -> None:
        told = response(course.cause)
        self.log.error(
            "cause-confirmed",
            site=found.site,
            scope=course.cause.scope.value,
            subject=course.cause.subject,
            reasons=list(course.cause.reasons),
            since=course.since.isoformat(),
            do=told and told.do.value,
            how=told and told.how,
        )

    def _tell_of_its_end(self, site: str, before: Course | None, after: Course | None) -> None:
        if before is not None and before.paged and (after is None or after.phase is Phase.OVER):
            self.log.info("cause-over", site=site, scope=before.cause.scope.value, subject=before.cause.subject)

    def _show(self, found: SiteHealth, courses: Iterable[Course]) -> None:
        for each in courses:
            if each.phase is not Phase.OVER:
                cause = each.cause
                self.cause.labels(found.site, cause.scope.value, cause.subject, each.phase.value).set(1)
        self.well.labels(found.site).set(found.scope is CauseScope.WELL)
        self.blind.labels(found.site).set(len(found.blind))
        self.notes.labels(found.site).set(len(found.notes))
        if found.blocked is None:
            self.blocked.remove_by_labels({"site": found.site})
        else:
            self.blocked.labels(found.site).set(found.blocked)

    def _show_ages(self, sight: Sight, now: datetime) -> None:
        """Only of what is known: an unknown reading has no age."""
        self.age.remove_by_labels({"site": sight.site})
        more = sight.kubernetes.readings() if sight.kubernetes is not None else {}
        readings: dict[str, Reading[Any]] = {"kafka": sight.kafka, **more}
        for name, reading in readings.items():
            if reading.known:
                self.age.labels(sight.site, name).set((now - reading.seen_at).total_seconds())
