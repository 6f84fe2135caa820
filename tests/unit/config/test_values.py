"""Single values of the plan file: what Kafka and MirrorMaker 2 allow is taken, what cannot be meant is refused."""

from datetime import timedelta
from pathlib import Path

import pytest

from drctl.config import duration, load
from drctl.errors import ConfigInvalid
from tests.unit.config.plan_files import GOOD, written

DEFAULT = 'replicationPrincipal: "User:mm2", replicationPolicy: default'


@pytest.mark.parametrize("alias", ["DC1", "us_east", "A", "north-2", "x" * 63])
def test_a_site_may_be_named_as_mirror_maker_names_it(tmp_path: Path, alias: str) -> None:
    plan = load(written(tmp_path, GOOD.replace("north", alias)))
    assert plan.site(alias).name == alias
    assert plan.link(alias, "south").source == alias


@pytest.mark.parametrize("alias", ["us.east", "_x", "x_", "-x", "a b", "../x", "x/y", "", "x" * 64, "größe"])
def test_a_name_that_could_not_be_an_alias_is_refused(tmp_path: Path, alias: str) -> None:
    text = GOOD.replace("name: north", f'name: "{alias}"').replace("north,", f'"{alias}",')
    with pytest.raises(ConfigInvalid, match=r"plan\.yaml:6: spec\.sites\[0\]\.name expected a name of letters"):
        load(written(tmp_path, text))


@pytest.mark.parametrize(
    "group",
    [
        "billing[/prod]",
        "audit[red]",
        "Scheduler`1[[Acme.Jobs.Sync, Acme.Jobs, Version=1.0]]",
        "x" * 300,
        "*",
        "größe ☃",
        "../up",
        "'; DROP",
        "-v",
    ],
)
def test_a_group_may_be_called_whatever_kafka_lets_it_be_called(tmp_path: Path, group: str) -> None:
    text = GOOD.replace("groups: [billing]", f'groups: ["{group}"]')
    assert load(written(tmp_path, text)).groups == (group,)


@pytest.mark.parametrize(
    ("servers", "read"),
    [
        ("[2001:db8::1]:9092", "[2001:db8::1]:9092"),
        ("[fe80::1%eth0]:9092", "[fe80::1%eth0]:9092"),
        ("[::ffff:10.0.0.1]:1,h:2", "[::ffff:10.0.0.1]:1,h:2"),
        ("a:1, b:2", "a:1,b:2"),
        (" a:1 ,  b:65535 ", "a:1,b:65535"),
    ],
)
def test_addresses_are_taken_as_kafka_takes_them(tmp_path: Path, servers: str, read: str) -> None:
    plan = load(written(tmp_path, GOOD.replace("n:1,m:2", servers)))
    assert plan.site("north").bootstrap_servers == read


REFUSED = [
    ("n:1,m:2", "n:99999999", r":7: .*bootstrapServers expected host:port"),
    ("n:1,m:2", "n:70000", r":7: .*bootstrapServers expected ports from 1 to 65535"),
    ("n:1,m:2", "n:0", r":7: .*expected ports from 1"),
    ("n:1,m:2", "2001:db8::1:9092", r":7: .*IPv6 in brackets"),
    ("n:1,m:2", "[2001:db8::1:9092", r":7: .*IPv6 in brackets"),
    ("n:1,m:2", "n:1,,m:2", r":7: .*expected host:port"),
    ("http://n:8083", "http://n:99999999", r":8: .*url expected a host, and a port from 1 to 65535"),
    ("http://n:8083", "http://n:0", r":8: .*url expected a host, and a port"),
    ("http://n:8083", "http://n:x", r":8: .*url expected a host, and a port"),
    ("http://n:8083", "http://[::1", r":8: .*url expected a host"),
    ("http://n:8083", "http://n:8083/ x", r":8: .*url expected an address without blanks"),
    ('"s:1"', '"M:2"', r":10: site south: m:2 is a broker of site north, too"),
    ("name: south", "name: North", r":9: site North: only upper and lower case tell it from site north"),
    ("User:mm2", r"User:mm2\n", r":13: .*replicationPrincipal has the character U\+000A in it"),
    ("name: plant", r'name: "plant\n"', r":3: metadata\.name has the character U\+000A"),
    ("[billing]", r'["a\0b"]', r":16: .*groups\[0\] has the character U\+0000"),
    ("[billing]", r'["\e]0;x\a"]', r":16: .*groups\[0\] has the character U\+001B"),
    ("[billing]", r'["\ud800"]', r":16: .*groups\[0\] .*"),
    ("[billing]", '["  "]', r":16: .*groups\[0\] expected a name, not only blanks"),
    ("[billing]", f"[{'x' * 32_768}]", r":16: .*groups\[0\] expected at most 32767 bytes"),
    ("[billing]", "[12345678901234567890]", r":16: .*groups\[0\] input should be a valid string"),
    ("[billing]}", "[b], sinks: [a/b]}", r":16: .*sinks\[0\] expected the name of a connector without slash"),
    ("[billing]}", "[b], sinks: ['..']}", r":16: .*sinks\[0\] expected the name of a connector without slash"),
    ("[readings]", "['a b']", r":16: .*topics\[0\] expected an exact name, no pattern"),
    ("[readings]", "['..']", r":16: .*topics\[0\] expected an exact name, no pattern"),
    ("[readings]", "[canary]", r":16: workload all: topic canary is a canary's"),
    ("1h30m", "99999999999999999h", r":17: .*recoveryTime expected a duration"),
    ("1h30m", "9" * 5000 + "h", r":17: .*recoveryTime expected a duration"),
    ("1h30m", "999999999h", r":17: .*recoveryTime expected at most 8784h"),
    ("1h30m", "٣h", r":17: .*recoveryTime expected a duration"),
    ("1h30m", '"1h\\n"', r":17: .*recoveryTime has the character U\+000A"),
]


