"""Write docs/plan-file.md from the models of the plan file and the meanings of their keys.

``python tools/plan_reference.py`` (``make docs``). What a value must look like comes from the models, so the page
cannot say anything else; what it is for from ``tools/plan_meanings.py``.
"""

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from drctl.config import schema
from drctl.config.values import PATTERNS

CHECKOUT = Path(__file__).parents[1]
PAGE = CHECKOUT / "docs" / "plan-file.md"
ROOT = "DisasterRecoveryPlan"
Schema = dict[str, Any]

HEAD = """\
# Reference: the plan file

Written by `tools/plan_reference.py` (`make docs`) from `drctl/config/` and `tools/plan_meanings.py`: change it
there.

The plan file is YAML 1.2 in the shape of a Kubernetes manifest. Files that it names are relative to it. A key that is
not listed here is an error; `drctl validate` reports every error with its line, and `drctl schema` prints the same as a
JSON Schema for editors. Examples: [examples](../examples/README.md).
"""


def meanings() -> dict[str, dict[str, str]]:
    """What each key is for, by model and key."""
    found = runpy.run_path(str(Path(__file__).with_name("plan_meanings.py")))
    return cast("dict[str, dict[str, str]]", found["MEANINGS"])


def models() -> dict[str, Schema]:
    """Every model's JSON Schema by class name, the whole file's first, each after the one that names it."""
    whole = schema()
    known: dict[str, Schema] = {ROOT: whole, **whole["$defs"]}
    return {name: known[name] for name in dict.fromkeys(_reached(ROOT, known))}


def _reached(name: str, known: dict[str, Schema]) -> Iterator[str]:
    """A model, and behind it every model that it is made of."""
    yield name
    for part in known[name]["properties"].values():
        if model := _model(part):
            yield from _reached(model, known)


def page() -> str:
    """The whole page as Markdown."""
    told, lines = meanings(), [HEAD]
    for name, model in models().items():
        lines += [f"## {title(name)}", "", _plain(model["description"]), ""]
        lines += ["| key | value | default | |", "| --- | --- | --- | --- |"]
        for key, part in model["properties"].items():
            default = "**required**" if key in model.get("required", ()) else _default(part)
            lines.append(f"| `{key}` | {_value(part)} | {default} | {told[name][key]} |")
        lines.append("")
    return "\n".join(lines)


def title(model: str) -> str:
    """A model's heading: the class without its ending, in words that a link can name."""
    return {ROOT: "The file", "Spec": "spec", "Metadata": "metadata"}.get(model, model.removesuffix("Part"))


def _model(part: Schema) -> str:
    """The model that a value is made of, if any."""
    for each in (part, *part.get("anyOf", ()), *part.get("allOf", ()), part.get("items", {})):
        if "$ref" in each:
            return str(each["$ref"]).rpartition("/")[2]
    return ""


def _value(part: Schema) -> str:
    """What the value must look like, for a cell of a table."""
    if part.get("type") == "array":
        return f"list: {_value(part['items'])}"
    if model := _model(part):
        return f"[{title(model)}](#{title(model).lower().replace(' ', '-')})"
    if kinds := [each for each in part.get("anyOf", ()) if each["type"] != "null"]:
        return _value(kinds[0])
    if words := part.get("enum") or ([part["const"]] if "const" in part else []):
        return ", ".join(f"`{word}`" for word in words)
    if part.get("type") == "object":
        return f"names to {_value(next(_values(part)))}"
    return _simple(part)


def _values(part: Schema) -> Iterator[Schema]:
    """What the values of a mapping must look like, whether its names have a pattern or not."""
    yield from part.get("patternProperties", {}).values()
    if isinstance(part.get("additionalProperties"), dict):
        yield part["additionalProperties"]


def _simple(part: Schema) -> str:
    """A text, a number or a truth value."""
    if part["type"] == "string":
        return PATTERNS.get(part.get("pattern", ""), "text")
    if part["type"] == "integer":
        return f"a whole number from {part['minimum']}"
    return {"boolean": "true or false"}[part["type"]]


def _default(part: Schema) -> str:
    """What counts where the key is left out."""
    match part.get("default"):
        case None:
            return "none"
        case bool(value):
            return f"`{str(value).lower()}`"
        case str() | int() as value:
            return f"`{value}`"
        case [] | {} if not part["default"]:
            return "empty"
        case _:
            return "its defaults"


def _plain(text: str) -> str:
    """A docstring as Markdown: literals have one backtick there."""
    return text.replace("``", "`")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
