"""Who has which role in a site, as far as it can be told without brokers."""

import json
from pathlib import Path

import pytest

from drctl.drivers.store.clock import SystemClock
from drctl.errors import LabError
from drctl.lab import Lab
from drctl.lab.layout import plan_layout
from drctl.lab.observers import another_controls
from drctl.lab.roles import Leadership, active_controller, group_partition, quorum_views


@pytest.mark.parametrize(
    ("group", "hashed"),
    [
        ("", 0),
        ("a", 97),
        ("hello", 99162322),
        ("Aa", 2112),
        ("BB", 2112),
        ("\U0001f600", 1772899),  # two UTF-16 units: 31 * 0xd83d + 0xde00
    ],
)
def test_a_group_lies_where_javas_hash_puts_it(group: str, hashed: int) -> None:
    for partitions in (1, 10, 50):
        assert group_partition(group, partitions) == hashed % partitions


def test_a_negative_hash_counts_by_its_amount_and_the_lowest_as_none() -> None:
    # 122 * (31**6 - 1) / 30 = 3609181632, which is -685785664 in 32 bits
    assert group_partition("zzzzzz", 1000) == 664
    assert group_partition("polygenelubricants", 50) == 0


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path, plan_layout(3), SystemClock())


def tell(lab: Lab, **views: tuple[int, int] | str) -> None:
    """What nodes write: ``node_1=(leader, epoch)``, or a text that is no such thing."""
    for name, view in views.items():
        folder = lab.folder / "data" / f"north-broker-{name.removeprefix('node_')}" / "__cluster_metadata-0"
        folder.mkdir(parents=True, exist_ok=True)
        whole = view if isinstance(view, str) else json.dumps({"leaderId": view[0], "leaderEpoch": view[1]})
        (folder / "quorum-state").write_text(whole)


def test_the_active_controller_is_who_leads_the_newest_epoch(lab: Lab) -> None:
    tell(lab, node_1=(1, 4), node_2=(3, 5), node_3=(-1, 6))
    assert active_controller(lab, "north") == Leadership(3, 5)


@pytest.mark.parametrize("odd", ["", "{", "[]", "{}", '{"leaderId": null, "leaderEpoch": 1}'])
def test_a_view_that_cannot_be_read_is_none(lab: Lab, odd: str) -> None:
    tell(lab, node_1=odd, node_2=(2, 1))
    assert quorum_views(lab, "north") == {2: Leadership(2, 1)}


def test_without_a_leader_there_is_no_active_controller(lab: Lab) -> None:
    tell(lab, node_1=(-1, 7))
    with pytest.raises(LabError, match="no node of north knows an active controller") as told:
        active_controller(lab, "north")
    assert told.value.remedy


def test_another_controller_is_seen_once_all_others_follow_it_in_a_later_epoch(lab: Lab) -> None:
    tell(lab, node_1=(1, 4), node_2=(3, 5), node_3=(3, 5))
    assert another_controls(lab, "north", Leadership(1, 4)) == "nodes [2, 3] follow node 3 in epoch 5"


@pytest.mark.parametrize(
    "views",
    [
        {"node_2": (1, 4), "node_3": (1, 4)},
        {"node_2": (3, 5), "node_3": (1, 4)},
        {"node_2": (-1, 5), "node_3": (-1, 5)},
        {"node_2": (1, 6), "node_3": (1, 6)},
        {"node_2": (3, 4), "node_3": (3, 4)},
        {"node_2": (3, 5)},
        {"node_2": (3, 5), "node_3": "{"},
    ],
    ids=[
        "nothing happened",
        "one knows",
        "nobody elected",
        "the same again",
        "no later epoch",
        "one silent",
        "one torn",
    ],
)
def test_no_other_controller_is_seen_before(lab: Lab, views: dict[str, tuple[int, int] | str]) -> None:
    tell(lab, node_1=(1, 4), **views)
    assert another_controls(lab, "north", Leadership(1, 4)) == ""
