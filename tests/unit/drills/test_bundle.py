"""What a bundle proves to somebody who has nothing else, and every way to break one."""

import gzip
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from drctl.drills.bundle import packing
from drctl.drills.bundle.manifest import MANIFEST, SIGNATURE, RunKind
from drctl.drills.bundle.verify import SignatureState, verify
from drctl.drills.bundle.write import FACTS, HISTORIES, JOURNAL, PRIMARY, STANDBY, begin
from drctl.errors import BundleDamaged, JournalBroken
from drctl.model.verdict import Verdict
from tests.unit.drills.bundles import KEY, OTHER, bundle, edited, listed, resealed

PUBLIC = KEY.public_key()
PROVED = ("proved", "unplanned-proved", "home-proved")
OTHERS = {"record-lost": Verdict.REFUTED, "producers-never-denied": Verdict.INCONCLUSIVE}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed bundle that proves something; nobody changes it."""
    return bundle(tmp_path_factory.mktemp("bundle"), key=KEY)


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to be broken."""
    shutil.copytree(whole, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.mark.parametrize("history", PROVED)
def test_a_bundle_is_proved_by_its_evidence_alone(history: str, tmp_path: Path) -> None:
    report = bundle(tmp_path, history, KEY)
    shutil.rmtree(tmp_path / "clients")
    found = verify(report, PUBLIC)
    assert (found.damage, found.differences) == ((), ())
    assert (found.reported, found.verdict) == ("proved", Verdict.PROVED)
    assert found.signature is SignatureState.VALID


@pytest.mark.parametrize(("history", "verdict"), OTHERS.items())
def test_a_bundle_whose_verdict_is_another_one_says_the_same_as_its_report(
    history: str, verdict: Verdict, tmp_path: Path
) -> None:
    found = verify(bundle(tmp_path, history), None)
    assert (found.damage, found.differences) == ((), ())
    assert (found.reported, found.verdict) == (verdict.value, verdict)


def test_without_a_key_it_is_said_that_the_signature_was_not_checked(whole: Path) -> None:
    assert verify(whole, None).signature is SignatureState.NOT_CHECKED


def problems(report: Path, key: Ed25519PublicKey | None = PUBLIC) -> str:
    """What is said of a bundle that must not count; nothing if it is taken for whole."""
    try:
        return "\n".join(verify(report, key).damage)
    except (BundleDamaged, JournalBroken) as error:
        return f"{error}, {error.remedy}"


def changes(raw: bytes, chance: random.Random) -> list[bytes]:
    """The bytes of a file with one of them changed, here and there; cut short, longer, and empty."""
    places = {0, len(raw) - 1, *(chance.randrange(len(raw)) for _ in range(40))}
    flipped = [raw[:at] + bytes([raw[at] ^ 1 << chance.randrange(8)]) + raw[at + 1 :] for at in sorted(places)]
    return [*flipped, raw[: len(raw) // 2], raw[:-1], raw + b"\n", raw + b"\0", b""]


def test_one_changed_byte_of_any_file_is_named_by_file(copy: Path) -> None:
    chance = random.Random(11)
    names = [*listed(copy).files, MANIFEST, SIGNATURE]
    for name in names:
        raw = (copy / name).read_bytes()
        for changed in changes(raw, chance):
            (copy / name).write_bytes(changed)
            assert name in problems(copy), (name, changed[:200])
        (copy / name).write_bytes(raw)
    assert verify(copy, PUBLIC).verdict is Verdict.PROVED


def test_damage_shows_without_a_key_too(copy: Path) -> None:
    for name in (MANIFEST, SIGNATURE, "report.html"):
        raw = (copy / name).read_bytes()
        for changed in changes(raw, random.Random(5))[:10]:
            (copy / name).write_bytes(changed)
            assert name in problems(copy, None)
        (copy / name).write_bytes(raw)


def test_a_file_that_is_missing_or_was_added_is_named(copy: Path) -> None:
    for name in listed(copy).files:
        (copy / name).rename(copy.parent / "away")
        assert f"{name}: is missing" in problems(copy)
        (copy.parent / "away").rename(copy / name)
    (copy / "evidence" / "more.json").write_text("{}")
    assert problems(copy) == "evidence/more.json: is not in the manifest"


def link(path: Path) -> None:
    shutil.copy(path, path.parent.parent / "elsewhere")
    path.unlink()
    path.symlink_to(path.parent.parent / "elsewhere")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("put", [link, pipe, folder])
@pytest.mark.parametrize("name", ["report.json", MANIFEST, SIGNATURE])
def test_what_is_no_file_is_not_read(copy: Path, name: str, put: Callable[[Path], None]) -> None:
    put(copy / name)
    assert name in problems(copy)


def test_a_folder_that_is_a_link_is_not_followed(copy: Path) -> None:
    (copy / "evidence").rename(copy.parent / "evidence")
    (copy / "evidence").symlink_to(copy.parent / "evidence")
    assert f"{FACTS}: is missing" in problems(copy)


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "evidence/../report.json", "a//b", "./report.json", "a\\b", "a\nb", "ü", "",
     MANIFEST, SIGNATURE, "x" * 2000],
)  # fmt: skip
def test_a_manifest_that_names_something_outside_is_no_manifest(copy: Path, name: str) -> None:
    files = dict(listed(copy).files)
    files[name] = files["report.json"]
    raw = listed(copy).model_copy(update={"files": files}).rendered()
    (copy / MANIFEST).write_bytes(raw)
    with pytest.raises(BundleDamaged, match=r"manifest\.json: files"):
        verify(copy, None)


def again(text: str) -> str:
    return text.replace('"run":', '"run": "x",\n  "run":')


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: "", "is no JSON"),
        (lambda text: "[1]", "is no object"),
        (lambda text: "{}", "Field required"),
        (lambda text: "[" * 100_000, "nested deeper"),
        (lambda text: text.replace('"size": ', '"size": ' + "9" * 5000, 1), "more than 64 bits"),
        (lambda text: text.replace('"size": ', '"size": -', 1), "greater than or equal to 0"),
        (lambda text: text.replace('"size": ', '"size": 1e999, "a": ', 1), "too large"),
        (again, "stands twice"),
        (lambda text: text.replace('"schema_version": 1', '"schema_version": 2'), "Input should be 1"),
        (lambda text: text.replace('"drill"', '"party"'), "run_kind"),
        (lambda text: text.replace("{", "{ ", 1), "was changed"),
        (lambda text: text + " " * (17 << 20), "is larger than"),
    ],
)
def test_what_drctl_did_not_write_is_no_manifest(copy: Path, change: Callable[[str], str], said: str) -> None:
    (copy / MANIFEST).write_text(change((copy / MANIFEST).read_text()))
    with pytest.raises(BundleDamaged, match=said) as caught:
        verify(copy, None)
    assert MANIFEST in str(caught.value)


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleDamaged, match=r"there is no manifest\.json"):
        verify(tmp_path, None)


