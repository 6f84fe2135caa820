"""Errors of a plan file: each names its line, what was expected and a remedy, and repeats no secret."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drctl.config import load
from drctl.errors import ConfigInvalid
from tests.unit.config.plan_files import BOMB, GOOD, written


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("http://n", "ftp://n", r"plan\.yaml:8: spec\.sites\[0\]\.connect\.url expected an http"),
        ("1h30m", "soon", r"plan\.yaml:17: spec\.objectives\.recoveryTime expected a duration"),
        ("source: north, target", "source: west, target", r"plan\.yaml:13: link n-s: source west is no site"),
        ("target: south", "target: north", r"plan\.yaml:13: link n-s: source and target are the same"),
        ("source: south, target: north", "source: north, target: south", r"plan\.yaml:14: .*this direction already"),
        ("name: south", "name: north", r"plan\.yaml:9: sites: the name north is used twice"),
        ("connectors: c,", "connectors: d,", r"plan\.yaml:13: there is no file d"),
        ("topics: [readings]", "topics: ['read*']", r"plan\.yaml:16: .*expected an exact name, no pattern"),
        ("topics: [readings]", "topics: []", r"plan\.yaml:16: spec\.workloads\[0\]\.topics"),
        ("topics: [readings]", "topics: [a, a]", r"plan\.yaml:16: workload all: topic a is named twice"),
        ("User:mm2", "User:*", r"plan\.yaml:13: .*expected one principal"),
        ("kind: Dis", "kind: Dat", r"plan\.yaml:2: kind"),
        ("v1alpha1", "v2", r"plan\.yaml:1: apiVersion"),
        ("url:", "uri:", r"uri is not known here"),
        ("metadata:", "metadata: {name: x}\nmetadata:", r"plan\.yaml:4: found duplicate key"),
        ("[readings]", "[no]", ""),
    ],
)
def test_every_error_names_line_and_expectation(tmp_path: Path, good: str, bad: str, said: str) -> None:
    path = written(tmp_path, GOOD.replace(good, bad))
    if not said:  # YAML 1.2: no is a word
        assert load(path).topics == ("no",)
        return
    with pytest.raises(ConfigInvalid, match=said) as caught:
        load(path)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("http://n:8083", "ftp://admin:s3cret@n", r":8: .*got 'ftp://\*\*\*@n'"),
        ("http://n:8083", "admin:s3cret@n", r":8: .*url expected an http"),
        ("http://n:8083", "http://u:pa/s3cret@n:8083", r":8: .*in a password write / as %2F"),
        ("http://n:8083", "http://u:pa@s3cret@n:8083", r":8: .*url expected an address"),
        ("http://n:8083", "http://n:8083/?token=s3cret", r":8: .*url expected an address"),
        ('"http://n:8083"', "{sasl.password: s3cret}", r":8: .*got a mapping"),
        ('"http://n:8083"', "[s3cret]", r":8: .*got a list"),
        (
            "clientProperties: c,",
            "clientProperties: {sasl.password: s3cret},",
            r":7: .*clientProperties .*got a mapping",
        ),
        ("clientProperties: c,", "clientProperties: [password=s3cret],", r":7: .*clientProperties .*got a list"),
        ("n:1,m:2", "SASL_SSL://me:s3cret@n:1", r":7: .*bootstrapServers expected host:port"),
        ("n:1,m:2", "me:s3cret@n:1", r":7: .*bootstrapServers expected host:port"),
        ("state: {file", "state: {password: s3cret, file", r":19: .*password is not known here"),
        ("{file: client-routing.json}", "{command: 's3cret --go'}", r":18: .*command .*got another value"),
        ("metadata: {name: plant}", 'metadata: {name: plant, name: "s3cret"}', ':3: found duplicate key "name"$'),
        ("metadata: {name: plant}", "metadata: {name: *s3cret}", "anchors and aliases"),
        ("metadata: {name: plant}", "metadata: {name: !s3cret!x plant}", ":3: "),
        ("metadata: {name: plant}", "password s3cret", ":"),
        ("metadata: {name: plant}", '"password": "s3cret', ":"),
    ],
)
def test_no_error_repeats_what_may_be_a_secret(tmp_path: Path, good: str, bad: str, said: str) -> None:
    assert good in GOOD
    with pytest.raises(ConfigInvalid, match=said) as caught:
        load(written(tmp_path, GOOD.replace(good, bad)))
    assert "s3cret" not in str(caught.value) + caught.value.remedy


def test_a_login_in_an_address_is_kept_and_shown_nowhere(tmp_path: Path) -> None:
    plan = load(written(tmp_path, GOOD.replace("http://n:8083", "http://me:s3cret@n:8083")))
    assert plan.site("north").connect_url == "http://me:s3cret@n:8083"
    assert "s3cret" not in repr(plan)


@pytest.mark.parametrize("url", ["http://h_1", "https://h:8083/", "http://[::1]:8083", "http://me:a%2Fb@h:1/x/y"])
def test_addresses_that_can_be_used_are_taken(tmp_path: Path, url: str) -> None:
    assert load(written(tmp_path, GOOD.replace("http://n:8083", url))).site("north").connect_url == url


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        load(written(tmp_path, GOOD.replace("http", "ftp").replace("1h30m", "soon")))
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize(
    "text", ["", "- a", "a: [", "text", b"\xff\xfe", b"a: \x00", "a: &x 1\nb: *x\n", BOMB, "x" * (1 << 21)]
)
def test_what_is_no_plan_file_is_refused(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(ConfigInvalid, match=r"plan\.yaml"):
        load(written(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="nowhere"):
        load(tmp_path / "nowhere.yaml")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=200)
@given(st.data())
def test_mangled_files_give_no_other_error(tmp_path: Path, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(GOOD)))
    length = data.draw(st.integers(0, 30))
    mangled = GOOD[:place] + data.draw(st.text(max_size=10)) + GOOD[place + length :]
    with suppress(ConfigInvalid):
        load(written(tmp_path, mangled.encode("utf-8", "surrogatepass")))
