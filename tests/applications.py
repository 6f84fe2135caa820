"""Applications as the tests run them: each at work in a thread of its own, and what it dies of fails its test."""

from collections.abc import Iterable
from threading import Event, Thread
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaException, Message

from drctl.drivers.kafka.commits import BUSY


class Application(Thread):
    """A client at work from entering its context to leaving it. Leaving waits for its end and raises what it died of.

    A client that merely threw in its thread would be a warning, and pytest would give that to whatever test runs next.
    """

    def __init__(self, name: str) -> None:
        super().__init__(daemon=True, name=name)
        self.ended = Event()
        self.fault: BaseException | None = None

    def work(self) -> None:
        """Do the application's work until ``ended`` is set, and close its clients."""
        raise NotImplementedError

    def run(self) -> None:
        try:
            self.work()
        except BaseException as error:  # noqa: BLE001 - told by end(), in the thread of the test
            self.fault = error

    def end(self, seconds: float = 30) -> None:
        """Tell it to end and wait; AssertionError naming it if it does not end, or failed."""
        self.ended.set()
        self.join(seconds)
        assert not self.is_alive(), f"{self.name} did not end within {seconds} s"
        if self.fault is not None:
            raise AssertionError(f"{self.name} failed: {self.fault}") from self.fault

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        try:
            self.end()
        except AssertionError as error:
            if value is None:
                raise
            # The test's own failure comes first; this one may be its cause.
            value.add_note(str(error))


def records(messages: Iterable[Message]) -> list[Message]:
    """Return the messages that are records. What passes by itself is left out; KafkaException for any other error."""
    found = []
    for message in messages:
        error = message.error()
        if error is None:
            found.append(message)
        elif error.code() not in BUSY:
            raise KafkaException(error)
    return found