def test_a_new_run_takes_the_manifest_away_before_it_does_anything(copy: Path) -> None:
    begin(copy)
    assert not (copy / MANIFEST).exists()
    assert not (copy / SIGNATURE).exists()
    assert not (copy / "evidence").exists()
    with pytest.raises(BundleDamaged, match=r"there is no manifest\.json"):
        verify(copy, None)


def test_another_signature_is_not_that_of_the_key(copy: Path) -> None:
    resealed(copy, OTHER)
    assert "was made with another key" in problems(copy)
    assert verify(copy, None).signature is SignatureState.NOT_CHECKED
    resealed(copy)
    assert "nobody has signed" in problems(copy)
    assert verify(copy, None).signature is SignatureState.ABSENT


def test_a_signature_of_another_bundle_is_no_signature(copy: Path) -> None:
    signature = (copy / SIGNATURE).read_bytes()
    resealed(copy, KEY, run="another")
    (copy / SIGNATURE).write_bytes(signature)
    assert f"{SIGNATURE}: does not belong to this {MANIFEST}" in problems(copy)


def part(name: str, value: Any) -> Callable[[Any], Any]:
    """Put a value in place of what stands at ``a.0.b`` of a document."""

    def change(document: Any) -> Any:
        *path, last = [int(word) if word.isdigit() else word for word in name.split(".")]
        place = document
        for word in path:
            place = place[word]
        assert (type(place[last]), place[last]) != (type(value), value)
        place[last] = value
        return document

    return change


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("verdict", "vacuous"),
        ("reasons.0", "all is well"),
        ("run.user", "mallory"),
        ("records.acknowledged", 1_000_000),
        ("records.lost", 1),
        ("groups.0.skipped", 7),
        ("windows.0.acknowledged", 9),
        ("evidence.the standby holds every record, too", False),
        ("negative_control.lost", False),
        ("handovers.0.longest_pause", 0.1),
        ("handovers.0.epoch", True),
        ("journal.lines", 4),
        ("plan.digest", "0" * 64),
        ("standby", None),
    ],
)
def test_a_report_that_says_something_else_than_its_evidence_is_found_out(copy: Path, name: str, value: Any) -> None:
    """Even if whoever changed it can make a manifest that fits, and sign it."""
    edited(copy / "report.json", part(name, value))
    resealed(copy, KEY)
    found = verify(copy, PUBLIC)
    assert not found.damage
    assert found.verdict is Verdict.PROVED
    place = "".join(f"[{word}]" if word.isdigit() else f".{word}" for word in name.split(".")).removeprefix(".")
    assert [each.split(":")[0] for each in found.differences] == [place]


def test_a_record_that_was_taken_out_of_the_evidence_is_missed(copy: Path) -> None:
    """Whoever wants to hide a loss has to change what the clients wrote and what the reader found alike."""
    lines = gzip.decompress((copy / PRIMARY).read_bytes()).splitlines(keepends=True)
    (copy / PRIMARY).write_bytes(gzip.compress(b"".join(lines[:100] + lines[101:])))
    resealed(copy, KEY)
    found = verify(copy, PUBLIC)
    assert found.verdict is Verdict.REFUTED
    assert any(each.startswith("verdict: the report says 'proved'") for each in found.differences)


