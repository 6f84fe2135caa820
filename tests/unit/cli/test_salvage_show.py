"""drctl salvage show reads what lies on a disk: a manifest that somebody else wrote is named, and no bug of drctl."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from drctl.cli import cli
from drctl.errors import NotProven
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world

COUNTS = {"committed": 1, "aborted": 0, "open": 0, "tombstones": 0, "unseen": 1, "later": 0}
GOOD: dict[str, Any] = {
    "run": "r1",
    "failover": {"run": "f1"},
    "site": {"name": "north"},
    "topics": {"orders": COUNTS},
    "tails": {"orders-0": {"gone": 2}},
    "groups": {"billing": {"orders-0": 5}},
}


@pytest.fixture
def earth(monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    made = fake_world()

    @contextmanager
    def opened(_: Path) -> Iterator[World]:
        yield made.ports()

    monkeypatch.setattr("drctl.cli.salvage.opened", opened)
    return made


def shown(earth: FakeWorld, manifest: bytes, *words: str) -> Result:
    earth.vault.put("r1", "manifest.json", manifest.split(b"\n"))
    return CliRunner().invoke(cli, ["salvage", "show", *words])


def test_a_manifest_is_shown(earth: FakeWorld) -> None:
    done = shown(earth, json.dumps(GOOD, indent=1).encode())
    assert (done.exit_code, done.exception) == (0, None)
    assert "orders-0: 2 offsets were deleted" in done.output
    assert json.loads(shown(earth, json.dumps(GOOD).encode(), "-o", "json").output)["run"] == "r1"


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 100_000,
        b'{"run": "r1", "run": "r2"}',
        b"\xff",
        b"{}",
        *(
            json.dumps(GOOD | {key: value}).encode()
            for key in GOOD
            if key != "run"
            for value in (None, 7, [1], {"a": 1})
        ),
        *(json.dumps({k: v for k, v in GOOD.items() if k != key}).encode() for key in GOOD),
    ],
    ids=range(7 + 4 * 5 + 6),
)
def test_a_manifest_that_no_salvage_leaves_is_named(earth: FakeWorld, manifest: bytes) -> None:
    failed = shown(earth, manifest).exception
    assert isinstance(failed, NotProven)
    assert "manifest.json" in str(failed)
    assert failed.remedy
