"""A site that Strimzi's resources describe is lost with its whole Kubernetes, under load, and failed over, for real.

South's resources are in an API server of their own, which outlives north's; the operators are stand-ins.
"""

import json
from pathlib import Path

import pytest

from drctl.config import load
from drctl.lab.kube import KubeLab, control_plane
from drctl.wiring.world import open_world
from tests.kube.strimzi_sites import strimzi_sites
from tests.lab.losing import GROUPS, lost_under_load, require_nothing_skipped, wait
from tests.lab.usage import drctl, serving


def _copies(lab: KubeLab) -> bool:
    with open_world(load(lab.plan_file)) as world:
        return world.links["north", "south"].replication.status().working


def test_a_lost_strimzi_site_is_failed_over_by_the_resources_of_the_other_one(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    with (
        KubeLab.start(tmp_path_factory.mktemp("lost") / "lab", small=True) as lab,
        control_plane(tmp_path_factory.mktemp("near") / "kubernetes") as near,
        strimzi_sites(lab, near) as sites,
    ):
        wait("the link to south works", lambda: _copies(lab))
        with lost_under_load(lab, tmp_path / "log") as (writer, readers, _):
            done = drctl(lab, "failover", "--to", "south", "--yes", "--accept-loss", "100000", "-o", "json")
            assert done.returncode == 0, done.stderr
            told = json.loads(done.stdout)["evidence"]
            wait("both read at south", lambda: all(reader.first_at_south for reader in readers))
            writer.ended.set()
            writer.join(20)
            require_nothing_skipped(lab, readers)
        assert serving(lab) == ("south", "north")
        assert told["fence-what-answers"]["fence"] == "pending"
        assert told["confirm-positions"]["groups"].keys() >= set(GROUPS)
        south = sites["south"]
        assert south.states() == {"stopped"}
        assert south.denied_in_resources() == set()
        assert south.strike.standing() == set()
