"""The gate's second chance: it tells what needed it, and hides nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TIER = Path(__file__).parents[3] / "tools" / "tier.py"
PASSES_LATER = """
from pathlib import Path
def test_chance():
    seen = Path("seen")
    first = not seen.exists()
    seen.touch()
    assert not first
"""


def tier(folder: Path, *arguments: str, **tests: str) -> "subprocess.CompletedProcess[str]":
    (folder / "tests" / "demo").mkdir(parents=True)
    for name, text in tests.items():
        (folder / "tests" / "demo" / f"test_{name}.py").write_text(text)
    command = [sys.executable, str(TIER), *arguments]
    quick = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=quick)


def second_tries(folder: Path) -> list[str]:
    listed = folder / "reports" / "passed-on-second-try.txt"
    return listed.read_text().splitlines() if listed.exists() else []


def test_what_passes_on_the_second_try_is_listed(tmp_path: Path) -> None:
    done = tier(tmp_path, "twice", "demo", chance=PASSES_LATER, sound="def test_sound(): pass\n")
    assert done.returncode == 0, done.stdout
    assert second_tries(tmp_path) == ["tests/demo/test_chance.py::test_chance"]
    assert "1 passed" in done.stdout.splitlines()[-1]


def test_what_fails_twice_fails(tmp_path: Path) -> None:
    done = tier(tmp_path, "twice", "demo", chance=PASSES_LATER, broken="def test_broken(): assert False\n")
    assert done.returncode == 1
    assert second_tries(tmp_path) == []


@pytest.mark.parametrize("text", ["import nothing_of_that_name\n", "def test_(:\n"])
def test_what_cannot_be_collected_gets_no_second_try(tmp_path: Path, text: str) -> None:
    done = tier(tmp_path, "twice", "demo", broken=text)
    assert done.returncode not in (0, 1)
    assert "second try" not in done.stdout


def test_a_tier_that_passes_lists_nothing(tmp_path: Path) -> None:
    done = tier(tmp_path, "twice", "demo", sound="def test_sound(): pass\n")
    assert done.returncode == 0
    assert second_tries(tmp_path) == []


def test_soak_counts_how_often_each_test_failed(tmp_path: Path) -> None:
    done = tier(tmp_path, "soak", "demo", "--times", "3", chance=PASSES_LATER)
    assert done.returncode == 1
    assert "failed 1 of 3: tests/demo/test_chance.py::test_chance" in done.stdout
