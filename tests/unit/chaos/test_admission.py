"""Which experiments may be run at all: those of which a green run would mean something."""

import hashlib
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from drctl.chaos.admission import Experiment, admitted, controls_in
from drctl.drills.experiments.refutation import Refutation
from drctl.errors import ConfigInvalid
from drctl.lab.losses import LOSING as LOSING_FAULTS
from tests.unit.chaos.experiments import ACTIVITIES, experiment

FOREIGN = {"controls": [{"name": "c", "provider": {"type": "python", "module": ACTIVITIES}}]}
OWN = {"name": "drctl", "provider": {"type": "python", "module": "drctl.chaos.controls"}}
EXPECTED = {"lost": "none", "duplicated": "none", "skipped": "none", "repeated": "some"}
STATED = {"name": "drctl", "faults": ["kill"], "expected": EXPECTED}

LOSING = {**EXPECTED, "lost": "some", "skipped": "any"}
CONTROL = {
    "name": "drctl", "verdict": "refuted", "faults": ["elect-unclean"], "expected": LOSING, "topics": ["shop.orders"],
}  # fmt: skip
"""What a negative control states."""


def call(module: str, func: str, **arguments: Any) -> dict[str, Any]:
    provider = {"type": "python", "module": f"drctl.chaos.{module}", "func": func, "arguments": arguments}
    return {"type": "action", "name": func, "provider": provider}


KILL = call("actions", "kill_brokers", site="north", brokers=[1])
UNDO = call("undo", "restart_dead_brokers", site="north")


def sound(**changes: Any) -> dict[str, Any]:
    """An experiment that may be run."""
    whole = {"probes": [{**call("probes", "link_runs", source="north"), "type": "probe", "tolerance": True}]}
    own = {"controls": [OWN], "extensions": [STATED], "method": [KILL], "rollbacks": [UNDO]}
    return experiment(**{"steady-state-hypothesis": {"title": "h", **whole}, **own, **changes})


def written(folder: Path, text: dict[str, Any]) -> Path:
    path = folder / "experiment.yaml"
    with path.open("w") as file:
        YAML().dump(text, file)
    return path


def refused(folder: Path, **changes: Any) -> str:
    """What is said of an experiment that may not be run; it is always said how to mend it."""
    with pytest.raises(ConfigInvalid) as told:
        admitted(written(folder, sound(**changes)))
    assert told.value.remedy
    return str(told.value)


def test_a_sound_experiment_is_read_with_what_it_states(tmp_path: Path) -> None:
    path = written(tmp_path, sound())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert admitted(path) == Experiment(path, "t", ("kill",), repeats=True, digest=digest)


def test_an_experiment_that_would_install_something_is_refused(tmp_path: Path) -> None:
    assert "installs dependencies" in refused(tmp_path, runtime={"python": {"dependencies": ["x"]}})


@pytest.mark.parametrize(
    "changes", [FOREIGN, {"method": [{**KILL, **FOREIGN}]}, {"controls": ACTIVITIES}, {"controls": [ACTIVITIES]}]
)
def test_a_control_that_could_rewrite_what_happened_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert f"the control {ACTIVITIES}" in refused(tmp_path, **changes)


@pytest.mark.parametrize(
    "controls",
    [[], None, [{**OWN, "scope": "before"}], [{**OWN, "automatic": False}], [{"name": "drctl"}]],
    ids=["none", "null", "only before", "not applied", "no provider"],
)
def test_an_experiment_that_chaos_run_would_pass_unseen_is_refused(tmp_path: Path, controls: object) -> None:
    assert "control" in refused(tmp_path, controls=controls)


@pytest.mark.parametrize("part", ["method", "rollbacks"])
@pytest.mark.parametrize("empty", [[], None, "x", {}])
def test_an_experiment_without_a_fault_or_its_undo_is_refused(tmp_path: Path, part: str, empty: object) -> None:
    assert f"has no {part}" in refused(tmp_path, **{part: empty})


def provided(provider: object) -> dict[str, Any]:
    return {"type": "action", "name": "a", "provider": provider}


PROVIDERS = [
    {"type": "http", "url": "http://localhost"},
    {"type": "process", "path": "true"},
    {"type": "python", "module": "os", "func": "getpid"},
    {"type": "python", "module": "drctl.chaos.environment", "func": "note", "arguments": {"line": "{}"}},
    {"type": "python", "module": "drctl.chaos.actions", "func": "note", "arguments": {"line": "{}"}},
    {"type": "python", "module": "drctl.chaos.controls", "func": "gaps"},
    {"type": "python", "module": "drctl.chaos.actions"},
    {"type": "python"},
    "x",
    None,
]


