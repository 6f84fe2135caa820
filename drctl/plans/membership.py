"""Who is to be met again at the target: members by group, and their static ids."""

from collections.abc import Mapping

from drctl.model.run import Evidence
from drctl.model.session import Group
from drctl.plans.plan import StepContext

SEEN_BY = ("close-client-routing", "scale-down-source", "drain-consumers")
"""The steps that write down who is in the groups, each before members leave because of it."""


def membership(ctx: StepContext) -> Evidence:
    """How many members each group has at the source now, and the static ids among them."""
    return membership_of(ctx.source.positions.describe(ctx.groups))


def membership_of(groups: Mapping[str, Group]) -> Evidence:
    """The same of groups that were just asked for."""
    return {
        "members": {name: len(groups[name].members) for name in sorted(groups)},
        "static ids": {name: ids for name in sorted(groups) if (ids := groups[name].static_ids)},
    }


def members_before(ctx: StepContext) -> dict[str, int]:
    """The most members that a step of this run has seen in each group; empty if none has looked."""
    return members_in(ctx.snapshots)


def members_in(snapshots: Mapping[str, Evidence]) -> dict[str, int]:
    """The same from what steps wrote down before they acted, by their names."""
    found: dict[str, int] = {}
    for step in SEEN_BY:
        for group, count in snapshots.get(step, {}).get("members", {}).items():
            found[group] = max(count, found.get(group, 0))
    return found


def static_ids_before(ctx: StepContext) -> dict[str, list[str]]:
    """The static ids that each group had when a step of this run first saw any in it."""
    found: dict[str, list[str]] = {}
    for step in SEEN_BY:
        for group, ids in ctx.snapshots.get(step, {}).get("static ids", {}).items():
            found.setdefault(group, ids)
    return found
