"""What 'drctl lab up' says of a lab that runs, and how its load starts; no Kafka."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drctl.cli.lab import command
from drctl.drivers.store.clock import SystemClock
from drctl.errors import LabError
from drctl.lab import Lab
from drctl.lab import load as load_module
from drctl.lab.layout import plan_layout
from drctl.lab.load import start_load
from drctl.lab.processes import Processes, ProcessStatus
from drctl.ledger.history import HistoryWriter

CLIENTS = {
    f"client-{name}"
    for name in ("turbines", "orders", "prices", "dispatch", "reporting", "billing", "forecast", "pricing")
}


class Listed(Processes):
    """Processes by name with their state; what is started runs."""

    def __init__(self, folder: Path, states: dict[str, str]) -> None:
        super().__init__(folder, SystemClock())
        self.states = states
        self.commands: dict[str, Sequence[str]] = {}

    def all(self) -> tuple[ProcessStatus, ...]:
        return tuple(ProcessStatus(name, 1, state, 0) for name, state in self.states.items())

    def start(
        self, name: str, argv: Sequence[str], env: Mapping[str, str] | None = None, *, end: str = "SIGKILL"
    ) -> int:
        del env, end
        self.states[name] = "running"
        self.commands[name] = argv
        return 1


def _lab(folder: Path, nodes: int, **states: str) -> tuple[Lab, Listed]:
    lab = Lab(folder, plan_layout(nodes), SystemClock())
    lab.processes = listed = Listed(folder, {name.replace("_", "-"): state for name, state in states.items()})
    return lab, listed


def _up(monkeypatch: pytest.MonkeyPatch, lab: Lab, *arguments: str) -> Result:
    monkeypatch.setattr(Lab, "attach", lambda _: lab)
    return CliRunner().invoke(command, ["up", "--dir", str(lab.folder), *arguments])


def test_a_lab_that_runs_is_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = _up(monkeypatch, _lab(tmp_path, 3, north_broker_2="gone", south_connect="running")[0])
    assert done.exit_code == 0
    assert f"a lab runs already in {tmp_path}: north with 3 brokers, south with 3 brokers" in done.output
    assert "not running: north-broker-2 (" in done.output
    assert f"plan file: {tmp_path / 'plan.yaml'}" in done.output


@pytest.mark.parametrize(("nodes", "arguments"), [(1, []), (3, ["--small"])])
def test_a_lab_of_another_size_is_not_what_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nodes: int, arguments: list[str]
) -> None:
    done = _up(monkeypatch, _lab(tmp_path, nodes)[0], *arguments)
    assert isinstance(done.exception, LabError)
    assert f"south with {nodes} broker" in str(done.exception)
    assert "asked for" in str(done.exception)
    assert f"drctl lab down --dir {tmp_path}" in done.exception.remedy


def test_a_load_starts_what_does_not_run_and_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab, processes = _lab(tmp_path, 1, client_orders="running", client_dispatch="gone", north_broker_1="running")
    answers = iter(["dispatch, billing", "billing", ""])
    monkeypatch.setattr(load_module, "_uncommitted", lambda *_: next(answers))
    monkeypatch.setattr(SystemClock, "sleep", lambda *_: None)
    said: list[str] = []
    assert start_load(lab, said.append) == 7
    assert set(processes.commands) == CLIENTS - {"client-orders"}
    assert [line.rpartition(": ")[2] for line in said] == ["dispatch, billing", "billing"]
    for argv in processes.commands.values():
        assert argv[argv.index("--history") + 1] == os.devnull


def test_a_client_that_ends_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab, processes = _lab(tmp_path, 1)

    def ended(*_: object) -> str:
        processes.states["client-pricing"] = "gone"
        return "pricing"

    monkeypatch.setattr(load_module, "_uncommitted", ended)
    with pytest.raises(LabError, match="client-pricing ended") as told:
        start_load(lab, lambda _: None)
    assert told.value.remedy == f"see {tmp_path / 'logs' / 'client-pricing.log'}"


def test_a_history_that_nobody_keeps_can_be_written() -> None:
    history = HistoryWriter(Path(os.devnull))
    history.write("acknowledged", 1.0, "north", [[1, "shop.orders", 0, 1]])
    history.close()
