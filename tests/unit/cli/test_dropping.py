"""Standard output and error that hold up no run: what they drop, what they wait for, and what they leave behind."""

import errno
import sys
import threading
from collections.abc import Callable
from io import StringIO
from threading import Event
from typing import override

import pytest

from drctl.cli import dropping
from drctl.cli.dropping import DroppingWriter, unheld, writers
from drctl.cli.output import echo


class FrozenTerminal(StringIO):
    """Takes nothing until it is ``let_on``; tells when somebody has begun to write."""

    def __init__(self) -> None:
        super().__init__()
        self.let_on, self.begun = Event(), Event()

    @override
    def write(self, text: str) -> int:
        self.begun.set()
        self.let_on.wait()
        return super().write(text)


class FullDisk(StringIO):
    @override
    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> FrozenTerminal:
    monkeypatch.setattr(dropping, "PATIENCE", 0.01)
    return FrozenTerminal()


def test_what_a_terminal_does_not_take_is_dropped_oldest_first_and_counted_once_it_goes_on(
    frozen: FrozenTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = DroppingWriter(frozen, complains=True)
    writer.write("begun\n")
    frozen.begun.wait()
    for number in range(dropping.ROOM + 7):
        writer.write(f"line {number}\n")
        writer.flush()
    monkeypatch.setattr(dropping, "PATIENCE", 60.0)
    frozen.let_on.set()
    writer.waits = True
    writer.flush()
    shown = frozen.getvalue().splitlines()
    assert shown[:3] == ["begun", "… 7 lines were not shown: nobody read", "line 7"]
    assert shown[-1] == f"line {dropping.ROOM + 6}"


def test_the_end_is_not_waited_for_without_bounds(frozen: FrozenTerminal) -> None:
    writer, silent = DroppingWriter(frozen, complains=True), DroppingWriter(frozen, complains=False)
    writer.waits = silent.waits = True
    writer.write("result\n")
    silent.write("by the way\n")
    with pytest.raises(TimeoutError, match="nobody reads it"):
        writer.flush()
    silent.flush()
    assert writer.stuck
    frozen.let_on.set()


class WokenAtOnce:
    """A condition whose first wait is over at once: woken by what was taken just before it began."""

    def __init__(self, condition: threading.Condition, then: Callable[[], None]) -> None:
        self.condition, self.then = condition, then
        self.waited = 0

    def wait(self, seconds: float) -> bool:
        self.waited += 1
        if self.waited == 1:
            self.then()
            return True
        return self.condition.wait(seconds)

    def __enter__(self) -> bool:
        return self.condition.__enter__()

    def __exit__(self, *what: object) -> None:
        self.condition.__exit__(None, None, None)

    def notify_all(self) -> None:
        self.condition.notify_all()


def test_a_terminal_that_reads_is_not_given_up_for_a_wake_up_that_was_late() -> None:
    slow = FrozenTerminal()
    writer = DroppingWriter(slow, complains=True)
    woken = WokenAtOnce(writer._changed, slow.let_on.set)
    writer._changed = woken  # type: ignore[assignment]
    writer.waits = True
    writer.write("result\n")
    slow.begun.wait()
    writer.flush()
    assert woken.waited > 1
    assert slow.getvalue() == "result\n"


def test_what_could_not_be_written_is_told_once_and_only_where_it_is_the_result() -> None:
    writer, silent = DroppingWriter(FullDisk(), complains=True), DroppingWriter(FullDisk(), complains=False)
    writer.waits = silent.waits = True
    writer.write("result\n")
    silent.write("by the way\n")
    with pytest.raises(OSError, match="No space left"):
        writer.flush()
    writer.flush()
    silent.flush()


def test_bytes_are_refused_as_by_any_stream_of_text() -> None:
    with pytest.raises(TypeError):
        DroppingWriter(StringIO(), complains=True).write(b"bytes")  # type: ignore[arg-type]


def test_no_thread_outlives_what_it_writes(capsys: pytest.CaptureFixture[str]) -> None:
    with unheld():
        echo("under way", err=True)
    echo("the end", err=True)
    echo("the result")
    assert capsys.readouterr() == ("the result\n", "under way\nthe end\n")
    assert not any(writer.stuck for writer in writers())
    for thread in [each for each in threading.enumerate() if each.name == "drctl-output"]:
        thread.join()


def test_once_something_was_run_an_output_that_takes_nothing_is_told_and_fails_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", FullDisk())
    with unheld():
        pass
    echo("the result")
    assert "standard output cannot be written: No space left on device" in capsys.readouterr().err
