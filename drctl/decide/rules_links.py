"""Rules about the links: do they run, do they copy bytes as they are, how far are they behind."""

from collections.abc import Iterator
from typing import Any

from drctl.decide.left_out import left_out, transformations
from drctl.decide.rules import Blocker, Rule
from drctl.decide.skipping import skipping
from drctl.model.facts import Facts, LinkFacts, SiteFacts
from drctl.model.link import Connector, ConnectorState, LinkStatus
from drctl.model.reading import Reading
from drctl.model.wording import counted

BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter"
IDENTITY, DEFAULT = "IdentityReplicationPolicy", "DefaultReplicationPolicy"
SEPARATOR = "replication.policy.separator"
SYNCS_WRITTEN = "emit.offset-syncs.enabled"


def link_blockers(facts: Facts, max_lag: int) -> Iterator[Blocker]:
    """Return what the links' state forbids. What only the silence of a site hides is no reason beside that silence."""
    if not _hidden(facts.link.status, facts.target):
        yield from _running(facts.link)
    status = facts.link.status.value
    if status is not None:
        yield from _configured(status, facts.link.link.prefix)
        yield from _topics(facts, status.source)
    if not facts.link.syncs.known and not _hidden(facts.link.syncs, facts.source, facts.target):
        detail = f"{facts.link.link.name}: {facts.link.syncs.unknown}"
        remedy = "keep the offset-syncs topic at the target: without it no position can be translated"
        yield Blocker(Rule.SYNCS_MISSING, detail, remedy)
    yield from _reverse(facts)
    if not facts.link.status.silent and not _hidden(facts.link.lag, facts.source, facts.target):
        yield from _lag(facts.link, max_lag)


def _hidden(reading: Reading[Any], *sites: SiteFacts) -> bool:
    """Whether nobody answered because one of these sites is silent, which is a reason of its own and firm."""
    return reading.silent and not all(site.cluster.known for site in sites)


def link_warnings(facts: Facts) -> Iterator[Blocker]:
    """Return what the links' configuration costs."""
    status, name = facts.link.status.value, facts.link.link.name
    if facts.link.link.prefix and facts.reverse is not None:
        yield from _running(facts.reverse)
    if status is None or status.source.state is ConnectorState.ABSENT:
        return
    if not status.exactly_once:
        detail = f"{name}: after a crash records arrive twice, and positions near them cannot be proven"
        remedy = "set exactly.once.support=required on the source connector, exactly.once.source.support on the worker"
        yield Blocker(Rule.AT_LEAST_ONCE, detail, remedy)
    # With exactly.once.support=required the connector refuses to start without it, so only the others have
    # to be asked.
    if not status.exactly_once and status.source.config.get("source.consumer.isolation.level") != "read_committed":
        detail = f"{name}: source.consumer.isolation.level is not read_committed; positions after an abort are refused"
        yield Blocker(Rule.UNCOMMITTED_COPIED, detail, "set it to read_committed on the source connector")
    # It compares with what the group had when it last looked, so that a commit of its that is under way may
    # land behind our handover, with a coarser position.
    if status.commits_positions:
        detail = f"{status.checkpoint.name}: sync.group.offsets.enabled may commit once more before the link is stopped"
        yield Blocker(Rule.GROUPS_SYNCED, detail, "set it to false: drctl commits exact positions itself")
    for key in ("key.converter", "value.converter"):
        if key not in status.source.config:
            detail = f"{status.source.name}: {key} is not set, the worker's default is not known"
            yield Blocker(Rule.CONVERTER_INHERITED, detail, f"set {key}={BYTES}")


def _running(link: LinkFacts) -> Iterator[Blocker]:
    status = link.status.value
    if status is None:
        yield Blocker(Rule.LINK_UNKNOWN, f"{link.link.name}: {link.status.unknown}", "bring its Connect worker back")
        return
    for connector in status.connectors:
        if connector is status.heartbeat and link.link.mirror_maker and connector.state is ConnectorState.ABSENT:
            continue  # Strimzi's newer KafkaMirrorMaker2 knows none, and drctl does not need it
        yield from _connector(link, connector, copies=connector is status.source)


def _connector(link: LinkFacts, connector: Connector, *, copies: bool) -> Iterator[Blocker]:
    name = f"{link.link.name}: {connector.name}"
    if connector.state is ConnectorState.ABSENT:
        yield Blocker(
            Rule.CONNECTOR_ABSENT,
            name,
            f"create it, for example from {link.link.mirror_maker or link.link.connectors.name}",
        )
        return
    failed = [t for t in connector.tasks if t.state is ConnectorState.FAILED]
    restart = f"remove the cause, if it is one that lasts, and give 'drctl links restart {link.link.name}'"
    if connector.state is ConnectorState.FAILED:
        yield Blocker(Rule.CONNECTOR_FAILED, f"{name}: {connector.trace}", restart)
    for task in failed:
        yield Blocker(Rule.CONNECTOR_FAILED, f"{name}, task {task.id}: {task.trace}", restart)
    # Without groups the checkpoint connector has no task, and drctl does not need it: the source connector copies.
    idle = not connector.working if copies else connector.state is not ConnectorState.RUNNING
    if idle and not failed and connector.state is not ConnectorState.FAILED:
        tasks = ", ".join(f"task {t.id} {t.state}" for t in connector.tasks) or "no tasks"
        yield Blocker(Rule.CONNECTOR_IDLE, f"{name}: {connector.state}, {tasks}", "resume it, or wait until it runs")


