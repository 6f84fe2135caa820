"""A bundle by itself: whole or damaged, by its manifest, its files and its signature."""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from drctl.drills.bundle.manifest import MANIFEST, SIGNATURE
from drctl.drills.bundle.verify import SignatureState, verify
from drctl.drills.bundle.write import FACTS, begin
from drctl.errors import BundleDamaged
from drctl.model.verdict import Verdict
from tests.unit.drills.bundles import KEY, OTHER, PUBLIC, bundle, listed, problems, resealed

PROVED = ("proved", "unplanned-proved", "home-proved")
OTHERS = {"record-lost": Verdict.REFUTED, "producers-never-denied": Verdict.INCONCLUSIVE}


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
