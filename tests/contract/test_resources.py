"""The contract of Resources, for the fake and, in tests/kube, for a real API server."""

from collections.abc import Iterable

import pytest

from drctl.errors import Conflict, NotFound
from drctl.model.resources import CONFIG_MAP, NODE, Happening, Kind, WatchEvent, Where
from drctl.service.election import LEASE, read
from tests.contract.api import ApiHarness

UNHEARD = Kind("unheard.example", "v1", "things", "Thing")
STAMP = "2026-01-01T00:00:00.000000Z"
ORDINARY = {Happening.ADDED, Happening.MODIFIED, Happening.DELETED}


def told(changes: Iterable[WatchEvent]) -> list[tuple[Happening, str]]:
    return [(each.what, each.item["metadata"]["name"]) for each in changes if each.what in ORDINARY]


def test_what_was_put_is_listed_with_all_that_it_holds(api: ApiHarness) -> None:
    api.put("one", {"a": "1"})
    listing = api.resources.list(CONFIG_MAP)
    assert [each["data"] for each in listing.items if each["metadata"]["name"] == "one"] == [{"a": "1"}]
    assert listing.version


def test_lists_are_narrowed_by_label_and_field(api: ApiHarness) -> None:
    api.put("one", {}, labels={"app": "kafka"})
    api.put("two", {})
    by_label = api.resources.list(CONFIG_MAP, Where(labels="app=kafka")).items
    by_field = api.resources.list(CONFIG_MAP, Where(fields="metadata.name=two")).items
    assert [each["metadata"]["name"] for each in (*by_label, *by_field)] == ["one", "two"]


def test_a_watch_tells_what_came_after_the_list_and_ends(api: ApiHarness) -> None:
    api.put("before", {})
    since = api.resources.list(CONFIG_MAP).version
    api.put("new", {"a": "1"})
    api.put("new", {"a": "2"})
    api.remove("before")
    changes = list(api.resources.watch(CONFIG_MAP, since, 2))
    assert told(changes) == [
        (Happening.ADDED, "new"),
        (Happening.MODIFIED, "new"),
        (Happening.DELETED, "before"),
    ]
    assert told(api.resources.watch(CONFIG_MAP, changes[-1].version, 1)) == []


def test_a_version_long_past_is_said_to_be_expired(api: ApiHarness) -> None:
    api.put("one", {"a": "1"})
    kind, since = api.forgotten()
    assert [each.what for each in api.resources.watch(kind, since, 2)] == [Happening.EXPIRED]


def test_what_is_not_there_is_not_found(api: ApiHarness) -> None:
    with pytest.raises(NotFound, match="nothing"):
        api.resources.get(CONFIG_MAP, "nothing")
    with pytest.raises(NotFound):
        api.resources.patch(CONFIG_MAP, "nothing", {"data": {"a": "1"}})


def test_a_kind_without_a_definition_is_not_found_and_its_group_serves_nothing(api: ApiHarness) -> None:
    with pytest.raises(NotFound) as caught:
        api.resources.list(UNHEARD)
    assert caught.value.remedy
    assert api.resources.served(UNHEARD.group) == ()


def test_cluster_wide_kinds_need_no_namespace(api: ApiHarness) -> None:
    assert api.resources.list(NODE).version


def test_apply_creates_and_may_be_done_twice(api: ApiHarness) -> None:
    for _ in range(2):
        applied = api.resources.apply(CONFIG_MAP, "ours", {"data": {"a": "1"}})
    assert applied["data"] == {"a": "1"}
    assert api.resources.get(CONFIG_MAP, "ours")["data"] == {"a": "1"}


def test_apply_leaves_alone_what_it_does_not_name(api: ApiHarness) -> None:
    api.put("shared", {"theirs": "1"}, labels={"app": "kafka"})
    api.resources.apply(CONFIG_MAP, "shared", {"data": {"ours": "2"}})
    found = api.resources.get(CONFIG_MAP, "shared")
    assert found["data"] == {"theirs": "1", "ours": "2"}
    assert found["metadata"]["labels"] == {"app": "kafka"}


