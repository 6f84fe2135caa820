"""Rules about what is moved: topics and groups, as they are on both sites."""

from collections.abc import Iterator
from dataclasses import replace

from drctl.decide.equality import differences, inequalities
from drctl.decide.rules import Blocker, Rule
from drctl.errors import at_site
from drctl.model.facts import Facts, SiteFacts
from drctl.model.link import ConnectorState
from drctl.model.session import GroupState


def workload_blockers(facts: Facts) -> Iterator[Blocker]:
    """Return what topics and groups forbid."""
    yield from _missing(facts.source, facts.topics)
    yield from _missing(facts.target, (*facts.topics, *facts.images.values()))
    yield from inequalities(facts)
    yield from _groups(facts)
    yield from _sinks(facts)


def workload_warnings(facts: Facts) -> Iterator[Blocker]:
    """Return what topics and sinks cost after the move."""
    for sink in (facts.source.sinks.value or {}).values():
        if sink.reason:
            detail = f"{facts.source.name}: {sink.name}: {sink.reason}"
            yield Blocker(Rule.SINK_FAILED, detail, "it is moved with the position that it has reached")
    yield from differences(facts)


def _missing(site: SiteFacts, names: tuple[str, ...]) -> Iterator[Blocker]:
    if site.topics.value is None:
        return
    for name in names:
        if name not in site.topics.value:
            remedy = "correct its name in the plan file, create it, or let the link create it"
            yield Blocker(Rule.TOPIC_MISSING, f"{site.name}: there is no topic {name}", remedy)


def _groups(facts: Facts) -> Iterator[Blocker]:
    for group in (facts.source.groups.value or {}).values():
        # What a coordinator says of a name that it has never heard, too: more often a slip in the plan file
        # than a group that has gone.
        if group.state is GroupState.DEAD:
            detail = f"{facts.source.name}: there is no group {group.name}"
            yield Blocker(Rule.GROUP_MISSING, detail, "correct its name in the plan file, or start it once")
        # A share group (KIP-932) has a state per record, a streams group (KIP-1071) its stores: a position
        # says too little of either, and MirrorMaker 2 carries neither.
        elif group.immovable:
            detail = f"{facts.source.name}: {group.name} is {group.immovable}"
            yield Blocker(
                Rule.GROUP_IMMOVABLE, detail, "take it out of the plan file, and start it again at the target"
            )
    for group in (facts.target.groups.value or {}).values():
        if group.immovable:
            detail = f"{facts.target.name}: {group.name} is {group.immovable}"
            remedy = "no position can be handed to it: delete it there, or take the group out of the plan file"
            yield Blocker(Rule.GROUP_IMMOVABLE, detail, remedy)
        # The coordinator would refuse the commit (UNKNOWN_MEMBER_ID), and only behind the fence, with every
        # producer waiting.
        elif not group.takes_positions:
            who = ", ".join(sorted({f"{m.client_id} at {m.host}" for m in group.members})) or str(group.state)
            detail = f"{facts.target.name}: {group.name}: {who}"
            remedy = _unless_in_use(facts, "stop these consumers: they would be handed positions")
            yield Blocker(Rule.GROUP_ACTIVE_AT_TARGET, detail, remedy)


def _sinks(facts: Facts) -> Iterator[Blocker]:
    for site in (facts.source, facts.target):
        if not site.sinks.known:
            detail = f"{site.name}: {at_site(site.name, site.sinks.unknown)}"
            yield Blocker(Rule.SINKS_UNKNOWN, detail, "bring its Connect worker back: the sinks run there")
    for sink in (facts.source.sinks.value or {}).values():
        if sink.state is ConnectorState.ABSENT:
            detail = f"{facts.source.name}: there is no sink connector {sink.name}"
            yield Blocker(Rule.SINK_MISSING, detail, "correct its name in the plan file, or create it")
        # A definition that is copied as it is would read topics that do not exist there, and where in its
        # settings a sink names topics only its author knows.
        elif facts.link.link.prefix and _is_absent(facts.target, sink.name):
            detail = f"{facts.target.name}: no sink connector {sink.name}, and its topics have other names there"
            yield Blocker(Rule.SINK_MISSING, detail, "create it there, stopped, with the topics' names of that site")
    yield from _unknown_groups(facts)
    for sink in (facts.target.sinks.value or {}).values():
        if not sink.halted:
            detail = f"{facts.target.name}: {sink.name} is {sink.state}"
            remedy = _unless_in_use(facts, "stop it: its group would be handed positions")
            yield Blocker(Rule.SINK_ACTIVE_AT_TARGET, detail, remedy)


def _unless_in_use(facts: Facts, remedy: str) -> str:
    """The remedy for what is at work at the target, unless that may be where the clients are."""
    # To stop who is at work there is the wrong advice where somebody has sent clients over by hand: it would
    # end the service at the site that gives it.
    if facts.client_routing.value == facts.source.name:
        return remedy
    return f"it may be in use: clients are not sent to {facts.source.name}"


def unknown_groups(facts: Facts, then: str = "") -> Iterator[Blocker]:
    """Name the sinks of which nobody knows the group, with what happens ``then``; those of one reason together."""
    alike: dict[tuple[str, str], list[str]] = {}
    for sink, each in sorted(facts.unknown_sinks.items()):
        alike.setdefault((each.unknown, each.remedy), []).append(sink)
    for (why, remedy), sinks in alike.items():
        who = "the group that it reads as is" if len(sinks) == 1 else "the groups that they read as are"
        detail = f"{', '.join(sinks)}: {who} unknown{then}: {why}"
        yield Blocker(Rule.SINKS_UNKNOWN, detail, remedy)


def _unknown_groups(facts: Facts) -> Iterator[Blocker]:
    """The same without sinks that do not exist, which are named as such."""
    known = {sink: each for sink, each in facts.unknown_sinks.items() if not _is_absent(facts.source, sink)}
    yield from unknown_groups(replace(facts, unknown_sinks=known))


def _is_absent(site: SiteFacts, sink: str) -> bool:
    found = (site.sinks.value or {}).get(sink)
    return found is not None and found.state is ConnectorState.ABSENT
