"""A consumer that hands out what it was made with."""

from collections.abc import Sequence

from confluent_kafka import Consumer, Message


class Brokers(Consumer):
    """Hands out these messages, those at hand in one batch, then nothing; every high watermark is ``high``."""

    def __new__(cls, *_: object) -> "Brokers":
        return super().__new__(cls)

    def __init__(self, messages: Sequence[Message], high: int) -> None:
        super().__init__({"group.id": "unused"})
        self.messages, self.high = list(messages), high

    def poll(self, timeout: float = -1) -> Message | None:
        del timeout
        return self.messages.pop(0) if self.messages else None

    def consume(self, *_: object, **__: object) -> list[Message]:
        found, self.messages = self.messages, []
        return found

    def assign(self, *_: object) -> None:
        """Nothing is connected."""

    def pause(self, *_: object) -> None:
        """Nothing more would come."""

    def resume(self, *_: object) -> None:
        """Nothing was paused."""

    def get_watermark_offsets(self, *_: object, **__: object) -> tuple[int, int]:
        return 0, self.high
