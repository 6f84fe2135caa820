"""What a refuted run needs to be refuted again, and nothing more."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drctl.chaos.reproduction import shortest
from drctl.errors import ConfigInvalid, Conflict, NotFound, NotProven
from tests.unit.chaos.campaigning import Campaigns, three

__all__ = ["three"]


@given(st.integers(1, 20), st.data())
def test_a_series_is_as_short_as_leaving_out_one_by_one_makes_it(length: int, data: st.DataObject) -> None:
    series = tuple(range(length))
    needed = data.draw(st.sets(st.sampled_from(series), max_size=3)) | {series[-1]}
    found = shortest(series, lambda tried: needed <= set(tried))
    assert found is not None
    assert list(found) == sorted(needed)


@given(st.integers(1, 20))
def test_what_never_fails_again_has_none_and_the_whole_was_tried(length: int) -> None:
    tried = list[int]()

    def never(series: Sequence[int]) -> bool:
        tried.append(len(series))
        return False

    assert shortest(range(length), never) is None
    assert tried[-1] == length


def test_what_ran_before_on_the_same_lab_is_found(three: Campaigns) -> None:
    three.end(three="refuted after one")
    assert three.run().exit_code == 20
    (three.folder / "calls").unlink()
    done = three.call("reproduce", str(three.report), "--attempts", "1")
    assert done.exit_code == 0, done.output
    assert "refuted again: one, three" in done.output
    assert three.calls == ["three", "two", "three", "one", "two", "three", "two", "three", "one", "three"]
    assert three.labs == ["up", "down"] * (2 + 5)


def test_what_ran_on_another_lab_is_not_tried(three: Campaigns) -> None:
    three.end(two="inconclusive", three="refuted")
    three.run()
    (three.folder / "calls").unlink()
    assert "refuted again: three" in three.call("reproduce", str(three.report)).output
    assert three.calls == ["three"]


def test_what_is_not_refuted_again_is_told_so_after_all_attempts(three: Campaigns) -> None:
    three.end(two="refuted")
    three.run()
    three.end()
    (three.folder / "calls").unlink()
    done = three.call("reproduce", str(three.report), "--attempts", "2")
    assert isinstance(done.exception, NotProven)
    assert "run 3, two, was not refuted again in 2 attempts" in str(done.exception)
    assert three.calls == ["two", "two", "one", "two", "one", "two"]


def test_bad_input_is_told_before_anything_runs(three: Campaigns) -> None:
    assert isinstance(three.call("reproduce", str(three.folder)).exception, ConfigInvalid)
    three.run()
    assert isinstance(three.call("reproduce", str(three.report)).exception, NotFound)
    three.report = three.folder / "another"
    three.end(one="refuted")
    three.run()
    done = three.call("reproduce", str(three.report), "--run", "3")
    assert isinstance(done.exception, NotFound)
    assert "run 3 was not refuted" in str(done.exception)
    (three.folder / "calls").unlink()
    three.write("one", title="another one")
    assert isinstance(three.call("reproduce", str(three.report)).exception, Conflict)
    assert not three.calls


@pytest.mark.parametrize("text", ["", "[]", "{", '{"seed": 1}', '{"seed": 1, "experiments": [1]}'])
def test_a_head_that_no_campaign_has_written_is_told(three: Campaigns, text: str) -> None:
    three.run()
    (three.report / "campaign.json").write_text(text)
    assert isinstance(three.call("reproduce", str(three.report)).exception, ConfigInvalid)
    assert isinstance(three.run().exception, ConfigInvalid)
