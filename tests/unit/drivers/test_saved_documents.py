"""What drctl has written itself and reads back: whoever altered it, the answer is an error of drctl with a remedy."""

import gzip
import json
import sqlite3
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from confluent_kafka import Message

from drctl.drivers.kafka import journal_copy
from drctl.drivers.store import lines
from drctl.drivers.store.database import transaction
from drctl.drivers.store.journal import SqliteJournal
from drctl.drivers.store.sightings import SqliteSightings
from drctl.drivers.store.sync_reports import SqliteSyncReports
from drctl.drivers.store.vault import FileVault
from drctl.errors import ApprovalMissing, JournalBroken, NotProven
from drctl.model.chain import GENESIS, Change, Line, chained, entry_digest
from drctl.model.offsets import TopicPartition
from drctl.model.run import Event, Run, RunState
from drctl.model.terms import Terms
from drctl.plans.approvals import ApprovalRequest, Digests, require_approval
from drctl.plans.lines import record_of
from tests.fakes import FakeClock, fake_world

RUN = Run("r1", "switchover", "lab", "d1", "north", "south", 3)
DEEP = "[" * 200_000
NOON = "2026-01-01T12:00:00+00:00"


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    journal = SqliteJournal(tmp_path / "j.sqlite", FakeClock())
    journal.begin(RUN)
    return journal


@pytest.mark.parametrize(
    ("at", "event", "body"),
    [
        (NOON, "step-observed", DEEP),
        (NOON, "step-observed", "[1]"),
        (NOON, "step-observed", "null"),
        (NOON, "step-observed", "{"),
        (NOON, "step-observed", '{"a": ' * 65 + "1" + "}" * 65),
        (NOON, "step-observed", '{"a": 1, "a": 2}'),
        (NOON, "step-observed", f'{{"n": {"9" * 5000}}}'),
        (NOON, "step-danced", "{}"),
        ("noon", "step-observed", "{}"),
    ],
)
def test_an_entry_that_is_chained_rightly_and_says_nothing_readable_is_named(
    journal: SqliteJournal, at: str, event: str, body: str
) -> None:
    digest = entry_digest("r1", 1, at, event, "step", body)
    with transaction(journal.path) as database:
        database.execute("INSERT INTO entry VALUES ('r1', 1, ?, ?, 'step', ?, ?)", (at, event, body, digest))
        lines.add(database, Change.ENTRY_WRITTEN, "r1", "1", digest)
    with pytest.raises(JournalBroken, match=r"j\.sqlite: entry 1 of run r1 is nothing") as caught:
        journal.entries("r1")
    assert "the version of drctl that wrote it" in caught.value.remedy


def test_what_drctl_itself_may_have_written_down_is_read_as_it_is(journal: SqliteJournal) -> None:
    body = {"name": "gr\udcfc", "factor": float("inf")}
    journal.append("r1", Event.STEP_OBSERVED, "step", body)
    assert [entry.body for entry in SqliteJournal(journal.path, FakeClock()).entries("r1")] == [body]


APPROVED = {"plan": "1" * 64, "facts": "2" * 64, "declined": False, "reason": "a drill", "by": "erin"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),
        ({"by": None}, "does not say by whom"),
        ({"by": " "}, "does not say by whom"),
        ({"by": ["erin"]}, "does not say by whom"),
        ({"reason": 7}, "does not say by whom"),
        ({"declined": None}, "does not say by whom"),
        ({"declined": "no"}, "does not say by whom"),
        ({"plan": None}, "there is none for this plan"),
        ({"facts": ["2" * 64]}, "there is none for this plan"),
    ],
)
def test_an_approval_of_which_a_part_is_none_approves_nothing(changes: dict[str, object], said: str) -> None:
    earth = fake_world()
    earth.plan = replace(earth.plan, guards=replace(earth.plan.guards, approval="required"))
    world = earth.ports()
    world.journal.begin(Run("approval-1", "approval", "fake", world.plan.digest, "", "", 0))
    world.journal.append("approval-1", Event.APPROVAL_GIVEN, body=APPROVED | changes)
    world.journal.end("approval-1", RunState.DONE)
    asks = Terms(by="otto", account="otto", host="h")
    if not said:
        assert (
            require_approval(world, asks, Digests("1" * 64, "2" * 64), ApprovalRequest("r"))["approval"]["by"] == "erin"
        )
        return
    with pytest.raises(ApprovalMissing, match=said) as caught:
        require_approval(world, asks, Digests("1" * 64, "2" * 64), ApprovalRequest("r"))
    assert caught.value.remedy


