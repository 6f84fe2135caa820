"""Keys of evidence, as programs read them."""

import json
import re
from collections.abc import Iterator

from drctl.cli.evidence import spelled
from drctl.cli.switchover import as_document
from tests.fakes import fake_world
from tests.spec.harness import switch


def keys(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from keys(each)
    elif isinstance(value, list):
        for each in value:
            yield from keys(each)


def test_no_key_of_a_run_has_a_blank() -> None:
    result = switch(fake_world().ports())
    assert [key for key in keys(json.loads(json.dumps(result.evidence, default=str))) if " " in key]
    document = json.loads(json.dumps(as_document(result), default=str))
    assert not [key for key in keys(document) if re.search(r"\s", key)]


def test_names_of_others_stay_as_they_are() -> None:
    told = spelled({"groups": {"not arrived": {"target before": 1}}, "not arrived": [{"client routing": None}]})
    assert told == {"groups": {"not arrived": {"targetBefore": 1}}, "notArrived": [{"clientRouting": None}]}
