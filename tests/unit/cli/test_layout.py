"""Tables on narrow terminals: names whole, reasons below, numbers at the right."""

from drctl.cli.layout import laid_out

COLUMNS = ("LINK", "STATE", "LAG", "WHY")
ROWS = [
    ["north-to-south", "running", "7", ""],
    ["south-to-north", "unknown", "1200", "Connect worker http://connect.south.example:8083 does not answer"],
]


def test_a_wide_terminal_shows_why_beside() -> None:
    head, first, second = laid_out(COLUMNS, ROWS, 120)
    assert head.split() == list(COLUMNS)
    assert first.startswith("north-to-south  running     7")
    assert second == "south-to-north  unknown  1200  " + ROWS[1][3]


def test_eighty_columns_squeeze_no_name_and_show_why_below() -> None:
    lines = list(laid_out(COLUMNS, ROWS, 80))
    assert lines[1:] == ["north-to-south  running     7", "south-to-north  unknown  1200", "    " + ROWS[1][3]]


def test_a_name_that_is_wider_than_the_terminal_is_whole() -> None:
    name = "n" * 100
    assert name in list(laid_out(("GROUP", "STATE"), [[name, "Stable"]], 80))[1]


def test_what_is_not_known_among_numbers_stands_with_them_and_words_stay_at_the_left() -> None:
    _, first, second, third = laid_out(("N", "OF"), [["12", "a"], ["unknown", "bb"], ["≤ 5", "c"]], None)
    assert (first, second, third) == ("     12  a", "unknown  bb", "    ≤ 5  c")