def test_a_state_that_only_another_drctl_knows_is_named(journal: SqliteJournal) -> None:
    with transaction(journal.path) as database:
        database.execute("UPDATE run SET state = 'dancing'")
        lines.add(database, Change.RUN_ENDED, "r1", "dancing")
    with pytest.raises(JournalBroken, match="the state of a run is nothing that this drctl can read"):
        journal.runs()


@pytest.mark.parametrize(
    "line",
    [
        Line(1, Change.RUN_BEGUN, "r1", DEEP),
        Line(1, Change.RUN_BEGUN, "r1", "{}"),
        Line(1, Change.RUN_BEGUN, "r1", "[]"),
        Line(1, Change.RUN_BEGUN, "r1", json.dumps(asdict(replace(RUN, kind=[1])))),  # type: ignore[arg-type]
        Line(1, Change.EPOCH_RAISED, "lab", "many"),
        Line(1, Change.EPOCH_RAISED, "lab", "9" * 5000),
        Line(1, Change.EPOCH_RAISED, "lab", str(1 << 63)),
    ],
)
def test_a_line_of_a_copy_that_tells_nothing_is_not_taken_over(tmp_path: Path, line: Line) -> None:
    journal = SqliteJournal(tmp_path / "new.sqlite", FakeClock())
    with pytest.raises(JournalBroken) as caught:
        journal.complete([chained(GENESIS, line)])
    assert caught.value.remedy
    assert journal.runs() == ()


@pytest.mark.parametrize("content", [DEEP, "[]", "{}", '{"digest": 5}', ""])
def test_an_entry_of_a_copy_that_is_none_counts_as_altered(tmp_path: Path, content: str) -> None:
    journal = SqliteJournal(tmp_path / "new.sqlite", FakeClock())
    with pytest.raises(JournalBroken):
        journal.complete([Line(1, Change.ENTRY_WRITTEN, "r1", content, "x")])


def told(**changes: object) -> bytes:
    line = asdict(chained(GENESIS, Line(1, Change.RUN_ENDED, "r1", RunState.DONE)))
    return json.dumps(line | changes).encode()


@pytest.mark.parametrize(
    ("value", "part"),
    [
        (DEEP.encode(), b"1/1"),
        (told(number="1"), b"1/1"),
        (told(number=True), b"1/1"),
        (told(number=0), b"1/1"),
        (told(about=5), b"1/1"),
        (told(change="danced"), b"1/1"),
        (told(more=1), b"1/1"),
        (b"[]", b"1/1"),
        (told(), b"2/1"),
        (told(), b"1/" + b"9" * 5000),
        (told(), b"1"),
        (told()[:-1] + b', "number": 1}', b"1/1"),
    ],
)
def test_a_record_of_the_journals_topic_that_is_no_line_is_named(value: bytes, part: bytes) -> None:
    headers: list[tuple[str, str | bytes | None]] = [("number", b"1"), ("part", part)]
    record = Message(topic="drctl.journal", partition=0, offset=7, key=b"lab", value=value, headers=headers)
    with pytest.raises(NotProven, match=r"site north: the record at offset 7 of drctl\.journal is no line"):
        list(journal_copy._joined("north", [record]))


@pytest.mark.parametrize(
    ("at", "body"),
    [
        (NOON, DEEP),
        (NOON, "5"),
        (NOON, "[[1]]"),
        (NOON, '[["t", "x", 1, 1]]'),
        (NOON, '[["t", 0, 1, []]]'),
        (NOON, f'[["t", 0, {"9" * 5000}, 1]]'),
        (NOON, '[["t", 0, 1e999, 1]]'),
        (NOON, '[["t", 0, 1, NaN]]'),
        ("noon", "[]"),
    ],
)
def test_a_sighting_that_cannot_be_read_is_named(tmp_path: Path, at: str, body: str) -> None:
    sightings = SqliteSightings(tmp_path / "j.sqlite")
    with transaction(sightings.path) as database:
        database.execute("INSERT INTO sighting VALUES ('north', ?, ?, NULL)", (at, body))
    with pytest.raises(JournalBroken, match=r"j\.sqlite: .*last seen of north") as caught:
        sightings.last("north")
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("at", "body"),
    [
        (NOON, DEEP),
        (NOON, "5"),
        (NOON, "{}"),
        (NOON, '{"failing": [], "leftAlone": []}'),
        (NOON, '{"failing": {"billing": ["noon", ""]}, "leftAlone": []}'),
        (NOON, '{"failing": {"billing": 5}, "leftAlone": []}'),
        (NOON, '{"failing": {}, "leftAlone": 5}'),
        (NOON, '{"failing": {}, "leftAlone": [], "unstamped": []}'),
        (NOON, '{"failing": {}, "leftAlone": [], "unstamped": {"billing": 5}}'),
        (NOON, '{"failing": {}, "leftAlone": [], "unstamped": {"billing": [["t", 0, "3", ""]]}}'),
        ("noon", '{"failing": {}, "leftAlone": []}'),
    ],
)
def test_a_report_of_group_offset_sync_that_cannot_be_read_is_named(tmp_path: Path, at: str, body: str) -> None:
    reports = SqliteSyncReports(tmp_path / "j.sqlite")
    with transaction(reports.path) as database:
        database.execute("INSERT INTO sync_report VALUES ('south', 'north', 3, ?, ?)", (at, body))
    with pytest.raises(JournalBroken, match=r"j\.sqlite: .*noted of the standby south") as caught:
        reports.last("south")
    assert caught.value.remedy


