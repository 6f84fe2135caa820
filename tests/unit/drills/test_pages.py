"""The pages' templates: what is the same on every page stands in one of them."""

from pathlib import Path

import pytest

import drctl.drills

TEMPLATES = {path.name: path for path in Path(drctl.drills.__file__).parent.rglob("*.html")}
PARTS = {"grid.html", "outage.html", "outage_keys.html"}


@pytest.mark.parametrize("name", sorted(TEMPLATES.keys() - PARTS - {"base.html"}))
def test_a_page_has_head_and_foot_of_the_base_template(name: str) -> None:
    text = TEMPLATES[name].read_text("utf-8")
    assert text.startswith('{% extends "base.html" %}\n')
    for once in ("<!doctype", "<head>", "<style>", "<h1>", "SHA-256 of {", "All times are in UTC"):
        assert once not in text


def test_all_six_pages_are_tried() -> None:
    assert len(TEMPLATES.keys() - PARTS) == len({"base", "page", "run", "tabletop", "isolated", "live", "experiment"})
