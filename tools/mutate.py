"""Mutation of the pure core: flip its conditions and constants one by one, and see whether a test fails.

    python tools/mutate.py                 every module below
    python tools/mutate.py alignment       those whose name contains that

First all tests run once, unchanged, and it is noted which functions each of them runs, and how long. Each mutant then
runs in a process of its own, against the tests that run its function, quick ones first, until the first failure. What
survives is listed; survivors that cannot change any answer stand, with the reason, in ``tests/equivalent_mutants.txt``.
Ends with 1 if another one survives, or if one of these does not exist any more.
"""

import ast
import importlib
import importlib.abc
import importlib.util
import json
import os
import signal
import sys
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType

import pytest
from hypothesis import HealthCheck, Phase, settings

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "tests" / "unit" / "decide"
SUITES = tuple(
    str(UNIT / f"test_{name}.py")
    for name in (
        *("offset_syncs", "windows", "verification", "first_images", "copied_twice", "alignment", "placement"),
        *("sync_history", "unsettled", "comparable", "translate", "comparison"),
        *("stranded", "translate_properties", "translate_hostile"),
    )
)
"""Of translation and comparison."""
MODULES = tuple(
    f"drctl/{name}.py"
    for name in (
        *("decide/offset_syncs", "decide/windows", "decide/verification", "decide/copied_again", "decide/alignment"),
        *("decide/placement", "decide/translate", "decide/stranded", "decide/comparable", "decide/unsettled"),
        *("decide/comparison", "model/sync_history"),
    )
)
EQUIVALENT = ROOT / "tests" / "equivalent_mutants.txt"
PATIENCE = 4
"""A test that takes so many times its unchanged time on a core runs for ever, which is noticed too."""
AT_LEAST = 5.0
"""Seconds on a core, for tests that take no time: a property that fails takes longer than one that holds."""

FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change; ``name`` tells it by its function and words, so that it outlives lines that move."""

    module: str
    name: str
    source: str
    function: str = ""
    """In which function it is, empty if in none."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What one test does as long as nothing is changed: ``runs`` are functions, as in ``module.py Class.function``."""

    seconds: float
    runs: frozenset[str]


def mutants(path: str, text: str) -> Iterator[Mutant]:
    """Every mutant of a module with that text."""
    tree = ast.parse(text)
    seen: dict[str, int] = {}
    beside = _beside_the_code(tree)
    for place, node in enumerate(ast.walk(tree)):
        if node in beside:
            continue
        for change, changed in enumerate(_changes(node)):
            copy = deepcopy(tree)
            victim = next(each for n, each in enumerate(ast.walk(copy)) if n == place)
            replacement = list(_changes(victim))[change]
            _replace(copy, victim, replacement)
            names = _inside(tree, node)
            where = ".".join(each.name for each in names) or "module"
            function = where if names and isinstance(names[-1], ast.FunctionDef) else ""
            name = f"{path} {where}: {ast.unparse(node)} -> {ast.unparse(changed)}"
            seen[name] = seen.get(name, 0) + 1
            told = name if seen[name] == 1 else f"{name} ({seen[name]})"
            yield Mutant(path, told, ast.unparse(ast.fix_missing_locations(copy)), function)


def concerned(mutant: Mutant, noted: Mapping[str, Noted]) -> dict[str, float]:
    """The tests that can notice it, with their seconds: those that run its function, or else any of its module."""
    within = f"{mutant.module} {mutant.function}" if mutant.function else f"{mutant.module} "
    found = {
        test: each.seconds
        for test, each in noted.items()
        if (within in each.runs if mutant.function else any(run.startswith(within) for run in each.runs))
    }
    return found or {test: each.seconds for test, each in noted.items()}


