"""Ports for labs: no two labs are given the same, and none that an outgoing connection could be given."""

import os
import socket
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from drctl.errors import LabError
from drctl.lab import ports


@pytest.fixture(autouse=True)
def _own_claims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_labs_that_start_at_once_share_no_port() -> None:
    with ProcessPoolExecutor(4) as pool:
        given = list(pool.map(ports.free_ports, [32] * 40))
    taken = [port for each in given for port in each]
    assert len(taken) == len(set(taken)) == 40 * 32


def test_none_is_given_to_outgoing_connections() -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert max(ports.BLOCKS) + ports.BLOCK <= lowest
    assert min(ports.BLOCKS) > 1024


def test_what_somebody_listens_on_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *_ = ports.free_ports(1)
    monkeypatch.setattr(ports, "BLOCKS", range(first, first + 1, ports.BLOCK))
    monkeypatch.setattr(ports, "CLAIM", -1.0)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", first))
        listener.listen()
        assert first not in ports.free_ports(3)


def test_a_claim_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "BLOCKS", range(20000, 20001, ports.BLOCK))
    given = ports.free_ports(2)
    with pytest.raises(LabError, match="no 2 ports are free"):
        ports.free_ports(2)
    (mark,) = (tmp_path / f"drctl-ports-{os.getuid()}").iterdir()
    os.utime(mark, (0, 0))
    assert ports.free_ports(2) == given
