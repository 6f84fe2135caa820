"""What the bundle of a drill proves that lost a site and went home again, and what it must not leave out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drctl.drills.bundle.manifest import RunKind
from drctl.drills.bundle.verify import verify
from drctl.drills.bundle.write import FACTS, STANDBY, STRANDED
from drctl.errors import BundleDamaged
from drctl.model.verdict import Verdict
from tests.unit.drills.bundles import bundle, edited, listed, resealed


@pytest.fixture
def circle(tmp_path: Path) -> Path:
    """A bundle that proves the whole circle."""
    return bundle(tmp_path, "home-proved")


def test_it_holds_what_both_sites_and_the_tail_held(circle: Path) -> None:
    assert listed(circle).run_kind is RunKind.UNPLANNED_DRILL
    assert {STANDBY, STRANDED} <= listed(circle).files.keys()


def test_a_bundle_of_before_drills_went_home_proves_what_it_claims(tmp_path: Path) -> None:
    old = bundle(tmp_path, "unplanned-proved")

    def as_it_was(report: Any) -> Any:
        del report["outage"]["way_home"]
        return report

    edited(old / "report.json", as_it_was)
    resealed(old)
    found = verify(old, None)
    assert (found.verdict, found.differences) == (Verdict.PROVED, ())
    assert STANDBY not in listed(old).files


def without_home(facts: Any) -> Any:
    return {**facts, "handovers": []}


def twice_home(facts: Any) -> Any:
    return {**facts, "handovers": facts["handovers"] * 2}


def planned(facts: Any) -> Any:
    return {**facts, "outage": None}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without_home, "run-5: the journal tells of a way home that the facts leave out"),
        (twice_home, "there is one way home from an outage, and the facts tell of 2"),
        (planned, "is not of the kind of drill"),
    ],
)
def test_what_the_journal_tells_of_is_claimed(circle: Path, change: Callable[[Any], Any], said: str) -> None:
    edited(circle / FACTS, change)
    resealed(circle)
    with pytest.raises(BundleDamaged, match=said):
        verify(circle, None)


def lag(facts: Any) -> Any:
    facts["handovers"][0]["result"]["evidence"]["hand-over-positions"]["groups"]["dispatch"]["lag"] = 7
    return facts


def start(facts: Any) -> Any:
    facts["handovers"][0]["result"]["evidence"]["start-link-home"]["from"]["shop.orders-0"] = 7
    return facts


def point(facts: Any) -> Any:
    facts["outage"]["result"]["evidence"]["record-handover-point"]["ends"]["shop.orders-0"] = 7
    return facts


@pytest.mark.parametrize(
    ("change", "step"),
    [(lag, "hand-over-positions"), (start, "start-link-home"), (point, "record-handover-point")],
)
def test_what_the_way_home_rests_on_is_that_of_the_journal(
    circle: Path, change: Callable[[Any], Any], step: str
) -> None:
    edited(circle / FACTS, change)
    resealed(circle)
    with pytest.raises(BundleDamaged, match=f"{step}: the facts say something else than the journal"):
        verify(circle, None)


def test_evidence_of_the_standby_that_is_left_out_is_missed(circle: Path) -> None:
    (circle / STANDBY).unlink()
    resealed(circle)
    found = verify(circle, None)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.differences


@pytest.mark.parametrize("number", ["copied", "copied_again", "stepped_over", "read_again"])
def test_a_number_of_the_way_home_that_its_evidence_does_not_bear_out_is_found_out(circle: Path, number: str) -> None:
    def more(report: Any) -> Any:
        report["outage"]["way_home"][number] += 1
        return report

    edited(circle / "report.json", more)
    resealed(circle)
    assert [each.split(":")[0] for each in verify(circle, None).differences] == [f"outage.way_home.{number}"]
