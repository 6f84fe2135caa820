"""The report of a drill: JSON of a fixed shape, and a page that needs nothing but itself."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import override

import jsonschema
import pytest

from drctl.drills.outcome import Drill
from drctl.drills.report.build import build
from drctl.drills.report.page import WORDS, render
from drctl.drills.report.schema import report_schema
from drctl.drills.report.write import prepare, write
from drctl.errors import ConfigInvalid
from drctl.model.verdict import EXIT_CODES, Verdict
from tests.unit.drills.example import drill, histories
from tests.unit.drills.outages import unplanned

VOID = {"meta", "path", "use", "br"}


class Page(HTMLParser):
    """What a page loads and shows, and whether its tags close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.labels: list[str] = []
        self.misplaced: list[str] = []
        self.feed(text)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.handle_startendtag(tag, attrs)

    @override
    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "action") and not (value or "").startswith("#"):
                self.loaded.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            if tag == "svg" and name == "aria-label":
                self.labels.append(value or "")

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and (not self.open or self.open.pop() != tag):
            self.misplaced.append(tag)


def page(of: Drill) -> str:
    return render(build(of), of)


def test_the_document_has_the_printed_shape() -> None:
    document = json.loads(build(drill()).model_dump_json())
    jsonschema.validate(document, report_schema())
    assert document["verdict"] == "proved"
    assert set(document["run"]) >= {"id", "kind", "began", "ended", "versions"}
    assert document["steps"][0].items() >= {"name": "check-gates", "seconds": 6.0}.items()
    assert document["records"].items() >= {"acknowledged": 1000, "lost": 0, "duplicated": 0, "corrupt": 0}.items()


def test_a_group_is_told_with_its_lag_and_mirrormakers_number_of_the_first_handover() -> None:
    document = build(drill())
    assert [group.model_dump() for group in document.groups][1] == {
        "name": "reporting",
        "protocol": "consumer",
        "lag_at_handover": 3246,
        "skipped": 0,
        "repeated": 0,
        "mirrormaker_would_repeat": 1385,
    }
    assert document.totals.mirrormaker_would_repeat == 2 * 1385
    assert document.totals.processed == 2000


def test_of_a_group_that_processed_nothing_is_unknown_what_it_skipped_and_repeated() -> None:
    idle = drill(groups=("dispatch",))
    document = build(idle)
    told = {group.name: (group.skipped, group.repeated) for group in document.groups}
    assert told == {"dispatch": (0, 0), "reporting": (None, None)}
    assert (document.totals.skipped, document.totals.repeated) == (None, None)
    jsonschema.validate(json.loads(document.model_dump_json()), report_schema())
    row = re.search(r'<th scope="row">reporting</th>.*', page(idle))
    assert row
    assert re.findall(r'data-label="(Skipped|Read twice)">(\w+)<', row[0]) == [
        ("Skipped", "unknown"),
        ("Read twice", "unknown"),
    ]


def test_a_group_that_was_not_handed_over_has_no_numbers_of_a_handover() -> None:
    drilled = drill()
    extra = replace(drilled.findings.groups[0], name="stranger")
    findings = replace(drilled.findings, groups=(*drilled.findings.groups, extra))
    (stranger,) = [g for g in build(replace(drilled, findings=findings)).groups if g.name == "stranger"]
    assert (stranger.protocol, stranger.lag_at_handover, stranger.mirrormaker_would_repeat) == (None, None, None)
    assert stranger.skipped == 0


def test_the_timeline_is_in_order_and_holds_steps_and_phases() -> None:
    moments = build(drill()).timeline
    assert [moment.at for moment in moments] == sorted(moment.at for moment in moments)
    told = [moment.what for moment in moments]
    assert told[0] == "the workload starts"
    assert "unfence-target ended after 0.5 s" in told
    last = told.index("watch-first-commits ended after 3.0 s")
    assert told[last + 1] == "switchover from north to south has ended"


def test_losses_are_named_in_the_document_and_on_the_page() -> None:
    refuted = drill(lost=2)
    assert build(refuted).records.lost == 2
    text = page(refuted)
    assert "Refuted" in text
    assert "turbines.readings-0 producer 1 sequence 2" in text


