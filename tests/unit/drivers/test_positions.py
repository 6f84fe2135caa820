"""Committing for many groups: how long a permission is good for."""

from collections.abc import Collection, Mapping
from typing import cast

from drctl.drivers.kafka.coordinators import Question
from drctl.drivers.kafka.positions import PERMITTED, PERMITTED_FOR, KafkaPositions
from drctl.drivers.kafka.site import DOUBTED_TIMEOUT, KafkaSite
from drctl.model.offsets import Committed, TopicPartition
from drctl.plans.under_way import UNDER_WAY


class SlowSite:
    """A site each of whose requests takes ``seconds`` to be sent; ``sent`` tells when, of all of them."""

    name = "north"
    timeout = change_timeout = DOUBTED_TIMEOUT

    def __init__(self, seconds: float) -> None:
        self.now, self.seconds = 100.0, seconds
        self.sent: list[float] = []

    def ask_coordinators[T](
        self, groups: Collection[str], _: Question[T], *, within: float, again_within: float
    ) -> Mapping[str, tuple[int, T | None]]:
        assert again_within <= PERMITTED_FOR < within
        self.sent.append(self.now)
        self.now += self.seconds
        return dict.fromkeys(groups, (0, None))


def permissions(seconds: float, groups: int) -> tuple[list[float], list[float]]:
    """When a permission was asked for, and when the requests were sent."""
    site, asked = SlowSite(seconds), list[float]()
    positions = KafkaPositions(cast("KafkaSite", site), now=lambda: site.now, in_flight=1)
    wanted = {f"group-{number}": {TopicPartition("orders", 0): Committed(1)} for number in range(groups)}
    assert not positions.commit_all(wanted, lambda: asked.append(site.now))
    return asked, site.sent


def test_of_swift_requests_one_permission_is_good_for_many() -> None:
    asked, sent = permissions(0.001, 200)
    assert len(sent) == 200
    assert len(asked) == -(-200 // PERMITTED)


def test_no_request_is_sent_on_a_permission_that_is_older_than_it_may_be() -> None:
    asked, sent = permissions(0.4, 100)
    for moment in sent:
        assert moment - max(each for each in asked if each <= moment) <= PERMITTED_FOR


def test_a_run_waits_for_longer_than_a_commit_of_the_service_may_take() -> None:
    assert PERMITTED_FOR + DOUBTED_TIMEOUT < UNDER_WAY
