"""A lab whose processes only sleep, for actions: what they noted of their faults, and what they armed."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from drctl.chaos.environment import EVIDENCE, LAB
from drctl.chaos.expiry import PREFIX
from drctl.lab import Lab
from tests.unit.lab.stand_ins import sleeping_lab


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setenv(LAB, str(tmp_path / "lab"))
    monkeypatch.setenv(EVIDENCE, str(tmp_path / "faults.jsonl"))
    with sleeping_lab(tmp_path / "lab") as lab:
        yield lab


@pytest.fixture
def sockets() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def noted(lab: Lab) -> list[dict[str, Any]]:
    path = lab.folder.parent / "faults.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def armed(lab: Lab) -> list[str]:
    return [each.name.removeprefix(PREFIX) for each in lab.status() if PREFIX in each.name and each.state != "gone"]


def listen(sockets: ExitStack, *ports: int) -> None:
    """Take connections and answer nothing, as a frozen process does."""
    for port in ports:
        sockets.enter_context(socket.create_server(("127.0.0.1", port)))


def agree(lab: Lab, controller: int) -> None:
    """Let every node of north write down who is the active controller."""
    for name in lab.layout["north"].brokers:
        folder = lab.folder / "data" / name / "__cluster_metadata-0"
        folder.mkdir(parents=True)
        (folder / "quorum-state").write_text(json.dumps({"leaderId": controller, "leaderEpoch": 3}))


def replace(lab: Lab, process: str, *argv: str) -> None:
    """Let a process of the lab do something else than sleep."""
    lab.processes.signal(process, "SIGKILL")
    lab.processes.wait_gone(process)
    lab.processes.start(process, argv)
