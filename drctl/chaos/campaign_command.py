"""drctl chaos campaign, reproduce and trend."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drctl.chaos.options import EXPERIMENT, FOLDER, SIGN_WITH, say
from drctl.drivers.store.clock import SystemClock
from drctl.errors import ConfigInvalid
from drctl.model.verdict import exit_code
from drctl.redaction import redact_output

if TYPE_CHECKING:
    from drctl.chaos.admission import Experiment
    from drctl.chaos.campaign import Runner
    from drctl.chaos.campaign_folder import CampaignFolder
    from drctl.chaos.campaign_summary import Summary

SUMMARY = "summary"
CLOCK = SystemClock()


@click.command("campaign")
@click.argument("experiments", type=EXPERIMENT, nargs=-1, required=True)
@click.option("--rounds", type=click.IntRange(1), help="How often all of them run; once if no --for is given.")
@click.option("--for", "length", metavar="DURATION", help="No run begins after that time, for example 8h.")
@click.option("--seed", type=click.IntRange(0), default=0, help="Shuffle each round by it; 0: in the order named.")
@click.option("--report", type=FOLDER, default=Path("reports/campaign"), show_default=True)
@SIGN_WITH
def campaign(
    experiments: tuple[Path, ...],
    rounds: int | None,
    length: str | None,
    seed: int,
    *,
    report: Path,
    sign_with: Path | None,
) -> None:
    """Run experiments one after the other, round by round, and sum up what they have shown.

    They share a lab, which is whole before each; after one that is not proved, the next begins with a new lab. A
    campaign that was interrupted goes on with the same command: what was run counts, what was cut off is run again.
    It is one version of drctl, of the experiments and of the seed: else it is another campaign. Experiments on pods
    are left out, and named: 'drctl chaos run' runs them.

    One of them at least is a negative control, in which brokers lose records and which must be refuted as it states. If
    none is named, one that lies beside them runs first; without any the campaign is inconclusive, and vacuous where
    nothing but controls ran.

    In the report's folder are results.jsonl with a line per run, summary.md, summary.json, and the folder of each run,
    which 'drctl verify' checks. Exits 0 only if every run ended as its experiment states; as one that was refuted
    otherwise, if one was.
    """
    from drctl.chaos.campaign import NO_CONTROL, Schedule, runs
    from drctl.chaos.campaign_folder import held
    from drctl.chaos.campaign_summary import summed
    from drctl.config import duration

    found = _with_control(_on_processes(_unlike(experiments)), seed)
    if not any(each.refutation for each in found):
        say(f"no negative control is named or lies beside the experiments, so this can prove nothing: {NO_CONTROL}")
    ends_at = None if length is None else CLOCK.monotonic() + duration(length).total_seconds()
    last = None if rounds is None and length is not None else (rounds or 1) * len(found)

    def going_on(number: int) -> bool:
        return (last is None or number <= last) and (ends_at is None or CLOCK.monotonic() < ends_at)

    with _runner(report, sign_with) as runner, held(report, found, seed, CLOCK) as folder:
        summary = summed(folder.results())
        try:
            if summary.runs:
                say(f"goes on behind run {summary.runs}")
            for result in runs(Schedule(found, seed), runner, summary.runs + 1, going_on, say):
                folder.add(result)
                summary.add(result)
                say(f"run {result.number}: {result.verdict}{'' if result.as_stated else f', {result.reason}'}")
        finally:
            _sum_up(folder, summary)
    click.echo(redact_output(f"{summary.in_words()}\nsummary: {report / SUMMARY}.md"))
    raise click.exceptions.Exit(exit_code(summary.verdict))


@click.command("reproduce")
@click.argument("folder", type=FOLDER)
@click.option("--run", "number", type=click.IntRange(1), help="The refuted run; the first one if none is named.")
@click.option("--attempts", type=click.IntRange(1), default=3, show_default=True, help="For each series, at most.")
def reproduce(folder: Path, number: int | None, attempts: int) -> None:
    """Find the shortest series of a campaign's experiments after which a refuted one is refuted again.

    Each series runs on a new lab. First the refuted experiment alone, then with more and more of what ran before it on
    the same lab; at last what can be left out is. Exits 10 where nothing is refuted again.
    """
    from drctl.chaos.campaign_folder import at
    from drctl.chaos.reproduction import lead, refuted_again, shortest
    from drctl.errors import NotProven

    campaign = at(folder)
    series = lead(campaign, number)
    with _runner(folder, None) as runner:
        found = shortest(series, refuted_again(campaign, runner, attempts))
    if found is None:
        told = f"run {series[-1].number}, {series[-1].experiment}, was not refuted again"
        raise NotProven(
            f"{folder}: {told} in {attempts} attempts for each series, up to the whole of {len(series)} runs",
            remedy=f"try more with --attempts; what it found is in {folder / series[-1].report}",
        )
    files = " ".join(
        str(each.path) for name in found for each in campaign.experiments() if each.path.stem == name.experiment
    )
    click.echo(redact_output(f"refuted again: {', '.join(each.experiment for each in found)}"))
    click.echo(redact_output(f"drctl chaos campaign {files} --report reports/again"))


@click.command("trend")
@click.argument("folder", type=FOLDER)
def show_trend(folder: Path) -> None:
    """Compare the campaigns whose folders are in one: runs, proved, faults without a loss, and what they bound."""
    from drctl.chaos.campaign_folder import campaigns
    from drctl.chaos.campaign_summary import summed, trend

    told = []
    for found, why in campaigns(folder):
        if found is None:
            click.echo(redact_output(f"left out: {why}"), err=True)
        else:
            told.append((found.head, summed(found.results())))
    if not told:
        raise ConfigInvalid(f"{folder}: holds no campaign", remedy="name the folder in which campaigns have theirs")
    rows = [("BEGAN", "DRCTL", "RUNS", "PROVED", "FAULTS", "LOSS PER FAULT BELOW"), *trend(told)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo(
            redact_output("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
        )


def _unlike(experiments: Sequence[Path]) -> "tuple[Experiment, ...]":
    """Every experiment, admitted; ConfigInvalid if two have the same name, by which they are told."""
    from drctl.chaos.admission import admitted

    found = tuple(admitted(each) for each in experiments)
    names = Counter(each.path.stem for each in found)
    if twice := [name for name, count in names.items() if count > 1]:
        raise ConfigInvalid(f"{twice[0]} is named twice", remedy="name each once: --rounds runs them again")
    return found


def _on_processes(found: "Sequence[Experiment]") -> "tuple[Experiment, ...]":
    """Those that run on the lab that a campaign starts; ConfigInvalid if there is none."""
    from drctl.chaos.labs import PODS

    for each in found:
        if each.on_pods:
            say(f"left out: {each.path.stem} {PODS}; run it by 'drctl chaos run {each.path}'")
    left = tuple(each for each in found if not each.on_pods)
    if not left:
        raise ConfigInvalid("every experiment that is named is left out", remedy="run each by 'drctl chaos run'")
    return left


def _with_control(named: "tuple[Experiment, ...]", seed: int) -> "tuple[Experiment, ...]":
    """Return them, behind a negative control that lies beside one of them if none of them is one; by the seed which.

    First, so that a campaign that is short has shown what its checker is worth, too.
    """
    from drctl.chaos.admission import controls_in

    if any(each.refutation for each in named):
        return named
    folders = sorted({each.path.parent for each in named})
    names = {each.path.stem for each in named}
    refused: list[ConfigInvalid] = []
    found = (each for folder in folders for each in controls_in(folder, refused.append))
    beside = [each for each in found if each.path.stem not in names and not each.on_pods]
    # One that is not sound would otherwise be as if it were not there.
    for each in () if beside else refused:
        say(f"cannot be a negative control: {each}; {each.remedy}")
    return (beside[seed % len(beside)], *named) if beside else named


@contextmanager
def _runner(folder: Path, sign_with: Path | None) -> "Iterator[Runner]":
    from drctl.chaos.campaign import Runner
    from drctl.drills.bundle.signature import private_key
    from drctl.lab import Lab

    if sign_with:
        private_key(sign_with)  # one that is none is reported before anything runs
    words = ("--sign-with", str(sign_with)) if sign_with else ()
    with closing(Runner(folder.resolve(), lambda place: Lab.start(place, progress=say), CLOCK, more=words)) as runner:
        yield runner


def _sum_up(folder: "CampaignFolder", summary: "Summary") -> None:
    from drctl.chaos.campaign_summary import as_document, as_markdown
    from drctl.drivers.store.files import replace

    plain = json.dumps(as_document(folder.head, summary), indent=2, ensure_ascii=False)
    replace(folder.path / f"{SUMMARY}.json", redact_output(plain).encode() + b"\n")
    replace(folder.path / f"{SUMMARY}.md", redact_output(as_markdown(folder.head, summary)).encode())
