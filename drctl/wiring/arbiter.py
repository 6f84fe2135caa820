"""Bind the arbiter: a file, or a ConfigMap in a third place."""

from contextlib import ExitStack

from drctl.drivers.kube.arbiter import ConfigMapArbiter
from drctl.drivers.kube.resources import KubeResources
from drctl.drivers.store.arbiter import FileArbiter
from drctl.drivers.store.clock import SystemClock
from drctl.model.arbiter import ArbiterConfigMap
from drctl.model.plan_file import PlanFile
from drctl.ports import Arbiter

PATIENCE = 5.0
"""Seconds in which the third place is to answer: it is asked before every change while clients wait."""


def arbiter_of(plan: PlanFile, stack: ExitStack) -> Arbiter | None:
    """Return the plan file's arbiter, None where only a person fails over; its connections close with the stack."""
    if plan.automatic_failover is None:
        return None
    match plan.automatic_failover.arbiter:
        case ArbiterConfigMap(kubeconfig=kubeconfig, context=context, namespace=namespace, name=name):
            kube = KubeResources("of the arbiter", kubeconfig, context, namespace, SystemClock(), patience=PATIENCE)
            stack.callback(kube.close)
            return ConfigMapArbiter(kube, name)
        case file:
            return FileArbiter(file)
