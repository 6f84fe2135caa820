"""A Kubernetes API as the contract suite plays on it, in memory or real: config maps of somebody else."""

from collections.abc import Mapping
from typing import Protocol

from drctl.model.resources import CONFIG_MAP, Kind
from drctl.ports import Resources
from tests.fakes import FakeApi, FakeResources


class ApiHarness(Protocol):
    """The port is drctl's, the rest is done by ``other``. ``forgotten``: a kind, and a version long past."""

    other: str

    @property
    def resources(self) -> Resources: ...

    def put(self, name: str, data: Mapping[str, str], *, labels: Mapping[str, str] | None = None) -> None: ...

    def remove(self, name: str) -> None: ...

    def forgotten(self) -> tuple[Kind, str]: ...


class FakeApiHarness:
    """The fake."""

    other = "kubectl"

    def __init__(self) -> None:
        self.api = FakeApi()
        self.resources = FakeResources(self.api)

    def put(self, name: str, data: Mapping[str, str], *, labels: Mapping[str, str] | None = None) -> None:
        meta = {"name": name, **({"labels": dict(labels)} if labels else {})}
        self.api.put(CONFIG_MAP, {"metadata": meta, "data": dict(data)}, manager=self.other)

    def remove(self, name: str) -> None:
        self.api.remove(CONFIG_MAP, name)

    def forgotten(self) -> tuple[Kind, str]:
        self.api.forget()
        return CONFIG_MAP, str(self.api.version - 1)
