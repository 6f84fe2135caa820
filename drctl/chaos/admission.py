"""Which experiments may be run at all: those of which a green run would mean what the file says.

An experiment states in its extension ``drctl`` which faults must be seen, each as often as it is named, and which
losses it expects by class. Records are never expected to be lost; only reading some again may be (``repeated: some``).
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from drctl.config.documents import contents, parse_yaml, plain
from drctl.drills.experiments.judging import Statement
from drctl.errors import ConfigInvalid
from drctl.lab.faults import FAULTS, UNDOING

CONTROLS = "drctl.chaos.controls"
MODULES = (
    "drctl.chaos.actions",
    "drctl.chaos.data_actions",
    "drctl.chaos.link_actions",
    "drctl.chaos.service_actions",
    "drctl.chaos.undo",
    "drctl.chaos.probes",
)
"""Modules that an experiment may call: any other may do, or install, what nobody has looked at."""

EXTENSION = "drctl"
CLASSES = ("lost", "duplicated", "skipped", "repeated")
"""Classes of losses that an experiment states: of records the first two, of groups the others."""

ELSEWHERE = ("configuration", "secrets")
"""Keys that take values from outside of the file, or ask foreign code for them."""

RUN_AS_WRITTEN = "take values from nowhere but the file, so that what ran is what was read"


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment that may be run, and what it states.

    ``faults``: kinds of faults, each as often as it must have been seen. ``repeats``: groups may read records again.
    ``digest``: SHA-256 of the file that was read.
    """

    path: Path
    title: str
    faults: tuple[str, ...]
    repeats: bool
    digest: str = ""

    @property
    def statement(self) -> Statement:
        """Return what the experiment states, without the file."""
        return Statement(self.path.stem, self.title, self.faults, self.repeats, self.digest)


def admitted(path: Path) -> Experiment:
    """Return the experiment of a file. ConfigInvalid if it cannot be read, or if its success might mean nothing."""
    remedy = "name an experiment in YAML"
    text = contents(path, remedy)
    experiment = plain(parse_yaml(path, text, remedy))
    if not isinstance(experiment, dict) or "method" not in experiment:
        raise ConfigInvalid(f"{path}: is no Chaos Toolkit experiment", remedy="give it title, description and method")
    for problem, cure in _problems(experiment):
        raise ConfigInvalid(f"{path}: {problem}", remedy=cure)
    faults, repeats = _statement(path, experiment)
    digest = hashlib.sha256(text).hexdigest()
    return Experiment(path.resolve(), str(experiment.get("title") or path.stem), faults, repeats, digest)


