"""Plan files to be broken."""

from pathlib import Path

GOOD = """\
apiVersion: drctl.io/v1alpha1
kind: DisasterRecoveryPlan
metadata: {name: plant}
spec:
  sites:
    - name: north
      kafka: {bootstrapServers: "n:1,m:2", clientProperties: c, canary: {clientProperties: c, topic: canary}}
      connect: {url: "http://n:8083"}
    - name: south
      kafka: {bootstrapServers: "s:1", clientProperties: c, canary: {clientProperties: c, topic: canary}}
      connect: {url: "https://s:8083"}
  links:
    - {name: n-s, source: north, target: south, connectors: c, replicationPrincipal: "User:mm2"}
    - {name: s-n, source: south, target: north, connectors: c, replicationPrincipal: "User:mm2"}
  workloads:
    - {name: all, topics: [readings], groups: [billing]}
  objectives: {recoveryTime: 1h30m, recoveryPoint: 0s}
  clientRouting: {file: client-routing.json}
  state: {file: state/drctl.sqlite}
"""

BOMB = '"a": &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n' + "".join(
    f'"{k}": &{k} [{", ".join([f"*{chr(ord(k) - 1)}"] * 9)}]\n' for k in "bcdefghij"
)


def written(folder: Path, text: str | bytes) -> Path:
    (folder / "c").touch()
    path = folder / "plan.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


KUBERNETES = "kubernetes: {kubeconfig: c, context: north, namespace: kafka, pods: app=kafka}"
STRIMZI = "strimzi: {cluster: north, listener: external, user: drctl, canaryUser: canary}"
CONNECT = 'connect: {url: "http://n:8083"}'
KAFKA = 'kafka: {bootstrapServers: "n:1,m:2", clientProperties: c, canary: {clientProperties: c, topic: canary}}'


def at_north(*parts: str, kafka: str = KAFKA, connect: str = CONNECT) -> str:
    """The good file with these parts at its first site."""
    whole = "\n      ".join(part for part in (kafka, connect, *parts) if part)
    return GOOD.replace(f"{KAFKA}\n      {CONNECT}", whole)
