"""What the processes of a lab load before they work: little, for each test of one starts several."""

import subprocess
import sys

import pytest

from drctl import lab

HEAVY = ("confluent_kafka", "httpx2", "cryptography", "pydantic", "kubernetes", "ruamel")


@pytest.mark.parametrize("module", ["drctl.lab.supervisor", "drctl.lab.tcp_proxy"])
def test_a_process_that_asks_no_broker_loads_no_client(module: str) -> None:
    code = f"import sys, {module}; print(sorted(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert f"'{module}'" in told
    assert not [each for each in HEAVY if f"'{each}'" in told]


def test_what_the_lab_offers_is_there_when_it_is_named_and_nothing_else() -> None:
    assert all(getattr(lab, name).__name__ == name for name in lab.__all__)
    assert not hasattr(lab, "Laboratory")
