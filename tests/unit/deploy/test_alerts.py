"""The alert rules that are shipped: each loss has one, and each names a metric and a rule that the service has."""

import re
from pathlib import Path
from typing import Any, Never

import pytest
from prometheus_client import Counter
from ruamel.yaml import YAML

from drctl.decide.rules import Rule
from drctl.service.automatic_failover import AutomaticFailover
from drctl.service.canary import CanaryWatch
from drctl.service.capacity import CapacityWatch
from drctl.service.courses import CourseKeeper
from drctl.service.live_drill import LiveDrillWatch
from drctl.service.metrics import LOSSES, Metrics
from tests.fakes import fake_world, plan_file

ROOT = Path(__file__).parents[3] / "deploy"
ALERTS = ROOT / "components/alerts/alerts.yaml"


def rules() -> list[dict[str, Any]]:
    groups = YAML(typ="safe").load(ALERTS.read_text())["spec"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def metrics() -> dict[str, tuple[str, ...]]:
    """Every metric of the service with its labels."""
    shown = Metrics()
    CourseKeeper(shown.registry)
    canary = CanaryWatch(plan_file(), fake_canary, shown.registry)
    # The registry tells the labels of no metric that has no value yet.
    drill = LiveDrillWatch(fake_world().ports(), shown.registry)
    capacity = CapacityWatch(fake_world().ports(), shown)
    automatic = AutomaticFailover(fake_world().ports(), nothing_is_opened, shown)
    told = (shown, canary, drill, capacity, automatic)
    known = [each for of in told for each in vars(of).values() if hasattr(each, "_labelnames")]
    return {_exposed(each): tuple(each._labelnames) for each in known}


def _exposed(metric: Any) -> str:
    return f"{metric._name}_total" if isinstance(metric, Counter) else str(metric._name)


def nothing_is_opened(_: object) -> Never:
    """Nobody acts for the names of metrics."""
    raise AssertionError


def fake_canary() -> Never:
    """Nothing is opened for the names of metrics."""
    raise AssertionError


@pytest.mark.parametrize("rule", LOSSES)
def test_each_loss_has_an_alert(rule: Rule) -> None:
    wanted = f'drctl_link_losses{{rule="{rule.name.lower()}"}}'
    assert [each["alert"] for each in rules() if wanted in each["expr"]] != []


def test_what_mirror_maker_hides_without_a_rule_of_losses_has_an_alert_too() -> None:
    told = " ".join(each["expr"] for each in rules())
    assert "drctl_link_failed_tasks" in told
    assert 'drctl_reading_unknown{reading="offset_syncs"}' in told
    assert "drctl_link_time_to_loss_seconds" in told


def test_what_is_restarted_again_and_again_has_an_alert_that_counts_restarts_and_not_tasks() -> None:
    assert any("changes(drctl_link_task_restarts_total[" in each["expr"] for each in rules())


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_names_metrics_and_labels_that_there_are(rule: dict[str, Any]) -> None:
    known = metrics()
    used = re.findall(r"(drctl_\w+)(?:\{(\w+)=\"(\w+)\"\})?", rule["expr"])
    assert used
    for name, label, value in used:
        assert name in known
        assert not label or label in known[name]
        assert label != "rule" or value.upper() in {each.name for each in LOSSES}
    grouped = re.findall(r"(?:by|on) \(([\w, ]+)\)", rule["expr"])
    labels = {label for each in grouped for label in each.split(", ")}
    told = rule["annotations"]["summary"] + rule["annotations"]["remedy"]
    assert set(re.findall(r"\$labels\.(\w+)", told)) <= labels
    assert all(label in known[name] for name, _, _ in used for label in labels)


def test_an_alert_says_how_much_it_matters_and_what_to_do() -> None:
    names = [each["alert"] for each in rules()]
    assert len(names) == len(set(names))
    assert {each["labels"]["severity"] for each in rules()} == {"critical", "warning"}
    assert all(each["annotations"]["remedy"] for each in rules())


def test_helm_hands_the_alerts_own_templates_on() -> None:
    """Of every action in the chart's file, only the condition and the namespace are Helm's."""
    text = (ROOT / "chart/templates/alerts.yaml").read_text()
    helms = set(re.findall(r"\{\{-? (.*?) -?\}\}", text))
    assert helms == {"if .Values.alerts", ".Release.Namespace", '"{{"', "end"}
    assert text.count('{{ "{{" }} $') == ALERTS.read_text().count("{{ $")
