"""The definitions of drctl's kinds: made from the classes that there are, in a form that Kubernetes takes."""

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from drctl.config import spec_of

CHECKOUT = Path(__file__).parents[3]
DEPLOY = CHECKOUT / "deploy"
MADE = runpy.run_path(str(CHECKOUT / "tools/definitions.py"))
PLAN, RUN = YAML(typ="safe").load_all((DEPLOY / "components/resources/definitions.yaml").read_text())


def schema(definition: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


def parts(part: dict[str, Any], value: Any, path: str = "spec") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each key that a document has, with what its schema says of it; nothing where the schema knows no such key."""
    if isinstance(value, dict):
        free = part.get("additionalProperties", {})
        for key, each in value.items():
            known = part.get("properties", {}).get(key, free)
            yield f"{path}.{key}", known
            yield from parts(known, each, f"{path}.{key}")
    elif isinstance(value, list):
        for each in value:
            yield from parts(part.get("items", {}), each, path)


def test_the_definitions_are_what_the_classes_make_them() -> None:
    assert MADE["DEFINITIONS"].read_text() == MADE["definitions"]()


@pytest.mark.parametrize("text", ["base/plan.yaml", "overlays/two-sites/south/plan.yaml"])
def test_the_plan_files_that_are_shipped_have_only_what_is_defined(text: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(YAML(typ="safe").load((DEPLOY / text).read_text())["data"]["plan.yaml"])
    found = dict(parts(schema(PLAN)["properties"]["spec"], spec_of(path)))
    assert {"spec.sites.kafka.canary.topic", "spec.links.mirrorMaker2", "spec.state.shared"} <= found.keys()
    assert [key for key, known in found.items() if not known.get("type")] == []


def test_the_status_is_a_subresource_so_that_a_generation_counts_the_spec_alone() -> None:
    for definition in (PLAN, RUN):
        assert definition["spec"]["versions"][0]["subresources"] == {"status": {}}
        assert "observedGeneration" in schema(definition)["properties"]["status"]["properties"]


def test_an_alternative_that_kubernetes_cannot_express_is_refused() -> None:
    with pytest.raises(AssertionError):
        MADE["structural"]({"anyOf": [{"type": "string"}, {"type": "integer"}]}, {})
    assert MADE["structural"]({"anyOf": [{"type": "string"}, {"type": "null"}]}, {}) == {
        "type": "string",
        "nullable": True,
    }


def test_a_pattern_that_looks_around_is_left_out() -> None:
    assert MADE["structural"]({"type": "string", "pattern": "^(?!x)"}, {}) == {"type": "string"}


def test_a_bound_that_the_api_server_would_round_is_left_to_the_plan_file() -> None:
    structural = MADE["structural"]
    assert structural({"type": "integer", "minimum": 0, "maximum": 2**63 - 1}, {}) == {"type": "integer", "minimum": 0}
    assert structural({"type": "integer", "maximum": 2**53}, {}) == {"type": "integer", "maximum": 2**53}