def test_the_run_of_the_manifest_is_that_of_the_evidence(copy: Path) -> None:
    resealed(copy, KEY, run="drill-of-another-day")
    found = verify(copy, PUBLIC)
    assert [each.split(":")[0] for each in found.differences] == ["run"]


@pytest.mark.parametrize("name", [FACTS, JOURNAL, "report.json"])
def test_a_manifest_that_leaves_out_what_the_verdict_rests_on_proves_nothing(copy: Path, name: str) -> None:
    (copy / name).unlink()
    resealed(copy, KEY)
    assert f"{name}: is not in the manifest" in problems(copy)


@pytest.mark.parametrize("name", [PRIMARY, STANDBY, f"{HISTORIES}/producer-turbines.jsonl.gz"])
def test_evidence_that_is_left_out_is_missed(copy: Path, name: str) -> None:
    (copy / name).unlink()
    resealed(copy, KEY)
    found = verify(copy, PUBLIC)
    assert found.verdict is not Verdict.PROVED
    assert found.differences


def test_the_kind_of_run_is_that_of_the_evidence(copy: Path) -> None:
    resealed(copy, KEY, run_kind=RunKind.UNPLANNED_DRILL)
    assert "not of the kind" in problems(copy)


@pytest.mark.parametrize(
    ("name", "place", "value", "said"),
    [
        (JOURNAL, "about", "run-9", "was altered|is missing"),
        (JOURNAL, "number", "1", "is no line of a journal"),
        (JOURNAL, "content", 7, "is no line of a journal"),
        (FACTS, "provenance.journal.lines", 2, "does not end where"),
        (FACTS, "handovers.0.spans", [], "the evidence is none that a run leaves"),
        (FACTS, "handovers", [], "the evidence is none that a run leaves"),
        (FACTS, "handovers.0.result.evidence", {}, "the evidence is none that a run leaves"),
        (
            FACTS,
            "handovers.0.result.evidence.watch-first-commits",
            {},
            "watch-first-commits: the facts say something else",
        ),
        (
            FACTS,
            "handovers.1.result.evidence.hand-over-positions.groups.reporting.lag",
            0,
            "hand-over-positions: the facts",
        ),
        (FACTS, "handovers.1.result.run.epoch", 3, "has begun no such run"),
        (FACTS, "handovers.0.result.state", "stopped", "that it is stopped, the journal done"),
        (FACTS, "began", 1e300, "the evidence is none that a run leaves"),
        (FACTS, "work", 7, r"facts\.json: work"),
        (PRIMARY, "1", 7, r"primary\.jsonl\.gz:1: is nothing that a reader found"),
        (PRIMARY, "3", 1 << 64, r"primary\.jsonl\.gz:1: is nothing that a reader found"),
        (PRIMARY, "3", -1, r"primary\.jsonl\.gz:1: is nothing that a reader found"),
        (PRIMARY, "6", 1, r"primary\.jsonl\.gz:1: is nothing that a reader found"),
        (PRIMARY, "0", "rumoured", r"primary\.jsonl\.gz:1: is nothing that a reader found"),
        (f"{HISTORIES}/producer-turbines.jsonl.gz", "kind", "rumoured", "no line of a history"),
        (f"{HISTORIES}/producer-turbines.jsonl.gz", "at", "now", "no line of a history"),
    ],
)
def test_evidence_that_no_run_leaves_proves_nothing(copy: Path, name: str, place: str, value: Any, said: str) -> None:
    edited(copy / name, part(place, value))
    resealed(copy, KEY)
    with pytest.raises((BundleDamaged, JournalBroken), match=said):
        verify(copy, PUBLIC)


@pytest.mark.parametrize(
    "raw",
    # Without a time in it: a test's name is made of this, and two workers must find the same.
    [b"no gzip", b"\x1f\x8b", gzip.compress(b'["seen"]\n', mtime=0)[:-9], gzip.compress(b"[" * 99_999, mtime=0)],
)
def test_evidence_that_cannot_be_read_proves_nothing(copy: Path, raw: bytes) -> None:
    (copy / PRIMARY).write_bytes(raw)
    resealed(copy, KEY)
    assert PRIMARY in problems(copy)


def test_a_small_file_that_unpacks_without_end_is_not_unpacked(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = json.dumps({"kind": "left", "at": 1.0, "site": "north", "records": []}).encode() + b"\n"
    monkeypatch.setattr(packing, "FREE", 1 << 16)
    for bomb in (line * 100_000, b"[" * 10_000_000):
        (copy / HISTORIES / "consumer-dispatch.jsonl.gz").write_bytes(gzip.compress(bomb))
        resealed(copy, KEY)
        assert "unpacks to more than a run can have written" in problems(copy)


def test_huge_sequences_cost_no_more_than_small_ones(copy: Path) -> None:
    def change(line: Any) -> Any:
        return {**line, "records": [[*record[:3], (1 << 64) - 1] for record in line["records"][:1]]}

    edited(copy / HISTORIES / "consumer-dispatch.jsonl.gz", change)
    resealed(copy, KEY)
    assert verify(copy, PUBLIC).verdict is Verdict.REFUTED
