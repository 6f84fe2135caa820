"""A remedy is safe to follow: every command that drctl names anywhere exists, and takes the options named with it."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import drctl
from drctl.cli import COMMANDS, cli
from drctl.cli.examples import EXAMPLES

ROOT = Path(drctl.__file__).parent
CTX = click.Context(cli, info_name="drctl")
SOMETHING = "something"
"""Stands for what is known only when the remedy is given."""


def texts(path: Path) -> Iterator[str]:
    """Every text in a file of source, with what is put into it while it runs replaced by a word."""
    if path.suffix != ".py":
        yield path.read_text("utf-8")
        return
    tree = ast.parse(path.read_text("utf-8"))
    within = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else SOMETHING for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in within:
            yield node.value


def named(text: str) -> Iterator[str]:
    """The commands in a text: what is quoted, what is nothing else, and what begins with a command's name.

    Of prose, such as "drctl may not write there", only what the command line could take is looked at.
    """
    for found in re.finditer(r"['`]drctl ([^'`]*'[^']*'|[^'`]*)['`]", text):
        yield " ".join(found[1].split())
    if alone := re.fullmatch(r"drctl ([a-z-]+(?: --.*)?)", text):
        yield typed(alone[1])
    for found in re.finditer(r"(?:^|[^'`a-z] ?)drctl ([^\n;,(`']*)", text):
        if found[1].split(maxsplit=1)[:1] and found[1].split()[0] in COMMANDS:
            yield typed(found[1].strip())


def typed(prose: str) -> str:
    """A command without the sentence that goes on behind it."""
    words = prose.rstrip(" …").replace("…", SOMETHING).split()
    kept: list[str] = []
    for position, word in enumerate(words):
        value = bool(kept) and kept[-1].startswith("--")
        group = cli.get_command(CTX, words[0])
        known = position == 1 and isinstance(group, click.Group) and word.rstrip(".:") in group.commands
        if position and not (value or known or word.startswith("-") or SOMETHING in word):
            break
        kept.append(word)
    return " ".join(kept)


def told() -> list[tuple[str, str]]:
    """Each command with the file that names it."""
    folders = ("runbooks", "docs", "docs/adr", "examples", "experiments")
    papers = [path for folder in folders for path in (ROOT.parent / folder).glob("*.md")]
    top = [ROOT.parent / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md")]
    files = sorted([*ROOT.rglob("*.py"), *ROOT.rglob("*.md"), *papers, *top])
    found = {
        (path.name, each) for path in files for text in texts(path) for line in named(text) for each in each_of(line)
    }
    return sorted(each for each in found if re.match(r"[a-z-]", each[1]))


def each_of(line: str) -> Iterator[str]:
    r"""The commands of a line in a table that names several, such as ``runs list\|show``, and no remark behind it.

    What stands behind their names may belong to one of them alone, and is left out.
    """
    words = line.partition(" #")[0].replace(r"\|-", " -").split()
    for position, word in enumerate(words):
        if r"\|" in word and not words[position - 1].startswith("-"):
            yield from (" ".join([*words[:position], name]) for name in word.split(r"\|"))
            return
    yield " ".join(words).replace(r"\|", "|")


def resolved(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that these words call, and what is left for it."""
    command: click.Command = cli
    ctx = CTX
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        if SOMETHING in words[0]:
            return command, []  # nobody can tell which
        below = command.get_command(ctx, words[0])
        if below is None:
            if command.invoke_without_command:
                break
            raise AssertionError(f"there is no command {words[0]!r} under {ctx.command_path}")
        command, words = below, words[1:]
        ctx = click.Context(command, parent=ctx, info_name=command.name)
    return command, words


def require_followable(line: str) -> None:
    """Fail unless the real command line knows the command, every option and as many arguments."""
    bare = re.sub(r"[.:]+$", "", line.rstrip(" …").replace("…", SOMETHING)).replace("[", "").replace("]", "")
    parts = shlex.split(bare)
    command, words = resolved(parts[2:] if parts[0] in ("-f", "--file") else parts)  # it may stand before any command
    options = {word: each for each in command.params if isinstance(each, click.Option) for word in each.opts}
    takes = sum(1 if each.nargs == 1 else 99 for each in command.params if isinstance(each, click.Argument))
    given = 0
    words = list(words)
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            given += 1
            continue
        assert word in options or word in ("-h", "--help"), f"{command.name} has no option {word}"
        option = options.get(word)
        if option is not None and not option.is_flag and not option.count:
            value = words.pop(0) if words else SOMETHING  # an option may be named alone
            if isinstance(option.type, click.Choice) and value.islower() and SOMETHING not in value:
                assert set(value.split("|")) <= set(option.type.choices), f"{word} does not take {value}"
    assert given <= takes, f"{command.name} takes {takes} arguments, not {given}"


@pytest.mark.parametrize(("file", "line"), told())
def test_a_command_that_is_named_exists_and_takes_its_options(file: str, line: str) -> None:
    require_followable(line)


@pytest.mark.parametrize(
    "line", sorted({line for lines in EXAMPLES.values() for line in lines if line.startswith("drctl ")})
)
def test_an_example_in_the_help_can_be_typed(line: str) -> None:
    require_followable(line.removeprefix("drctl "))


@pytest.mark.parametrize("path", EXAMPLES)
def test_the_help_of_a_command_shows_its_examples(path: str) -> None:
    command, left = resolved(path.split())
    assert not left
    assert all(line in (command.epilog or "") for line in EXAMPLES[path])


def leaves(command: click.Command, path: str) -> Iterator[str]:
    """Every command below that has none below itself, as it is called."""
    if not isinstance(command, click.Group):
        yield path
        return
    for name in command.list_commands(CTX):
        below = command.get_command(CTX, name)
        assert below is not None
        yield from leaves(below, f"{path} {name}".strip())


@pytest.mark.parametrize("path", sorted(leaves(cli, "")))
def test_no_command_is_without_an_example(path: str) -> None:
    assert path in EXAMPLES


def test_commands_are_found_where_they_are_named() -> None:
    found = {line for _, line in told()}
    assert {"status", "runs list", "runs resume", "fence", "unfence something"} <= found
    assert len(found) > 40


def test_each_command_of_a_line_that_names_several_is_looked_at() -> None:
    assert list(each_of(r"runs list\|show RUN")) == ["runs list", "runs show"]
    assert list(each_of(r"groups handover --group G\|--topic T")) == ["groups handover --group G --topic T"]
    assert list(each_of(r"status -o table\|json  # reads")) == ["status -o table|json"]


@pytest.mark.parametrize(
    "wrong",
    [
        "resume",
        "runs go-on",
        "status --loud",
        "switchover --two south",
        "runs show one two",
        "groups lst",
        "-f x go-on",
    ],
)
def test_a_remedy_that_could_not_be_typed_is_found(wrong: str) -> None:
    with pytest.raises(AssertionError):
        require_followable(wrong)
