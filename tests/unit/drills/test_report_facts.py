"""What a manager and an auditor ask of a report: the objective, who ran it with what, and what its words mean."""

import hashlib
import json
import re
from dataclasses import fields, replace
from functools import cache
from html import escape, unescape
from pathlib import Path

import pytest

from drctl.drills.outcome import Commit, Drill, Objective
from drctl.drills.report import words
from drctl.drills.report.build import build
from drctl.drills.report.page import render
from drctl.drills.report.plots import VARIABLES
from drctl.drills.report.schema import report_schema
from drctl.drills.report.tables import CLASSES
from drctl.drills.report.write import write
from drctl.ledger.control import PLANTED
from drctl.ledger.findings import RecordFindings
from drctl.model.verdict import Verdict
from tests.unit.drills.example import PROVENANCE, drill, histories
from tests.unit.drills.outages import unplanned


def page(of: Drill) -> str:
    return render(build(of), of)


@cache
def whole() -> str:
    """The page of the drill that proved what it was to prove; drawing it takes long."""
    return page(drill())


def shown(of: Drill | None = None) -> str:
    """What stands on the page, without its drawings, in the order in which it is read."""
    text = re.sub(r"<(style|svg).*?</\1>", "", page(of) if of else whole(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", text)))


def promising(seconds: float, seen: Drill | None = None) -> Drill:
    """A drill whose plan file has that objective."""
    drilled = seen or drill()
    plan = replace(PROVENANCE.plan, objective=Objective(seconds, 0.0))
    return replace(drilled, provenance=replace(PROVENANCE, plan=plan))


def told_of_the_way_there(of: Drill) -> tuple[float | None, bool | None]:
    found = build(of).handovers[0]
    return found.longest_pause, found.pause_within_objective


def test_the_longest_pause_is_compared_with_the_objective() -> None:
    assert told_of_the_way_there(promising(60)) == (18.5, True)
    assert told_of_the_way_there(promising(18.5)) == (18.5, True)
    assert told_of_the_way_there(promising(18)) == (18.5, False)
    assert "longest pause of a client, to south: within the objective of 60 s" in shown()
    assert "longest pause of a client, to south: longer than the objective of 18 s" in shown(promising(18))


def test_a_client_that_did_not_return_leaves_open_whether_the_objective_was_met() -> None:
    away = build(promising(60, drill(seen=histories(homecoming=False)))).handovers[1]
    assert (away.longest_pause, away.pause_within_objective) == (None, None)
    text = shown(promising(60, drill(seen=histories(homecoming=False))))
    assert "not shown to be within the objective of 60 s: 3 clients did not return" in text


def test_a_pause_beyond_the_objective_is_told_even_if_another_client_did_not_return() -> None:
    seen = histories()
    lines = {
        **seen.lines,
        "consumer-reporting": [line for line in seen.lines["consumer-reporting"] if line.site == "north"],
    }
    assert told_of_the_way_there(promising(10, drill(seen=replace(seen, lines=lines)))) == (18.5, False)
    assert told_of_the_way_there(promising(60, drill(seen=replace(seen, lines=lines)))) == (18.5, None)


def test_what_a_manager_asks_stands_first_and_what_an_auditor_asks_last() -> None:
    text = shown()
    asked = (
        "Proved:",
        "Moved: 2 consumer groups with 3 positions and the producers of shop.orders, turbines.readings",
        "18.5 s longest pause",
        "1,000 records acknowledged",
        "0 lost",
        "0 read twice",
        "Pause that clients saw",
        "Groups",
        "Steps",
        "Timeline",
        "Origin of this report",
        "Definitions",
    )
    assert [text.find(each) for each in asked] == sorted(text.find(each) for each in asked)
    assert all(each in text for each in asked)


def test_the_document_says_who_ran_it_where_and_with_what() -> None:
    document = json.loads(build(drill()).model_dump_json())
    assert document["run"].items() >= {"user": "erin", "host": "ops-1.example", "commit": "5f0c" * 10}.items()
    assert document["run"]["local_changes"] is False
    assert document["plan"] == {
        "name": "wind-farm",
        "file": "wind-farm.yaml",
        "digest": "ab12" * 16,
        "topics": ["shop.orders", "turbines.readings"],
        "recovery_time": 60.0,
        "recovery_point": 0.0,
    }
    assert document["journal"] == {"lines": 92, "head": "cd34" * 16}
    assert document["steps"][0]["ended"] == "2027-01-15T08:00:26.000+00:00"


@pytest.mark.parametrize(
    "fact",
    [
        "Drill drill-20270115T080000-abc123",
        "Run from north to south run-1, epoch 1",
        "Run from south to north run-2, epoch 2",
        "Run by erin on ops-1.example",
        "Began 15 January 2027, 08:00:00.0 UTC",
        "Ended 15 January 2027, 08:02:55.0 UTC",
        "Version of drctl 0.1.0",
        f"Commit of drctl {'5f0c' * 10} ",
        "Plan file wind-farm.yaml, plan wind-farm",
        f"SHA-256 of the plan file {'ab12' * 16}",
        f"Head of the journal {'cd34' * 16}, line 92",
    ],
)
def test_the_page_says_who_ran_it_where_and_with_what(fact: str) -> None:
    text = shown()
    assert fact in re.sub(r" +", " ", text[text.index("Origin of this report") :])


def test_a_commit_that_is_not_known_or_not_what_ran_is_told_as_such() -> None:
    unknown = replace(drill(), provenance=replace(PROVENANCE, commit=None))
    assert (build(unknown).run.commit, build(unknown).run.local_changes) == (None, None)
    assert "Commit of drctl unknown" in shown(unknown)
    changed = replace(drill(), provenance=replace(PROVENANCE, commit=Commit("5f0c", changed=True)))
    assert "Commit of drctl 5f0c, with local changes" in shown(changed)


def test_the_checksum_on_the_page_is_the_written_documents(tmp_path: Path) -> None:
    drilled = drill()
    write(tmp_path, build(drilled), page(drilled))
    checksum = hashlib.sha256((tmp_path / "report.json").read_bytes()).hexdigest()
    text = re.sub(r"<[^>]*>", " ", (tmp_path / "report.html").read_text())
    assert re.search(rf"SHA-256 of report\.json\s+{checksum}\s", text)


def test_every_class_and_every_verdict_is_defined() -> None:
    told = build(drill()).definitions
    assert set(told.records) == set(CLASSES)
    assert set(CLASSES) == {field.name for field in fields(RecordFindings)} - {"seen"}
    assert set(told.verdicts) == set(Verdict)
    assert set(PLANTED) <= {*told.records, *told.groups}
    text = shown()
    used = {proof for each in build(drill()).handovers for group in each.groups for proof in group.proofs}
    records = [meaning for name, meaning in told.records.items() if name != "stranded"]
    meanings = [*records, *told.verdicts.values(), *told.groups.values(), *told.measures.values()]
    assert [meaning for meaning in [*meanings, *(told.proofs[proof] for proof in used)] if meaning not in text] == []


def test_the_schema_describes_what_is_new() -> None:
    parts = report_schema()["$defs"]
    for part in ("RunPart", "PlanPart", "JournalPart", "HandoverPart", "DefinitionsPart"):
        assert parts[part]["description"]


def test_names_from_outside_are_text_and_never_markup() -> None:
    evil = "<script>alert('x')</script>\" & more"
    plan = replace(PROVENANCE.plan, name=evil, file=evil, digest=evil, topics=(evil,))
    origin = replace(
        PROVENANCE, user=evil, host=evil, commit=Commit(evil, changed=True), versions={evil: evil}, plan=plan
    )
    drilled = replace(drill(), id=evil, provenance=origin, phases=((1_800_000_000.0, evil),))
    text = page(drilled)
    assert "<script" not in text
    assert text.count(escape(evil).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")) >= 10


def test_the_plots_follow_the_theme_of_the_page() -> None:
    text = whole()
    assert "@media screen and (prefers-color-scheme: dark)" in text
    drawings = "".join(re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL))
    assert set(re.findall(r"#[0-9a-f]{6}", re.sub(r"var\(--[-\w]+, #[0-9a-f]{6}\)", "", drawings))) == set()
    assert all(text.count(f"{variable}: #") == 2 for variable in VARIABLES.values())


def test_only_tables_that_fit_a_phone_stay_tables_there() -> None:
    wide = set(re.findall(r'<table class="wide">\s*<thead><tr><th scope="col">([^<]*)<', whole()))
    assert wide == {"Group", "Class", "Site"}
    assert "anywhere" not in re.findall(r"^\.text.*", whole(), flags=re.MULTILINE)[0]


def test_the_page_of_an_outage_has_the_same_facts_and_its_own_definitions() -> None:
    text = shown(unplanned())
    asked = (
        "Moved: 2 positions of consumer groups",
        "from north, which was lost, to south, under load",
        "recovery time; the objective of 60 s is",
        "recovery point",
        "records acknowledged",
        "Pause that clients saw",
        "Failover from north to south",
        "Origin of this report",
        "Failover from north to south run-1, epoch 1",
        "Run by erin on ops-1.example",
        "Definitions",
        "at the survivor or in the saved tail, in one of them only",
    )
    assert [each for each in asked if each not in text] == []
    told = build(unplanned()).definitions
    assert {"recovery time", "recovery point"} <= set(told.measures)
    assert told.records["stranded"] in text
    assert "longest pause of a client" not in text


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0 s"), (0.5, "0.5 s"), (60, "60 s"), (90, "90 s"), (300, "5 min"), (7200, "2 h")]
)
def test_an_objective_is_told_in_the_largest_unit_that_leaves_it_whole(seconds: float, told: str) -> None:
    assert words.span(seconds) == told
