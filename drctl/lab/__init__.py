"""Two real Kafka sites on one machine, MirrorMaker 2 between them, and faults for them."""

from drctl.lab.lab import Lab, default_folder
from drctl.lab.site import LabSite

__all__ = ["Lab", "LabSite", "default_folder"]
