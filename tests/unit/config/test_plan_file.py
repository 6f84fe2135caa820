"""The plan file: every error names its line, what was expected and a remedy."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from drctl.config import duration, load, schema
from drctl.errors import ConfigInvalid

GOOD = """\
apiVersion: drctl.io/v1alpha1
kind: DisasterRecoveryPlan
metadata: {name: plant}
spec:
  sites:
    - name: north
      kafka: {bootstrapServers: "n:1,m:2", clientProperties: c, canary: {clientProperties: c, topic: canary}}
      connect: {url: "http://n:8083"}
    - name: south
      kafka: {bootstrapServers: "s:1", clientProperties: c, canary: {clientProperties: c, topic: canary}}
      connect: {url: "https://s:8083"}
  links:
    - {name: n-s, source: north, target: south, connectors: c, replicationPrincipal: "User:mm2"}
    - {name: s-n, source: south, target: north, connectors: c, replicationPrincipal: "User:mm2"}
  workloads:
    - {name: all, topics: [readings], groups: [billing]}
  objectives: {recoveryTime: 1h30m, recoveryPoint: 0s}
  frontDoor: {file: door.json}
  state: {file: state/drctl.sqlite}
"""


BOMB = '"a": &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n' + "".join(
    f'"{k}": &{k} [{", ".join([f"*{chr(ord(k) - 1)}"] * 9)}]\n' for k in "bcdefghij"
)


def written(folder: Path, text: str | bytes) -> Path:
    (folder / "c").touch()
    path = folder / "plan.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_good_file_becomes_frozen_values_with_absolute_paths(tmp_path: Path) -> None:
    plan = load(written(tmp_path, GOOD))
    assert plan.objectives.recovery_time == timedelta(minutes=90)
    assert plan.site("north").canary.client_properties == tmp_path / "c"
    assert plan.link("south", "north").name == "s-n"
    assert plan.state == tmp_path / "state" / "drctl.sqlite"
    assert plan.guards.max_lag == 100_000


def test_a_site_may_say_where_its_pods_live(tmp_path: Path) -> None:
    where = 'connect: {url: "http://n:8083"}\n      kubernetes: {context: north, namespace: kafka}'
    good = GOOD.replace('connect: {url: "http://n:8083"}', where)
    assert load(written(tmp_path, good)).site("north").name == "north"
    with pytest.raises(ConfigInvalid, match=r"plan\.yaml:9: spec\.sites\[0\]\.kubernetes\.namespace is missing"):
        load(written(tmp_path, good.replace(", namespace: kafka", "")))


def test_the_schema_accepts_what_the_loader_accepts() -> None:
    jsonschema.validate(YAML(typ="safe").load(GOOD), schema())


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


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.data())
def test_mangled_files_give_no_other_error(tmp_path: Path, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(GOOD)))
    length = data.draw(st.integers(0, 30))
    mangled = GOOD[:place] + data.draw(st.text(max_size=10)) + GOOD[place + length :]
    with suppress(ConfigInvalid):
        load(written(tmp_path, mangled.encode("utf-8", "surrogatepass")))


@pytest.mark.parametrize(("text", "seconds"), [("500ms", 0.5), ("60s", 60), ("2m", 120), ("1h30m", 5400), ("0s", 0)])
def test_durations(text: str, seconds: float) -> None:
    assert duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "15minutes", "10d5s", "5", "s", "-1s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ConfigInvalid, match="no duration"):
        duration(text)
