"""How values are shown: tables for people, JSON and YAML of a versioned shape for programs."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import StringIO
from typing import Any

import click

from drctl.errors import DrctlError
from drctl.redaction import redact_document, redact_output

API_VERSION = "drctl.io/v1alpha1"

output_option = click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "wide", "json", "yaml"]),
    default="table",
    show_default=True,
    help="Form of the output.",
)


def echo(text: object = "", *, err: bool = False, nl: bool = True) -> None:
    """Print text of ours for people: redacted, and with nothing in it that commands a terminal.

    What cannot be written to standard error is lost, for no run ends because nobody can read how it goes on. What was
    asked for goes to standard output: DrctlError where it cannot be written.
    """
    with suppress(OSError) if err else _written():
        click.echo(redact_output(text), err=err, nl=nl)


def steer(sequence: str) -> None:
    """Send a control sequence of our own to the terminal that progress is shown at."""
    with suppress(OSError):
        click.echo(sequence, err=True, nl=False)


@contextmanager
def _written() -> Iterator[None]:
    """Standard output, written to; who closed the pipe behind it has read enough."""
    if sys.stdout is None:
        raise _unwritable("it is closed")
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritable(error.strerror or "it takes nothing") from error


def _unwritable(why: str) -> DrctlError:
    return DrctlError(
        f"standard output cannot be written: {why}",
        remedy="send it elsewhere; what was begun is done all the same, and 'drctl runs list' shows how it ended",
    )


def document(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """A versioned document."""
    return {"apiVersion": API_VERSION, "kind": kind, **body}


def show_document(value: Mapping[str, Any], form: str) -> None:
    """Print a document as JSON or YAML to standard output."""
    value = redact_document(json.loads(json.dumps(value, default=str)))
    if form == "json":
        with _written():
            click.echo(json.dumps(value, indent=2))
        return
    from ruamel.yaml import YAML

    yaml, text = YAML(), StringIO()
    yaml.allow_unicode = False  # as in JSON: what is not plain is escaped, and turns no line around
    yaml.dump(value, text)
    with _written():
        click.echo(text.getvalue(), nl=False)


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table to standard output; as wide as it needs where nobody looks at a terminal.

    Cells are text and nothing else: what stands in them comes from sites, where names may have brackets.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=True, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(cell)) for cell in row))
    with _written():
        console = Console(file=sys.stdout) if sys.stdout.isatty() else Console(file=sys.stdout, width=240)
        # Not as the table's own title, which is broken at the width of the columns.
        console.print(Text(redact_output(title), style="bold"), soft_wrap=True)
        console.print(table)


def _cell(value: object) -> str:
    """In one line: a cell with a line end of its own would look like two rows."""
    return redact_output(" ".join(str(value).split("\n"))).replace("\t", " ")
