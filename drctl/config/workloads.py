"""The ``workloads`` of the plan file and the ``clients`` in them: their shape."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from drctl.config.values import SHAPE, ClientId, GroupName, Name, Resource, SinkName, Text, TopicName


class _Part(BaseModel):
    model_config = SHAPE


class DeploymentPart(_Part):
    """A Deployment or StatefulSet, of the same name at every site, whose pods are clients of the workload.

    ``namespace`` is the site's own unless another is named. ``groups`` are the consumer groups that its pods are
    members of; a handover of just these takes it along. ``takeOwnership`` lets drctl set ``spec.replicas`` although
    somebody else's manifest sets it; without it such a conflict is shown.
    """

    name: Resource
    kind: Literal["Deployment", "StatefulSet"] = "Deployment"
    namespace: Name | None = None
    groups: list[GroupName] = []
    take_ownership: bool = False


class RestartPart(_Part):
    """A Deployment or StatefulSet whose pods read only when they start where they are to go.

    It is in the API server of ``clientRouting.kubernetes``, in the namespace there unless another is named. A rolling
    restart replaces its pods each time that client routing was turned to another site.
    """

    name: Resource
    kind: Literal["Deployment", "StatefulSet"] = "Deployment"
    namespace: Name | None = None


class WorkloadPart(_Part):
    """Name what moves together."""

    name: Name
    topics: Annotated[list[TopicName], Field(min_length=1)]
    groups: list[GroupName]
    sinks: list[SinkName] = []
    deployments: list[DeploymentPart] = []
    restarts: list[RestartPart] = []


class ClientPart(_Part):
    """Describe what a client is made with, which Kafka tells nobody; ``clientId`` may end in ``*``."""

    client_id: ClientId
    software: Text
    version: Text
