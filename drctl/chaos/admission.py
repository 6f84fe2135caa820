"""Which experiments may be run at all: those of which a green run would mean what the file says.

An experiment states in its extension ``drctl`` which faults must be seen, each as often as it is named, and which
losses it expects by class. Records are never expected to be lost; only reading some again may be (``repeated: some``).
Except in a negative control: it states ``verdict: refuted``, uses faults that make brokers lose records, and names the
classes of the loss that the checker must find (``some``), and of what may be found besides (``any``), and the
``topics`` outside of which nothing may be lost.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from drctl.config.documents import contents, parse_yaml, plain
from drctl.drills.experiments.journal_audit import stated_faults
from drctl.drills.experiments.judging import Statement
from drctl.drills.experiments.refutation import CLASSES as REFUTABLE
from drctl.drills.experiments.refutation import REPEATED, Refutation, refutation_in
from drctl.errors import ConfigInvalid
from drctl.lab.faults import FAULTS, UNDOING
from drctl.lab.kube.faults import FAULTS as KUBE_FAULTS
from drctl.lab.kube.faults import HEAL
from drctl.lab.layout import TOPICS
from drctl.lab.losses import LOSING
from drctl.model.verdict import Verdict

CONTROLS, PROBES = "drctl.chaos.controls", "drctl.chaos.probes"
MODULES = (
    "drctl.chaos.actions",
    "drctl.chaos.clock_actions",
    "drctl.chaos.data_actions",
    "drctl.chaos.kube_actions",
    "drctl.chaos.link_actions",
    "drctl.chaos.loss_actions",
    "drctl.chaos.move_actions",
    "drctl.chaos.service_actions",
    "drctl.chaos.undo",
    PROBES,
)
"""Modules that an experiment may call: any other may do, or install, what nobody has looked at."""

ON_PODS = "drctl.chaos.kube_actions"
"""Whose actions need the lab on Kubernetes."""
MOVING = "drctl.chaos.move_actions"
"""Whose actions let the work leave by a failover and come home."""

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
    ``digest``: SHA-256 of the file that was read. ``refutation``: what a negative control must be refuted of, None if
    it is to be proved. ``on_pods``: it needs the lab on Kubernetes. ``round_trip``: the work leaves by a failover and
    comes home.
    """

    path: Path
    title: str
    faults: tuple[str, ...]
    repeats: bool
    digest: str = ""
    refutation: Refutation | None = None
    on_pods: bool = False
    round_trip: bool = False

    @property
    def statement(self) -> Statement:
        """Return what the experiment states, without the file."""
        return Statement(self.path.stem, self.title, self.faults, self.repeats, self.digest, self.refutation)


def admitted(path: Path) -> Experiment:
    """Return the experiment of a file. ConfigInvalid if it cannot be read, or if its success might mean nothing."""
    remedy = "name an experiment in YAML"
    text = contents(path, remedy)
    experiment = plain(parse_yaml(path, text, remedy))
    if not isinstance(experiment, dict) or "method" not in experiment:
        raise ConfigInvalid(f"{path}: is no Chaos Toolkit experiment", remedy="give it title, description and method")
    for problem, cure in _problems(experiment):
        raise ConfigInvalid(f"{path}: {problem}", remedy=cure)
    called = {value for key, value in _walk(experiment) if key == "module"}
    on_pods, round_trip = ON_PODS in called, MOVING in called
    known = [*FAULTS, *KUBE_FAULTS] if on_pods else FAULTS
    faults, repeats, refutation = _statement(path, experiment, known)
    digest = hashlib.sha256(text).hexdigest()
    title = str(experiment.get("title") or path.stem)
    return Experiment(path.resolve(), title, faults, repeats, digest, refutation, on_pods, round_trip)


def controls_in(folder: Path, passed_over: Callable[[ConfigInvalid], object]) -> Iterator[Experiment]:
    """Yield the negative controls that lie in a folder, by name; ``passed_over`` is given why a file cannot be one."""
    for path in sorted(folder.glob("*.yaml"), key=lambda each: each.stem):
        try:
            found = admitted(path)
        except ConfigInvalid as error:
            passed_over(error)
            continue
        if found.refutation:
            yield found


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


