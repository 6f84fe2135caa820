"""Print the table of every rule of the gates into docs/troubleshooting.md.

``python tools/rules_table.py`` (``make docs``). Name, code and meaning come from the rules themselves.
"""

from pathlib import Path

from drctl.decide.overrides import OVERRIDABLE
from drctl.decide.rules import CONCERNS

PAGE = Path(__file__).parents[1] / "docs" / "troubleshooting.md"
BEGIN, END = "<!-- begin: printed by tools/rules_table.py -->\n", "<!-- end -->\n"


def told() -> str:
    """One line per rule, by code and name."""
    lines = ["| code | rule | it says | override |", "| --- | --- | --- | --- |"]
    for concern in sorted(CONCERNS):
        for rule in sorted(CONCERNS[concern], key=lambda rule: rule.name):
            name = rule.name.lower().replace("_", "-")
            lines.append(f"| {concern.value} | `{name}` | {rule} | {OVERRIDABLE.get(rule, '')} |")
    return "\n".join([*lines, ""])


def placed(text: str) -> str:
    """The page with what the rules say today between the marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + told() + END + after


if __name__ == "__main__":
    PAGE.write_text(placed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
