"""Mutation of the pure core: flip its conditions and constants one by one, and see whether a test fails.

    python tools/mutate.py                 every module below
    python tools/mutate.py alignment       those whose name contains that

Each mutant runs in a process of its own, against the suites that cover its module, until the first failure. What
survives is listed; survivors that cannot change any answer stand, with the reason, in ``tests/equivalent_mutants.txt``.
Ends with 1 if another one survives, or if one of these does not exist any more.
"""

import ast
import importlib
import importlib.abc
import importlib.util
import os
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "tests" / "unit" / "decide"
SUITES = tuple(
    str(UNIT / f"test_{name}.py")
    for name in (
        *("offset_syncs", "windows", "verification", "first_images", "copied_twice", "alignment", "placement"),
        *("sync_history", "unsettled", "comparable", "translate"),
        *("stranded", "translate_properties", "translate_hostile"),
    )
)
"""Of translation, the quick ones first."""
MODULES = tuple(
    f"drctl/{name}.py"
    for name in (
        *("decide/offset_syncs", "decide/windows", "decide/verification", "decide/alignment", "decide/placement"),
        *("decide/translate", "decide/stranded", "decide/comparable", "decide/unsettled", "model/sync_history"),
    )
)
EQUIVALENT = ROOT / "tests" / "equivalent_mutants.txt"
PATIENCE = 4
"""A mutant that takes so many times the unchanged module's time on a core runs for ever, which is noticed too."""
AT_LEAST = 20
"""Seconds on a core."""

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
            name = f"{path} {_function(tree, node)}: {ast.unparse(node)} -> {ast.unparse(changed)}"
            seen[name] = seen.get(name, 0) + 1
            told = name if seen[name] == 1 else f"{name} ({seen[name]})"
            yield Mutant(path, told, ast.unparse(ast.fix_missing_locations(copy)))


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


def _function(tree: ast.AST, node: ast.AST) -> str:
    names = [
        each.name
        for each in ast.walk(tree)
        if isinstance(each, ast.FunctionDef | ast.ClassDef) and any(inner is node for inner in ast.walk(each))
    ]
    return ".".join(names) or "module"


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


def _survives(mutant: Mutant, seconds: int) -> int:
    """Begin a process that ends with 0 if every test passes in so many seconds on a core; returns its id."""
    child = os.fork()
    if child:
        return child
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    sys.meta_path.insert(0, _Mutated(mutant))
    options = ["-x", "-q", "--no-header", "--tb=no", "--assert=plain", "--hypothesis-seed=1"]
    options += [f"-pno:{name}" for name in ("cacheprovider", "randomly", "xdist", "unraisableexception")]
    code = pytest.main([*options, f"--rootdir={ROOT}", *SUITES])
    os._exit(0 if code == 0 else 1)


def main(chosen: Sequence[str]) -> int:
    """Run the mutants; tells the score and what survived."""
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    for heavy in ("hypothesis.strategies", "structlog"):
        importlib.import_module(heavy)  # once, and not in every process
    paths = [path for path in MODULES if not chosen or any(word in path for word in chosen)]
    waiting = [mutant for path in paths for mutant in mutants(path, (ROOT / path).read_text(encoding="utf-8"))]
    lines = EQUIVALENT.read_text(encoding="utf-8").splitlines() if EQUIVALENT.exists() else []
    known = {name for line in lines if line and not line.startswith("#") for name, _, _ in [line.partition("  # ")]}
    unchanged = Mutant(paths[0], "", (ROOT / paths[0]).read_text(encoding="utf-8"))
    _, failed, used = os.wait4(_survives(unchanged, resource.RLIM_INFINITY), 0)
    if failed:
        print("the suites fail without any change, so nothing can be told")
        return 2
    patience = AT_LEAST + PATIENCE * round(used.ru_utime + used.ru_stime)
    total, begun, survived = len(waiting), time.monotonic(), []
    at_work: dict[int, Mutant] = {}
    while waiting or at_work:
        while waiting and len(at_work) < (os.cpu_count() or 1):
            mutant = waiting.pop(0)
            at_work[_survives(mutant, patience)] = mutant
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
