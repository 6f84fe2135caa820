"""drctl canary."""

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drctl.cli.output import document, echo
from drctl.cli.parameters import DURATION
from drctl.model.verdict import Verdict, exit_code
from drctl.model.wording import counted
from drctl.redaction import redact_document

if TYPE_CHECKING:
    from drctl.drills.canary.judging import CanaryVerdict

LEAST = 30
"""Records of a window: with fewer a fault cannot be planted in it, and its thirds say little."""
MOST = 500_000
"""Records of the windows that are not judged yet: each takes about a kilobyte."""
EARLIEST = 15.0
"""Seconds to wait for a window at least: a record in doubt is given up after ten, and a site is asked each five."""
LAST = 30.0
"""Seconds at the end for what is on its way: a record in doubt is given up after ten."""
WORST = (Verdict.REFUTED, Verdict.INCONCLUSIVE, Verdict.VACUOUS, Verdict.PROVED)


# Ten a second tell a loss to a tenth of a second and are nothing to a broker; in a minute, 600 of them make a
# window in which each planted fault has its place. Five minutes are what Connect waits for a worker that is gone
# (scheduled.rebalance.max.delay.ms): with less, a link that has lost one would leave a window in doubt.
@click.command("canary")
@click.option(
    "--rate", type=click.FloatRange(0.1, 1000), default=10.0, show_default=True, help="Records per second to write."
)
@click.option("--window", type=DURATION, default="60s", show_default=True, help="How long each judged window is.")
@click.option(
    "--settle", type=DURATION, default="5m", show_default=True, help="How long a window waits for copies; 15s or more."
)
@click.option("--for", "length", type=DURATION, metavar="DURATION", help="End after that time; else it goes on.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="Form of the output; json is one document per line.",
)
@click.pass_obj
def command(plan_file: Path, rate: float, window: float, settle: float, *, length: float | None, output: str) -> None:
    """Write numbered records where clients are sent, read them at every site, and judge each window of them.

    It writes and reads, as the canary's user, the topic drctl.canary-records, which the link has to copy, and reads it
    as the group of that name, too. Each window is judged as a drill is: by the same checker, with planted faults that
    it must name. It follows client routing. What a standby lacked at most is what a failover then would have lost.

    Ctrl-C or SIGTERM ends it: what is on its way is waited for and judged; a second one ends it at once. Exits 0 only
    if every window was proved, 20 if one was refuted, else 21 or 22.
    """
    from uuid import uuid4

    from drctl.cli.signals import counted_requests_to_end
    from drctl.config import load
    from drctl.drills.canary.loop import TURN, CanaryLoop, CanaryTerms
    from drctl.wiring.canary import open_canary

    if rate * window < LEAST:
        raise click.BadParameter(f"a window must have {LEAST} records or more", param_hint="--window")
    if settle < EARLIEST:
        raise click.BadParameter(f"a window must be waited for {EARLIEST:.0f}s or more", param_hint="--settle")
    if rate * (window + settle) > MOST:
        raise click.BadParameter(
            f"{rate:g} records a second would be {counted(int(rate * (window + settle)), 'record')} before a window is "
            f"judged; take fewer, or a shorter --window or --settle, for {MOST} at most",
            param_hint="--rate",
        )
    plan = load(plan_file)
    found: Counter[Verdict] = Counter()

    def tell(judged: "Sequence[CanaryVerdict]") -> None:
        for each in judged:
            found[each.verdict] += 1
            _show(each, output)

    with counted_requests_to_end() as requests, open_canary(plan) as ports:
        canary = CanaryLoop(ports, plan.standbys, uuid4(), CanaryTerms(rate, window, settle))
        with closing(canary):
            canary.begin()
            clock = ports.clock
            ends = None if length is None else clock.monotonic() + length
            while not requests() and (ends is None or clock.monotonic() < ends):
                tell(canary.turn())
                clock.sleep(TURN)
            tell(canary.finish(min(LAST, settle), lambda: requests() > 1))
    verdict = next((each for each in WORST if found[each]), Verdict.VACUOUS)
    if output == "table":
        told = ", ".join(f"{found[each]} {each.value}" for each in WORST if found[each])
        echo(f"{verdict.value}: {counted(found.total(), 'window')}{f': {told}' if told else ', so nothing was shown'}")
    raise click.exceptions.Exit(exit_code(verdict))


def _show(found: "CanaryVerdict", output: str) -> None:
    if output == "json":
        echo(json.dumps(redact_document(document("CanaryWindow", _document(found)))))
        return
    standbys = "; ".join(f"{site} {_lacked(most)}" for site, most in found.most_behind.items())
    echo(
        f"window {found.number} at {found.site}: {found.verdict.value}; {found.acknowledged} acknowledged, "
        f"{found.doubtful} in doubt, {found.denied} denied, {found.repeated} read again{standbys and '; '}{standbys}"
    )
    if found.verdict is not Verdict.PROVED:
        for reason in found.reasons:
            echo(f"  {reason}")


def _lacked(most: tuple[int, float] | None) -> str:
    return "unknown" if most is None else f"lacked {counted(most[0], 'record')} at most, for {most[1]:.1f} s"


def _document(found: "CanaryVerdict") -> dict[str, Any]:
    plain = asdict(found)
    behind, most = plain.pop("behind"), plain.pop("most_behind")
    plain["verdict"] = found.verdict.value
    plain["reasons"] = list(found.reasons)
    plain["seconds"] = round(found.seconds, 3)
    plain["standbys"] = [
        {
            "site": site,
            "neverCame": late,
            "mostRecords": None if most.get(site) is None else most[site][0],
            "mostSeconds": None if most.get(site) is None else round(most[site][1], 3),
        }
        for site, late in behind.items()
    ]
    return plain
