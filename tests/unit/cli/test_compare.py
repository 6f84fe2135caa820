"""drctl compare, on the fakes: what it prints, and its verdict as exit code."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drctl.cli import compare
from drctl.errors import DrctlError, Unreachable
from drctl.model.offsets import TopicPartition
from drctl.plans import side_by_side
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world
from tests.fakes.records import FakeRecords
from tests.fakes.silence import Silence, silence

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


@pytest.mark.parametrize("how", [Silence.DEAD, Silence.FROZEN])
@pytest.mark.parametrize("site", ["north", "south"])
def test_a_site_that_is_silent_is_named_in_time(
    site: str, how: Silence, earth: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = silence(earth, site, how)
    monkeypatch.setattr(compare, "opened", lambda *_, **_more: nullcontext(world))
    began = world.clock.monotonic()
    done = typed()
    assert isinstance(done.exception, DrctlError), done.output
    assert done.exception.exit_code == 6
    assert site in str(done.exception)
    assert world.clock.monotonic() - began < 10


def test_what_was_compared_until_a_site_fell_silent_is_told(earth: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    read, last = FakeRecords.identities_all, max(earth.north.logs)

    def falls_silent(records: FakeRecords, spans: Mapping[TopicPartition, tuple[int, int]]) -> object:
        if last in spans:
            raise Unreachable("south is gone")
        return read(records, spans)

    monkeypatch.setattr(FakeRecords, "identities_all", falls_silent)
    monkeypatch.setattr(side_by_side, "AT_ONCE", 1)
    done = typed("-o", "json")
    assert done.exit_code == 21, done.output
    *before, cut = json.loads(done.stdout)["partitions"]
    assert cut["unknown"] == "south is gone"
    assert before
    assert all(each["unknown"] is None and each["equal"] for each in before)
