"""The mutants that are made of a module."""

import ast
from pathlib import Path

import pytest

from tools.mutants import Mutant, mutants
from tools.mutate import Noted, Outcomes, concerned, key

TEXT = """
@dataclass(frozen=True)
class Found:
    size: int = 1

    def fits(self, room: int | None) -> bool:
        return room is not None and not self.size > room - 1
"""


def test_each_condition_and_constant_is_flipped_once_and_nothing_in_decorators_or_annotations() -> None:
    made = list(mutants("drctl/found.py", TEXT))
    assert sorted(each.name.removeprefix("drctl/found.py ") for each in made) == sorted(
        [
            "Found: 1 -> 2",
            (
                "Found.fits: room is not None and (not self.size > room - 1)"
                " -> room is not None or not self.size > room - 1"
            ),
            "Found.fits: room is not None -> room is None",
            "Found.fits: not self.size > room - 1 -> self.size > room - 1",
            "Found.fits: self.size > room - 1 -> self.size >= room - 1",
            "Found.fits: room - 1 -> room + 1",
            "Found.fits: 1 -> 2",
        ]
    )
    assert len({each.source for each in made}) == len(made)
    assert {each.function for each in made} == {"", "Found.fits"}


def test_of_one_mutant_nothing_is_left_in_the_next_one() -> None:
    lines = ast.unparse(ast.parse(TEXT)).splitlines()
    for made in mutants("drctl/found.py", TEXT):
        (changed,) = [each for each, was in zip(made.source.splitlines(), lines, strict=True) if each != was]
        assert made.name.partition(" -> ")[2] in changed


@pytest.mark.parametrize("text", ["", "x = 'words'", "def f() -> None:\n    ..."])
def test_where_nothing_can_be_flipped_there_is_no_mutant(text: str) -> None:
    assert list(mutants("drctl/found.py", text)) == []


@pytest.mark.parametrize(
    ("function", "tests"),
    [
        ("Found.fits", {"fits"}),
        ("", {"fits", "other"}),  # a constant: whoever runs its module
        ("nowhere", {"fits", "other", "elsewhere"}),
    ],
)
def test_a_mutant_faces_the_tests_that_run_what_it_changes(function: str, tests: set[str]) -> None:
    noted = {
        "fits": Noted(0.5, frozenset({"drctl/found.py Found.fits", "drctl/found.py Found"})),
        "other": Noted(0.1, frozenset({"drctl/found.py Found"})),
        "elsewhere": Noted(0.2, frozenset({"drctl/founder.py Found.fits"})),
    }
    faced = concerned(Mutant("drctl/found.py", "it", "", function), noted)
    assert faced == {name: noted[name].seconds for name in tests}


SUITE = "tests/unit/tools/test_mutate.py::test_it"
BEFORE = Mutant("drctl/found.py", "drctl/found.py Found.fits: 1 -> 2", "", "Found.fits", "def fits(): 1")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (Mutant("drctl/found.py", BEFORE.name, "another module around it", "Found.fits", "def fits(): 1"), True),
        (Mutant("drctl/found.py", BEFORE.name, "", "Found.fits", "def fits(): 1 + 1"), False),
        (Mutant("drctl/found.py", "drctl/found.py Found.fits: 1 -> 0", "", "Found.fits", "def fits(): 1"), False),
    ],
)
def test_what_is_known_of_a_mutant_holds_until_its_function_changes(other: Mutant, same: bool) -> None:
    assert (key(BEFORE, [SUITE]) == key(other, [SUITE])) is same


def test_what_is_known_of_a_mutant_does_not_hold_for_other_tests() -> None:
    assert key(BEFORE, [SUITE]) != key(BEFORE, ["tests/unit/tools/test_fuzz.py::test_it"])


def test_outcomes_are_there_for_the_next_run_even_if_this_one_is_cut_off(tmp_path: Path) -> None:
    file = tmp_path / "reports" / "mutants.jsonl"
    first = Outcomes(file)
    first.add("one", caught=True)
    first.add("other", caught=False)
    file.write_text(file.read_text() + '["half')
    again = Outcomes(file)
    assert [again.caught(each) for each in ("one", "other", "half")] == [True, False, None]
    assert Outcomes(file, afresh=True).caught("one") is None
    assert not file.exists()


def test_a_mutant_knows_its_function_without_the_change() -> None:
    made = {each.name: each.unchanged for each in mutants("drctl/found.py", TEXT)}
    assert made["drctl/found.py Found: 1 -> 2"] == TEXT
    assert made["drctl/found.py Found.fits: room - 1 -> room + 1"].startswith("def fits(self")
