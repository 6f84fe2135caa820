"""Write a lab's files for its users: client properties, the plan file, client routing."""

import json
from collections.abc import Mapping
from pathlib import Path

from drctl.drivers.kafka.java import escaped
from drctl.lab.certificates import write_secret
from drctl.lab.connect import client_settings
from drctl.lab.layout import CANARY_TOPIC, GROUPS, SITES, TOPICS, USERS, SiteLayout, other
from drctl.lab.rights import LINKS, WORKER

PLAN = """\
# Written by 'drctl lab up'. Paths are relative to this file.
apiVersion: drctl.io/v1alpha1
kind: DisasterRecoveryPlan
metadata: {{name: lab}}
spec:
  sites:
{sites}  links:
{links}  workloads:
    - name: wind-farm
      topics: [{topics}]
      groups: [{groups}]
  objectives: {{recoveryTime: 60s, recoveryPoint: 10s}}
  guards: {{fenceWindow: 1s, stepTimeout: 60s, maxLag: 100000}}
  clientRouting: {{file: client-routing.json}}
  state: {{file: state/drctl.sqlite}}
  drills: {{isolated: {{createTopics: true}}}}
"""
SITE = """\
    - name: {name}
      kafka:
        bootstrapServers: "{bootstrap}"
        clientProperties: clients/{name}/drctl.properties
        canary: {{clientProperties: clients/{name}/canary.properties, topic: {canary}}}
      connect: {{url: "http://localhost:{connect}"}}
      platformPrincipals: ["{worker}"]
"""
LINK = """\
    - name: {name}
      source: {source}
      target: {target}
      connectors: links/{name}.json
      replicationPrincipal: "{links}"
      replicationPolicy: {policy}
"""


def write_clients(folder: Path) -> None:
    """A properties file per site and user, in Kafka's own format."""
    for site in SITES:
        for user in USERS:
            lines = client_settings(site, user, folder).items()
            write_secret(client_properties(folder, site, user), "".join(f"{k}={escaped(v)}\n" for k, v in lines))


def client_properties(folder: Path, site: str, user: str) -> Path:
    """Where that file lies."""
    return folder / "clients" / site / f"{user}.properties"


def write_plan(sites: dict[str, SiteLayout], folder: Path, more: Mapping[str, str], *, prefixed: bool = False) -> Path:
    """The plan file, with client routing pointing at north; ``more`` is what it says of a site besides."""
    names = [
        SITE.format(
            name=site.name, bootstrap=site.bootstrap_servers, canary=CANARY_TOPIC, connect=site.connect, worker=WORKER
        )
        + more.get(site.name, "")
        for site in sites.values()
    ]
    policy = "default" if prefixed else "identity"
    links = [
        LINK.format(name=f"{site}-to-{other(site)}", source=site, target=other(site), policy=policy, links=LINKS)
        for site in sites
    ]
    path = folder / "plan.yaml"
    path.write_text(
        PLAN.format(sites="".join(names), links="".join(links), topics=", ".join(TOPICS), groups=", ".join(GROUPS))
    )
    (folder / "client-routing.json").write_text(json.dumps({"site": "north"}) + "\n")
    (folder / "state").mkdir(exist_ok=True)
    return path
