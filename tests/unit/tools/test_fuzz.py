"""Every reader of documents gives a value or an error with a remedy, whatever it reads; and the tool would notice."""

from pathlib import Path

import pytest

from drctl.errors import ConfigInvalid, DrctlError
from tools import fuzz

CASES = 60
"""Per reader: some seconds in all, and the same ones every time."""


@pytest.mark.parametrize("name", fuzz.READERS)
def test_a_mangled_document_gives_a_value_or_an_error_with_a_remedy(name: str) -> None:
    reader = fuzz.READERS[name]
    said = {number: fuzz.complaint(reader, fuzz.case(1, name, number)) for number in range(CASES)}
    assert not {number: words for number, words in said.items() if words}


@pytest.mark.parametrize("name", fuzz.READERS)
def test_a_document_that_nobody_mangled_is_a_value(name: str, tmp_path: Path) -> None:
    for example in fuzz.READERS[name].examples:
        fuzz.READERS[name].read(tmp_path, example)


def test_a_case_is_the_same_every_time_and_another_for_every_seed() -> None:
    assert fuzz.case(1, "plan", 7) == fuzz.case(1, "plan", 7) != fuzz.case(2, "plan", 7)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RecursionError("deep"), "RecursionError: deep"),
        (DrctlError("so it is"), "DrctlError without a remedy: so it is"),
        (ConfigInvalid("so it is", remedy="do that"), None),
    ],
)
def test_what_a_reader_may_not_raise_is_told(error: Exception, said: str | None) -> None:
    def broken(folder: Path, raw: bytes) -> object:
        raise error

    assert fuzz.complaint(fuzz.Reader((b"",), broken), b"") == said


def test_a_reader_that_comes_to_no_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(folder: Path, raw: bytes) -> object:
        while True:
            pass

    monkeypatch.setattr(fuzz, "LONGEST", 0.05)
    assert fuzz.complaint(fuzz.Reader((b"",), endless), b"") == "no answer within 0.05 seconds of CPU"
