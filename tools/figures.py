"""Print figures of style: ``python tools/figures.py [FOLDER]``, of ``drctl`` if none is named.

Comments that only speak to a tool (noqa, type: ignore) do not count; the sentence below a constant, which says why it
is what it is, counts apart.
"""

import ast
import io
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FOR_TOOLS = ("# noqa", "# type:", "# fmt:")
LONG = 110


def comment_lines(source: str) -> int:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    found = (each for each in tokens if each.type == tokenize.COMMENT and not each.string.startswith(FOR_TOOLS))
    return len({each.start[0] for each in found})


def lines_below_constants(tree: ast.Module) -> int:
    return sum(1 + (text.end_lineno or text.lineno) - text.lineno for text in _below_constants(tree))


def _below_constants(tree: ast.Module) -> Iterator[ast.stmt]:
    bodies = [tree.body, *(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
    for body in bodies:
        for before, node in pairwise(body):
            is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if is_text and isinstance(before, ast.Assign | ast.AnnAssign | ast.TypeAlias):
                yield node


def nested(tree: ast.AST) -> Iterator[int]:
    """Lines of comprehensions that have another one inside."""
    for node in ast.walk(tree):
        if isinstance(node, COMPREHENSIONS):
            inner = (each for each in ast.walk(node) if each is not node)
            if any(isinstance(each, COMPREHENSIONS) for each in inner):
                yield node.lineno


def short_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of what is called by one letter and lives longer than its line."""
    for node in ast.walk(tree):
        last = getattr(node, "end_lineno", 0) or 0
        names: list[ast.AST] = []
        match node:
            case ast.FunctionDef(args=given) | ast.Lambda(args=given) if last > node.lineno:
                names = [*given.posonlyargs, *given.args, *given.kwonlyargs]
            case ast.Assign(targets=targets):
                names = [each for target in targets for each in ast.walk(target)]
            case ast.AnnAssign(target=target) | ast.For(target=target) | ast.NamedExpr(target=target):
                names = [*ast.walk(target)]
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp() if last > node.lineno:
                names = [each for part in node.generators for each in ast.walk(part.target)]
        for each in names:
            name = each.arg if isinstance(each, ast.arg) else each.id if isinstance(each, ast.Name) else ""
            if len(name) == 1 and name != "_":
                yield node.lineno, name


def main(folder: Path) -> None:
    figures, classes = Counter[str](), Counter[str]()
    for path in sorted(folder.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        figures["lines"] += source.count("\n")
        figures["comment lines"] += comment_lines(source)
        figures["lines below constants"] += lines_below_constants(tree)
        figures[f"lines over {LONG} characters"] += sum(len(line) > LONG for line in source.splitlines())
        figures["comprehensions within comprehensions"] += sum(1 for _ in nested(tree))
        figures["names of one letter beyond one line"] += sum(1 for _ in short_names(tree))
        classes.update(each.name for each in tree.body if isinstance(each, ast.ClassDef) and each.name[0] != "_")
        named = (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.ClassDef | ast.Module))
        texts = (ast.get_docstring(each) or "-" for each in named)
        figures["docstrings that begin with What"] += sum(text.split()[0].lower() == "what" for text in texts)
    figures["public class names twice"] = sum(count > 1 for count in classes.values())
    for name, count in figures.items():
        share = f"   {100 * count / figures['lines']:.2f} in a hundred" if "comment" in name or "below" in name else ""
        print(f"{count:7}  {name}{share}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "drctl")
