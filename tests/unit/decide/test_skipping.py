"""Settings of a source connector that leave records out, and those that only look like it."""

from collections.abc import Mapping

import pytest

from drctl.decide.skipping import skipping


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"errors.tolerance": "all"}, "errors.tolerance is all"),
        ({"errors.tolerance": "ALL"}, "errors.tolerance is all"),
        ({"source.consumer.auto.offset.reset": "latest"}, "source.consumer.auto.offset.reset is latest"),
        ({"consumer.auto.offset.reset": "latest"}, "consumer.auto.offset.reset is latest"),
        ({"consumer.auto.offset.reset": "by_duration:PT1H"}, "is by_duration:PT1H"),
        (
            {"consumer.auto.offset.reset": "earliest", "source.consumer.auto.offset.reset": "latest"},
            "source.consumer.auto.offset.reset is latest",
        ),
        ({"producer.override.acks": "1"}, "producer.override.acks is 1"),
        ({"producer.override.acks": "0"}, "producer.override.acks is 0"),
        (
            {"consumer.auto.offset.reset": "latest", "exactly.once.support": "required"},
            "consumer.auto.offset.reset is latest",
        ),
    ],
)
def test_a_setting_that_leaves_records_out_is_named_with_its_remedy(config: Mapping[str, str], named: str) -> None:
    ((detail, remedy),) = skipping(config)
    assert named in detail
    assert "drctl compare" in remedy


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"errors.tolerance": "none", "producer.override.acks": "all"},
        {"producer.override.acks": "-1"},
        {"source.consumer.auto.offset.reset": "none"},
        {"consumer.auto.offset.reset": "latest", "source.consumer.auto.offset.reset": "earliest"},
        {"source.cluster.consumer.auto.offset.reset": "latest"},
        {"errors.tolerance": "all", "producer.override.acks": "1", "exactly.once.support": "required"},
    ],
)
def test_what_leaves_nothing_out_is_not_named(config: Mapping[str, str]) -> None:
    assert list(skipping(config)) == []


def test_all_of_them_are_named_at_once() -> None:
    every = {"errors.tolerance": "all", "consumer.auto.offset.reset": "latest", "producer.override.acks": "1"}
    assert len(list(skipping(every))) == 3
