"""drctl ledger, on the fakes: checkers that share, and the verdict as exit code."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner, Result

from drctl.cli import ledger
from drctl.ledger.history import HistoryWriter
from drctl.ledger.record import Number, encode
from drctl.model.offsets import TopicPartition
from drctl.ports import CheckerPorts
from tests.fakes import FakeBrokers, FakeClock, FakeRecords, FakeSharedLogs, FakeSite, plan_file

RUN, TOPIC, PARTITIONS, RECORDS = UUID(int=9), "readings", 2, 30


class Harness:
    """A site with numbered records, and the folder where the command keeps states."""

    def __init__(self, folder: Path) -> None:
        self.site = FakeSite("north", {TOPIC: PARTITIONS}, FakeClock())
        self.site.allowed.add("User:app")
        self.folder = folder
        self.asked: list[tuple[str, str, tuple[str, ...]]] = []
        writer = HistoryWriter(folder / "histories" / "client.jsonl")
        for sequence in range(1, RECORDS + 1):
            places = [[1, TOPIC, partition, sequence] for partition in range(PARTITIONS)]
            for partition in range(PARTITIONS):
                self.write(partition, sequence)
            writer.write("acknowledged", sequence, "north", places)
            writer.write("processed", sequence + 1, "north", places, group="billing")
        writer.close()

    def write(self, partition: int, sequence: int) -> None:
        header = encode(Number(RUN, 1, partition, sequence), None, b"v")
        self.site.write(TopicPartition(TOPIC, partition), header + b"v")

    @contextmanager
    def opened(self, _: object, name: str, group: str, topics: Sequence[str]) -> Iterator[CheckerPorts]:
        self.asked.append((name, group, tuple(topics)))
        logs = FakeSharedLogs(self.site, tuple(topics))
        yield CheckerPorts(logs, FakeRecords(self.site), FakeBrokers(self.site), self.site.clock)

    def check(self, *words: str) -> Result:
        states = str(self.folder / "states")
        typed = ["check", "--site", "north", "--topic", TOPIC, "--run", str(RUN), "--states", states, *words]
        return CliRunner().invoke(ledger.command, typed, obj=Path("plan.yaml"))

    def judge(self, *words: str) -> Result:
        folders = ["--states", str(self.folder / "states"), "--histories", str(self.folder / "histories")]
        return CliRunner().invoke(ledger.command, ["judge", *folders, *words], obj=Path("plan.yaml"))


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Harness:
    harness = Harness(tmp_path)
    monkeypatch.setattr("drctl.wiring.checker.open_checker", harness.opened)
    monkeypatch.setattr("drctl.config.load", lambda _: plan_file())
    return harness


def test_what_was_checked_is_judged_and_proved(harness: Harness) -> None:
    checked = harness.check()
    assert checked.exit_code == 0, checked.output
    assert checked.stdout == "2 partitions checked to their ends by all checkers; 60 records checked here\n"
    assert harness.asked == [("north", "drctl.ledger-checkers", (TOPIC,))]
    found = harness.judge("--reads", f"billing={TOPIC}")
    assert found.exit_code == 0, found.output
    assert found.stdout.startswith("proved: all 60 acknowledged records are there once")


def test_a_record_that_came_twice_is_named(harness: Harness) -> None:
    harness.write(1, 7)
    assert harness.check().exit_code == 0
    found = harness.judge("--reads", f"billing={TOPIC}", "-o", "json")
    told = json.loads(found.stdout)
    assert (found.exit_code, told["kind"], told["verdict"], told["faults"]["duplicated"]) == (
        20,
        "LedgerVerdict",
        "refuted",
        1,
    )
    assert told["examples"]["duplicated"] == ["readings-1 producer 1 sequence 7 at readings-1 offset 30"]


def test_without_a_group_that_reads_nothing_is_proved(harness: Harness) -> None:
    assert harness.check().exit_code == 0
    assert harness.judge().exit_code == 21


def test_what_nobody_checked_is_not_called_lost(harness: Harness) -> None:
    found = harness.judge("--reads", f"billing={TOPIC}")
    assert found.exit_code == 21
    assert "readings-0 was checked to its end" in found.stdout


def test_what_the_environment_names_need_not_be_typed(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"RUN": str(RUN), "SITE": "north", "TOPICS": TOPIC, "STATES": str(harness.folder / "states")}
    for name, value in told.items():
        monkeypatch.setenv(f"DRCTL_CHECK_{name}", value)
    done = CliRunner().invoke(ledger.command, ["check"], obj=Path("plan.yaml"))
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("words", ["billing", "billing=", "=readings"])
def test_a_group_without_its_topic_is_wrong_usage(harness: Harness, words: str) -> None:
    found = harness.judge("--reads", words)
    assert found.exit_code == 2
    assert "billing=shop.orders" in found.output
