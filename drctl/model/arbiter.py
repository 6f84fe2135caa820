"""Model automatic failover: on what terms a plan file lets it be, and what an arbiter in a third place holds."""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

from drctl.model.documents import json_of
from drctl.model.fence import FenceState


@dataclass(frozen=True, slots=True)
class ArbiterRecord:
    """Hold what the arbiter was told last: which site of which plan file is primary, since which epoch, by which run.

    ``run`` is the move that made it so, empty where none ever moved anything.
    """

    plan: str
    primary: str
    epoch: int
    run: str = ""


@dataclass(frozen=True, slots=True)
class ArbiterConfigMap:
    """A ConfigMap at an API server of a third place, where an arbiter keeps its record."""

    kubeconfig: Path
    context: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class AutomaticFailoverTerms:
    """On what terms the service may fail over by itself.

    ``after``: how long the site has to be lost, as two places see it. ``accept_loss``: the most records that it may
    cost. ``fences``: how surely the source must be closed before the target is opened, one of these. ``arbiter`` is a
    file, or a resource of Kubernetes.
    """

    after: timedelta
    accept_loss: int
    fences: frozenset[FenceState]
    arbiter: Path | ArbiterConfigMap


def as_text(record: ArbiterRecord) -> str:
    """Return the record as one line of JSON."""
    return json.dumps(asdict(record))


def from_text(text: str | bytes) -> ArbiterRecord:
    """Read what :func:`as_text` wrote. ValueError for anything else."""
    told = json_of(text)
    try:
        record = ArbiterRecord(**told)
    except TypeError as error:
        raise ValueError("other keys than those of a record") from error
    texts = (record.plan, record.primary, record.run)
    if not all(isinstance(each, str) for each in texts) or type(record.epoch) is not int or record.epoch < 0:
        raise ValueError("values of another kind than those of a record")
    return record
