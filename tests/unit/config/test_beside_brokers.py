"""What a site has beside its brokers: a schema registry with its files, and where the brokers' metrics are."""

from pathlib import Path

import pytest

from drctl.config import load
from drctl.errors import ConfigInvalid
from drctl.wiring.files import file_errors
from tests.unit.config.plan_files import GOOD, at_north, written

REGISTRY = 'schemaRegistry: {url: "https://r.north:8081", credentials: login, authorities: ca.pem}'


def test_it_is_read_and_need_not_be_named(tmp_path: Path) -> None:
    for name in ("login", "ca.pem"):
        (tmp_path / name).touch()
    plan = load(written(tmp_path, at_north(REGISTRY)))
    place = plan.site("north").schema_registry
    assert place is not None
    assert (place.url, place.credentials, place.authorities) == (
        "https://r.north:8081",
        tmp_path / "login",
        tmp_path / "ca.pem",
    )
    assert plan.site("south").schema_registry is None
    assert load(written(tmp_path, GOOD)).site("north").schema_registry is None
    alone = load(written(tmp_path, at_north('schemaRegistry: {url: "http://r:8081"}'))).site("north").schema_registry
    assert alone is not None
    assert (alone.credentials, alone.authorities) == (None, None)


def test_a_file_that_is_not_there_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        load(written(tmp_path, at_north(REGISTRY)))
    for name in ("login", "ca.pem"):
        assert f"plan.yaml:9: there is no file {name} beside the plan file" in str(caught.value)


def test_files_that_hold_no_login_and_no_certificate_are_named_by_validate(tmp_path: Path) -> None:
    for name in ("login", "ca.pem"):
        (tmp_path / name).touch()
    told = [str(each) for each in file_errors(load(written(tmp_path, at_north(REGISTRY))))]
    assert [each for each in told if each.startswith(str(tmp_path / "login"))] == [
        f"{tmp_path / 'login'}: holds no login in one line"
    ]
    assert [each for each in told if "ca.pem" in each] == [f"{tmp_path / 'ca.pem'}: holds no certificates in PEM"]


def test_an_address_that_is_none_is_refused_where_it_stands(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"plan\.yaml:9: spec\.sites\[0\]\.schemaRegistry\.url"):
        load(written(tmp_path, at_north("schemaRegistry: {url: r.north}")))


def test_where_the_brokers_metrics_are_is_read_and_need_not_be_said(tmp_path: Path) -> None:
    named = at_north('brokerMetrics: ["http://b1:9404/metrics", "http://b2:9404/metrics"]')
    plan = load(written(tmp_path, named))
    assert plan.site("north").broker_metrics == ("http://b1:9404/metrics", "http://b2:9404/metrics")
    assert plan.site("south").broker_metrics == ()
    with pytest.raises(ConfigInvalid, match=r"plan\.yaml:9: spec\.sites\[0\]\.brokerMetrics\[0\]"):
        load(written(tmp_path, at_north("brokerMetrics: [b1]")))