def _problems(experiment: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what makes a success worthless, each with its remedy."""
    yield from _runtime_problems(experiment.get("runtime"))
    yield from _control_problems(experiment)
    for part in ("method", "rollbacks"):
        if not experiment.get(part) or not isinstance(experiment[part], list):
            yield f"has no {part}", "give it activities: an experiment injects a fault, and undoes it"
    for part in ELSEWHERE:
        if experiment.get(part):
            yield f"has {part}", RUN_AS_WRITTEN
    for key, value in _walk(experiment):
        if key == "dry" and value:
            yield "is dry: some of it would only be pretended", "remove dry"
        if key == "provider" and (foreign := _foreign(value)):
            yield f"has a provider that is {foreign}", f"use type: python, and one of {', '.join(MODULES)}"
        # Chaos Toolkit fills these in from environment and secrets, so that the file that is digested would
        # not be what ran.
        if isinstance(value, str) and "${" in value:
            yield f"has a variable in {key or 'a list'}", RUN_AS_WRITTEN


def _control_problems(experiment: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in _controls(experiment):
        if name != CONTROLS:
            yield (
                f"declares the control {name}, and a control can rewrite what an experiment has shown",
                f"remove every control but {CONTROLS}",
            )
    if not _has_own_control(experiment):
        yield (
            f"does not declare the control {CONTROLS}, without which 'chaos run' passes though an action failed",
            f"add it at the top: controls: [{{name: drctl, provider: {{type: python, module: {CONTROLS}}}}}]",
        )


def _runtime_problems(runtime: object) -> Iterator[tuple[str, str]]:
    if "dependencies" in str(runtime or ""):
        yield (
            "its runtime installs dependencies, which drctl does not do during an experiment",
            "remove runtime.python, and install what it needs beforehand",
        )
    settings = runtime if isinstance(runtime, dict) else {}
    for part, allowed in (("rollbacks", ("always",)), ("hypothesis", ("default", "continuously"))):
        wanted = settings.get(part)
        strategy = wanted.get("strategy") if isinstance(wanted, dict) else wanted
        if strategy is not None and strategy not in allowed:
            yield f"its strategy for {part} is {strategy}", f"remove it, or use {' or '.join(allowed)}"


def _statement(path: Path, experiment: Mapping[str, Any]) -> tuple[tuple[str, ...], bool]:
    """Return the faults that must be seen, and whether groups may read records again."""
    extensions = experiment.get("extensions")
    told = extensions if isinstance(extensions, list) else []
    found = [each for each in told if isinstance(each, dict) and each.get("name") == EXTENSION]
    own = found[0] if len(found) == 1 else {}
    faults, expected = own.get("faults"), own.get("expected")
    remedy = (
        f"add extensions: [{{name: {EXTENSION}, faults: [kill], "
        f"expected: {{{', '.join(f'{name}: none' for name in CLASSES)}}}}}]"
    )
    kinds = [kind for kind in FAULTS if kind not in UNDOING]
    if not isinstance(faults, list) or not faults or not all(kind in kinds for kind in faults):
        raise ConfigInvalid(f"{path}: does not state which of {', '.join(kinds)} must be seen", remedy=remedy)
    if not isinstance(expected, dict) or set(expected) != set(CLASSES):
        raise ConfigInvalid(f"{path}: does not state what is expected of {', '.join(CLASSES)}", remedy=remedy)
    for name, losses in expected.items():
        if losses not in (("none", "some") if name == "repeated" else ("none",)):
            raise ConfigInvalid(
                f"{path}: expects {losses} {name}", remedy="use none; only repeated may be some, and is then counted"
            )
    return tuple(faults), expected["repeated"] == "some"


def _has_own_control(experiment: Mapping[str, Any]) -> bool:
    """Whether our control stands at the top and is switched off by nothing."""
    controls = experiment.get("controls")
    return any(
        isinstance(each, dict)
        and set(each) == {"name", "provider"}
        and each["provider"] == {"type": "python", "module": CONTROLS}
        for each in (controls if isinstance(controls, list) else ())
    )


def _foreign(provider: object) -> str:
    """Return what is foreign about a provider; empty for drctl's own."""
    if not isinstance(provider, dict) or provider.get("type") != "python":
        return str(provider.get("type")) if isinstance(provider, dict) else str(provider)
    module, function = provider.get("module"), provider.get("func")
    if module == CONTROLS and "func" not in provider:
        return ""
    if module not in MODULES:
        return str(module)
    # __all__ and not what the module has: what it imports would otherwise be callable from an experiment,
    # too.
    return "" if function in import_module(module).__all__ else f"{module}.{function}"


def _controls(part: object) -> Iterator[str]:
    """The module, or whatever else provides it, of every control in an experiment, on whatever level it is declared."""
    for key, value in _walk(part):
        if key == "controls":
            for control in value if isinstance(value, list) else [value]:
                provider = control.get("provider") if isinstance(control, dict) else control
                yield str(provider.get("module") if isinstance(provider, dict) else provider)


def _walk(part: object) -> Iterator[tuple[str, object]]:
    """Every key with its value on every level, and every item of a list with an empty key."""
    items = part.items() if isinstance(part, dict) else (("", each) for each in part) if isinstance(part, list) else ()
    for key, value in items:
        yield str(key), value
        yield from _walk(value)
