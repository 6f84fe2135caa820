"""The mutants of a module: each of its conditions and constants flipped, one at a time."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

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
    unchanged: str = ""
    """That function without the change, or else its module."""


def mutants(path: str, text: str) -> Iterator[Mutant]:
    """Every mutant of a module with that text."""
    tree = ast.parse(text)
    seen: dict[str, int] = {}
    beside, places, inside = _beside_the_code(tree), _places(tree), _inside(tree)
    for node in [*ast.walk(tree)]:
        if node in beside:
            continue
        for changed in _changes(node):
            names = inside[node]
            where = ".".join(each.name for each in names) or "module"
            function = where if names and isinstance(names[-1], ast.FunctionDef) else ""
            name = f"{path} {where}: {ast.unparse(node)} -> {ast.unparse(changed)}"
            seen[name] = seen.get(name, 0) + 1
            told = name if seen[name] == 1 else f"{name} ({seen[name]})"
            unchanged = ast.unparse(names[-1]) if function else text
            # In the tree itself, and back: a copy of it for each takes minutes for all modules.
            places[node].put(changed)
            source = ast.unparse(tree)
            places[node].put(node)
            yield Mutant(path, told, source, function, unchanged)


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


def _places(tree: ast.AST) -> dict[ast.AST, "_Place"]:
    """Where each node stands; of a sign such as ``ast.Load()``, which is one object wherever it stands, one place."""
    found = {}
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            for number, each in enumerate(value) if isinstance(value, list) else ((None, value),):
                if isinstance(each, ast.AST):
                    found[each] = _Place(parent, field, number)
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """A field of a node, or with a ``number`` a place in the list that it holds."""

    parent: ast.AST
    field: str
    number: int | None

    def put(self, node: ast.AST) -> None:
        """Let that node stand there."""
        if self.number is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.number] = node


def _inside(tree: ast.AST) -> dict[ast.AST, tuple[ast.FunctionDef | ast.ClassDef, ...]]:
    """Functions and classes around each node, the outermost first, with itself if it is one."""
    inside: dict[ast.AST, tuple[ast.FunctionDef | ast.ClassDef, ...]] = {tree: ()}
    for parent in ast.walk(tree):  # a parent before its children
        for child in ast.iter_child_nodes(parent):
            own = (child,) if isinstance(child, ast.FunctionDef | ast.ClassDef) else ()
            inside[child] = (*inside[parent], *own)
    return inside
