"""The Chaos Toolkit finds what experiments may call, and nobody else loads the toolkit for it."""

import subprocess
import sys
from importlib import import_module

import pytest
from chaoslib.discovery.package import get_discover_function

import drctl
from drctl.chaos.admission import MODULES


@pytest.mark.parametrize("module", MODULES)
def test_all_that_an_experiment_may_call_is_discovered_with_its_arguments(module: str) -> None:
    told = get_discover_function(drctl)(discover_system=True)
    assert (told["extension"]["name"], told["extension"]["version"]) == ("drctl", drctl.__version__)
    found = {each["name"]: each for each in told["activities"] if each["mod"] == module}
    assert found.keys() == set(import_module(module).__all__)
    assert {each["type"] for each in found.values()} == {"probe" if module.endswith(".probes") else "action"}
    assert all(each["doc"] and "arguments" in each for each in found.values())


def test_asking_for_the_version_loads_no_toolkit() -> None:
    code = "import sys, drctl; print(drctl.__version__, 'chaoslib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [drctl.__version__, "False"]
