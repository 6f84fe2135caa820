"""What the bundle of an experiment proves to somebody who has nothing else, and how a changed one is found out."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from drctl.cli.verify import command
from drctl.drills.bundle.verify import SignatureState, verify
from drctl.drills.bundle.write import FACTS, FAULTS, HISTORIES, PRIMARY, TOOLKIT_JOURNAL, VERDICT, begin_experiment
from drctl.errors import BundleDamaged
from drctl.model.verdict import Verdict
from tests.unit.drills.bundles import KEY, edited, listed, resealed
from tests.unit.drills.trials import SEEN, trial_bundle, verdict_of

PUBLIC = KEY.public_key()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed bundle that proves something; nobody changes it."""
    return trial_bundle(tmp_path_factory.mktemp("experiment"), KEY)


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to be broken."""
    shutil.copytree(whole, tmp_path / "copy")
    return tmp_path / "copy"


def test_an_experiment_is_proved_by_its_bundle_alone(copy: Path) -> None:
    found = verify(copy, PUBLIC)
    assert (found.damage, found.differences) == ((), ())
    assert (found.reported, found.verdict) == ("proved", Verdict.PROVED)
    assert found.signature is SignatureState.VALID


def test_the_command_verifies_it_as_it_does_a_drill(whole: Path) -> None:
    done = CliRunner().invoke(command, [str(whole)])
    assert done.exit_code == 0, done.output
    assert "(experiment)" in done.output


@pytest.mark.parametrize(
    ("left", "verdict", "code"),
    [({"lost": 1}, Verdict.REFUTED, 20), ({"observed": False}, Verdict.INCONCLUSIVE, 21)],
)
def test_another_verdict_comes_back_from_its_bundle(
    tmp_path: Path, left: dict[str, Any], verdict: Verdict, code: int
) -> None:
    report = trial_bundle(tmp_path, **left)
    found = verify(report, None)
    assert (found.differences, found.verdict, found.reported) == ((), verdict, verdict.value)
    assert verdict_of(report)["bound"] is None
    assert CliRunner().invoke(command, [str(report)]).exit_code == code


def test_every_file_that_a_run_leaves_is_listed(whole: Path) -> None:
    names = set(listed(whole).files)
    assert {VERDICT, "report.html", TOOLKIT_JOURNAL, FAULTS, FACTS, PRIMARY} <= names
    assert sum(name.startswith(HISTORIES) for name in names) == 8


def test_one_changed_byte_of_any_file_is_named_by_file(copy: Path) -> None:
    for name in listed(copy).files:
        raw = (copy / name).read_bytes()
        (copy / name).write_bytes(raw[:-2] + bytes([raw[-2] ^ 1]) + raw[-1:])
        assert any(each.startswith(f"{name}: was changed") for each in verify(copy, PUBLIC).damage)
        (copy / name).write_bytes(raw)
    assert verify(copy, PUBLIC).verdict is Verdict.PROVED


def test_faults_that_were_taken_away_are_missed(copy: Path) -> None:
    (copy / FAULTS).unlink()
    resealed(copy, KEY)
    found = verify(copy, PUBLIC)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert any("kill, 1 time" in each for each in found.reasons)
    assert found.differences


def test_a_bundle_from_before_sightings_were_timed_proves_nothing_and_says_why(tmp_path: Path) -> None:
    untimed = {key: value for key, value in SEEN.items() if key != "observed_at"}
    found = verify(trial_bundle(tmp_path, sighting=untimed), None)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert any("kill, 1 time; 1 without the times" in each for each in found.reasons)


def moved(raw: bytes, seconds: float) -> bytes:
    told = json.loads(raw)
    return json.dumps({**told, "observed_at": told["observed_at"] + seconds}).encode() + b"\n"


def test_a_sighting_that_is_moved_out_of_the_faults_window_is_found_out(copy: Path) -> None:
    (copy / FAULTS).write_bytes(moved((copy / FAULTS).read_bytes(), 1000))
    resealed(copy, KEY)
    found = verify(copy, PUBLIC)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert any("1 seen outside of the fault's window" in each for each in found.reasons)
    assert found.differences


def states_less(document: dict[str, Any]) -> dict[str, Any]:
    document["experiment"]["extensions"][0]["faults"] = ["pause"]
    return document


def deviated(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "deviated": True}


def other_statement(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "stated": {**document["stated"], "faults": []}}


@pytest.mark.parametrize(
    ("name", "change"),
    [(TOOLKIT_JOURNAL, states_less), (TOOLKIT_JOURNAL, deviated), (FACTS, other_statement)],
)
def test_evidence_that_was_changed_and_sealed_again_proves_nothing(
    copy: Path, name: str, change: Callable[[Any], Any]
) -> None:
    edited(copy / name, change)
    resealed(copy, KEY)
    found = verify(copy, PUBLIC)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.differences


@pytest.mark.parametrize(
    ("key", "value"), [("verdict", "vacuous"), ("title", "another"), ("bound", None), ("negative_control", {})]
)
def test_a_verdict_that_says_something_else_than_its_evidence_is_found_out(copy: Path, key: str, value: Any) -> None:
    edited(copy / VERDICT, lambda document: {**document, key: value})
    resealed(copy, KEY)
    found = verify(copy, PUBLIC)
    assert not found.damage
    assert found.differences


@pytest.mark.parametrize("name", [FACTS, VERDICT])
def test_without_what_the_verdict_rests_on_nothing_is_judged(copy: Path, name: str) -> None:
    (copy / name).unlink()
    resealed(copy, KEY)
    with pytest.raises(BundleDamaged, match="is not in the manifest"):
        verify(copy, PUBLIC)


@pytest.mark.parametrize("change", [{"began": "soon"}, {"work": 7}, {"stated": None}])
def test_facts_that_no_run_leaves_prove_nothing(copy: Path, change: dict[str, Any]) -> None:
    edited(copy / FACTS, lambda document: {**document, **change})
    resealed(copy, KEY)
    with pytest.raises(BundleDamaged, match=r"facts\.json"):
        verify(copy, PUBLIC)


def test_a_new_run_leaves_nothing_of_an_earlier_one(copy: Path) -> None:
    begin_experiment(copy)
    assert [path.name for path in copy.iterdir()] == []


def test_the_page_loads_nothing_and_shows_what_was_found(whole: Path) -> None:
    page = (whole / "report.html").read_text("utf-8")
    assert "http" not in page.replace("http-equiv", "")
    assert "it is not listed" in page
    assert "3/n" in page
    assert 'class="verdict proved"' in page


def test_a_proved_run_prints_what_one_fault_bounds(whole: Path) -> None:
    told = verdict_of(whole)["bound"]
    assert (told["faults"], round(told["loss_per_fault_below"], 3)) == (1, 0.95)
