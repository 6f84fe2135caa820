"""Open the place where a service's lease is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drctl.drivers.kube.resources import KubeResources
from drctl.drivers.store.clock import UnsleepingClock
from drctl.ports import Clock, Resources


@contextmanager
def open_leases(
    namespace: str, kubeconfig: Path | None, context: str, patience: float
) -> Iterator[tuple[Resources, Clock]]:
    """Where a service's lease is kept, and the clock for it; without ``kubeconfig`` as the pod's own account.

    Connections of their own, which nobody else waits for and which wait no longer than ``patience`` seconds.
    """
    clock = UnsleepingClock()
    resources = KubeResources("of the lease", kubeconfig, context, namespace, clock, patience=patience)
    try:
        yield resources, clock
    finally:
        resources.close()