def _configured(status: LinkStatus, prefix: str) -> Iterator[Blocker]:
    for connector in status.connectors:
        if connector.state is ConnectorState.ABSENT:
            continue
        # Connect's default for headers is SimpleHeaderConverter, which guesses at types: bytes that look like
        # a number or like JSON come out as others, and no copy equals its record.
        if connector.config.get("header.converter") != BYTES:
            found = connector.config.get("header.converter", "not set")
            detail = f"{connector.name}: header.converter is {found}"
            yield Blocker(Rule.HEADERS_REWRITTEN, detail, f"set header.converter={BYTES}; what was copied stays wrong")
        for key in ("key.converter", "value.converter"):
            if connector.config.get(key, BYTES) != BYTES:
                detail = f"{connector.name}: {key} is {connector.config[key]}"
                yield Blocker(Rule.BYTES_REWRITTEN, detail, f"set {key}={BYTES}; what was copied stays wrong")
    for connector in (status.source, status.checkpoint):
        if connector.state is ConnectorState.ABSENT:
            continue
        yield from _policy(connector, prefix)
        # By default the syncs lie at the source, and what translates positions is lost with the site. Both
        # connectors name the place by a setting of their own.
        location = connector.config.get("offset-syncs.topic.location", "source")
        if location != "target":
            detail = f"{connector.name}: offset-syncs.topic.location is {location}"
            yield Blocker(Rule.SYNCS_LOCATION, detail, "set it to target on the source and checkpoint connectors")
    yield from _whole(status.source)


def _whole(source: Connector) -> Iterator[Blocker]:
    """Whether all that is copied is copied, and offset syncs with it; a connector that is absent has no settings."""
    if source.config.get(SYNCS_WRITTEN, "true").lower() == "false":
        detail = f"{source.name}: {SYNCS_WRITTEN} is false: what is there grows no more"
        yield Blocker(Rule.SYNCS_MISSING, detail, "set it to true: without offset syncs no position can be translated")
    for detail, remedy in skipping(source.config):
        yield Blocker(Rule.RECORDS_SKIPPED, f"{source.name}: {detail}", remedy)


def _topics(facts: Facts, source: Connector) -> Iterator[Blocker]:
    """Whether each topic is copied at all, as it is and under the name that the plan file says."""
    if source.state is ConnectorState.ABSENT:
        return
    prefix = facts.link.link.prefix
    for topic in facts.topics:
        found = left_out(source.config, topic, prefix)
        if found is not None and found.certain:
            detail = f"{source.name}: {topic} is not copied: {found.why}"
            remedy = "let the connector's topics and topics.exclude take it in, or take it out of the plan file"
            yield Blocker(Rule.TOPIC_NOT_COPIED, detail, remedy)
        for what, takes_away in transformations(source.config, topic, prefix):
            rule = Rule.TOPIC_NOT_COPIED if takes_away else Rule.BYTES_REWRITTEN
            remedy = "take it away, or let its predicate leave out this topic; what was copied stays as it is"
            yield Blocker(rule, f"{source.name}: {topic}: {what}", remedy)


def _policy(connector: Connector, prefix: str) -> Iterator[Blocker]:
    """Whether copies get the names that the plan file says."""
    policy = connector.config.get("replication.policy.class", DEFAULT).rsplit(".", 1)[-1]
    wanted = DEFAULT if prefix else IDENTITY
    if policy != wanted:
        detail = f"{connector.name}: replication.policy.class is {policy}"
        remedy = f"set it to org.apache.kafka.connect.mirror.{wanted}, or replicationPolicy in the plan file"
        yield Blocker(Rule.POLICY_DIFFERS, detail, remedy)
        return
    called = connector.config.get("source.cluster.alias", "") + connector.config.get(SEPARATOR, ".")
    if prefix and prefix != called and connector.config:
        detail = f"{connector.name}: copies are called {called}…, in the plan file {prefix}…"
        yield Blocker(Rule.POLICY_DIFFERS, detail, f"set the link's separator in the plan file to {SEPARATOR}'s")


def _reverse(facts: Facts) -> Iterator[Blocker]:
    if facts.reverse is None or facts.link.link.prefix:  # copies are told apart by their names: no circle
        return
    status, name = facts.reverse.status.value, facts.reverse.link.name
    if status is None:
        if _hidden(facts.reverse.status, facts.source):
            return
        detail = f"{name}: {facts.reverse.status.unknown}"
        yield Blocker(
            Rule.LINK_UNKNOWN, detail, "bring its Connect worker back: it must be certain that it stands still"
        )
    elif not status.copies_nothing:
        detail = f"{name}: {status.source.name} is {status.source.state} while {facts.link.link.name} is in use"
        remedy = f"stop the connectors of {name} and look for records copied twice"
        if facts.client_routing.value != facts.source.name:
            remedy = f"{name} may be in use: clients are not sent to {facts.source.name}"
        yield Blocker(Rule.BOTH_DIRECTIONS, detail, remedy)


def _lag(link: LinkFacts, max_lag: int) -> Iterator[Blocker]:
    lag = link.lag.value
    if lag is None:
        yield Blocker(Rule.LAG_UNKNOWN, f"{link.link.name}: {link.lag.unknown}", "see the reason, then look again")
    # What the link is behind by now is what clients wait for behind the fence.
    elif lag.total > max_lag:
        detail = f"{link.link.name}: {counted(lag.total, 'record')} behind, {max_lag} allowed"
        yield Blocker(Rule.LAG_TOO_HIGH, detail, "wait until it has caught up, or raise guards.maxLag")
