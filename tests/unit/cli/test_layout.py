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


GROUPS = ("GROUP", "NORTH: STATE", "NORTH: MEMBERS", "SOUTH: STATE", "SOUTH: MEMBERS", "MOVES")


def test_columns_that_have_no_room_stand_below_their_row_each_behind_its_head() -> None:
    row = ["billing", "classic Stable", "1", "unknown", "", "with a switchover"]
    head, first, below = laid_out(GROUPS, [row], 60)
    assert head.split("  ")[0] == "GROUP"
    assert "SOUTH" not in head.removesuffix("SOUTH: STATE")
    assert first.split() == ["billing", "classic", "Stable", "1", "unknown"]
    assert below == "    MOVES with a switchover"


def test_no_line_is_wider_than_the_terminal_if_names_allow_it_and_nothing_is_left_out() -> None:
    rows = [["billing", "classic Stable", "1", "classic Empty", "12", "with a switchover"]]
    for room in range(40, 120):
        lines = list(laid_out(GROUPS, rows, room))
        assert max(map(len, lines)) <= room
        assert all(cell in " ".join(lines) for cell in rows[0])


def test_prose_below_comes_last_and_without_a_head() -> None:
    lines = list(laid_out(("A", "B", "WHY"), [["a" * 30, "b" * 30, "it does not answer"]], 40))
    assert lines == ["A", "a" * 30, "    B " + "b" * 30, "    it does not answer"]
