"""The Helm chart, made from the kustomize base: its files with a few values put in place of what stands there.

So the defaults are what the base says. ``make chart`` writes it; a test fails where it was forgotten.
"""

import sys
from pathlib import Path

DEPLOY = Path(__file__).parents[1] / "deploy"
NAMESPACE = "namespace: {{ .Release.Namespace }}"

CHART = """\
apiVersion: v2
name: drctl
description: Moves the work of one Kafka site to another and proves what happened
version: {version}
appVersion: {version}
"""

VALUES = """\
# Made from deploy/base by tools/chart.py.
image: drctl:{version}
# Where this chart's release looks from: the site in this cluster, or a third place.
place: here
# The namespace of this cluster's site, and what of it drctl reads and writes by name.
site: {{namespace: kafka, secrets: [drctl, canary], offsets: [drctl-offsets]}}
# An existing Secret; its keys lie beside the plan file.
credentials: drctl-credentials
# Empty is the cluster's own class; it must offer ReadWriteMany.
storageClass: ""
resources:
  requests: {{cpu: 100m, memory: 256Mi}}
  limits: {{memory: 512Mi}}
# Needs the definitions of the Prometheus operator.
serviceMonitor: false
# Alert rules; needs the same.
alerts: false
# Right to get nodes/proxy, for volume figures.
volumeFigures: false
# Right to drive the links of this cluster's site that are made of KafkaConnectors.
kafkaConnectors: false
# Right to restart clients once they were routed, in this cluster: in which namespace, and which.
clientRestarts: false
clients: {{namespace: clients, deployments: [shop], statefulSets: [turbines]}}
# Checkers of a run's records, as a Job: how many, and what they check. A Job cannot be changed: delete it before.
checkers: false
check: {{parallelism: 4, run: 00000000-0000-0000-0000-000000000000, site: south, topics: shop.orders, states: first}}
# The files of the plan: plan.yaml, and what stands beside it and is no secret.
plan:
{plan}"""

RESOURCES = """\
          resources:
            requests: {cpu: 100m, memory: 256Mi}
            limits: {memory: 512Mi}
"""

KEPT = """\
metadata:
  name: drctl-state
  namespace: drctl
  # Epoch and journal outlast an uninstall, which names the claim; the next install of this release takes it up again.
  annotations: {helm.sh/resource-policy: keep}"""

NOTES = """\
drctl runs in namespace {{ .Release.Namespace }}: kubectl -n {{ .Release.Namespace }} exec deploy/drctl -- drctl status

Nobody will tell it later, so ask before 'helm uninstall' what would be left:

  kubectl -n {{ .Release.Namespace }} exec deploy/drctl -- drctl status -o wide

It names an unfinished run, a site that was left behind, and whom deny rules bind at each site. Those rules stay, and
so do connectors, positions and the topic drctl.journal at the sites. In this cluster the claim drctl-state stays, with
epoch and journal on it.
"""

PUT_IN = {
    "account/account.yaml": {},
    "base/lease.yaml": {},
    "base/state.yaml": {
        "metadata: {name: drctl-state, namespace: drctl}": KEPT,
        "  resources:": "  {{- with .Values.storageClass }}\n  storageClassName: {{ . }}\n  {{- end }}\n  resources:",
    },
    "base/service.yaml": {},
    "base/network.yaml": {},
    "base/deployment.yaml": {
        "image: drctl:{version}": "image: {{ .Values.image }}",
        "--place=here": "--place={{ .Values.place }}",
        "secret: {name: drctl-credentials}": "secret: {name: {{ .Values.credentials }}}",
        RESOURCES: "          resources: {{- toYaml .Values.resources | nindent 12 }}\n",
    },
    "site/rights.yaml": {
        "namespace: kafka}": "namespace: {{ .Values.site.namespace }}}",
        "[drctl, canary]": "{{ toJson .Values.site.secrets }}",
        "[drctl-offsets]": "{{ toJson .Values.site.offsets }}",
    },
}
"""Which files, and in each what stands there and what takes its place."""

