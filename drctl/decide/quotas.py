"""Client quotas compared: whom the target would hold back otherwise than the source does."""

from collections.abc import Iterator

from drctl.decide.equality import Unseen
from drctl.decide.rules import Blocker, Rule
from drctl.errors import at_site
from drctl.model.upkeep import Upkeep

NO_END = float("inf")


def quota_differences(upkeep: Upkeep, *, less: bool) -> Iterator[Blocker]:
    """Return the quotas that leave less at the target (``less``), or those that leave more.

    The first of the sites is the source. Nothing where one of them does not tell: :func:`quotas_unseen` says so.
    """
    if len(upkeep.sites) != 2:
        return
    source, target = upkeep.sites
    here, there = source.quotas.value, target.quotas.value
    if here is None or there is None:
        return
    for entity in sorted({*here, *there}, key=str):
        before, after = here.get(entity, {}), there.get(entity, {})
        for key in sorted({*before, *after}):
            was, is_ = before.get(key, NO_END), after.get(key, NO_END)
            if was != is_ and (is_ < was) is less:
                detail = f"{target.name}: {key} of {entity} is {_shown(is_)}, {_shown(was)} at {source.name}"
                remedy = f"set it as it is meant at both sites: kafka-configs.sh --alter at {target.name}"
                yield Blocker(Rule.QUOTA_DIFFERS, detail, remedy)


def quotas_unseen(upkeep: Upkeep) -> Iterator[Unseen]:
    """Return which site does not tell its quotas, and why."""
    for site in upkeep.sites:
        if not site.quotas.known:
            yield Unseen(f"client quotas at {site.name}", at_site(site.name, site.quotas.unknown))


def _shown(value: float) -> str:
    return "not limited" if value == NO_END else f"{value:g}"
