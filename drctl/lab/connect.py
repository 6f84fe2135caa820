"""A Connect worker per lab site, and the MirrorMaker 2 connectors of both links."""

import json
from collections.abc import Mapping
from pathlib import Path

from drctl.drivers.kafka.java import escaped
from drctl.lab.certificates import write_secret
from drctl.lab.layout import SiteLayout, other, password

BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter"
MIRROR = "org.apache.kafka.connect.mirror"

WORKER = """\
key.converter={bytes}
value.converter={bytes}
exactly.once.source.support=enabled
plugin.discovery=service_load
connector.client.config.override.policy=All
config.providers=file
config.providers.file.class=org.apache.kafka.common.config.provider.FileConfigProvider
offset.flush.interval.ms=10000
rebalance.timeout.ms=10000
scheduled.rebalance.max.delay.ms=3000
config.storage.topic=__connect-configs
offset.storage.topic=__connect-offsets
offset.storage.partitions=5
status.storage.topic=__connect-status
status.storage.partitions=2
"""

AT_LEAST_ONCE = {"exactly.once.source.support": "disabled"}
"""Makes a worker copy at least once: exactly once is a matter of the worker, and no connector decides it."""

CLIENTS = {"": "connect", "producer.": "mm2", "admin.": "mm2", "consumer.": "sinks"}
"""Who a worker is at its brokers: as itself it keeps its internal topics, the records of source connectors are those of
its link, and sinks read as a user of their own. Set at the worker, since sinks have one configuration for both sites,
whose clients log in differently."""


def client_settings(site: str, user: str, folder: Path, *, secret: str = "") -> dict[str, str]:
    """Kafka's own client settings for one user; ``secret`` replaces the password, for example by a reference."""
    certificates = folder / "certificates" / site
    settings = {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(certificates / "ca.pem")}
    if site == "north":
        module = "org.apache.kafka.common.security.scram.ScramLoginModule"
        word = secret or password(user, site)
        settings["security.protocol"] = "SASL_SSL"
        settings["sasl.mechanism"] = "SCRAM-SHA-512"
        settings["sasl.jaas.config"] = f'{module} required username="{user}" password="{word}";'
    else:
        settings["security.protocol"] = "SSL"
        settings["ssl.keystore.type"] = "PEM"
        settings["ssl.keystore.location"] = str(certificates / f"{user}.pem")
    return settings


def set_worker(site: SiteLayout, folder: Path, settings: Mapping[str, str]) -> None:
    """Give a site's worker settings of its own, which go over the usual ones from its next start on."""
    write_secret(_own_settings(site, folder), json.dumps(dict(settings)))


def _own_settings(site: SiteLayout, folder: Path) -> Path:
    return folder / "etc" / f"{site.worker}-own.json"


def write_worker(site: SiteLayout, folder: Path) -> Path:
    """Write the worker's configuration and return its path."""
    (folder / "plugins").mkdir(exist_ok=True)
    lines = {
        "bootstrap.servers": site.bootstrap_servers,
        "group.id": f"connect-{site.name}",
        "listeners": f"http://localhost:{site.connect}",
        "rest.advertised.host.name": "localhost",
        "plugin.path": str(folder / "plugins"),
        "config.storage.replication.factor": str(site.replicas),
        "offset.storage.replication.factor": str(site.replicas),
        "status.storage.replication.factor": str(site.replicas),
    }
    for prefix, user in CLIENTS.items():
        lines |= {prefix + k: v for k, v in client_settings(site.name, user, folder).items()}
    if (own := _own_settings(site, folder)).exists():
        lines |= json.loads(own.read_text())  # of two lines with one key the later one counts
    path = folder / "etc" / f"{site.worker}.properties"
    write_secret(path, WORKER.format(bytes=BYTES) + "".join(f"{k}={escaped(v)}\n" for k, v in lines.items()))
    return path


def write_links(
    sites: dict[str, SiteLayout], folder: Path, *, prefixed: bool = False, at_least_once: bool = False
) -> None:
    """Write each link's connectors; passwords stay in a file that only the worker reads.

    ``prefixed``: under the default replication policy, else under the identity policy. ``at_least_once``: as a worker
    takes them that does not copy exactly once.
    """
    secrets = folder / "etc" / "link-secrets.properties"
    write_secret(secrets, f"mm2={password('mm2', 'north')}\n")
    for source, near in sites.items():
        name = f"{source}-to-{other(source)}"
        path = folder / "links" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        made = connectors(near, sites[other(source)], folder, secrets)
        if prefixed:
            for config in made.values():
                config["replication.policy.class"] = f"{MIRROR}.DefaultReplicationPolicy"
        if at_least_once:
            made[f"{name}.source"]["exactly.once.support"] = "requested"
        path.write_text(json.dumps(made, indent=2) + "\n")


def connectors(source: SiteLayout, target: SiteLayout, folder: Path, secrets: Path) -> dict[str, dict[str, str]]:
    """The three connectors of a link as Connect takes them, by name."""
    replicas = str(target.replicas)
    common = {
        "source.cluster.alias": source.name,
        "target.cluster.alias": target.name,
        "source.cluster.bootstrap.servers": source.link_servers,
        "target.cluster.bootstrap.servers": target.bootstrap_servers,
        "replication.policy.class": f"{MIRROR}.IdentityReplicationPolicy",
        # Without this the mapping of positions is lost with the site that is lost.
        "offset-syncs.topic.location": "target",
        "key.converter": BYTES,
        "value.converter": BYTES,
        # Connect's default rewrites header values: what looks like a number or base64 arrives as something
        # else.
        "header.converter": BYTES,
        "topics": r"turbines\..*,shop\..*,dr\..*,drctl\.drill\..*,drctl\.canary-records",
        "groups": ".*",
        "tasks.max": "1",
        "replication.factor": replicas,
        "offset-syncs.topic.replication.factor": replicas,
        "checkpoints.topic.replication.factor": replicas,
        "heartbeats.topic.replication.factor": replicas,
    }
    reference = f"${{file:{secrets}:mm2}}"
    for end, site in (("source", source), ("target", target)):
        settings = client_settings(site.name, "mm2", folder, secret=reference)
        common |= {f"{end}.cluster.{k}": v for k, v in settings.items()}
    own = {
        "source": {
            "connector.class": f"{MIRROR}.MirrorSourceConnector",
            "tasks.max": "2",
            "exactly.once.support": "required",
            "transaction.boundary": "poll",
            "source.consumer.isolation.level": "read_committed",
            "source.consumer.fetch.max.wait.ms": "50",
            "consumer.poll.timeout.ms": "100",
            "sync.topic.acls.enabled": "false",
            "sync.topic.configs.interval.seconds": "30",
            "refresh.topics.interval.seconds": "5",
        },
        "checkpoint": {
            "connector.class": f"{MIRROR}.MirrorCheckpointConnector",
            "emit.checkpoints.interval.seconds": "1",
            "sync.group.offsets.enabled": "false",
            "refresh.groups.interval.seconds": "5",
        },
        "heartbeat": {
            "connector.class": f"{MIRROR}.MirrorHeartbeatConnector",
            "emit.heartbeats.interval.seconds": "1",
        },
    }
    return {f"{source.name}-to-{target.name}.{kind}": {**common, **settings} for kind, settings in own.items()}
