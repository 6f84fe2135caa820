"""What many looks at a site come to: what the cause is called, and whether anybody is told to fail over."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from drctl.drills.cause_watch import HealthLook, named, watching
from drctl.drivers.store.clock import SystemClock
from drctl.errors import Unreachable
from drctl.model.cause import Cause, CauseScope, SiteHealth

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def look(*causes: Cause, at: float = 1.0, blind: tuple[str, ...] = ()) -> HealthLook:
    return HealthLook(at, at + 1, SiteHealth("north", causes, blind))


def cause(scope: CauseScope, *brokers: int) -> Cause:
    return Cause(scope, "it", ("why",), frozenset(brokers))


def test_a_broker_is_explained_by_the_cause_that_names_it() -> None:
    both = look(cause(CauseScope.CONTROLLERS), cause(CauseScope.VOLUME, 1), cause(CauseScope.BROKER, 2))
    looks = [both, look(cause(CauseScope.BROKER, 2)), look(), look(cause(CauseScope.NODE, 1))]
    assert named(looks, 2) == Counter({CauseScope.BROKER: 2})
    assert named(looks, 3) == Counter()


@pytest.mark.parametrize("scope", [each for each in CauseScope if each is not CauseScope.WELL])
def test_only_a_lost_site_proposes_a_failover_also_behind_another_cause(scope: CauseScope) -> None:
    found = look(cause(CauseScope.BROKER, 1), cause(scope, 2))
    assert found.proposes_failover == (scope is CauseScope.SITE)
    assert not look(blind=("Kubernetes: no answer",)).proposes_failover


def test_a_watch_keeps_every_look_that_succeeded_and_ends() -> None:
    told = [SiteHealth("north"), None, SiteHealth("north", (cause(CauseScope.BROKER, 1),))]
    clock = SystemClock()

    def looked() -> SiteHealth:
        found = told.pop(0) if told else SiteHealth("north", blind=("over",))
        if found is None:
            raise Unreachable("no answer")
        return found

    began = clock.monotonic()
    with watching(looked, clock) as watch:
        while not any(each.found.blind for each in watch.since(began)):
            clock.sleep(0.01)
    kept = watch.since(began)
    assert [len(each.found.causes) for each in kept[:3]] == [0, 1, 0]
    assert watch.since(kept[1].began) == kept[1:]
    assert len(watch.since(began)) == len(kept)
