"""The shape of the whole plan file, as pydantic models: its JSON Schema and the first half of its checks."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from drctl.config.automatic import AutomaticFailoverPart
from drctl.config.drills import DrillsPart
from drctl.config.guards import GuardsPart, ObjectivesPart
from drctl.config.hooks import FencingAgentPart, HooksPart
from drctl.config.links import LinkPart
from drctl.config.routing import ClientRoutingPart
from drctl.config.shifts import CapacityPart
from drctl.config.sites import SitePart
from drctl.config.values import SHAPE, File, Name, SiteName, Url
from drctl.config.workloads import ClientPart, WorkloadPart


class _Part(BaseModel):
    model_config = SHAPE


class WitnessPart(_Part):
    """A drctl service at another place, a site's name or a third one. Two places make out a lost site, one does not."""

    name: SiteName
    url: Url


class StatePart(_Part):
    """A file, relative to the plan file. ``shared``: it lies on a volume that several machines use at once.

    Their file locks must hold between them; then every change costs more writing.
    """

    file: File
    # Most state files lie on one machine's disk, where SQLite's write-ahead log is faster and as safe.
    shared: bool = False


class Metadata(_Part):
    """The name of the plan file."""

    name: Name


class Spec(_Part):
    """Sites, links, workloads, objectives and guards."""

    sites: Annotated[list[SitePart], Field(min_length=2)]
    links: Annotated[list[LinkPart], Field(min_length=1)]
    workloads: Annotated[list[WorkloadPart], Field(min_length=1)]
    witnesses: list[WitnessPart] = []
    objectives: ObjectivesPart
    guards: GuardsPart = GuardsPart()
    client_routing: ClientRoutingPart
    state: StatePart
    hooks: HooksPart = HooksPart()
    fencing_agent: FencingAgentPart | None = None
    automatic_failover: AutomaticFailoverPart | None = None
    clients: list[ClientPart] = []
    capacity: CapacityPart | None = None
    drills: DrillsPart = DrillsPart()


class DisasterRecoveryPlan(_Part):
    """The plan file of drctl."""

    api_version: Literal["drctl.io/v1alpha1"]
    kind: Literal["DisasterRecoveryPlan"]
    metadata: Metadata
    spec: Spec
