"""A reason that the site's own driver gave begins with the site's name, and so does the line that tells it."""

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

import pytest

from drctl.decide.equality import failover_warnings, inequalities, unseen
from drctl.decide.failing_over import failover_blockers
from drctl.decide.readiness import blockers, warnings
from drctl.errors import at_site
from drctl.model.facts import Facts
from drctl.model.reading import Reading
from drctl.model.scaling import DEPLOYMENT, Scalable
from tests.unit.decide.good_facts import GOOD, GUARDS, NOW

HOUSED = replace(GOOD, deployments=(Scalable(DEPLOYMENT, "billing"),))


def unread(site: str) -> Reading[None]:
    return Reading(None, NOW, f"site {site}: no answer when asked")


def everything(facts: Facts) -> list[str]:
    judged: Iterable[str] = (
        b.detail
        for found in (
            blockers(facts, GUARDS, NOW),
            failover_blockers(facts, GUARDS, NOW),
            *(name(facts) for name in (warnings, inequalities, failover_warnings)),
        )
        for b in found
    )
    return [*judged, *(f"{each.what}: {each.why}" for each in unseen(facts))]


@pytest.mark.parametrize("what", [field.name for field in fields(GOOD.source) if "Reading" in str(field.type)])
@pytest.mark.parametrize("side", ["source", "target"])
def test_what_is_not_known_of_a_site_is_told_with_its_name_once(what: str, side: str) -> None:
    site = getattr(HOUSED, side)
    facts = replace(HOUSED, **{side: replace(site, **{what: unread(site.name)})})
    told = [each for each in everything(facts) if "no answer when asked" in each]
    assert [each for each in told if f"site {site.name}" in each] == []


@pytest.mark.parametrize("canary", ["canary", "target_canary"])
def test_a_canary_that_gets_no_answer_is_told_with_its_site_once(canary: str) -> None:
    site = GOOD.source.name if canary == "canary" else GOOD.target.name
    changes: dict[str, Any] = {canary: unread(site)}
    told = {each for each in everything(replace(GOOD, **changes)) if "no answer when asked" in each}
    assert told == {f"{site}: the canary: no answer when asked"}


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("site north: no answer", "no answer"),
        ("site north has no topic orders", "has no topic orders"),
        ("site northeast: no answer", "site northeast: no answer"),
        ("the Connect worker at north does not answer", "the Connect worker at north does not answer"),
    ],
)
def test_only_the_name_of_that_site_is_taken_from_the_front(reason: str, told: str) -> None:
    assert at_site("north", reason) == told
