"""drctl moves the work of one Kafka site to another and proves what happened."""

from importlib import import_module
from typing import Any

__version__ = "0.2.0"


def discover(*, discover_system: bool = True) -> Any:  # noqa: ARG001 - the Chaos Toolkit names it
    """Return what experiments may call, for ``chaos discover``, which asks the top package of a distribution."""
    # By name and only when asked: an import would let everything that asks for the version depend on the toolkit.
    return import_module("drctl.chaos.discovery").discovered()
