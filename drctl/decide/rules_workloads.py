"""Rules about what is moved: topics and groups, as they are on both sites."""

from collections.abc import Iterator

from drctl.decide.rules import Blocker, Rule
from drctl.model.cluster import Topic
from drctl.model.facts import Facts, SiteFacts
from drctl.model.link import ConnectorState
from drctl.model.session import GroupState

STAMPED = "LogAppendTime"


def workload_blockers(facts: Facts) -> Iterator[Blocker]:
    """What topics and groups forbid."""
    for site in (facts.source, facts.target):
        yield from _missing(site, facts.topics)
    for here, there in _pairs(facts):
        if len(here.partitions) != len(there.partitions):
            counts = f"{len(here.partitions)} at {facts.source.name}, {len(there.partitions)} at {facts.target.name}"
            remedy = "add partitions where there are fewer; with more at the target, recreate the topic there"
            yield Blocker(Rule.PARTITIONS_DIFFER, f"{here.name}: {counts}", remedy)
        if _stamped(here) != _stamped(there):
            where = facts.source.name if _stamped(here) else facts.target.name
            detail = f"{here.name}: message.timestamp.type is {STAMPED} at {where} only"
            yield Blocker(Rule.TIMESTAMPS_DIFFER, detail, "set the same message.timestamp.type on both sites")
    yield from _groups(facts)
    yield from _sinks(facts)


def workload_warnings(facts: Facts) -> Iterator[Blocker]:
    """What topics and sinks cost after the move."""
    for sink in (facts.source.sinks.value or {}).values():
        if sink.reason:
            detail = f"{facts.source.name}: {sink.name}: {sink.reason}"
            yield Blocker(Rule.SINK_FAILED, detail, "it is moved with the position that it has reached")
    for here, there in _pairs(facts):
        if _stamped(here) and _stamped(there):
            detail = f"{here.name}: message.timestamp.type is {STAMPED} on both sites"
            yield Blocker(Rule.TIMESTAMPS_STAMPED, detail, "nothing to do: key, value and headers are compared")
        pairs: list[tuple[str, int, int]] = [
            ("replicas", _replicas(here), _replicas(there)),
            ("min.insync.replicas", _in_sync(here), _in_sync(there)),
        ]
        for what, before, after in pairs:
            if after < before:
                detail = f"{here.name}: {what} {after} at {facts.target.name}, {before} at {facts.source.name}"
                yield Blocker(Rule.TARGET_WEAKER, detail, f"raise {what} at {facts.target.name}")


def _missing(site: SiteFacts, names: tuple[str, ...]) -> Iterator[Blocker]:
    if site.topics.value is None:
        return
    for name in names:
        if name not in site.topics.value:
            remedy = "correct its name in the plan file, create it, or let the link create it"
            yield Blocker(Rule.TOPIC_MISSING, f"{site.name}: there is no topic {name}", remedy)


def _groups(facts: Facts) -> Iterator[Blocker]:
    for group in (facts.source.groups.value or {}).values():
        if group.state is GroupState.DEAD:
            detail = f"{facts.source.name}: there is no group {group.name}"
            yield Blocker(Rule.GROUP_MISSING, detail, "correct its name in the plan file, or start it once")
    for group in (facts.target.groups.value or {}).values():
        if not group.takes_positions:
            who = ", ".join(sorted({f"{m.client_id} at {m.host}" for m in group.members})) or str(group.state)
            detail = f"{facts.target.name}: {group.name}: {who}"
            yield Blocker(Rule.GROUP_ACTIVE_AT_TARGET, detail, "stop these consumers: they would be handed positions")


def _sinks(facts: Facts) -> Iterator[Blocker]:
    for site in (facts.source, facts.target):
        if not site.sinks.known:
            detail = f"{site.name}: {site.sinks.unknown}"
            yield Blocker(Rule.SINKS_UNKNOWN, detail, "bring its Connect worker back: the sinks run there")
    for sink in (facts.source.sinks.value or {}).values():
        if sink.state is ConnectorState.ABSENT:
            detail = f"{facts.source.name}: there is no sink connector {sink.name}"
            yield Blocker(Rule.SINK_MISSING, detail, "correct its name in the plan file, or create it")
    for sink in (facts.target.sinks.value or {}).values():
        if not sink.halted:
            detail = f"{facts.target.name}: {sink.name} is {sink.state}"
            yield Blocker(Rule.SINK_ACTIVE_AT_TARGET, detail, "stop it: its group would be handed positions")


def _pairs(facts: Facts) -> Iterator[tuple[Topic, Topic]]:
    here, there = facts.source.topics.value or {}, facts.target.topics.value or {}
    for name in facts.topics:
        if name in here and name in there:
            yield here[name], there[name]


def _stamped(topic: Topic) -> bool:
    return topic.config.get("message.timestamp.type") == STAMPED


def _replicas(topic: Topic) -> int:
    return min((len(p.replicas) for p in topic.partitions), default=0)


def _in_sync(topic: Topic) -> int:
    return int(topic.config.get("min.insync.replicas", "1"))
