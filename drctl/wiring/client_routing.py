"""Bind what clients follow: a file, commands, or a field in Kubernetes."""

from contextlib import ExitStack

from drctl.drivers.command.client_routing import CommandClientRouting
from drctl.drivers.kube.client_routing import KubeClientRouting
from drctl.drivers.kube.resources import KubeResources
from drctl.drivers.store.client_routing import FileClientRouting
from drctl.drivers.store.clock import SystemClock
from drctl.model.plan_file import PlanFile
from drctl.model.routing import RoutingCommands, RoutingField
from drctl.ports import ClientRouting, Commands


def client_routing_of(plan: PlanFile, commands: Commands, stack: ExitStack) -> ClientRouting:
    """Return what the plan file's clients follow; its connections are closed with the stack."""
    match plan.client_routing:
        case RoutingCommands() as routing:
            return CommandClientRouting(routing, commands)
        case RoutingField(place=place) as routing:
            kube = KubeResources("of client routing", place.kubeconfig, place.context, place.namespace, SystemClock())
            stack.callback(kube.close)
            return KubeClientRouting(routing, kube)
        case file:
            return FileClientRouting(file)
