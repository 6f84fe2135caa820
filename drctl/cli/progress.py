"""Progress of a run on standard error: one line that lives at a terminal, one line per change elsewhere."""

import shutil
import sys
from threading import RLock
from types import TracebackType
from typing import Self

from drctl.cli.output import echo, steer
from drctl.plans.runner import Progress, StepState
from drctl.redaction import redact_output

MARKS = {StepState.DONE: "✓", StepState.FOUND_DONE: "✓", StepState.FAILED: "✗"}


class ProgressDisplay:
    """Shows steps as they go; ``say`` shows a line of its own, as does ``tell``. Used as a context manager."""

    def __init__(self) -> None:
        self.live = sys.stderr.isatty()
        self.last = ""
        self._lock = RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._clear()

    def announce(self, progress: Progress) -> None:
        """A step's progress; waiting is shown only where it can be taken back."""
        way = "back " if progress.rollback else ""
        head = f"{way}{progress.index:2}/{progress.total} {progress.title}"
        if progress.state in MARKS:
            already = ", nothing to do" if progress.state is StepState.FOUND_DONE else ""
            failed = f": {progress.detail}" if progress.detail else ""
            self._line(f"{MARKS[progress.state]} {head} ({progress.seconds:.1f} s{already}){failed}")
        else:
            self._hint(*_shortest_last(progress, head))

    def say(self, text: str) -> None:
        """Something that is true for the moment."""
        if self.live:
            self._hint(f"… {text}")
        elif text.split(":", maxsplit=1)[0] != self.last:
            self.last = text.split(":", maxsplit=1)[0]
            self._line(f"… {text}")

    def tell(self, text: str) -> None:
        """A line that stays; any thread may show one."""
        self._line(text)

    def _line(self, text: str) -> None:
        with self._lock:
            self._clear()
            echo(text, err=True)

    def _hint(self, *texts: str) -> None:
        """Show the first of these that fits into a line, or as much of the last as does."""
        if self.live:
            room = shutil.get_terminal_size().columns - 1
            shown = [redact_output(" ".join(text.split("\n"))) for text in texts]
            fitting = next((text for text in shown if len(text) <= room), None)
            with self._lock:
                self._clear()
                echo(fitting if fitting is not None else f"{shown[-1][: room - 1]}…", err=True, nl=False)

    def _clear(self) -> None:
        if self.live:
            steer("\r\x1b[2K")


def _shortest_last(progress: Progress, head: str) -> tuple[str, ...]:
    """A line for the moment, and the same without the title: what is waited for matters more, and is not cut off."""
    if not progress.detail:
        return (f"… {head}",)
    way = "back " if progress.rollback else ""
    return f"… {head}: {progress.detail}", f"… {way}{progress.index}/{progress.total} {progress.detail}"
