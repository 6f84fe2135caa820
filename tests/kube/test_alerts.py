"""The alert rules that are shipped, read and played by promtool itself. It needs no Kubernetes, but Go, once."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.kube.deployed import DEPLOY, documents, tool

LINK, SITE = {"link": "north-to-south"}, {"site": "north"}
A, B = 'instance="a"', 'instance="b"'
"""Two replicas, which tell of the same link or site: what both tell is one alert."""
OF_LINK = 'link="north-to-south"'
OF_SITE = 'site="north"'


@dataclass(frozen=True)
class Case:
    """Series as promtool writes them, a sample every 15 seconds; when the alert is quiet, and when it fires."""

    alert: str
    summary: str
    series: dict[str, str]
    labels: dict[str, str]
    fires: tuple[str, ...] = ("2m",)
    quiet: tuple[str, ...] = ("30s",)

    def __str__(self) -> str:
        return self.alert


def _loss(alert: str, rule: str, summary: str, *, fires: str = "2m") -> Case:
    """A loss of the link that both replicas see from the first minute on."""
    of = f'drctl_link_losses{{{OF_LINK},rule="{rule}"'
    return Case(alert, summary, {f"{of},{A}}}": "0x3 2x80", f"{of},{B}}}": "0x3 2x80"}, LINK, (fires,))


CASES = (
    _loss(
        "DrctlRetentionOvertakesLink",
        "retention_near",
        "The source of north-to-south is about to delete records that were not copied",
    ),
    _loss(
        "DrctlRecordsLost",
        "records_lost",
        "The source of north-to-south deleted records before they were copied",
    ),
    _loss(
        "DrctlTopicRecreated",
        "topic_recreated",
        "A topic of north-to-south was deleted and recreated at the source",
    ),
    _loss(
        "DrctlSourceShorter",
        "source_shorter",
        "A log at the source of north-to-south ends before what was copied from it",
    ),
    _loss(
        "DrctlLinkSilent",
        "link_silent",
        "north-to-south says that it runs and copies nothing, while records wait at the source",
        fires="3m",
    ),
    _loss(
        "DrctlTargetAhead",
        "target_ahead",
        "A group's position at the target of north-to-south is ahead of the one at the source,"
        " so it would skip records",
        fires="3m",
    ),
    Case(
        "DrctlTimeToLossShort",
        "north-to-south: 30m 0s until the source may delete records that were not copied",
        {f"drctl_link_time_to_loss_seconds{{{OF_LINK},{A}}}": "7200x3 1800x80"},
        LINK,
        fires=("7m",),
        quiet=("30s", "5m"),
    ),
    Case(
        "DrctlLinkTasksFailed",
        "2 connectors or tasks of north-to-south have failed, whatever state the connector shows",
        {f"drctl_link_failed_tasks{{{OF_LINK},{A}}}": "0x3 2x3 0x3 2x80"},
        LINK,
        fires=("5m",),
        quiet=("1m30s", "2m30s"),
    ),
    Case(
        "DrctlLinkRestartedAgainAndAgain",
        "Connectors or tasks of north-to-south failed and were restarted by drctl 4 times in six hours",
        {f"drctl_link_task_restarts_total{{{OF_LINK},{A}}}": "0x3 6x3 9x3 10x3 11x80"},
        LINK,
        fires=("5m",),
        quiet=("1m30s", "3m"),
    ),
    Case(
        "DrctlOffsetSyncsMissing",
        "The offset syncs of north-to-south cannot be read at its target, so no position can be translated",
        {f'drctl_reading_unknown{{of="north-to-south",reading="offset_syncs",{A}}}': "0x3 1x80"},
        {"of": "north-to-south"},
        fires=("7m",),
        quiet=("5m",),
    ),
    Case(
        "DrctlStandbyOpen",
        "3 principals may write at north, to which no clients are sent",
        {f"drctl_standby_open_writers{{{OF_SITE},{A}}}": "0x3 3x80"},
        SITE,
        fires=("3m",),
    ),
    Case(
        "DrctlLeftSiteOpen",
        "north, left by a failover, is back and its fence is not proven: clients may write there",
        {
            f'drctl_left_site_fence{{{OF_SITE},state="pending",{A}}}': "1x80",
            f"drctl_site_up{{{OF_SITE},{A}}}": "0x7 1x80",
            f"drctl_site_up{{{OF_SITE},{B}}}": "0x80",
        },
        SITE,
        fires=("3m",),
        quiet=("1m",),
    ),
    Case(
        "DrctlLiveDrillUnwatched",
        "The work of a live drill stays at the other site, and no drctl watches it, so nothing brings it home",
        {f"drctl_live_drill_unwatched{{{A}}}": "0x3 1x80"},
        {},
        fires=("3m",),
    ),
    Case(
        "DrctlAutomaticFailoverNotArmed",
        "If north were lost now, no failover would begin by itself, though the plan file lets it",
        {
            f"drctl_automatic_failover_armed{{{OF_SITE},{A}}}": "0x120",
            f"drctl_automatic_failover_armed{{{OF_SITE},{B}}}": "1x40 0x80",
        },
        SITE,
        fires=("25m",),
        quiet=("5m", "19m"),
    ),
    Case(
        "DrctlCanaryRefuted",
        "Records that the canary wrote and that were acknowledged were lost, doubled, changed or skipped",
        {f'drctl_canary_windows_total{{verdict="refuted",{A}}}': "0x40 1x400"},
        {},
        fires=("12m",),
        quiet=("9m", "80m"),
    ),
    Case(
        "DrctlCanaryProvesNothing",
        "The canary has not proved a single window for an hour, so that no loss of records would be seen",
        {f'drctl_canary_windows_total{{verdict="proved",{A}}}': "0+1x80 80x400"},
        {},
        fires=("90m",),
        quiet=("10m", "75m"),
    ),
    Case(
        "DrctlNotLooking",
        "No drctl service has looked at the sites for two minutes, so none of the other alerts can come",
        {f"drctl_last_cycle_timestamp_seconds{{{A}}}": "0+15x20", f"drctl_last_cycle_timestamp_seconds{{{B}}}": "0x20"},
        {},
        fires=("9m45s", "12m"),
        quiet=("5m", "7m30s"),
    ),
)


def groups() -> list[dict[str, Any]]:
    (manifest,) = documents((DEPLOY / "components/alerts/alerts.yaml").read_text())
    found: list[dict[str, Any]] = manifest["spec"]["groups"]
    return found


def rules() -> dict[str, dict[str, Any]]:
    """Each rule by the name of its alert."""
    return {rule["alert"]: rule for group in groups() for rule in group["rules"]}


@pytest.fixture
def rule_file(tmp_path: Path) -> Path:
    """The groups as a rule file of Prometheus."""
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"groups": groups()}))
    return file


def promtool(*words: str | Path) -> tuple[int, str]:
    """What it ends with, and says."""
    done = subprocess.run([tool("promtool"), *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def played(rule_file: Path, case: Case) -> tuple[int, str]:
    """What promtool says of the rules, with these series."""
    rule = rules()[case.alert]
    alert = {
        "exp_labels": {**case.labels, **rule["labels"]},
        "exp_annotations": {"summary": case.summary, "remedy": rule["annotations"]["remedy"]},
    }
    asked = [(time, [alert]) for time in case.fires] + [(time, []) for time in case.quiet]
    told = [{"eval_time": time, "alertname": case.alert, "exp_alerts": alerts} for time, alerts in asked]
    series = [{"series": name, "values": values} for name, values in case.series.items()]
    test = {"interval": "15s", "input_series": series, "alert_rule_test": told}
    file = rule_file.with_name("test.json")
    file.write_text(
        json.dumps({"rule_files": [rule_file.name], "evaluation_interval": "15s", "tests": [test]}), encoding="utf-8"
    )
    return promtool("test", "rules", file)


def test_the_rules_are_rules_of_prometheus(rule_file: Path) -> None:
    code, said = promtool("check", "rules", "--lint=all", "--lint-fatal", rule_file)
    assert code == 0, said
    assert f"{len(rules())} rules found" in said


def test_a_rule_that_is_none_is_refused(rule_file: Path) -> None:
    rule_file.write_text(rule_file.read_text().replace("max by (link) (", "max by (link) ((", 1))
    code, said = promtool("check", "rules", rule_file)
    assert code != 0
    assert "could not parse expression" in said


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_alert_comes_when_it_is_to_come_and_not_before(rule_file: Path, case: Case) -> None:
    code, said = played(rule_file, case)
    assert code == 0, said


def test_an_alert_that_does_not_come_is_noticed(rule_file: Path) -> None:
    lost = CASES[1]
    code, said = played(rule_file, Case(lost.alert, lost.summary, dict.fromkeys(lost.series, "0x80"), LINK))
    assert code != 0
    assert "FAILED" in said


def test_every_alert_that_wakes_somebody_is_played() -> None:
    critical = {name for name, rule in rules().items() if rule["labels"]["severity"] == "critical"}
    assert critical <= {case.alert for case in CASES}
