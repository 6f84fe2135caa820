"""What a monitoring cycle does is in proportion to what changed: the benchmark itself, at a small size."""

import json

import pytest

from benchmarks import monitoring


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in (("PODS", 20), ("PARTITIONS", 1000), ("GROUPS", 100), ("BROKERS", 20)):
        monkeypatch.setattr(monitoring, name, size)


def test_a_cycle_without_changes_reads_nothing_again_and_finds_nothing_wrong() -> None:
    site = monitoring.Site()
    site.observer.look()
    site.cycle()
    read = sum(each.translated for each in site.observer.all)
    site.cycle()
    assert sum(each.translated for each in site.observer.all) == read
    assert site.courses == {}


def test_a_cycle_reads_again_what_has_changed_and_that_alone(capsys: pytest.CaptureFixture[str]) -> None:
    monitoring.main()
    assert json.loads(capsys.readouterr().out)["resources_read_again_for_ten_changes"] == 10
