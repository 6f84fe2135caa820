"""Documents from outside: what is too large, too deep, ambiguous or no text is refused with its line."""

import os
from pathlib import Path

import pytest

from drctl.config import load
from drctl.config.documents import MOST, contents, parse_yaml, read_json
from drctl.errors import ConfigInvalid
from drctl.model.documents import DocumentError, json_of, line_of_key
from tests.unit.config.plan_files import BOMB, GOOD, written

REFUSED = [
    ("a:\n  " + "[" * (1 << 20), r":2: is nested deeper than 32 levels"),
    ("a: 1\nb: " + "[" * 33 + "]" * 33, r":2: is nested deeper than 32 levels"),
    ("a: 1\n" + "- " * 40, r":2: "),
    ("a:\n" + "".join(" " * n + "a:\n" for n in range(1, 40)), r":33: is nested deeper"),
    ("a: 1\nb: " + "{a: " * 40, r":2: is nested deeper"),
    ("a: 1\nb: &x 1\n", r":2: anchors and aliases are not supported"),
    ("a: 1\n" + BOMB, r":2: anchors and aliases are not supported"),
    ("a: 1\nb: !!binary aGk=\n", r":2: tags are not supported"),
    ("a: 1\nb: !!float x\n", r":2: tags are not supported"),
    ("a: 1\nb: 9" + "9" * 5000, r":2: this value cannot be read"),
    ("a: 1\nb: 9999-99-99", r":2: this value cannot be read"),
    ("a: 1\nb: \x07", r":2: is no YAML text"),
    ("a: 1\nb: 1\na: 2", r":3: found duplicate key"),
    (b"a: 1\nb: gr\xf6\xdfe", r":2: is not UTF-8 text"),
    (GOOD.encode("utf-16"), r":1: is not UTF-8 text"),
    ("a: [" + "a," * MOST + "]", rf":1: has more than {MOST} parts"),
    ("- a", r":1: holds no mapping"),
    ("", r":1: holds no mapping"),
]


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_yaml_is_refused_with_its_line(tmp_path: Path, text: str | bytes, said: str) -> None:
    raw = text.encode() if isinstance(text, str) else text
    with pytest.raises(ConfigInvalid, match=said) as caught:
        parse_yaml(tmp_path / "plan.yaml", raw[: 1 << 20], "write a mapping")
    assert caught.value.remedy


def test_a_byte_order_mark_before_a_plan_file_is_no_part_of_it(tmp_path: Path) -> None:
    assert load(written(tmp_path, b"\xef\xbb\xbf" + GOOD.encode())).name == "plant"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1,\n"a": 2}', ":2: a key stands twice"),
        ('{"a": {"b": 1},\n"c": {"b": 1,\n"b": 2}}', ":3: a key stands twice"),
        ('{"a":\n' + "[" * 100_000, ":2: is nested deeper than 64 levels"),
        ('{"a":\n' + "9" * 5000 + "}", ":2: holds a whole number of more than 64 bits"),
        ('{"a":\n9223372036854775808}', ":2: holds a whole number of more than 64 bits"),
        ('{"a":\n1e999}', ":2: holds a number that is too large"),
        ('{"a":\nNaN}', ":2: NaN and Infinity"),
        ('{"a":\n-Infinity}', ":2: NaN and Infinity"),
        ('{"a":\n' + '{"a":[' * 32 + "1" + "]}" * 32 + "}", ":2: is nested deeper than 64 levels"),
        ('["]",' * 65 + '"["' + "]" * 65, ":1: is nested deeper than 64 levels"),
        ('["\\\\","\\"",' * 65 + "1" + "]" * 65, ":1: is nested deeper than 64 levels"),
        ('{"a": "\\ud800"}', ":1: holds an escape that is half"),
        ('{"a":\n"\x01"}', ":2: is no JSON"),
        ('{"a":\n"x', ":2: is no JSON"),
        ('{"a":\n}', ":2: is no JSON"),
        ('"' + '\\"' * 500_000, ":1: is no JSON"),
        (b'{"a":\n"\xf6"}', ":2: is not UTF-8 text"),
        ('{"a": 1}'.encode("utf-16"), ":1: is not UTF-8 text"),
        ("", ":1: is no JSON"),
        (" " * (1 << 20) + "{}", "is larger than 1048576 bytes"),
    ],
)
def test_json_is_refused_with_its_line(tmp_path: Path, text: str | bytes, said: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigInvalid, match=said) as caught:
        read_json(path, "correct it")
    assert caught.value.remedy == "correct it"


def test_json_within_all_bounds_is_read_as_it_is() -> None:
    text = '{"a": [{"b": 1}, {"b": 2}], "c": {"b": -9223372036854775808, "d": 1.5, "e": "\\u00f6 \\ud83d\\ude00"}}'
    assert json_of(text) == {"a": [{"b": 1}, {"b": 2}], "c": {"b": -(1 << 63), "d": 1.5, "e": "ö 😀"}}
    assert json_of("[" * 64 + "]" * 64)
    with pytest.raises(DocumentError):
        json_of("[" * 65 + "]" * 65)


def test_a_key_is_found_in_its_own_object() -> None:
    text = '{"a": {"b": "c",\n"x": 1},\n"b": {"x":\n2}}'
    assert [line_of_key(text, place) for place in (["a", "x"], ["b"], ["b", "x"], ["x"])] == [2, 3, 3, 1]


def test_a_pipe_and_a_device_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(ConfigInvalid, match="is no regular file"):
            contents(path, "name a file")
    with pytest.raises(ConfigInvalid, match="cannot be read"):
        contents(tmp_path / "nul\0", "name a file")
