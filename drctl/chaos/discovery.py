"""Tells the Chaos Toolkit which actions, undos and probes there are (``chaos discover --no-install drctl``)."""

from typing import Any

from chaoslib.discovery.discover import discover_actions, discover_probes, initialize_discovery_result

from drctl import __version__
from drctl.chaos.admission import MODULES, PROBES

ACTING = tuple(module for module in MODULES if module != PROBES)
"""Modules of actions, those that undo others among them."""


def discovered() -> dict[str, Any]:
    """Return what an experiment may call, each with its arguments; no lab is asked, so nothing is told of a system."""
    found: dict[str, Any] = initialize_discovery_result("drctl", __version__, "kafka")
    for module in ACTING:
        found["activities"].extend(discover_actions(module))
    found["activities"].extend(discover_probes(PROBES))
    return found
