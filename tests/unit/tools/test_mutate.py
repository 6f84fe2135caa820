"""The mutants that are made of a module."""

import pytest

from tools.mutate import Mutant, Noted, concerned, mutants

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
