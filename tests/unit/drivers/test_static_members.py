"""Static members are removed at the coordinator that has the group, by who may still act at that moment."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import pytest

from drctl.drivers.kafka.coordinators import COORDINATOR, Coordinators, Question
from drctl.drivers.kafka.group_requests import LEAVE_GROUP
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.static_members import KafkaStaticMembers
from drctl.drivers.kafka.wire_format import INT16, INT32, array, string
from drctl.errors import DrctlError, Forbidden, Superseded
from drctl.model.session import Member
from tests.unit.drivers.coordinating import NOTHING, Answer, Broker, at, broker, coordinators, in_turn

UNKNOWN_MEMBER, NOT_COORDINATOR, DENIED, FENCED, REBALANCING = 25, 16, 30, 82, 27
FIRST, SECOND = (Member(f"m-{number}", "pump", "/10.1.0.7", f"pump-{number}") for number in (1, 2))


class SiteOfBrokers(KafkaSite):
    """A site whose coordinators are sought at these brokers."""

    def __init__(self, asking: Coordinators, *brokers: Broker) -> None:
        super().__init__("north", {"bootstrap.servers": "north:9092"})
        self.asking, self.places = asking, [each.place for each in brokers]

    def ask_coordinators[T](
        self,
        groups: Collection[str],
        question: Question[T],
        *,
        within: float | None = None,
        again_within: float | None = None,
    ) -> Mapping[str, tuple[int, T | None]]:
        return self.asking.ask(groups, lambda: self.places, question, within=within or 10, again_within=again_within)


def left(*errors: int, error: int = 0) -> Answer:
    """So many members, each with its error."""

    def answer(_: Sequence[str]) -> bytes:
        members = [
            string(f"m-{n}") + string(f"pump-{n}") + INT16.pack(each) + NOTHING for n, each in enumerate(errors, 1)
        ]
        return INT32.pack(0) + INT16.pack(error) + array(members) + NOTHING

    return answer


@pytest.fixture
def one() -> Iterator[Broker]:
    with broker() as made:
        made.answers = {COORDINATOR.api: at(made.place), LEAVE_GROUP: left(0, 0)}
        yield made


@pytest.fixture
def members(one: Broker) -> Iterator[KafkaStaticMembers]:
    with coordinators() as asking:
        yield KafkaStaticMembers(SiteOfBrokers(asking, one))


@pytest.mark.parametrize(
    ("errors", "removed"),
    [
        ((0, 0), {"m-1", "m-2"}),
        ((UNKNOWN_MEMBER, 0), {"m-2"}),
        ((0, FENCED), {"m-1"}),
        ((FENCED, UNKNOWN_MEMBER), set()),
    ],
)
def test_who_is_gone_or_was_followed_by_another_is_fine(
    one: Broker, members: KafkaStaticMembers, errors: tuple[int, ...], removed: set[str]
) -> None:
    one.answers[LEAVE_GROUP] = left(*errors)
    assert members.remove("billing", [FIRST, SECOND]) == removed


@pytest.mark.parametrize(
    ("errors", "error", "kind"),
    [((), DENIED, Forbidden), ((0, DENIED), 0, Forbidden), ((0, REBALANCING), 0, DrctlError)],
)
def test_any_other_error_is_told(
    one: Broker, members: KafkaStaticMembers, errors: tuple[int, ...], error: int, kind: type[DrctlError]
) -> None:
    one.answers[LEAVE_GROUP] = left(*errors, error=error)
    with pytest.raises(kind, match="billing"):
        members.remove("billing", [FIRST, SECOND])


def _allowed(times: int) -> Callable[[], None]:
    left_over = [None] * times

    def permit() -> None:
        if not left_over:
            raise Superseded("a higher epoch exists")
        left_over.pop()

    return permit


def test_where_the_coordinator_has_moved_it_is_asked_again_by_who_still_may(one: Broker) -> None:
    one.answers[LEAVE_GROUP] = left(error=NOT_COORDINATOR)
    with broker() as other, coordinators() as asking:
        one.answers[COORDINATOR.api] = in_turn(at(one.place), at(other.place))
        other.answers = {COORDINATOR.api: at(other.place), LEAVE_GROUP: left(0)}
        assert KafkaStaticMembers(SiteOfBrokers(asking, one)).remove("billing", [FIRST], _allowed(2)) == {"m-1"}
    assert [kind for kind, _ in one.asked].count(LEAVE_GROUP) == 1


def test_where_the_coordinator_has_moved_it_is_not_asked_by_who_may_no_more(one: Broker) -> None:
    one.answers[LEAVE_GROUP] = left(error=NOT_COORDINATOR)
    with broker() as other, coordinators() as asking:
        one.answers[COORDINATOR.api] = in_turn(at(one.place), at(other.place))
        other.answers = {COORDINATOR.api: at(other.place), LEAVE_GROUP: left(0)}
        with pytest.raises(Superseded):
            KafkaStaticMembers(SiteOfBrokers(asking, one)).remove("billing", [FIRST], _allowed(1))
        assert other.asked == []
