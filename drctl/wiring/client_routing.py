"""Bind what clients follow: a file, commands, or a field in Kubernetes; and what restarts those in Kubernetes."""

from contextlib import ExitStack

from drctl.drivers.command.client_routing import CommandClientRouting
from drctl.drivers.kube.client_routing import KubeClientRouting
from drctl.drivers.kube.resources import KubeResources
from drctl.drivers.kube.rollouts import KubeRollouts
from drctl.drivers.store.client_routing import FileClientRouting
from drctl.drivers.store.clock import SystemClock
from drctl.model.plan_file import PlanFile
from drctl.model.routing import RoutingCommands, RoutingField, RoutingPlace
from drctl.ports import ClientRouting, Commands, Rollouts


def client_routing_of(plan: PlanFile, commands: Commands, stack: ExitStack) -> ClientRouting:
    """Return what the plan file's clients follow; its connections are closed with the stack."""
    match plan.client_routing:
        case RoutingCommands() as routing:
            return CommandClientRouting(routing, commands)
        case RoutingField(place=place) as routing:
            return KubeClientRouting(routing, _resources(place, stack))
        case file:
            return FileClientRouting(file)


def rollouts_of(plan: PlanFile, stack: ExitStack) -> Rollouts | None:
    """Return what restarts clients where they are routed; None where that is in no Kubernetes."""
    routing = plan.client_routing
    return KubeRollouts(_resources(routing.place, stack)) if isinstance(routing, RoutingField) else None


def _resources(place: RoutingPlace, stack: ExitStack) -> KubeResources:
    kube = KubeResources("of client routing", place.kubeconfig, place.context, place.namespace, SystemClock())
    stack.callback(kube.close)
    return kube
