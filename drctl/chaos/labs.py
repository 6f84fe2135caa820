"""The lab that an experiment runs on: a named one that has what the experiment acts on, or one of its own."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from drctl.chaos.admission import Experiment
from drctl.errors import ConfigInvalid
from drctl.lab import Lab
from drctl.lab.kube import KubeLab
from drctl.lab.running import attached

PODS = "strikes broker pods, which only the lab on Kubernetes has"
"""What tells an experiment of :attr:`~drctl.chaos.admission.Experiment.on_pods`."""


@contextmanager
def lab_for(experiment: Experiment, folder: Path | None, say: Callable[[str], None]) -> Iterator[Lab]:
    """The lab in that folder, or a new one that goes down at the end.

    LabError if none runs there, or none can be started: the one on Kubernetes needs root. ConfigInvalid for an
    experiment on pods and a lab without any.
    """
    if folder is not None:
        lab = attached(folder)
        if experiment.on_pods and not isinstance(lab, KubeLab):
            raise ConfigInvalid(
                f"{experiment.path.name} {PODS}: the lab in {folder} is none",
                remedy="start one with 'drctl lab kube up', and name its folder; or name none, and one is started",
            )
        yield lab
        return
    with tempfile.TemporaryDirectory(prefix="drctl-chaos-") as own:
        place = Path(own) / "lab"
        starting = (
            KubeLab.start(place, small=True, progress=say) if experiment.on_pods else Lab.start(place, progress=say)
        )
        with starting as lab:
            yield lab