def _statement(
    path: Path, experiment: Mapping[str, Any], known: Collection[str]
) -> tuple[tuple[str, ...], bool, Refutation | None]:
    """Return the faults that must be seen, whether groups may read records again, and what it must be refuted of.

    ``known``: the kinds of faults that its lab knows, besides those by which brokers lose records.
    """
    extensions = experiment.get("extensions")
    told = extensions if isinstance(extensions, list) else []
    found = [each for each in told if isinstance(each, dict) and each.get("name") == EXTENSION]
    own = found[0] if len(found) == 1 else {}
    faults, expected = stated_faults(own.get("faults")), own.get("expected")
    remedy = (
        f"add extensions: [{{name: {EXTENSION}, faults: [kill], "
        f"expected: {{{', '.join(f'{name}: none' for name in CLASSES)}}}}}]"
    )
    kinds = [*(kind for kind in known if kind not in (*UNDOING, HEAL)), *LOSING]
    if not faults or not all(kind in kinds for kind in faults):
        raise ConfigInvalid(f"{path}: does not state which of {', '.join(kinds)} must be seen", remedy=remedy)
    if not isinstance(expected, dict) or not set(CLASSES) <= set(expected):
        raise ConfigInvalid(f"{path}: does not state what is expected of {', '.join(CLASSES)}", remedy=remedy)
    refuted = _is_control(path, own.get("verdict", Verdict.PROVED.value), faults)
    problems = _control_statement_problems(expected, own) if refuted else _proof_statement_problems(expected)
    for problem, cure in problems:
        raise ConfigInvalid(f"{path}: {problem}", remedy=cure)
    return faults, expected[REPEATED] == "some", refutation_in(own)


def _is_control(path: Path, verdict: object, faults: Collection[str]) -> bool:
    """Whether it must be refuted. ConfigInvalid unless just that one has faults by which brokers lose records."""
    losing = [kind for kind in faults if kind in LOSING]
    if verdict == Verdict.PROVED.value:
        if losing:
            said = f"{losing[0]} makes brokers lose records, so that it cannot be proved"
            raise ConfigInvalid(f"{path}: {said}", remedy=f"state verdict: {Verdict.REFUTED.value}, and what is lost")
        return False
    if verdict != Verdict.REFUTED.value:
        raise ConfigInvalid(f"{path}: states the verdict {verdict}", remedy="state proved, or refuted, or none")
    if not losing:
        said = "is to be refuted, and none of its faults makes brokers lose records"
        raise ConfigInvalid(f"{path}: {said}", remedy=f"use one of {', '.join(LOSING)}, or state no verdict")
    return True


def _proof_statement_problems(expected: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, losses in expected.items():
        if name not in CLASSES:
            yield f"states {name}, which is not expected of an experiment that is to be proved", f"remove {name}"
        elif losses not in (("none", "some") if name == REPEATED else ("none",)):
            yield f"expects {losses} {name}", "use none; only repeated may be some, and is then counted"


def _control_statement_problems(expected: Mapping[str, object], own: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    topics = own.get("topics")
    if not isinstance(topics, list) or not topics or not all(topic in [*TOPICS] for topic in topics):
        said = "is to be refuted, and does not state in which topics of the workload alone records may be lost"
        yield said, f"add topics, a list of some of {', '.join(TOPICS)}"
    for name, losses in expected.items():
        if name not in (*REFUTABLE, REPEATED):
            yield f"states {name}, which is no class of a loss", f"use some of {', '.join((*REFUTABLE, REPEATED))}"
        elif losses not in (("none", "some") if name == REPEATED else ("none", "some", "any")):
            yield f"expects {losses} {name}", "use none, some (must be found) or any (may be); repeated: none or some"
    if not any(expected.get(name) == "some" for name in REFUTABLE):
        yield "is to be refuted, and names no class of what must be found", "state some for at least one class"


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
