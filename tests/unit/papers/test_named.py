"""What the papers name is there: files, tests, symbols, links, commands of make."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]
PAPERS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md", "experiments/*.md", "runbooks/*.md", "tests/**/*.md")
    for path in CHECKOUT.glob(pattern)
    if path.name != "CHANGELOG.md"  # tells of what was, too
)
TOPS = (
    "drctl",
    "tests",
    "docs",
    "deploy",
    "tools",
    "experiments",
    "runbooks",
    "examples",
    "benchmarks",
    "requirements",
)
MADE = ("reports/",)
"""Folders that only a run makes."""


def _name(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def _code(paper: Path) -> list[str]:
    """What stands in single backticks, outside of blocks."""
    text = re.sub(r"^ *```.*?^ *```", "", paper.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", text)


@cache
def _files() -> frozenset[str]:
    return frozenset(
        _name(path)
        for top in TOPS
        for path in (CHECKOUT / top).rglob("*")
        if "__pycache__" not in path.parts and path.is_file()
    )


def _is_there(word: str) -> bool:
    """Whether a path of the checkout, a pattern of paths, or a module's path without its ending is there."""
    folder = word.rstrip("/")
    if any(mark in word for mark in "*?"):
        return next(CHECKOUT.glob(folder), None) is not None
    return (CHECKOUT / folder).exists() or (CHECKOUT / f"{folder}.py").is_file()


@pytest.mark.parametrize("paper", PAPERS, ids=_name)
def test_every_path_that_is_named_is_there(paper: Path) -> None:
    words = [word.partition("::")[0] for word in _code(paper)]
    paths = [
        word for word in words if re.match(rf"(?:{'|'.join(TOPS)})/\S*$", word) and not re.search(r"[A-Z]{3}$", word)
    ]
    assert [path for path in paths if not _is_there(path)] == []


@pytest.mark.parametrize("paper", PAPERS, ids=_name)
def test_every_file_that_is_named_without_its_folder_is_somewhere(paper: Path) -> None:
    ends = {f"/{word}" for word in _code(paper) if re.fullmatch(r"[a-z_]+\.py", word)}
    assert [end for end in ends if not any(path.endswith(end) for path in _files())] == []


@pytest.mark.parametrize("paper", PAPERS, ids=_name)
def test_every_test_and_symbol_that_is_named_is_there(paper: Path) -> None:
    missing = []
    for word in _code(paper):
        if found := re.fullmatch(r"((?:drctl|tests)/\S+\.py)::(\w+)", word):
            missing += [word] if found[2] not in _symbols(CHECKOUT / found[1]) else []
        elif re.fullmatch(r"drctl(\.\w+)+", word):
            missing += [word] if word not in TOPICS and not _resolves(word) else []
    assert missing == []


def _alerts() -> set[str]:
    rules = (CHECKOUT / "deploy/components/alerts/alerts.yaml").read_text("utf-8")
    return set(re.findall(r"- alert: (\w+)", rules))


@pytest.mark.parametrize("paper", PAPERS, ids=_name)
def test_every_class_that_is_named_is_in_the_package(paper: Path) -> None:
    named = {word.partition(".")[0] for word in _code(paper) if re.fullmatch(r"(?:[A-Z][a-z]+){2,}(\.\w+)?", word)}
    assert sorted(named - _classes() - _alerts() - THEIRS) == []


TOPICS = {"drctl.canary", "drctl.fence", "drctl.journal"}
"""Topics and resources of Kafka that look like modules."""

THEIRS = {
    "ReadWriteMany",
    "ReadWriteOnce",
    "KafkaTopic",
    "KafkaUser",
    "KafkaMirrorMaker2",
    "DisasterRecoveryPlan",
    "DisasterRecoveryRun",
    "StatefulSet",
    "ScaledObject",
    "ServiceMonitor",
    "ByteArrayConverter",
    "TopicAuthorizationException",
}
"""Words of Kafka, Kubernetes and Strimzi that look like classes."""


@pytest.mark.parametrize("paper", PAPERS, ids=_name)
def test_every_link_leads_somewhere(paper: Path) -> None:
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", paper.read_text(encoding="utf-8")):
        place, _, part = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = paper.parent / place if place else paper
        if not target.exists() or (part and part not in _parts(target)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("paper", PAPERS, ids=_name)
def test_every_target_of_make_is_there(paper: Path) -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    rules = re.findall(r"^([a-z][a-z -]*):", makefile, re.MULTILINE)
    targets = {target for rule in rules for target in rule.split()}
    named = set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", paper.read_text(encoding="utf-8"), re.MULTILINE))
    assert sorted(named - targets) == []


def test_the_papers_are_found() -> None:
    assert {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/adr/README.md"} <= {_name(path) for path in PAPERS}
    assert sum(len(_code(paper)) for paper in PAPERS) > 1000


def test_a_path_a_symbol_or_a_part_that_is_not_there_is_noticed() -> None:
    assert not _is_there("drctl/decide/nowhere.py")
    assert not _resolves("drctl.plans.switchover.nowhere")
    assert _resolves("drctl.plans.switchover.ordered")
    assert "nowhere" not in _parts(CHECKOUT / "README.md")


def _parts(page: Path) -> set[str]:
    """What may stand behind # in a link to that page: its headings, as GitHub names them, and its anchors."""
    if page.suffix != ".md":
        return set()
    text = page.read_text(encoding="utf-8")
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    named = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    return named | set(re.findall(r'<a id="([^"]+)">', text))


def _resolves(dotted: str) -> bool:
    """Whether ``drctl.a.b.c`` is a module, or a name in one."""
    parts = dotted.split(".")
    for split in range(len(parts), 0, -1):
        base = CHECKOUT.joinpath(*parts[:split])
        for file in (base.with_suffix(".py"), base / "__init__.py"):
            if file.is_file():
                rest = parts[split:]
                return not rest or rest[0] in _symbols(file)
    return False


@cache
def _symbols(file: Path) -> frozenset[str]:
    """Every name that a module defines or imports at its top, and in its classes."""
    return frozenset(_defined(ast.parse(file.read_text(encoding="utf-8"))))


def _defined(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.ImportFrom(names=names):
                yield from (each.asname or each.name for each in names)


@cache
def _classes() -> frozenset[str]:
    """Every name that a module of the package defines."""
    return frozenset().union(*map(_symbols, (CHECKOUT / "drctl").rglob("*.py")))
