"""In a container the user may be a number without a name; what a person says there is kept all the same."""

import getpass
import os

import pytest

from drctl.cli.salvage import word_for_less
from drctl.cli.terms import terms, word_of


@pytest.fixture(autouse=True)
def nameless(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise KeyError("getpwuid(): uid not found: 65532")

    monkeypatch.setattr(getpass, "getuser", unknown)


def test_who_begins_a_run_is_told_by_number() -> None:
    assert terms().by == f"uid {os.getuid()}"


def test_who_gives_a_word_is_told_by_number() -> None:
    for word in (word_for_less("the disks are burnt", ""), word_of("--attest-target-down", "it is off", "")):
        assert word is not None
        assert word.by.startswith(f"uid {os.getuid()} on ")
