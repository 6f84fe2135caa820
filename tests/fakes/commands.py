"""Commands in memory: what each does is a function, and each call an effect."""

from collections.abc import Callable, Sequence

from drctl.ports.commands import Ended
from tests.fakes.clock import FakeClock
from tests.fakes.effects import Effects


class FakeCommands:
    """``known`` are programs by name: given the words after it and the text, they return how they end.

    ``hanging`` ones never end by themselves. ``calls`` are the words and texts of all calls.
    """

    def __init__(self, clock: FakeClock | None = None, effects: Effects | None = None) -> None:
        self._clock, self._effects = clock or FakeClock(), effects or Effects()
        self.known: dict[str, Callable[[Sequence[str], str], Ended]] = {}
        self.hanging: set[str] = set()
        self.calls: list[tuple[tuple[str, ...], str]] = []

    def run(self, command: Sequence[str], text: str, seconds: float) -> Ended:
        program = command[0]
        if program in self.hanging:
            self._clock.sleep(seconds)
            return Ended(None, timed_out=True)
        if program not in self.known:
            return Ended(None, errors=f"{program}: No such file or directory")
        with self._effects(f"call {program}"):
            self.calls.append((tuple(command), text))
            return self.known[program](command[1:], text)