def _changes(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Compare):
        for n, op in enumerate(node.ops):
            ops = [*node.ops[:n], FLIPPED[type(op)](), *node.ops[n + 1 :]]
            yield ast.Compare(node.left, ops, node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        yield ast.BinOp(node.left, ast.Sub() if isinstance(node.op, ast.Add) else ast.Add(), node.right)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield ast.Constant(node.value + 1)


def _beside_the_code(tree: ast.AST) -> set[ast.AST]:
    """What stands in decorators and annotations."""
    fields = ("decorator_list", "annotation", "returns", "type_params")
    held = (getattr(parent, field, None) for parent in ast.walk(tree) for field in fields)
    roots = (each for value in held for each in (value if isinstance(value, list) else [value]) if each is not None)
    return {node for root in roots for node in ast.walk(root)}


def _replace(tree: ast.AST, victim: ast.AST, replacement: ast.expr) -> None:
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is victim:
                setattr(parent, field, replacement)
            elif isinstance(value, list):
                value[:] = [replacement if each is victim else each for each in value]


def _inside(tree: ast.AST, node: ast.AST) -> list[ast.FunctionDef | ast.ClassDef]:
    """Functions and classes around it, the outermost first."""
    return [
        each
        for each in ast.walk(tree)
        if isinstance(each, ast.FunctionDef | ast.ClassDef) and any(inner is node for inner in ast.walk(each))
    ]


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a changed source."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        self.name = mutant.module.removesuffix(".py").replace("/", ".")

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(ROOT / self.mutant.module)
        exec(compile(self.mutant.source, module.__file__, "exec"), module.__dict__)


class _Watch:
    """A part of pytest that notes what each test runs, and how long that takes."""

    def __init__(self) -> None:
        self.noted: dict[str, tuple[float, list[str]]] = {}
        self._paths = {str(ROOT / path): path for path in MODULES}
        self._runs: set[str] = set()
        sys.monitoring.use_tool_id(sys.monitoring.COVERAGE_ID, "mutate")
        sys.monitoring.register_callback(sys.monitoring.COVERAGE_ID, sys.monitoring.events.PY_START, self._begun)
        sys.monitoring.set_events(sys.monitoring.COVERAGE_ID, sys.monitoring.events.PY_START)

    def _begun(self, code: CodeType, _: int) -> object:
        if path := self._paths.get(code.co_filename):
            self._runs.add(f"{path} {code.co_qualname.replace('.<locals>', '')}")
        return sys.monitoring.DISABLE  # once in each test is enough

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._runs = set()
        sys.monitoring.restart_events()
        begun = time.process_time()
        result = yield
        self.noted[item.nodeid] = time.process_time() - begun, sorted(self._runs)
        return result


class _Only:
    """A part of pytest that runs some tests only, quick ones first; one that runs for ever ends the process."""

    def __init__(self, seconds: Mapping[str, float]) -> None:
        self.seconds = seconds

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.nodeid in self.seconds]
        items.sort(key=lambda item: self.seconds[item.nodeid])

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        signal.setitimer(signal.ITIMER_PROF, AT_LEAST + PATIENCE * self.seconds[item.nodeid])


def _run(suites: Sequence[str], part: object) -> bool:
    """Whether all these tests pass."""
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    options = ["-x", "-q", "--no-header", "--tb=no", "--assert=plain", "--hypothesis-seed=1"]
    options += ["--hypothesis-profile=mutate", f"--rootdir={ROOT}"]
    options += [f"-pno:{name}" for name in ("cacheprovider", "randomly", "xdist", "unraisableexception")]
    return pytest.main([*options, *suites], plugins=[part]) in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


def _unchanged() -> dict[str, Noted]:
    """What every test does; nothing if one of them fails."""
    reading, writing = os.pipe()
    if not os.fork():
        watch = _Watch()
        passed = _run(SUITES, watch)
        with os.fdopen(writing, "w", encoding="utf-8") as told:
            json.dump(watch.noted if passed else {}, told)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as told:
        found = json.load(told)
    os.wait()
    return {test: Noted(seconds, frozenset(runs)) for test, (seconds, runs) in found.items()}


def _survives(mutant: Mutant, seconds: Mapping[str, float]) -> int:
    """Begin a process that ends with 0 if every one of these tests passes; returns its id."""
    child = os.fork()
    if child:
        return child
    sys.meta_path.insert(0, _Mutated(mutant))
    suites = dict.fromkeys(test.partition("::")[0] for test in seconds)
    os._exit(0 if _run([*suites], _Only(seconds)) else 1)


def main(chosen: Sequence[str]) -> int:
    """Run the mutants; tells the score and what survived."""
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    for heavy in ("hypothesis.strategies", "structlog"):
        importlib.import_module(heavy)  # once, and not in every process
    # Whether a property fails is all that matters, and a busy machine must not be a reason.
    phases, unchecked = [Phase.explicit, Phase.generate], [HealthCheck.too_slow]
    settings.register_profile("mutate", database=None, deadline=None, phases=phases, suppress_health_check=unchecked)
    paths = [path for path in MODULES if not chosen or any(word in path for word in chosen)]
    waiting = [mutant for path in paths for mutant in mutants(path, (ROOT / path).read_text(encoding="utf-8"))]
    lines = EQUIVALENT.read_text(encoding="utf-8").splitlines() if EQUIVALENT.exists() else []
    known = {name for line in lines if line and not line.startswith("#") for name, _, _ in [line.partition("  # ")]}
    noted = _unchanged()
    if not noted:
        print("the suites fail without any change, so nothing can be told")
        return 2
    total, begun, survived = len(waiting), time.monotonic(), []
    at_work: dict[int, Mutant] = {}
    while waiting or at_work:
        while waiting and len(at_work) < (os.cpu_count() or 1):
            mutant = waiting.pop(0)
            at_work[_survives(mutant, concerned(mutant, noted))] = mutant
        ended, status = os.wait()
        mutant = at_work.pop(ended)
        if status == 0:
            survived.append(mutant.name)
            print(f"{'equivalent' if mutant.name in known else 'SURVIVES'}: {mutant.name}", flush=True)
    new = [name for name in survived if name not in known]
    stale = sorted(name for name in known - set(survived) if any(name.startswith(path) for path in paths))
    for name in stale:
        print(f"listed as equivalent, and it is caught or gone: {name}")
    caught = total - len(survived)
    print(
        f"{caught} of {total} mutants caught, {len(survived) - len(new)} equivalent, {len(new)} survive;"
        f" {time.monotonic() - begun:.0f} s"
    )
    return 1 if new or stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