@pytest.mark.parametrize("provider", PROVIDERS, ids=str)
def test_what_drctl_does_not_provide_is_refused_wherever_it_stands(tmp_path: Path, provider: object) -> None:
    other = provided(provider)
    assert "has a provider that is" in refused(tmp_path, method=[KILL, other])
    assert "has a provider that is" in refused(tmp_path, rollbacks=[other])
    tolerance = {"type": "probe", "name": "t", "provider": provider}
    probe = {**call("probes", "link_runs", source="north"), "type": "probe", "tolerance": tolerance}
    assert "has a provider that is" in refused(
        tmp_path, **{"steady-state-hypothesis": {"title": "h", "probes": [probe]}}
    )


@pytest.mark.parametrize("where", [{"dry": "activities"}, {"method": [{**KILL, "dry": "pause"}]}], ids=str)
def test_what_would_only_be_pretended_is_refused(tmp_path: Path, where: dict[str, Any]) -> None:
    assert "is dry" in refused(tmp_path, **where)


@pytest.mark.parametrize(
    "where",
    [
        {"configuration": {"site": {"type": "env", "key": "SITE"}}},
        {"secrets": {"kafka": {"type": "vault"}}},
        {"method": [{**KILL, "pauses": {"after": "${pause}"}}]},
        {"method": [call("actions", "kill_brokers", site="${site}", brokers=[1])]},
        {"method": [call("actions", "kill_brokers", site="north", brokers=["${one}"])]},
    ],
    ids=str,
)
def test_what_takes_values_from_elsewhere_is_refused(tmp_path: Path, where: dict[str, Any]) -> None:
    assert refused(tmp_path, **where)


@pytest.mark.parametrize(
    ("part", "strategy"),
    [("rollbacks", "never"), ("rollbacks", "deviated"), ("hypothesis", "after-method-only"), ("hypothesis", "skip")],
)
def test_a_strategy_that_leaves_out_a_look_or_an_undo_is_refused(tmp_path: Path, part: str, strategy: str) -> None:
    told = refused(tmp_path, runtime={part: {"strategy": strategy}})
    assert f"strategy for {part} is {strategy}" in told


def test_the_strategies_that_do_all_of_it_are_taken(tmp_path: Path) -> None:
    runtime = {"rollbacks": {"strategy": "always"}, "hypothesis": {"strategy": "continuously"}}
    assert admitted(written(tmp_path, sound(runtime=runtime))).faults == ("kill",)


@pytest.mark.parametrize(
    "extensions",
    [
        None,
        7,
        [],
        [7],
        [STATED, STATED],
        [{**STATED, "faults": []}],
        [{**STATED, "faults": "kill"}],
        [{**STATED, "faults": ["restart"]}],
        [{**STATED, "faults": ["kill", "typo"]}],
        [{**STATED, "faults": [["kill"]]}],
        [{**STATED, "expected": None}],
        [{**STATED, "expected": {**EXPECTED, "lost": "some"}}],
        [{**STATED, "expected": {**EXPECTED, "repeated": "many"}}],
        [{**STATED, "expected": {"lost": "none"}}],
    ],
    ids=str,
)
def test_an_experiment_that_does_not_state_its_faults_and_losses_is_refused(tmp_path: Path, extensions: object) -> None:
    assert refused(tmp_path, extensions=extensions)