def test_apply_gives_up_what_it_named_before(api: ApiHarness) -> None:
    api.resources.apply(CONFIG_MAP, "ours", {"data": {"a": "1", "b": "2"}})
    api.resources.apply(CONFIG_MAP, "ours", {"data": {"a": "1"}})
    assert api.resources.get(CONFIG_MAP, "ours")["data"] == {"a": "1"}


def test_a_field_of_somebody_else_is_a_conflict_that_names_them_and_may_be_taken(api: ApiHarness) -> None:
    api.put("shared", {"a": "theirs"})
    with pytest.raises(Conflict, match=rf'conflict with "{api.other}".*: \.data\.a$') as caught:
        api.resources.apply(CONFIG_MAP, "shared", {"data": {"a": "ours"}})
    assert "takeOwnership" in caught.value.remedy
    assert api.resources.get(CONFIG_MAP, "shared")["data"] == {"a": "theirs"}
    api.resources.apply(CONFIG_MAP, "shared", {"data": {"a": "ours"}}, take=True)
    assert api.resources.get(CONFIG_MAP, "shared")["data"] == {"a": "ours"}


def test_a_rehearsal_shows_the_outcome_and_changes_nothing(api: ApiHarness) -> None:
    api.put("shared", {"a": "1"})
    shown = api.resources.apply(CONFIG_MAP, "shared", {"data": {"b": "2"}}, rehearse=True)
    assert shown["data"] == {"a": "1", "b": "2"}
    assert api.resources.get(CONFIG_MAP, "shared")["data"] == {"a": "1"}


@pytest.mark.parametrize("how", ["apply", "patch"])
def test_who_looked_before_somebody_changed_it_is_told(api: ApiHarness, how: str) -> None:
    api.put("shared", {"a": "1"})
    seen = api.resources.get(CONFIG_MAP, "shared")["metadata"]["resourceVersion"]
    api.put("shared", {"a": "2"})
    body = {"metadata": {"resourceVersion": seen}, "data": {"b": "3"}}
    with pytest.raises(Conflict):
        getattr(api.resources, how)(CONFIG_MAP, "shared", body)
    assert api.resources.get(CONFIG_MAP, "shared")["data"] == {"a": "2"}


def test_a_patch_merges_and_removes(api: ApiHarness) -> None:
    api.put("shared", {"a": "1", "b": "2"})
    annotated = {"metadata": {"annotations": {"x": "y"}}, "data": {"a": None, "c": "3"}}
    found = api.resources.patch(CONFIG_MAP, "shared", annotated)
    assert found["data"] == {"b": "2", "c": "3"}
    assert found["metadata"]["annotations"]["x"] == "y"
    gone = api.resources.patch(CONFIG_MAP, "shared", {"metadata": {"annotations": {"x": None}}})
    assert "x" not in gone["metadata"].get("annotations", {})


def test_a_patch_that_changes_nothing_makes_no_new_version_and_any_other_does(api: ApiHarness) -> None:
    api.put("shared", {"a": "1"})
    before = api.resources.get(CONFIG_MAP, "shared")["metadata"]["resourceVersion"]
    same = api.resources.patch(CONFIG_MAP, "shared", {"metadata": {"resourceVersion": before}, "data": {"a": "1"}})
    assert same["metadata"]["resourceVersion"] == before
    other = api.resources.patch(CONFIG_MAP, "shared", {"metadata": {"resourceVersion": before}, "data": {"a": "2"}})
    assert other["metadata"]["resourceVersion"] != before


def test_of_two_who_take_a_lease_that_both_saw_free_one_gets_it(api: ApiHarness) -> None:
    api.resources.apply(LEASE, "drctl", {"spec": {}})
    seen = api.resources.get(LEASE, "drctl")["metadata"]["resourceVersion"]

    def take(who: str) -> None:
        taken = {"holderIdentity": who, "leaseTransitions": 1, "leaseDurationSeconds": 30, "renewTime": STAMP}
        api.resources.patch(LEASE, "drctl", {"metadata": {"resourceVersion": seen}, "spec": taken})

    take("one")
    with pytest.raises(Conflict):
        take("two")
    assert read(api.resources.get(LEASE, "drctl")).holder == "one"
