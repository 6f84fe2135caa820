"""What an isolated drill makes says by its name whose it is, and when it is left over."""

from datetime import UTC, datetime, timedelta

import pytest

from drctl.model.canaries import LEFT_AFTER, LIMIT, PREFIX, CanaryNames, is_left_over

BEGAN = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)
DRILL = "20261130T020000-a1b2c3"
NAMES = CanaryNames(DRILL)


@pytest.mark.parametrize("name", [NAMES.topic, NAMES.writer, f"north.{NAMES.topic}"])
def test_its_own_names_are_left_over_once_it_must_be_over(name: str) -> None:
    assert LEFT_AFTER > LIMIT
    assert not is_left_over(name, BEGAN + LIMIT, ("north.",))
    assert is_left_over(name, BEGAN + LEFT_AFTER, ("north.",))
    assert NAMES.owns(name, ("north.",))


@pytest.mark.parametrize(
    "name",
    [
        "shop.orders",
        PREFIX,
        f"{PREFIX}mine",
        f"{PREFIX}20261130T020000",
        f"{PREFIX}20261330T020000-a1b2c3",
        f"{PREFIX}{DRILL}.other",
        f"{PREFIX}{DRILL}\n",
        f"my.{PREFIX}{DRILL}",
        f"south.{PREFIX}{DRILL}",
    ],
)
def test_no_other_name_is_ever_taken_for_one(name: str) -> None:
    assert not is_left_over(name, BEGAN + timedelta(days=400), ("north.",))
    assert not NAMES.owns(name, ("north.",))


def test_another_drills_names_are_not_its_own() -> None:
    other = CanaryNames("20261130T020000-a1b2c4")
    assert not NAMES.owns(other.topic)
    assert not NAMES.owns(other.writer)
