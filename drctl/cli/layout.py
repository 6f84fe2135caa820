"""How rows of text are laid out as a table: pure, so that a narrow terminal can be tested."""

import re
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

GAP = "  "
PROSE = frozenset({"WHY", "PROOF", "NOT YET BECAUSE", "DETAIL"})
"""Columns of sentences: they may stand below their row, everything else is a name, a word or a number."""
NUMBER = re.compile(r"[≤~]? ?[0-9]+(\.[0-9]+)?|unknown|none|")


def laid_out(columns: Sequence[str], rows: Sequence[Sequence[str]], room: int | None) -> Iterator[str]:
    """Lines of the table: its head, then its rows. ``room`` is how many cells a line may have, None for any number.

    Where a row is wider, the last column goes below its row if it is prose; else lines are as wide as names need.
    """
    widths = [max(map(cell_len, (column, *(row[at] for row in rows)))) for at, column in enumerate(columns)]
    right = [_is_numeric([row[at] for row in rows]) for at in range(len(columns))]
    narrow = room is not None and sum(widths) + len(GAP) * (len(widths) - 1) > room
    beside = len(columns) - 1 if narrow and columns[-1] in PROSE else len(columns)
    for row in (columns, *rows):
        yield GAP.join(map(_filled, row[:beside], widths, right)).rstrip()
        for below in row[beside:]:
            if below and row is not columns:
                yield f"    {below}"


def _is_numeric(cells: Sequence[str]) -> bool:
    """Whether these are numbers, or stand for one that is not known."""
    return any(cell[-1:].isdigit() for cell in cells) and all(NUMBER.fullmatch(cell) for cell in cells)


def _filled(cell: str, width: int, right: bool) -> str:
    blank = " " * (width - cell_len(cell))
    return blank + cell if right else cell + blank
