"""Configuration and storage of the brokers of one lab site."""

import base64
import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path

from drctl.drivers.kafka.java import escaped
from drctl.errors import LabError
from drctl.lab.layout import JVM_ENVIRONMENT, USERS, KraftNode, SiteLayout, java, password

COMMON = """\
process.roles=broker,controller
inter.broker.listener.name=INTERNAL
controller.listener.names=CONTROLLER
ssl.keystore.type=PEM
ssl.truststore.type=PEM
listener.name.internal.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^CN=(.*?)$/$1/,DEFAULT
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:broker;User:admin
auto.create.topics.enable=false
offsets.topic.num.partitions=10
transaction.state.log.num.partitions=5
share.coordinator.state.topic.num.partitions=5
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
group.initial.rebalance.delay.ms=0
group.consumer.min.session.timeout.ms=6000
group.consumer.session.timeout.ms=6000
group.consumer.min.heartbeat.interval.ms=1000
group.consumer.heartbeat.interval.ms=1000
num.network.threads=2
num.io.threads=4
num.replica.fetchers=1
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=8388608
log.cleaner.backoff.ms=500
log.retention.check.interval.ms=1000
log.initial.task.delay.ms=1000
"""

SCRAM = """\
{listener}.sasl.enabled.mechanisms=SCRAM-SHA-512
{listener}.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
"""


def server_properties(site: SiteLayout, node: KraftNode, folder: Path) -> str:
    """A broker's configuration; north's clients log in with SCRAM, south's with certificates."""
    protocol = "SASL_SSL" if site.name == "north" else "SSL"
    voters = ",".join(f"{n.number}@{site.host}:{n.controller}" for n in site.nodes)
    named = {"CLIENT": node.client, "INTERNAL": node.internal, "LINK": node.link, "CONTROLLER": node.controller}
    seen = {"CLIENT": site.host, "INTERNAL": site.host, "LINK": "localhost"}
    advertised = {"CLIENT": node.client, "INTERNAL": node.internal, "LINK": node.wire}
    enough = max(1, site.replicas - 1)
    certificates = folder / "certificates" / site.name
    lines = [
        f"node.id={node.number}",
        f"controller.quorum.voters={voters}",
        "listeners=" + ",".join(f"{name}://{site.host}:{port}" for name, port in named.items()),
        "advertised.listeners=" + ",".join(f"{name}://{seen[name]}:{port}" for name, port in advertised.items()),
        f"listener.security.protocol.map=CLIENT:{protocol},LINK:{protocol},INTERNAL:SSL,CONTROLLER:SSL",
        f"log.dirs={escaped(str(storage(site, node, folder)))}",
        f"ssl.keystore.location={escaped(str(certificates / 'broker.pem'))}",
        f"ssl.truststore.location={escaped(str(certificates / 'ca.pem'))}",
        f"offsets.topic.replication.factor={site.replicas}",
        f"transaction.state.log.replication.factor={site.replicas}",
        f"transaction.state.log.min.isr={enough}",
        f"share.coordinator.state.topic.replication.factor={site.replicas}",
        f"share.coordinator.state.topic.min.isr={enough}",
        f"default.replication.factor={site.replicas}",
        f"min.insync.replicas={enough}",
    ]
    # What COMMON sets below Kafka's defaults (cleaner, retention, transactions, sessions) makes tests wait
    # for seconds instead of minutes; none of it changes what a broker promises.
    text = COMMON + "\n".join(lines) + "\n"
    for name in ("client", "link"):
        listener = f"listener.name.{name}"
        text += SCRAM.format(listener=listener) if site.name == "north" else f"{listener}.ssl.client.auth=required\n"
    return text


def storage(site: SiteLayout, node: KraftNode, folder: Path) -> Path:
    """Where a broker keeps its logs."""
    return folder / "data" / site.broker(node.number)


def configuration(site: SiteLayout, node: KraftNode, folder: Path) -> Path:
    """Where a broker's configuration lies."""
    return folder / "etc" / f"{site.broker(node.number)}.properties"


def format_site(site: SiteLayout, folder: Path) -> None:
    """Write every node's configuration and storage: formatted once, then copied with ids of its own.

    Formatting by one JVM saves a JVM start per node. SCRAM users are part of the formatted metadata.
    """
    for node in site.nodes:
        path = configuration(site, node, folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(server_properties(site, node, folder))
    first = site.nodes[0]
    command = java("kafka.tools.StorageTool", "format", "-t", _identifier(), "-c")
    command.append(str(configuration(site, first, folder)))
    for user in USERS if site.name == "north" else ():
        secret = password(user, site.name)
        command += ["--add-scram", f"SCRAM-SHA-512=[name={user},password={secret},iterations=4096]"]
    env = {**os.environ, **JVM_ENVIRONMENT}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        reason = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise LabError(f"{site.name}: storage could not be formatted: {' '.join(reason)}", remedy="see the message")
    for node in site.nodes[1:]:
        copy = storage(site, node, folder)
        shutil.copytree(storage(site, first, folder), copy)
        meta = copy / "meta.properties"
        text = re.sub(r"node\.id=.*", f"node.id={node.number}", meta.read_text())
        meta.write_text(re.sub(r"directory\.id=.*", f"directory.id={_identifier()}", text))


def _identifier() -> str:
    """An id in Kafka's own form: a random UUID, base64url without padding, not starting with a dash."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text
