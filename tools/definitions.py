"""The definitions of drctl's kinds for Kubernetes, from the plan file's classes and ``drctl.model.shown``.

``python tools/definitions.py`` writes ``deploy/components/resources/definitions.yaml``; a test fails where it was
forgotten.
"""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from ruamel.yaml import YAML

from drctl.config import schema
from drctl.model.resources import Kind
from drctl.model.shown import (
    ENDED,
    GROUP,
    HEALTHY,
    SHOWN_PLAN,
    SHOWN_RUN,
    VERSION,
    ShownPlanStatus,
    ShownRunSpec,
    ShownRunStatus,
)
from drctl.service.showing import camel

DEFINITIONS = Path(__file__).parents[1] / "deploy" / "components" / "resources" / "definitions.yaml"
HEAD = """\
# Made by tools/definitions.py from the plan file's classes and drctl/model/shown.py. drctl reads none of them.
"""
KEPT = {
    "type", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "required",
    "description",
}  # fmt: skip
"""What a structural schema and JSON Schema have in common. Without defaults: shown is what stands in the file."""
LOOKS_AROUND = re.compile(r"\(\?[=!<]")
"""What the API server's regular expressions have not."""
EXACT = 2**53
"""Up to here a double holds every integer. The API server reads bounds as doubles: 2^63 - 1 becomes 2^63, which it then
takes for the least int64, so that nothing is allowed. The plan file's own bound stays."""

PLAN_COLUMNS = (
    ("Primary", "string", ".status.primary"),
    ("Epoch", "integer", ".status.epoch"),
    ("Healthy", "string", f'.status.conditions[?(@.type=="{HEALTHY}")].status'),
    ("Run", "string", ".status.run"),
)
RUN_COLUMNS = (
    ("Run", "string", ".spec.run"),
    ("From", "string", ".spec.source"),
    ("To", "string", ".spec.target"),
    ("Epoch", "integer", ".spec.epoch"),
    ("State", "string", ".status.state"),
    ("Ended", "string", f'.status.conditions[?(@.type=="{ENDED}")].status'),
)


def definitions() -> str:
    """Both definitions as YAML."""
    whole = schema()
    spec = structural(whole["properties"]["spec"], whole["$defs"])
    plan = definition(SHOWN_PLAN, "drplan", PLAN_COLUMNS, spec, shown(ShownPlanStatus))
    run = definition(SHOWN_RUN, "drrun", RUN_COLUMNS, shown(ShownRunSpec), shown(ShownRunStatus))
    writer, text = YAML(), StringIO()
    writer.default_flow_style, writer.width = False, 200
    writer.dump_all([plan, run], text)
    return HEAD + text.getvalue()


def definition(
    kind: Kind, short: str, columns: tuple[tuple[str, str, str], ...], spec: dict[str, Any], status: dict[str, Any]
) -> dict[str, Any]:
    """One definition, with the status as a subresource: only then does a generation count changes of the spec alone."""
    printed = [{"name": name, "type": what, "jsonPath": path} for name, what, path in columns]
    age = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [*printed, age],
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": status}}},
    }
    names = {
        "kind": kind.name,
        "listKind": f"{kind.name}List",
        "plural": kind.plural,
        "singular": kind.name.lower(),
        "shortNames": [short],
        "categories": ["drctl"],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{GROUP}"},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def shown(model: type) -> dict[str, Any]:
    """The schema of a class of ``drctl.model.shown``, its fields named as the API has them; none is required."""
    found = TypeAdapter(model).json_schema()
    return structural(found, found.get("$defs", {}), named=camel)


def structural(part: dict[str, Any], known: dict[str, Any], named: Any = str) -> dict[str, Any]:
    """A JSON Schema in the form that Kubernetes takes: without references and alternatives."""
    if "$ref" in part:
        part = {**known[part["$ref"].rpartition("/")[2]], **{key: part[key] for key in part if key != "$ref"}}
    if "anyOf" in part:
        # Only ever something or nothing.
        one, *more = [each for each in part["anyOf"] if each != {"type": "null"}]
        assert not more, json.dumps(part)
        return {**structural(one, known, named), **_described(part), "nullable": True}
    made = {key: value for key, value in part.items() if key in KEPT}
    if LOOKS_AROUND.search(made.get("pattern", "")):
        del made["pattern"]
    if made.get("maximum", 0) > EXACT:
        del made["maximum"]
    if named is not str:
        made.pop("required", None)
    if "const" in part:
        made["enum"] = [part["const"]]
    if "properties" in part:
        made["properties"] = {named(key): structural(each, known, named) for key, each in part["properties"].items()}
    elif part.get("type") == "object":
        free = next(iter(part.get("patternProperties", {}).values()), part.get("additionalProperties"))
        made["additionalProperties"] = structural(free, known, named) if isinstance(free, dict) else {"type": "string"}
    if "items" in part:
        made["items"] = structural(part["items"], known, named)
    return made


def _described(part: dict[str, Any]) -> dict[str, str]:
    return {"description": part["description"]} if "description" in part else {}


if __name__ == "__main__":
    DEFINITIONS.write_text(definitions())
