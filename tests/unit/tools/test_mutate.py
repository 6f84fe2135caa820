"""The mutants that are made of a module."""

import pytest

from tools.mutate import mutants

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


@pytest.mark.parametrize("text", ["", "x = 'words'", "def f() -> None:\n    ..."])
def test_where_nothing_can_be_flipped_there_is_no_mutant(text: str) -> None:
    assert list(mutants("drctl/found.py", text)) == []
