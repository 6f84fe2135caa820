"""A stand-in for an operator, at work in a thread beside a test on real Connect."""

import sys
import threading
import traceback
from collections.abc import Callable


class Operating:
    """Let ``reconcile`` run over and over until it is closed; what it does too long is told with the place."""

    def __init__(self, reconcile: Callable[[], None]) -> None:
        self._reconcile, self._ended = reconcile, threading.Event()
        self._thread = threading.Thread(target=self._run, name="stand-in", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.wait(0.3):
            self._reconcile()

    def close(self) -> None:
        """End it. AssertionError with its stack if its round does not end."""
        self._ended.set()
        before = self._stack()
        # Longer than all requests of a round may take, each up to its own limit.
        self._thread.join(120)
        assert not self._thread.is_alive(), f"the stand-in did not end; first {before}\nthen {self._stack()}"

    def _stack(self) -> str:
        frame = sys._current_frames().get(self._thread.ident or 0)
        return "".join(traceback.format_stack(frame)) if frame is not None else "it had ended"
