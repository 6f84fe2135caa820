"""Rules about the plan's topics as they are on both sites."""

from collections.abc import Iterator

from drctl.decide.rules import Blocker, Rule
from drctl.model.cluster import Topic
from drctl.model.facts import Facts, SiteFacts
from drctl.model.fixes import AddPartitions, SetTopicConfig

STAMPED = "LogAppendTime"
REFUSING = ("max.message.bytes", "message.timestamp.before.max.ms", "message.timestamp.after.max.ms")
KEEPING = ("retention.ms", "retention.bytes")
KEEPING_COMPACTED = ("delete.retention.ms", "min.compaction.lag.ms")
DIFFERING = ("compression.type", "max.compaction.lag.ms")
ENDLESS = float("inf")


def topic_inequalities(facts: Facts) -> Iterator[Blocker]:
    """Where the target would lose, refuse or forget what the source keeps."""
    for here, there in pairs(facts):
        yield from _partitions(facts, here, there)
        # MirrorMaker 2 passes timestamps on. A log that sets its own drops them, so that no record there
        # equals its copy in all that is compared.
        if _stamped(here) != _stamped(there):
            where = facts.source.name if _stamped(here) else facts.target.name
            detail = f"{here.name}: message.timestamp.type is {STAMPED} at {where} only"
            yield Blocker(Rule.TIMESTAMPS_DIFFER, detail, "set the same message.timestamp.type on both sites")
        yield from _weaker(facts, here, there)
        if _policy(here) != _policy(there):
            told = [f"{' and '.join(sorted(_policy(t)))} at {s.name}" for t, s in _sides(facts, here, there)]
            remedy = "decide which is meant and set it: another policy deletes records, so drctl does not"
            yield Blocker(Rule.CLEANUP_DIFFERS, f"{here.name}: cleanup.policy is {', '.join(told)}", remedy)
        # A record that the target refuses stops the link's task, or, with errors.tolerance=all, is left out
        # without a word.
        yield from _smaller(facts, here, there, Rule.RECORDS_REFUSED, REFUSING)
        if "delete" in _policy(there):
            yield from _smaller(facts, here, there, Rule.RETENTION_SHORTER, KEEPING)
        if there.compacted:
            yield from _smaller(facts, here, there, Rule.RETENTION_SHORTER, KEEPING_COMPACTED)


def topic_differences(facts: Facts) -> Iterator[Blocker]:
    """Return what is set up differently and changes what it costs, not what is kept."""
    for here, there in pairs(facts):
        if _stamped(here) and _stamped(there):
            detail = f"{here.name}: message.timestamp.type is {STAMPED} on both sites"
            yield Blocker(Rule.TIMESTAMPS_STAMPED, detail, "nothing to do: key, value and headers are compared")
        for key in DIFFERING:
            before, after = here.config.get(key, ""), there.config.get(key, "")
            if before != after and before:
                detail = f"{here.name}: {key} is {after or 'not set'} at {facts.target.name}, {before} at the source"
                # How records are packed takes nothing away; another limit might.
                packing = key == "compression.type"
                fix = SetTopicConfig(facts.target.name, there.name, key, before, after) if packing else None
                yield Blocker(Rule.SETTINGS_DIFFER, detail, f"set {key}={before} at {facts.target.name}", fix)


def pairs(facts: Facts) -> Iterator[tuple[Topic, Topic]]:
    """The plan's topics with their copies, as far as they exist."""
    here, there = facts.source.topics.value or {}, facts.target.topics.value or {}
    for name in facts.topics:
        image = facts.images.get(name, name)
        if name in here and image in there:
            yield here[name], there[image]


def _partitions(facts: Facts, here: Topic, there: Topic) -> Iterator[Blocker]:
    before, after = len(here.partitions), len(there.partitions)
    if before != after:
        counts = f"{before} at {facts.source.name}, {after} at {facts.target.name}"
        remedy = "add partitions where there are fewer; with more at the target, recreate the topic there"
        # MirrorMaker 2 writes to the partition of the same number, so those that are missing may be added at any time.
        fix = AddPartitions(facts.target.name, there.name, before, after) if after < before else None
        yield Blocker(Rule.PARTITIONS_DIFFER, f"{here.name}: {counts}", remedy, fix)


def _weaker(facts: Facts, here: Topic, there: Topic) -> Iterator[Blocker]:
    at = facts.target.name
    before, after = _replicas(here), _replicas(there)
    if after < before:
        remedy = f"raise replicas at {at}: reassign its partitions (kafka-reassign-partitions.sh)"
        detail = f"{here.name}: replicas {after} at {at}, {before} at {facts.source.name}"
        yield Blocker(Rule.TARGET_WEAKER, detail, remedy)
    before, after = _in_sync(here), _in_sync(there)
    if after < before:
        key = "min.insync.replicas"
        # More than are in sync now would stop every producer that asks for all acknowledgements, MirrorMaker 2 first.
        safe = before <= min((len(p.in_sync) for p in there.partitions), default=0)
        fix = SetTopicConfig(at, there.name, key, str(before), str(after)) if safe else None
        detail = f"{here.name}: {key} {after} at {at}, {before} at {facts.source.name}"
        first = "" if safe else ", once as many replicas are in sync"
        yield Blocker(Rule.TARGET_WEAKER, detail, f"raise {key} at {at}{first}", fix)
    key = "unclean.leader.election.enable"
    if there.config.get(key) == "true" != here.config.get(key):
        detail = f"{here.name}: {key} is true at {at} only: a broker that missed records may lead there"
        fix = SetTopicConfig(at, there.name, key, "false", "true")
        yield Blocker(Rule.TARGET_WEAKER, detail, f"set {key}=false at {at}", fix)


def _smaller(facts: Facts, here: Topic, there: Topic, rule: Rule, keys: tuple[str, ...]) -> Iterator[Blocker]:
    at = facts.target.name
    for key in keys:
        before, after = here.config.get(key, ""), there.config.get(key, "")
        if _limit(key, after) < _limit(key, before):
            detail = f"{here.name}: {key} {after} at {at}, {before} at {facts.source.name}"
            fix = SetTopicConfig(at, there.name, key, before, after)
            yield Blocker(rule, detail, f"raise {key} at {at}", fix)


def _limit(key: str, value: str) -> float:
    """Return a limit as a number to compare; one that is not told limits nothing, and for retention -1 is no end."""
    if not value.lstrip("-").isdecimal():
        return ENDLESS
    return ENDLESS if key in KEEPING and int(value) < 0 else int(value)


def _sides(facts: Facts, here: Topic, there: Topic) -> Iterator[tuple[Topic, SiteFacts]]:
    yield from ((here, facts.source), (there, facts.target))


def _policy(topic: Topic) -> frozenset[str]:
    return frozenset(part.strip() for part in topic.config.get("cleanup.policy", "delete").split(","))


def _stamped(topic: Topic) -> bool:
    return topic.config.get("message.timestamp.type") == STAMPED


def _replicas(topic: Topic) -> int:
    return min((len(p.replicas) for p in topic.partitions), default=0)


def _in_sync(topic: Topic) -> int:
    return int(topic.config.get("min.insync.replicas", "1"))
