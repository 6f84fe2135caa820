"""drctl compare, on the fakes: what it prints, and its verdict as exit code."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drctl.cli import compare
from drctl.model.offsets import TopicPartition
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world

PLACE = TopicPartition("shop.orders", 0)


@pytest.fixture
def earth(monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    earth = fake_world()

    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield earth.new_process()

    monkeypatch.setattr(compare, "opened", opened)
    return earth


def typed(*words: str) -> Result:
    return CliRunner().invoke(compare.command, words, obj=Path("plan.yaml"))


def test_equal_logs_are_proved(earth: FakeWorld) -> None:
    done = typed()
    assert done.exit_code == 0, done.output
    assert "proved: " in done.stdout
    assert "0 differences" in done.stdout
    found = json.loads(typed("-o", "json").stdout)
    assert (found["verdict"], found["source"], found["target"]) == ("proved", "north", "south")
    assert sum(each["equal"] for each in found["partitions"]) > 0
    assert all(each["differences"] == [] for each in found["partitions"])


def test_a_record_that_somebody_wrote_to_the_standby_is_named(earth: FakeWorld) -> None:
    earth.sites["south"].allowed.add("User:stranger")
    at = earth.sites["south"].write(PLACE, b"of somebody else", "User:stranger")
    done = typed("--topic", PLACE.topic)
    assert done.exit_code == 20, done.output
    assert f"{PLACE}: extra: {at} at south is no copy of a record at north" in done.stdout
    assert "refuted: " in done.stdout


def test_where_nothing_can_be_compared_nothing_is_proved(earth: FakeWorld) -> None:
    for partition in [each for each in earth.sites["south"].logs if each.topic == PLACE.topic]:
        del earth.sites["south"].logs[partition]
    done = typed("--topic", PLACE.topic)
    assert done.exit_code == 21, done.output
    assert "site south has no such topic" in done.stdout
    assert typed("--topic", "nobodys").exception


@pytest.mark.parametrize("newest", ["0", "-1", "some", ""])
def test_how_much_is_a_number_or_all(newest: str) -> None:
    done = typed("--newest", newest)
    assert done.exit_code == 2
    assert "neither a number of offsets nor the word all" in done.stderr


def test_a_partition_of_which_only_the_end_is_wanted_is_compared_from_there(earth: FakeWorld) -> None:
    whole = json.loads(typed("--newest", "all", "-o", "json").stdout)["partitions"]
    end = json.loads(typed("--newest", "1", "-o", "json").stdout)["partitions"]
    assert sum(each.get("equal", 0) for each in end) < sum(each["equal"] for each in whole)