@pytest.mark.parametrize(("good", "bad", "said"), REFUSED)
def test_what_cannot_be_meant_is_refused_with_its_line(tmp_path: Path, good: str, bad: str, said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said) as caught:
        load(written(tmp_path, GOOD.replace(good, bad)))
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("guards: {stepTimeout: 0s}", r":20: spec\.guards\.stepTimeout expected more than no time at all"),
        ("guards: {fenceWindow: 0ms}", "fenceWindow expected more than no time"),
        ("guards: {approvalValidity: 0s}", "approvalValidity expected more than no time"),
        ("guards: {stepTimeout: 600h}", "stepTimeout expected at most 168h"),
        ("guards: {maxLag: 9223372036854775808}", "maxLag input should be less than"),
        (f"guards: {{maxLag: {'9' * 5000}}}", r"plan\.yaml:20: this value cannot be read"),
        ("hooks: {pre: [{command: [x], timeout: 0s}]}", "timeout expected more than no time"),
        (r'hooks: {pre: [{command: ["a\0"]}]}', r"command\[0\] has the character U\+0000"),
    ],
)
def test_limits_within_which_a_plan_could_not_act_are_refused(tmp_path: Path, part: str, said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said):
        load(written(tmp_path, GOOD + f"  {part}\n"))


def test_no_time_at_all_stays_a_promise_that_can_be_made(tmp_path: Path) -> None:
    plan = load(written(tmp_path, GOOD + "  guards: {coolDown: 0s, stepTimeout: 168h}\n"))
    assert (plan.guards.cool_down, plan.objectives.recovery_point) == (timedelta(0), timedelta(0))
    assert plan.guards.step_timeout == timedelta(days=7)


def test_a_word_of_a_command_may_have_several_lines(tmp_path: Path) -> None:
    script = r'hooks: {pre: [{command: [sh, "-c", "a\n\tb"]}]}'
    plan = load(written(tmp_path, GOOD + f"  {script}\n"))
    assert any("a\n\tb" in hook.command for hooks in plan.hooks.values() for hook in hooks)


@pytest.mark.parametrize(("alias", "separator"), [("us_east", "_"), ("us-east", "-")])
def test_a_separator_within_an_alias_is_refused_where_it_would_be_cut(
    tmp_path: Path, alias: str, separator: str
) -> None:
    text = GOOD.replace("north", alias).replace('replicationPrincipal: "User:mm2"', DEFAULT)
    assert load(written(tmp_path, text)).link(alias, "south").prefix == f"{alias}."
    cut = text.replace(DEFAULT, f'{DEFAULT}, separator: "{separator}"')
    with pytest.raises(ConfigInvalid, match=rf":13: link n-s: the separator {separator} stands in {alias}"):
        load(written(tmp_path, cut))


@pytest.mark.parametrize("text", ["9" * 5000 + "s", "999999999h", "8785h", "1h\n", "٣h"])
def test_durations_end_at_a_year_and_are_written_in_ascii(text: str) -> None:
    with pytest.raises(ConfigInvalid, match="no duration"):
        duration(text)
