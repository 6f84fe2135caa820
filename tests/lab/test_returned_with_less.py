"""A lost site comes back without a partition's files: it is closed and refused, and goes on only on a person's word."""

import shutil

import pytest

from drctl.errors import Blocked, Undecided
from drctl.lab.lab import Lab
from drctl.model.fence import Attestation
from drctl.monitors import observe
from drctl.plans import failback, salvage
from drctl.plans.aftermath import aftermath, last_salvage
from tests.lab.heavy_records import READINGS
from tests.lab.test_return import lost_under_load, opened, walk

WORD = Attestation("Ada", "the volume was replaced by an empty one")


@pytest.fixture(scope="module")
def lab(own_lab: Lab) -> Lab:
    """A lab of its own: this test damages it."""
    return own_lab


@pytest.mark.long
def test_a_site_that_lost_a_partitions_files_is_refused_and_comes_home_only_as_a_full_copy(lab: Lab) -> None:
    def lose_files() -> None:
        found = [each for each in (lab.folder / "data").glob(f"north-*/{READINGS}-0") if each.is_dir()]
        assert found, "no broker of north has that partition"
        for each in found:
            shutil.rmtree(each)

    lost_under_load(lab, lose_files)
    with opened(lab) as world:
        found = aftermath(world)
        with pytest.raises(Blocked) as refused:
            walk(salvage.ordered("north", "south", found.run.id), world)
        assert refused.value.exit_code == 17
        assert any(reason.startswith(f"{READINGS}-0 ends at 0,") for reason in refused.value.reasons)
        assert world.sites["north"].fence.canary().refused
        told = walk(salvage.ordered("north", "south", found.run.id, WORD), world)
        assert told.evidence["compare-returned-site"]["accepted"] == {"by": WORD.by, "why": WORD.why}
        assert list(last_salvage(world, found).less) == [READINGS]
        with pytest.raises(Undecided, match=READINGS):
            walk(failback.plan(world, "south", "north", observe=observe), world)
