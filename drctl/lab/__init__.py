"""Two real Kafka sites on one machine, MirrorMaker 2 between them, and faults for them.

The lab is loaded when it is named: its supervisor and its wires are modules of this package, too, and need no client
of Kafka's, which takes a second to load.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = ["Lab", "LabSite", "default_folder"]

if TYPE_CHECKING:
    from drctl.lab.lab import Lab, default_folder
    from drctl.lab.site import LabSite
else:

    def __getattr__(name: str) -> object:
        """Load what is named. AttributeError for what is none of ``__all__``."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module("drctl.lab.site" if name == "LabSite" else "drctl.lab.lab"), name)
