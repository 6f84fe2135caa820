"""Run and show ``drctl drill --level tabletop``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from drctl.cli.output import echo, show_table
from drctl.cli.sites import direction, other_site
from drctl.cli.world import opened
from drctl.errors import ConfigInvalid
from drctl.model.verdict import exit_code

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

OF_A_DRILL = ("report.json", "verdict.json")


def hold(plan_file: Path, report: Path, target: str | None, key: "Ed25519PrivateKey | None") -> int:
    """Hold a tabletop, leave its report; returns the exit code, which is never 0."""
    from drctl.cli.terms import terms
    from drctl.drills.bundle.manifest import RunKind
    from drctl.drills.bundle.write import TABLETOP_JSON, TABLETOP_PAGE, begin, seal
    from drctl.drills.report.run_page import as_json
    from drctl.drills.report.tabletop_page import render
    from drctl.drills.report.write import prepare, put
    from drctl.drills.tabletop import VERDICT, tabletop
    from drctl.monitors import hurried

    prepare(report)
    if there := next((name for name in OF_A_DRILL if (report / name).exists()), None):
        said = f"{report}: holds the {there} of something else, and a tabletop must not be taken for it"
        raise ConfigInvalid(said, remedy="name another folder with --report")
    begin(report)
    with opened(plan_file, looking=True) as unhurried:
        world = hurried(unhurried)
        source, there_site = direction(world, target or other_site(world))
        body = tabletop(world, source, there_site, by=terms().by)
    put(report, {TABLETOP_JSON: as_json(body), TABLETOP_PAGE: render(body)})
    seal(report, body["id"], RunKind.TABLETOP, key)
    _show(body, report)
    return int(body["exitCode"]) or exit_code(VERDICT)


def _show(body: dict[str, Any], report: Path) -> None:
    echo(f"TABLETOP, {body['source']} to {body['target']}: {body['worth']}")
    rows = [
        (each["name"], _or_unknown(each["positions"]), _or_unknown(each["proven"]), each["unknown"])
        for each in body["groups"]
    ]
    show_table("Positions, if the work stopped now", ("GROUP", "POSITIONS", "PROVEN", "NOT YET BECAUSE"), rows)
    for title, key in (("Stands in the way", "blockers"), ("Worth knowing", "warnings")):
        if body[key]:
            echo(f"\n{title}:")
        for each in body[key]:
            echo(f"  - {each['detail']}\n    remedy: {each['remedy']}")
    for each in body["notTried"]:
        echo(f"not tried: {each}")
    for each in body["staysBehind"] or ():
        echo(f"stays behind: {each['group']}: {each['why']}")
    expected, promised = body["pause"]["expectedSeconds"], body["pause"]["objectiveSeconds"]
    echo(
        f"expected pause: {'not measured yet' if expected is None else f'{expected:.1f} s'}; objective {promised:.0f} s"
    )
    lost = None if body["failover"] is None else body["failover"]["recordsLost"]
    echo(f"if {body['source']} were lost now: {'unknown' if lost is None else lost} records lost")
    echo(f"report: {report / 'tabletop.html'}; verdict: {body['verdict']}, for nothing was moved")


def _or_unknown(value: object) -> object:
    return "unknown" if value is None else value
