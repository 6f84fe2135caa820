"""Client quotas of two sites: whom the target would hold back more than the source does."""

from datetime import UTC, datetime

import pytest

from drctl.decide.quotas import quota_differences, quotas_unseen
from drctl.decide.rules import Rule
from drctl.model.quotas import ClientQuotas, QuotaEntity
from drctl.model.reading import Reading
from drctl.model.upkeep import SiteUpkeep, Upkeep

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHOP = QuotaEntity((("user", "shop"),))
EVERYBODY = QuotaEntity((("client-id", None), ("user", None)))
RATE, OTHER = "producer_byte_rate", "request_percentage"


def site(name: str, quotas: Reading[ClientQuotas]) -> SiteUpkeep:
    nothing: Reading[tuple[()]] = Reading((), NOW)
    return SiteUpkeep(name, nothing, {}, nothing, {}, {}, quotas)


def compared(here: ClientQuotas, there: ClientQuotas) -> tuple[list[str], list[str]]:
    """What is told where the target leaves less, and where it leaves more."""
    sites = (site("north", Reading(here, NOW)), site("south", Reading(there, NOW)))
    upkeep = Upkeep(NOW, sites, "/state", Reading(None, NOW, "not asked"))
    less, more = (list(quota_differences(upkeep, less=each)) for each in (True, False))
    assert {each.rule for each in (*less, *more)} <= {Rule.QUOTA_DIFFERS}
    assert list(quotas_unseen(upkeep)) == []
    return [each.detail for each in less], [each.detail for each in more]


@pytest.mark.parametrize(
    ("here", "there", "less", "more"),
    [
        ({}, {}, [], []),
        ({SHOP: {RATE: 1e6}}, {SHOP: {RATE: 1e6}}, [], []),
        (
            {SHOP: {RATE: 2e6}},
            {SHOP: {RATE: 1e6}},
            ["south: producer_byte_rate of user shop is 1e+06, 2e+06 at north"],
            [],
        ),
        (
            {},
            {EVERYBODY: {OTHER: 50.0}},
            ["south: request_percentage of client-id <default>, user <default> is 50, not limited at north"],
            [],
        ),
        (
            {SHOP: {RATE: 512.0, OTHER: 10.0}},
            {SHOP: {OTHER: 20.0}},
            [],
            [
                "south: producer_byte_rate of user shop is not limited, 512 at north",
                "south: request_percentage of user shop is 20, 10 at north",
            ],
        ),
    ],
    ids=["none", "equal", "lower", "only at the target", "higher and missing at the target"],
)
def test_what_the_target_leaves_less_and_more_of(
    here: ClientQuotas, there: ClientQuotas, less: list[str], more: list[str]
) -> None:
    assert compared(here, there) == (less, more)


def test_a_site_that_does_not_tell_is_named_and_nothing_is_compared() -> None:
    sites = (site("north", Reading({SHOP: {RATE: 1.0}}, NOW)), site("south", Reading(None, NOW, "no answer")))
    upkeep = Upkeep(NOW, sites, "/state", Reading(None, NOW, "not asked"))
    assert [list(quota_differences(upkeep, less=each)) for each in (True, False)] == [[], []]
    assert [each.what for each in quotas_unseen(upkeep)] == ["client quotas at south"]