def test_a_client_that_did_not_return_is_told_as_such() -> None:
    text = page(drill(seen=histories(homecoming=False)))
    assert "did not return" in text
    assert "Inconclusive" in text


def test_the_page_needs_nothing_but_itself() -> None:
    text = page(drill())
    found = Page(text)
    assert found.loaded == []
    assert not re.search(r"<script|<link|<iframe|@import|url\((?!#)", text)
    # What is left of addresses are the names of SVG's own vocabularies.
    assert set(re.findall(r"https?://[^\"'\s<]+", text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_the_page_is_well_formed_and_its_plots_have_names_for_those_who_cannot_see_them() -> None:
    found = Page(page(drill()))
    assert (found.misplaced, found.open) == ([], [])
    assert len(found.ids) == len(set(found.ids))
    assert len(found.labels) == 3
    assert all(found.labels)


def test_whatever_a_reason_says_is_text_and_never_markup() -> None:
    text = page(drill(reasons=("<script>alert('x')</script> & \"more\"",)))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_the_same_drill_gives_the_same_page() -> None:
    assert page(drill()) == page(drill())


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_words_and_a_code_and_only_proved_is_zero(verdict: Verdict) -> None:
    assert WORDS[verdict.value].lower().startswith(verdict.value)
    assert (EXIT_CODES[verdict] == 0) == (verdict is Verdict.PROVED)


def test_a_report_is_written_as_json_and_as_a_page(tmp_path: Path) -> None:
    write(tmp_path / "new", build(drill()), "<p>page</p>")
    assert json.loads((tmp_path / "new" / "report.json").read_text())["verdict"] == "proved"
    assert (tmp_path / "new" / "report.html").read_text() == "<p>page</p>"


def test_a_folder_that_cannot_be_written_is_refused_before_the_drill(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigInvalid, match="cannot be written"):
        prepare(tmp_path / "file" / "report")


def test_an_outage_is_told_with_its_recovery_its_tail_and_what_was_decided() -> None:
    document = json.loads(build(unplanned()).model_dump_json())
    jsonschema.validate(document, report_schema())
    told = document["outage"]
    assert (document["standby"], document["handovers"]) == (None, [])
    assert told["recovery_time"].items() >= {"detection": 10.0, "objective": 60.0}.items()
    assert told["recovery_point"] == {"records": 0, "seconds": 0.0, "objective": 0.0, "met": True}
    assert told["stranded"][0] == {"topic": "shop.orders", "records": 5, "decision": "hand-over"}
    assert (told["fence_at_failover"], told["fence_after_return"]) == ("pending", "proven")
    assert told["positions"] == {"group-sync": 2}
    assert {step["handover"] for step in document["steps"]} == {"north to south"}
    assert [moment["what"] for moment in document["timeline"]].count("failover from north to south begins") == 1


def test_the_page_of_an_outage_begins_with_what_it_cost_and_is_well_formed() -> None:
    text = page(unplanned())
    found = Page(text)
    assert (found.misplaced, found.open, found.loaded) == ([], [], [])
    assert len(found.ids) == len(set(found.ids))
    assert len(found.labels) == 3
    assert text.index("recovery time; the objective of 60 s") < text.index("records acknowledged")
    assert "Seen by the process table: gone: north-broker-1 (pid 7)." in text
    assert "MirrorMaker 2 alone" not in text


def test_a_planned_drill_has_no_outage() -> None:
    assert build(drill()).outage is None
    assert "recovery time" not in page(drill())


def test_no_form_of_the_report_tells_what_the_other_hides(tmp_path: Path) -> None:
    """Words of others reach reasons and phases; they are hidden once, before anything is made of the report."""
    said = "worker http://ops:s3cr3t-pw@connect:8083 said sasl.password=hunter2 on <topic>"
    of = replace(drill(reasons=(said,)), phases=((1.0, said),))
    report = build(of)
    write(tmp_path, report, render(report, of))
    for name in ("report.json", "report.html"):
        text = (tmp_path / name).read_text("utf-8")
        assert not any(secret in text for secret in ("s3cr3t-pw", "hunter2"))
        assert "connect:8083 said sasl.password=***" in text