def test_a_negative_control_is_read_with_what_it_is_refuted_of(tmp_path: Path) -> None:
    found = admitted(written(tmp_path, sound(extensions=[CONTROL])))
    assert (found.faults, found.refutation) == (
        ("elect-unclean",),
        Refutation(("lost",), ("skipped",), ("shop.orders",)),
    )
    assert found.statement.refutation == found.refutation
    assert admitted(written(tmp_path, sound(extensions=[{**STATED, "verdict": "proved"}]))).refutation is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"verdict": "inconclusive"}, "states the verdict inconclusive"),
        ({"verdict": None}, "states the verdict None"),
        ({"verdict": ["refuted"]}, "states the verdict"),
        ({"faults": ["kill"]}, "none of its faults makes brokers lose records"),
        ({"faults": ["elect-unclean", "typo"]}, "does not state which of"),
        ({"expected": {**LOSING, "lost": "none"}}, "names no class of what must be found"),
        ({"expected": {**LOSING, "lost": "any"}}, "names no class of what must be found"),
        ({"expected": {**LOSING, "lost": "many"}}, "expects many lost"),
        ({"expected": {**LOSING, "lost": ["some"]}}, "expects .* lost"),
        ({"expected": {**LOSING, "repeated": "any"}}, "expects any repeated"),
        ({"expected": {**EXPECTED, "repeated": "some"}}, "names no class"),
        ({"expected": {**LOSING, "gone": "some"}}, "states gone, which is no class of a loss"),
        ({"expected": {"lost": "some"}}, "does not state what is expected"),
        ({"topics": None}, "does not state in which topics"),
        ({"topics": []}, "does not state in which topics"),
        ({"topics": "shop.orders"}, "does not state in which topics"),
        ({"topics": ["shop.orders", ["shop.prices"]]}, "does not state in which topics"),
        ({"topics": ["orders"]}, "does not state in which topics"),
    ],
    ids=str,
)
def test_a_control_whose_refutation_might_mean_nothing_is_refused(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    assert re.search(said, refused(tmp_path, extensions=[{**CONTROL, **changes}]))


@pytest.mark.parametrize("verdict", [{}, {"verdict": "proved"}], ids=["none", "proved"])
@pytest.mark.parametrize("kind", LOSING_FAULTS)
def test_an_experiment_in_which_brokers_lose_records_cannot_be_one_that_is_proved(
    tmp_path: Path, kind: str, verdict: dict[str, str]
) -> None:
    stated = {**STATED, "faults": ["kill", kind], **verdict}
    assert f"{kind} makes brokers lose records" in refused(tmp_path, extensions=[stated])


def test_a_class_that_only_a_control_states_is_refused_elsewhere(tmp_path: Path) -> None:
    stated = {**STATED, "expected": {**EXPECTED, "deleted": "none"}}
    assert "states deleted" in refused(tmp_path, extensions=[stated])


def test_controls_are_found_among_others_and_beside_what_is_none(tmp_path: Path) -> None:
    for name, stated in (("b", CONTROL), ("a", CONTROL), ("c", STATED)):
        written(tmp_path, sound(extensions=[stated])).rename(tmp_path / f"{name}.yaml")
    (tmp_path / "d.yaml").write_text("title: t")
    why: list[ConfigInvalid] = []
    assert [each.path.stem for each in controls_in(tmp_path, why.append)] == ["a", "b"]
    assert ["d.yaml" in str(each) for each in why] == [True]


@pytest.mark.parametrize("text", ["", "[1]", "a: [", "title: x", "method"])
def test_what_is_no_experiment_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "e.yaml"
    path.write_text(text)
    with pytest.raises(ConfigInvalid):
        admitted(path)


ALIASES = "title: x\nmethod: []\na: &a [1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in pairwise("abcdefghijkl")
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ALIASES, r":3: anchors and aliases are not supported"),
        ("method: []\na: " + "[" * 100_000, r":2: is nested deeper than 32 levels"),
        ("method: []\n<<: {controls: [other]}\n", r":2: merge keys are not supported"),
        ("method: []\n# a comment\u2028controls: [other]\n", r":2: has a line break in it that YAML 1.1 knows"),
        ("method: []\na: !!binary aGk=\n", r":2: tags are not supported"),
        ("method: []\nmethod: [other]\n", r":2: found duplicate key"),
        ("method: []\na: " + "9" * 5000, r":2: this value cannot be read"),
    ],
)
def test_an_experiment_that_others_would_read_otherwise_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "e.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigInvalid, match=said) as caught:
        admitted(path)
    assert caught.value.remedy


ON_PODS = call("kube_actions", "kill_pods", site="north", times=2)


def test_faults_of_pods_are_stated_only_by_what_kills_pods_which_needs_a_lab_with_pods(tmp_path: Path) -> None:
    stated = {**STATED, "faults": {"kill-pod": 1, "kill-inside": 2}}
    found = admitted(written(tmp_path, sound(method=[ON_PODS], extensions=[stated])))
    assert (found.faults, found.on_pods) == (("kill-pod", "kill-inside", "kill-inside"), True)
    assert not admitted(written(tmp_path, sound())).on_pods
    assert "does not state which of" in refused(tmp_path, extensions=[stated])
    heals = {**STATED, "faults": ["heal"]}
    assert "does not state which of" in refused(tmp_path, method=[ON_PODS], extensions=[heals])


@pytest.mark.parametrize("count", [0, -1, True, "2", 1.0, 1001, None, [1]], ids=repr)
def test_a_fault_that_is_stated_no_countable_number_of_times_is_refused(tmp_path: Path, count: object) -> None:
    assert "does not state which of" in refused(tmp_path, extensions=[{**STATED, "faults": {"kill": count}}])
