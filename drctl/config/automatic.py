"""The ``automaticFailover`` of the plan file: its shape, its values, and what it demands of the rest."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from drctl.config.guards import GuardsPart
from drctl.config.sites import SitePart
from drctl.config.values import SHAPE, File, Lasting, Name, Resource, Text, milliseconds
from drctl.model.arbiter import ArbiterConfigMap, AutomaticFailoverTerms
from drctl.model.fence import FenceState

KEY = "automaticFailover"


class _Part(BaseModel):
    model_config = SHAPE


class ArbiterConfigMapPart(_Part):
    """A ConfigMap at an API server that is lost with none of the sites. It must exist; drctl alone writes to it."""

    kubeconfig: File
    context: Text
    namespace: Name
    name: Resource = "drctl-arbiter"


class ArbiterPart(_Part):
    """Where it is written down, in a third place, which site is primary: a file, or a ConfigMap of Kubernetes."""

    file: File | None = None
    config_map: ArbiterConfigMapPart | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.file is None) == (self.config_map is None):
            raise ValueError("expected either file or configMap")
        return self


class AutomaticFailoverPart(_Part):
    """Lets the service fail over by itself from a site that is lost. Without it only a person does.

    It needs a witness at a third place, and a fence that is sure: ``proven`` by data, or ``by-agent``, which trusts the
    word of the fencing agent as well.
    """

    arbiter: ArbiterPart
    fence: Literal["proven", "by-agent"]
    # Longer than a rolling restart of all brokers holds everybody up, and than most networks need to come back.
    after: Lasting = "2m"
    # None: whoever lets records be lost without asking says how many.
    accept_loss: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0


def automatic_faults(
    part: AutomaticFailoverPart | None,
    *,
    guards: GuardsPart,
    sites: Sequence[SitePart],
    witnesses: Sequence[str],
    agent: bool,
    at: Callable[..., str],
) -> Iterator[str]:
    """Yield what else a plan file must say, or must not, with file and line."""
    if part is None:
        return
    if not set(witnesses) - {site.name for site in sites}:
        yield at(KEY) + f"{KEY} needs a witness at a third place: one that witnesses names, and that is no site"
    if part.fence == "by-agent" and not agent:
        yield at(KEY, "fence") + f"{KEY}.fence is by-agent, and there is no fencingAgent"
    if guards.approval == "required":
        yield at(KEY) + f"{KEY} asks nobody, and guards.approval demands a second person: leave one of them out"
    place = part.arbiter.config_map
    for site in sites:
        there = site.kubernetes
        if place and there and (place.kubeconfig, place.context) == (there.kubeconfig, there.context):
            yield at(KEY, "arbiter") + f"{KEY}.arbiter is at {site.name}, and lost with it: name a third place"


def frozen_automatic(here: Path, part: AutomaticFailoverPart | None) -> AutomaticFailoverTerms | None:
    """Return the terms, with paths made absolute; None where only a person fails over."""
    if part is None:
        return None
    place = part.arbiter.config_map
    trusted = {FenceState.PROVEN, FenceState(part.fence)}
    return AutomaticFailoverTerms(
        timedelta(milliseconds=milliseconds(part.after)),
        part.accept_loss,
        frozenset(trusted),
        here / (part.arbiter.file or "")
        if place is None
        else ArbiterConfigMap(here / place.kubeconfig, place.context, place.namespace, place.name),
    )
