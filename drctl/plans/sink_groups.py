"""The consumer groups that sink connectors read as: their configuration may set another one than ``connect-NAME``."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from drctl.decide.readiness import Blocker, Rule
from drctl.errors import DrctlError
from drctl.model.facts import Facts
from drctl.model.site import sink_group
from drctl.ports import World

GROUP = "consumer.override.group.id"


def with_sink_groups(world: World) -> World:
    """The same world with a plan whose sinks have the groups that their configurations say.

    The site that clients are at is asked first. Where no worker knows a sink, it keeps the group that Kafka Connect
    would give it: a move is blocked while its worker does not answer.
    """
    if not world.plan.sinks:
        return world
    named = {sink: group for sink in world.plan.sinks if (group := _found(world, sink)) != sink_group(sink)}
    if not named:
        return world
    workloads = tuple(
        replace(w, sink_groups={sink: named[sink] for sink in w.sinks if sink in named}) for w in world.plan.workloads
    )
    return replace(world, plan=replace(world.plan, workloads=workloads))


def sink_group_blockers(world: World, facts: Facts) -> Iterator[Blocker]:
    """Sinks whose position would be handed to another group than the one that reads on: all would come twice."""
    sites = [site.name for site in (facts.source, facts.target) if site.sinks.known]
    for sink in world.plan.sinks:
        wanted = world.plan.group_of(sink)
        for site in sites:
            try:
                config = world.sites[site].connectors.definition(sink)
            except DrctlError as error:
                yield Blocker(Rule.SINKS_UNKNOWN, f"{site}: {sink}: {error}", "see the reason, then look again")
                continue
            if config is None:
                continue
            found = _group(sink, config)
            if "${" in found:
                detail = f"{site}: {sink}: {GROUP} is a reference, {found}, which only Connect can read"
                yield Blocker(Rule.SINK_GROUP_DIFFERS, detail, "write the group's name into its configuration")
            elif found != wanted:
                detail = f"{site}: {sink} reads as group {found}, not as {wanted}"
                yield Blocker(Rule.SINK_GROUP_DIFFERS, detail, f"set the same {GROUP} at both sites, then look again")


def _found(world: World, sink: str) -> str:
    door = world.client_routing.site()
    for name in sorted(world.sites, key=lambda each: each != door):
        try:
            config = world.sites[name].connectors.definition(sink)
        except DrctlError:
            continue
        if config is not None:
            return _group(sink, config)
    return sink_group(sink)


def _group(sink: str, config: Mapping[str, str]) -> str:
    return config.get(GROUP) or sink_group(sink)
