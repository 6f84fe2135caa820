"""How values are shown: tables for people, JSON and YAML of a versioned shape for programs."""

import errno
import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import StringIO
from typing import Any

import click

from drctl.cli.dropping import writers
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
    """Standard output, written to; who closed the pipe behind it has read enough.

    Once something was run, the exit code tells how that ended, and not that nobody could read it.
    """
    try:
        yield
        if sys.stdout is None:
            raise OSError(errno.EBADF, "it is closed")
        sys.stdout.flush()
    except OSError as error:
        if writers():
            _lose(error)
        elif isinstance(error, BrokenPipeError):
            raise
        else:
            raise _unwritable(error.strerror or "it takes nothing") from error


def _lose(error: OSError) -> None:
    """Go on without standard output, and say so once; not to who has ended the pipe behind it."""
    if not isinstance(error, BrokenPipeError):
        lost = _unwritable(error.strerror or "it takes nothing")
        echo(f"{lost}\nremedy: {lost.remedy}", err=True)
    for writer in writers():
        if writer is sys.stdout:
            writer.forget()


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
    """Print a table to standard output, wide enough for every name: no name is ever squeezed or cut.

    Where a terminal is too narrow, the last column, if it tells why, stands below its row. Numbers stand at the right.
    Cells are text and nothing else: what stands in them comes from sites, where names may have brackets.
    """
    from drctl.cli.layout import laid_out

    cells = [list(map(_cell, row)) for row in rows]
    room = shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else None
    with _written():
        click.secho(redact_output(title), bold=True)
        for line in laid_out(columns, cells, room):
            click.echo(line)


def _cell(value: object) -> str:
    """In one line: a cell with a line end of its own would look like two rows."""
    return redact_output(" ".join(str(value).split("\n"))).replace("\t", " ")
