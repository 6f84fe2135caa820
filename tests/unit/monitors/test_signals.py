"""Every signal of docs/signals.md that is said to be watched is told, from what the API sends to what people read.

What a monitor of Kafka on Kubernetes has to know of is either shown to be told, or named on that page as not watched,
or as read and not judged.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from drctl.model import resources as of
from tests.unit.monitors.signalling import Site
from tests.unit.monitors.signals import SIGNALS, Signal

PAGE = (Path(__file__).parents[3] / "docs" / "signals.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]
UNWATCHED = (
    "CSIStorageCapacity", "VolumeSnapshotClass", "node affinity", "reclaim policy", "storage classes",
    "growth of a volume", "restarts", "autoRestartStatuses", "replicasChange", "topicId", "JMX", "Prometheus",
    "active controllers", "kube-state-metrics",
)  # fmt: skip
"""What others watch, by words of the page."""


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: f"{signal.row}: {signal.said}")
def test_what_is_watched_is_told_once_it_is_so_and_not_before(signal: Signal) -> None:
    site = Site()
    assert signal.said not in site.told()
    signal.change(site)
    assert signal.said in site.told()


@pytest.mark.parametrize("row", sorted({signal.row for signal in SIGNALS}))
def test_the_page_has_a_line_for_it(row: str) -> None:
    assert [cells[0] for cells in ROWS if cells[0].startswith(row)]


@pytest.mark.parametrize("name", UNWATCHED)
def test_the_page_says_of_the_rest_that_nobody_watches_or_judges_it(name: str) -> None:
    lines = [" ".join(cells) for cells in ROWS if name in cells[0]]
    assert lines
    assert all(re.search(r"\bnot (watched|read|judged|compared)", line) for line in lines)


@pytest.mark.parametrize("watched", Site().observer.all, ids=lambda watched: watched.kind.plural)
def test_every_kind_that_is_followed_is_on_the_page(watched: Any) -> None:
    assert any(f"`{watched.kind.plural}`" in cells[1] or watched.kind.name in cells[0] for cells in ROWS)


def test_what_nobody_told_is_no_signal_and_no_health() -> None:
    site = Site()
    site.view(offline_dirs=None, quorum=None)
    assert site.told() == "log directories: no signal\ncontrollers: no signal\nblocked: 0"


def test_all_is_well_where_nothing_was_changed() -> None:
    assert Site().told() == "blocked: 0"


def test_a_topic_that_its_operator_leaves_alone_is_nothing_to_tell() -> None:
    site = Site()
    site.strimzi(of.KAFKA_TOPIC, "Unmanaged")
    assert site.told() == "blocked: 0"


def test_a_pod_that_cannot_be_read_is_named_and_is_no_missing_pod() -> None:
    site = Site()
    site.api.put(of.POD, {"metadata": {"name": "kafka-1", "labels": {"app": "kafka"}}, "spec": "text"})
    assert site.told() == "Pod/kafka-1: of a shape that drctl cannot read\nblocked: 0"
    site.api.remove(of.POD, "kafka-1")
    assert "broker 1 has no pod" in site.told()


def test_volumes_of_a_pod_of_which_nothing_is_found_are_healthy() -> None:
    site = Site()
    site.pod(
        1, volumeHealth=[{"name": "data", "conditions": []}, {"name": "logs", "conditions": [{"status": "Accessible"}]}]
    )
    assert site.told() == "blocked: 0"
