"""How rows of text are laid out as a table: pure, so that a narrow terminal can be tested."""

import re
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

GAP = "  "
INDENT = "    "
PROSE = frozenset({"WHY", "PROOF", "NOT YET BECAUSE", "DETAIL"})
"""Columns of sentences: they stand below their row without their head; all else is a name, a word or a number."""
NUMBER = re.compile(r"[≤~]? ?[0-9]+(\.[0-9]+)?|unknown|none|")


def laid_out(columns: Sequence[str], rows: Sequence[Sequence[str]], room: int | None) -> Iterator[str]:
    """Lines of the table: its head, then its rows. ``room`` is how many cells a line may have, None for any number.

    Where a row is wider, the last column goes below its row if it is prose, and so do the last ones that still have no
    room, each behind its own head. A first name that is wider than a line is whole all the same.
    """
    below = [_cells(rows, at) for at in range(len(columns))]
    widths = [max(map(cell_len, (column, *cells))) for column, cells in zip(columns, below, strict=True)]
    right = list(map(_is_numeric, below))
    told = len(columns)
    if room is not None and columns and _width(widths) > room:
        told -= columns[-1] in PROSE
    beside = told
    while room is not None and beside > 1 and _width(widths[:beside]) > room:
        beside -= 1
    for row in (columns, *rows):
        yield GAP.join(map(_filled, row[:beside], widths, right)).rstrip()
        if row is columns:
            continue
        heads = zip(columns[beside:told], row[beside:told], strict=True)
        yield from _below([f"{head} {cell}".strip() for head, cell in heads if cell], room)
        yield from (f"{INDENT}{prose}" for prose in row[told:] if prose)


def _cells(rows: Sequence[Sequence[str]], at: int) -> list[str]:
    return [row[at] for row in rows]


def _width(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _below(cells: Sequence[str], room: int | None) -> Iterator[str]:
    """Cells that have no room beside their row, as many in a line as fit."""
    line = ""
    for cell in cells:
        longer = f"{line}{GAP}{cell}" if line else cell
        if line and room is not None and len(INDENT) + cell_len(longer) > room:
            yield INDENT + line
            longer = cell
        line = longer
    if line:
        yield INDENT + line


def _is_numeric(cells: Sequence[str]) -> bool:
    """Whether these are numbers, or stand for one that is not known."""
    return any(cell[-1:].isdigit() for cell in cells) and all(NUMBER.fullmatch(cell) for cell in cells)


def _filled(cell: str, width: int, right: bool) -> str:
    blank = " " * (width - cell_len(cell))
    return blank + cell if right else cell + blank
