"""Who in a group is certainly gone."""

import pytest

from drctl.decide.departed import abandoned, inside_pods
from drctl.model.session import Group, GroupProtocol, GroupState, Member

STATIC = Member("m-1", "pump", "/10.1.0.7", "pump-7")
SAID_SO = Member("m-2", "pump", "/10.1.0.8", "pump-8", left=True)
DYNAMIC = Member("m-3", "pump", "/10.1.0.9")


@pytest.mark.parametrize(
    ("members", "gone", "is_abandoned"),
    [
        ((), ("m-1",), False),
        ((STATIC,), (), False),
        ((STATIC,), ("m-2",), False),
        ((STATIC,), ("m-1",), True),
        ((SAID_SO,), (), True),
        ((STATIC, SAID_SO), ("m-1",), True),
        ((STATIC, SAID_SO), (), False),
        ((SAID_SO, DYNAMIC), (), False),
        ((DYNAMIC,), ("m-3",), False),
    ],
)
def test_a_group_is_abandoned_once_all_who_are_left_are_static_and_gone(
    members: tuple[Member, ...], gone: tuple[str, ...], is_abandoned: bool
) -> None:
    group = Group("billing", GroupProtocol.CLASSIC, GroupState.STABLE, members)
    assert list(abandoned([group], {"billing": gone, "another": ("m-1", "m-2", "m-3")})) == [group] * is_abandoned


@pytest.mark.parametrize(
    ("host", "addresses", "found"),
    [
        ("/10.1.0.7", ("10.1.0.7",), True),
        ("pump-0.example/10.1.0.7", ("10.1.0.7",), True),
        ("10.1.0.7", ("10.1.0.7",), True),
        ("/10.1.0.70", ("10.1.0.7",), False),
        ("/fd00:0:0:0:0:0:0:7", ("10.1.0.7", "fd00::7"), True),
        ("", ("",), False),
        ("/", ("", "10.1.0.7"), False),
        ("/somewhere", ("somewhere",), False),
    ],
)
def test_a_static_member_is_in_the_pod_whose_address_it_has(host: str, addresses: tuple[str, ...], found: bool) -> None:
    member = Member("m-1", "pump", host, "pump-7")
    told = list(inside_pods([member], {"Deployment/pump": addresses, "Deployment/gate": ("10.1.0.1",)}))
    assert told == [(member, "Deployment/pump")] * found


def test_members_that_are_not_static_leave_by_themselves() -> None:
    assert list(inside_pods([DYNAMIC], {"Deployment/pump": ("10.1.0.9",)})) == []
