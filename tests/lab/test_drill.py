"""The whole drill on a small lab, through the command line, judged by its report."""

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest

from drctl.drills.report.schema import report_schema

pytestmark = pytest.mark.early


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drill")
    command = [sys.executable, "-m", "drctl", "drill", "--small", "--seconds", "6", "--report", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verdict: proved" in done.stdout
    return folder


def test_nothing_is_lost_and_no_group_reads_anything_twice(report: Path) -> None:
    document = json.loads((report / "report.json").read_text())
    jsonschema.validate(document, report_schema())
    assert document["verdict"] == "proved"
    assert document["records"]["acknowledged"] > 1000
    assert [document["records"][name] for name in ("lost", "duplicated", "corrupt")] == [0, 0, 0]
    groups = {group["name"]: group for group in document["groups"]}
    assert sorted(groups) == ["billing", "dispatch", "forecast", "pricing", "reporting"]
    assert {(group["skipped"], group["repeated"]) for group in groups.values()} == {(0, 0)}
    assert groups["reporting"]["lag_at_handover"] > 500
    assert groups["reporting"]["mirrormaker_would_repeat"] > 0
    assert groups["pricing"]["protocol"] == "consumer"
    assert all(document["negative_control"].values())
    assert all(document["evidence"].values())


def test_anybody_can_judge_it_again(report: Path) -> None:
    command = [sys.executable, "-m", "drctl", "verify", str(report), "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert (told["damage"], told["differences"], told["verdict"]) == ([], [], "proved")


class Page(HTMLParser):
    """What a page would load, and what it shows."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.pictures = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.pictures += tag == "svg"
        self.loaded += [
            v or "" for k, v in attrs if k in ("src", "href", "xlink:href") and not (v or "").startswith("#")
        ]


def test_the_page_holds_everything_it_shows(report: Path) -> None:
    page = Page()
    text = (report / "report.html").read_text()
    page.feed(text)
    assert page.pictures == 3
    assert page.loaded == []
    assert "<script" not in text