IN_OPTIONAL = {
    "components/checkers/checkers.yaml": {
        "RUN: 00000000-0000-0000-0000-000000000000": "RUN: {{ quote .Values.check.run }}",
        "SITE: south": "SITE: {{ quote .Values.check.site }}",
        "TOPICS: shop.orders": "TOPICS: {{ quote .Values.check.topics }}",
        "STATES: /var/lib/drctl/checks/first": "STATES: /var/lib/drctl/checks/{{ .Values.check.states }}",
        "parallelism: 4": "parallelism: {{ .Values.check.parallelism }}",
        "completions: 4": "completions: {{ .Values.check.parallelism }}",
        "image: drctl:{version}": "image: {{ .Values.image }}",
        "secret: {name: drctl-credentials}": "secret: {name: {{ .Values.credentials }}}",
    },
    "components/kafka-connectors/rights.yaml": {"namespace: kafka}": "namespace: {{ .Values.site.namespace }}}"},
    "components/client-restarts/rights.yaml": {
        "namespace: clients}": "namespace: {{ .Values.clients.namespace }}}",
        "[shop]": "{{ toJson .Values.clients.deployments }}",
        "[turbines]": "{{ toJson .Values.clients.statefulSets }}",
    },
}
"""The same in files that are left out unless they are wanted."""

OPTIONAL = {
    "components/service-monitor/service-monitor.yaml": "serviceMonitor",
    "components/alerts/alerts.yaml": "alerts",
    "components/volume-figures/rights.yaml": "volumeFigures",
    "components/kafka-connectors/rights.yaml": "kafkaConnectors",
    "components/client-restarts/rights.yaml": "clientRestarts",
    "components/checkers/checkers.yaml": "checkers",
}


def chart() -> dict[str, str]:
    """Every file of the chart by its path."""
    version = _version()
    files = {"Chart.yaml": CHART.format(version=version)}
    head, _, data = (DEPLOY / "base/plan.yaml").read_text().partition("data:\n")
    files["values.yaml"] = VALUES.format(version=version, plan=data)
    files["templates/NOTES.txt"] = NOTES
    plan = head.replace("namespace: drctl", NAMESPACE) + "data: {{- toYaml .Values.plan | nindent 2 }}\n"
    files["templates/plan.yaml"] = plan
    for path, changes in PUT_IN.items():
        text = _changed(path, (DEPLOY / path).read_text(), changes, version)
        files[f"templates/{Path(path).name}"] = text.replace("namespace: drctl", NAMESPACE)
    for path, value in OPTIONAL.items():
        # Alerts have templates of their own, which Helm must hand on to Prometheus unread.
        text = (DEPLOY / path).read_text().replace("{{ $", '{{ "{{" }} $')
        text = _changed(path, text, IN_OPTIONAL.get(path, {}), version)
        text = text.replace("namespace: drctl", NAMESPACE)
        name = Path(path).parent.name
        files[f"templates/{name}.yaml"] = f"{{{{- if .Values.{value} }}}}\n{text}{{{{- end }}}}\n"
    return files


def _changed(path: str, text: str, changes: dict[str, str], version: str) -> str:
    for there, instead in changes.items():
        wanted = there.replace("{version}", version)
        if wanted not in text:
            raise SystemExit(f"{path}: there is no {wanted!r} any more: correct tools/chart.py")
        text = text.replace(wanted, instead)
    return text


def _version() -> str:
    text = (DEPLOY.parent / "drctl/__init__.py").read_text()
    return text.partition('__version__ = "')[2].partition('"')[0]


def main() -> None:
    """Write the chart."""
    folder = DEPLOY / "chart"
    for old in folder.rglob("*.*"):
        old.unlink()
    for path, text in chart().items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    sys.stdout.write(f"written to {folder}\n")


if __name__ == "__main__":
    main()
