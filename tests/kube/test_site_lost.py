"""A site of pods is lost with its whole Kubernetes, under load, and the work goes on at the other site."""

import json
from pathlib import Path

import pytest

from drctl.lab.kube import KubeLab
from tests.lab.losing import CLOCK, GROUPS, lost, lost_under_load, require_nothing_skipped, wait
from tests.lab.usage import drctl


def test_a_site_of_pods_lost_under_load_is_failed_over_and_nobody_skips_a_record(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    with (
        KubeLab.start(tmp_path_factory.mktemp("lost") / "lab", small=True) as lab,
        lost_under_load(lab, tmp_path / "log") as (writer, readers, _),
    ):
        done = drctl(lab, "failover", "--to", "south", "--yes", "--accept-loss", "100000", "-o", "json")
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)["evidence"]
        wait("both read at south", lambda: all(reader.first_at_south for reader in readers))
        CLOCK.sleep(3)
        writer.end()
        require_nothing_skipped(lab, readers)
        assert told["fence-what-answers"]["fence"] == "pending"
        assert told["confirm-positions"]["groups"].keys() >= set(GROUPS)
        assert told["measure-loss"]["total"] >= sum(map(len, lost(lab, writer).values()))
