"""A journal as a site's copy tells it, to be read where the file does not hold it, or an older one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Never

from drctl.errors import JournalBroken, Refused
from drctl.model import former
from drctl.model.chain import Change, Line, require_whole
from drctl.model.documents import json_of
from drctl.model.run import Event, Evidence, JournalEntry, Run, RunState


class JournalOfLines:
    """Implements :class:`drctl.ports.Journal` for reading; what would write is Refused.

    JournalBroken, when it is made, where the lines are not whole or tell nothing that this drctl can read.
    """

    def __init__(self, where: str, lines: Sequence[Line]) -> None:
        require_whole(where, lines)
        self._where, self._lines = where, tuple(lines)
        self._runs: dict[str, tuple[Run, RunState]] = {}
        self._entries: dict[str, list[JournalEntry]] = {}
        for line in lines:
            try:
                self._take(line)
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise JournalBroken(
                    f"{where}: line {line.number} is nothing that this drctl can read",
                    remedy="use the version of drctl that wrote it",
                ) from error

    def begin(self, run: Run, started: Evidence | None = None) -> Never:  # noqa: ARG002 - the port's
        raise self._only_read(run.id)

    def append(self, run: str, event: Event, step: str = "", body: Evidence | None = None) -> Never:  # noqa: ARG002
        raise self._only_read(run)

    def end(self, run: str, state: RunState) -> Never:  # noqa: ARG002 - the port's
        raise self._only_read(run)

    def runs(self) -> tuple[tuple[Run, RunState], ...]:
        return tuple(self._runs.values())

    def entries(self, run: str) -> tuple[JournalEntry, ...]:
        return tuple(self._entries.get(run, ()))

    def lines(self, after: int = 0) -> tuple[Line, ...]:
        return self._lines[after:]

    def _only_read(self, run: str) -> Refused:
        return Refused(
            f"{self._where} is only read, so run {run} does not go on",
            remedy="take it over first: 'drctl runs resume', or 'drctl runs restore --from SITE'",
        )

    def _take(self, line: Line) -> None:
        if line.change is Change.RUN_BEGUN:
            run = Run(**_told(line.content))
            self._runs[run.id], self._entries[run.id] = (run, RunState.RUNNING), []
        elif line.change is Change.ENTRY_WRITTEN:
            told = _told(line.content)
            at, event, body = datetime.fromisoformat(told["at"]), Event(told["event"]), former.body(_told(told["body"]))
            step = former.step(told["step"])
            entry = JournalEntry(told["sequence"], line.about, at, event, step, body, told["digest"])
            self._entries[line.about].append(entry)
        elif line.change is Change.RUN_ENDED:
            self._runs[line.about] = (self._runs[line.about][0], RunState(line.content))


def _told(text: str) -> dict[str, Any]:
    told = json_of(text, largest=len(text), ours=True)
    if not isinstance(told, dict):
        raise TypeError(type(told).__name__)
    return told