def test_salvaged_files_that_were_damaged_are_named(tmp_path: Path) -> None:
    vault = FileVault(tmp_path)
    vault.put("r1", "t.gz", [b"a" * 100_000, b"b"])
    path = tmp_path / "r1" / "t.gz"
    whole = path.read_bytes()
    for spoiled in (whole[:-9], whole[:40] + b"\xff" * 40 + whole[80:], b"no gzip"):
        path.write_bytes(spoiled)
        with pytest.raises(NotProven, match=r"t\.gz is damaged") as caught:
            list(vault.lines("r1", "t.gz"))
        assert caught.value.remedy
    (tmp_path / "r1" / "SHA256SUMS").write_bytes(b"\xff  t.gz\n")
    with pytest.raises(NotProven, match="SHA256SUMS cannot be read"):
        vault.faults("r1")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("x  t.gz", ":2: is no checksum"),
        (f"{'0' * 64}  ../../t.gz", ":2: is no checksum"),
        (f"{'0' * 64}  /t.gz", ":2: is no checksum"),
        (f"{'0' * 64}  {'a' * 5000}", ":2: is no checksum"),
        (f"{'0' * 64}  a.gz", ":2: is no checksum of a file, or a second one"),
    ],
)
def test_a_list_of_checksums_that_names_no_file_of_its_folder_is_refused(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "r1").mkdir()
    (tmp_path / "r1" / "SHA256SUMS").write_text(f"{'0' * 64}  a.gz\n{line}\n")
    with pytest.raises(NotProven, match=rf"SHA256SUMS{said}") as caught:
        FileVault(tmp_path).faults("r1")
    assert caught.value.remedy


def test_a_line_without_end_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drctl.drivers.store.vault.LONGEST", 1000)
    (tmp_path / "r1").mkdir()
    with gzip.open(tmp_path / "r1" / "t.gz", "wb") as file:
        file.write(b"a" * 1001)
    with pytest.raises(NotProven, match="longer than 1000 bytes"):
        list(FileVault(tmp_path).lines("r1", "t.gz"))


RECORD = {
    "offset": 1,
    "timestamp": 5,
    "timestampType": "CreateTime",
    "transaction": "committed",
    "leaderEpoch": None,
    "key": None,
    "value": "dg==",
    "headers": [["h", "dg=="]],
}


@pytest.mark.parametrize(
    "change",
    [
        {"offset": "1"},
        {"offset": 1 << 63},
        {"timestamp": "x"},
        {"leaderEpoch": [1]},
        {"headers": [[1, "dg=="]]},
        {"headers": 5},
        {"headers": [["h", 5]]},
        {"key": 5},
        {"value": "no base64"},
    ],
)
def test_a_salvaged_line_of_other_kinds_is_no_record(change: dict[str, object]) -> None:
    with pytest.raises(NotProven):
        record_of(TopicPartition("t", 0), json.dumps(RECORD | change).encode())


def test_a_salvaged_line_without_end_of_nesting_is_no_record() -> None:
    with pytest.raises(NotProven):
        record_of(TopicPartition("t", 0), DEEP.encode())


def test_the_line_that_the_others_are_spoiled_from_is_a_record() -> None:
    assert record_of(TopicPartition("t", 0), json.dumps(RECORD).encode()).value == b"v"


def test_damage_is_told_even_where_the_database_itself_is_whole(journal: SqliteJournal) -> None:
    with sqlite3.connect(journal.path) as database:
        database.execute("UPDATE line SET content = ?", (DEEP,))
    database.close()
    with pytest.raises(JournalBroken):
        journal.runs()
