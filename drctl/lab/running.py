"""Find the lab that runs in a folder, of whichever kind it is."""

from pathlib import Path

from drctl.lab.kube import KubeLab
from drctl.lab.lab import Lab


def attached(folder: Path) -> Lab:
    """The lab that runs in that folder: a ``KubeLab`` if it has a Kubernetes. LabError if there is none."""
    if (folder / "kubernetes").exists():
        return KubeLab.attach(folder)
    return Lab.attach(folder)
