"""The source is lost under load, brokers and worker, and the work goes on at the other of two real sites."""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drctl.config import load
from drctl.drivers.kafka.records import read
from drctl.lab import Lab
from drctl.lab.faults import FAULTS
from drctl.monitors import observe
from drctl.plans import failover
from drctl.plans.selection import FAILOVER
from drctl.wiring.world import open_world
from tests.lab.killing import killed_at
from tests.lab.losing import CLOCK, GROUPS, PARTITIONS, lost, lost_under_load, require_nothing_skipped, wait
from tests.lab.usage import drctl, metric

pytestmark = pytest.mark.early

STEPS = [step.name for step in failover.ordered("north", "south", observe=observe).steps]


@pytest.fixture
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab for one test alone: it loses a site."""
    with Lab.start(tmp_path_factory.mktemp("lab") / "lost", small=True) as lab:
        yield lab


def beyond(lab: Lab, frontier: dict[str, int]) -> dict[int, list[bytes]]:
    """What lies at north from the frontier on."""
    north = lab.site("north").kafka("drctl")
    found = {
        p.partition: [bytes(m.value() or b"") for m in read(north, p, frontier.get(str(p), 0))] for p in PARTITIONS
    }
    north.close()
    return {n: values for n, values in found.items() if values}


def test_a_site_lost_under_load_is_failed_over_and_nobody_skips_a_record(
    lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with lost_under_load(lab, tmp_path / "log") as (writer, readers, port):
        refused = drctl(lab, "failover", "--to", "south", "--yes", "--accept-loss", "0")
        forecast = json.loads(drctl(lab, "forecast", "-o", "json").stdout)
        began = CLOCK.monotonic()
        done = drctl(lab, "failover", "--to", "south", "--yes", "--accept-loss", "100000", "-o", "json")
        assert done.returncode == 0, done.stderr
        ended = CLOCK.monotonic()
        result: dict[str, Any] = json.loads(done.stdout)
        wait("both read at south", lambda: all(reader.first_at_south for reader in readers))
        first = min(reader.first_at_south or 0.0 for reader in readers)
        CLOCK.sleep(3)
        writer.ended.set()
        writer.join(20)
        twice = require_nothing_skipped(lab, readers)
        wait("it is told", lambda: metric(port, 'drctl_left_site_fence{site="north",state="pending"}') == 1)
    assert forecast["loss"]["source"] == "sighting"
    assert refused.returncode == 17, refused.stderr
    told = result["evidence"]
    assert told["fence-what-answers"]["fence"] == "pending"
    assert told["confirm-positions"]["groups"].keys() >= set(GROUPS)
    assert result["trafficRestored"] <= result["finished"]
    assert "not proven" in done.stderr
    gone = lost(lab, writer)
    FAULTS["restart"](lab, lab.layout["north"].brokers[0])
    wait("north is back", lambda: drctl(lab, "status").stdout.count("IS BACK AND ITS FENCE IS NOT PROVEN"))
    tail = beyond(lab, told["measure-loss"]["frontier"])
    for number, acknowledged in writer.acknowledged["north"].items():
        assert set(tail.get(number, ())) & set(acknowledged) == set(gone.get(number, ())), number
    count = sum(map(len, gone.values()))
    assert told["measure-loss"]["total"] >= count
    evidence = {
        "secondsToFirstRecord": round(first - began, 1),
        "secondsToEnd": round(ended - began, 1),
        "lost": count,
        "stated": {key: told["measure-loss"][key] for key in ("total", "unseen", "seconds")},
        "readTwice": twice,
        "steps": {step["name"]: step["seconds"] for step in result["steps"]},
    }
    with capsys.disabled():
        sys.stdout.write(f"\nfailover: {json.dumps(evidence)}\n")


@pytest.mark.long
def test_drctl_killed_at_every_step_ends_as_if_never_interrupted(lab: Lab, tmp_path: Path) -> None:
    with lost_under_load(lab, tmp_path / "log") as (writer, readers, _):
        for step in STEPS:
            killed = killed_at(lab, FAILOVER, "north", "south", step)
            assert killed.returncode == -signal.SIGKILL, f"it did not come to {step}: {killed.stderr[-2000:]}"
        done = drctl(lab, "failover", "--to", "south", "--yes", "--accept-loss", "unknown", "-o", "json")
        assert done.returncode == 0, done.stderr
        CLOCK.sleep(3)
        writer.ended.set()
        writer.join(20)
        require_nothing_skipped(lab, readers)
    with open_world(load(lab.plan_file)) as world:
        runs = [(run.kind, run.epoch, state.value) for run, state in world.journal.runs() if run.kind != "group-sync"]
        assert runs == [("failover", 1, "done")]
        assert world.client_routing.site() == "south"
        assert world.links["north", "south"].replication.status().source.tasks == ()
        assert not world.sites["south"].fence.standing()
