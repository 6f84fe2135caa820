"""Keys whose values may be shown: those of Kafka, Kafka Connect and MirrorMaker 2 that can hold no secret.

A list of what is harmless, for nobody can list what is secret: connectors bring keys of their own
(``basic.auth.user.info``, ``passphrase``, ``connection.url``). What is missing here is hidden, which costs a look at
the worker; what is wrongly here costs a password.
"""

import re

PREFIXES = (
    "source.cluster.",
    "target.cluster.",
    "source.",
    "target.",
    "producer.",
    "consumer.",
    "admin.",
    "override.",
    "spec.",
)
"""Prefixes of a key, any number of them: ``source.cluster.``, ``consumer.override.``."""

CLIENTS = """
acks allow.auto.create.topics auto.commit.interval.ms auto.offset.reset batch.size bootstrap.servers buffer.memory
check.crcs client.dns.lookup client.id client.rack compression.type connections.max.idle.ms default.api.timeout.ms
delivery.timeout.ms enable.auto.commit enable.idempotence enable.metrics.push exclude.internal.topics fetch.max.bytes
fetch.max.wait.ms fetch.min.bytes group.id group.instance.id group.protocol heartbeat.interval.ms interceptor.classes
isolation.level key.deserializer key.serializer linger.ms max.block.ms max.in.flight.requests.per.connection
max.partition.fetch.bytes max.poll.interval.ms max.poll.records max.request.size metadata.max.age.ms
metadata.max.idle.ms metadata.recovery.strategy metadata.recovery.rebootstrap.trigger.ms metric.reporters
partition.assignment.strategy partitioner.class receive.buffer.bytes reconnect.backoff.max.ms reconnect.backoff.ms
request.timeout.ms retries retry.backoff.max.ms retry.backoff.ms sasl.mechanism security.protocol security.providers
send.buffer.bytes session.timeout.ms socket.connection.setup.timeout.max.ms socket.connection.setup.timeout.ms
ssl.cipher.suites ssl.enabled.protocols ssl.endpoint.identification.algorithm ssl.keystore.location ssl.keystore.type
ssl.protocol ssl.provider ssl.truststore.location ssl.truststore.type ssl.ca.location ssl.certificate.location
ssl.key.location transaction.timeout.ms transactional.id value.deserializer value.serializer
"""

CONNECT = """
name connector.class connector.plugin.version tasks.max tasks.max.enforce topics topics.regex topics.exclude groups
groups.exclude key.converter value.converter header.converter key.converter.schemas.enable
value.converter.schemas.enable errors.tolerance errors.log.enable errors.log.include.messages errors.retry.timeout
errors.retry.delay.max.ms errors.deadletterqueue.topic.name errors.deadletterqueue.topic.replication.factor
errors.deadletterqueue.context.headers.enable config.action.reload config.properties.exclude
config.property.filter.class exactly.once.support transaction.boundary transaction.boundary.interval.ms
offsets.storage.topic consumer.poll.timeout.ms cluster.alias alias replication.policy.class
replication.policy.separator replication.factor offset-syncs.topic.location offset-syncs.topic.replication.factor
offset.lag.max checkpoints.topic.replication.factor heartbeats.topic.replication.factor
use.incremental.alter.configs use.defaults.from add.source.alias.to.metrics forwarding.admin.class topic.filter.class
group.filter.class sync.topic.configs.enabled sync.topic.configs.interval.seconds sync.topic.acls.enabled
sync.topic.acls.interval.seconds sync.group.offsets.enabled sync.group.offsets.interval.seconds
emit.checkpoints.enabled emit.checkpoints.interval.seconds emit.heartbeats.enabled emit.heartbeats.interval.seconds
emit.offset-syncs.enabled refresh.topics.enabled refresh.topics.interval.seconds refresh.groups.enabled
refresh.groups.interval.seconds datacenter
"""

TOPICS = """
cleanup.policy compression.gzip.level compression.lz4.level compression.zstd.level delete.retention.ms
file.delete.delay.ms flush.messages flush.ms follower.replication.throttled.replicas index.interval.bytes
leader.replication.throttled.replicas local.retention.bytes local.retention.ms max.compaction.lag.ms max.message.bytes
message.timestamp.type message.timestamp.after.max.ms message.timestamp.before.max.ms min.cleanable.dirty.ratio
min.compaction.lag.ms min.insync.replicas preallocate remote.storage.enable retention.bytes retention.ms segment.bytes
segment.index.bytes segment.jitter.ms segment.ms unclean.leader.election.enable
"""

WORDS = """
acknowledged attempt attempts broker brokerid cluster code column connector coordinator count deadline epoch errno
error error_code errorcode exit generation generationid group groupid host index isr kind leader leaderepoch
initial_state length line
member message method namespace node nodeid number offset offsets partition partitions pod port position reason
replicas retries run seconds sequence site size state status step task taskid tasks timeout timeoutms topic type version
"""
"""Words that stand before ``=`` in messages and stack traces of the trade."""

KUBERNETES = """
apiversion uid causes details retryafterseconds metadata additionalproperties _continue remainingitemcount
resourceversion selflink optional secretname secretkeyref secretref configmapname configmapkeyref serviceaccountname
claimname valuefrom imagepullsecrets klass encodedversion typename location
"""
"""Keys that Kubernetes' clients and Connect write of resources and plugins, names of Secrets included."""

HARMLESS = frozenset(f"{CLIENTS} {CONNECT} {TOPICS} {WORDS} {KUBERNETES}".split())

SECRET = re.compile(
    r"pass(?:word|wd|phrase|code|wort)|pwd|secret|token|jaas|credential|authorization|signature|webhook"
    r"|(?:api|access|account|private|shared|signing|encryption|secret|sas|master)[._-]?key|keystore\.key|ssl\.key|key\.pem"
    r"|user[._-]?info|basic[._-]?auth|connection[._-]?string|bearer",
    re.IGNORECASE,
)


def may_be_shown(key: str) -> bool:
    """Whether that key's value can hold no secret, whatever it is set to."""
    bare, before = key.lower(), ""
    while bare != before and bare not in HARMLESS:
        before = bare
        for prefix in PREFIXES:
            bare = bare.removeprefix(prefix)
    return bare in HARMLESS


def names_a_secret(key: str) -> bool:
    """Whether a key says of itself that its value is a secret. Never the only test for what others wrote."""
    return not may_be_shown(key) and SECRET.search(key) is not None
