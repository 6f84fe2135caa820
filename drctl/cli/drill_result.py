"""How a drill's result is shown on standard output; what is unknown is called so."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from drctl.cli.output import echo, show_table

if TYPE_CHECKING:
    from drctl.drills.outcome import Drill, MovedWork
    from drctl.drills.report.schema import Report
    from drctl.drills.report.schema_handover import HandoverPart, PausePart
    from drctl.drills.report.schema_outage import OutagePart, WayHomePart


def show(drill: "Drill", document: "Report", report: Path) -> None:
    """Show the result of a drill, and where its report is."""
    if document.outage:
        _show_outage(document.outage)
        if document.outage.way_home:
            _show_way_home(document.outage.way_home, document.handovers[0])
    records = drill.findings.records
    rows = [
        ("acknowledged", records.acknowledged),
        *((name.replace("_", " "), n.count) for name, n in records.faults.items()),
    ]
    show_table("Records", ("", "COUNT"), rows)
    echo()
    _show_groups(document)
    echo()
    moves = drill.moves
    seconds = [_step_seconds(move) for move in moves]
    towards = [f"TO {move.target.upper()}" for move in moves]
    names = dict.fromkeys(name for each in seconds for name in each)
    show_table(
        "Seconds per step",
        ("STEP", *towards),
        [_step_row(name, seconds) for name in names],
    )
    echo()
    _show_pauses(document.pauses, towards)
    echo(f"\nverdict: {drill.verdict.value}")
    for reason in drill.reasons:
        echo(f"  {reason}")
    echo(f"report: {report / 'report.html'}")


def _show_outage(outage: "OutagePart") -> None:
    time, point = outage.recovery_time, outage.recovery_point
    met = {True: "met", False: "missed"}
    rows = [
        ("recovery time", _seconds(time.seconds), f"{time.objective:g} s", met[time.met]),
        ("  of it detection", _seconds(time.detection), "", ""),
        ("  of it the failover and the clients", _seconds(time.own), "", ""),
        ("recovery point", _seconds(point.seconds), f"{point.objective:g} s", met[point.met]),
        ("records lost to the survivor", point.records, "", ""),
        ("stated before it was accepted", "unknown" if outage.stated_loss is None else outage.stated_loss, "", ""),
    ]
    show_table(f"{outage.lost_site} lost, {outage.survivor} goes on", ("", "MEASURED", "OBJECTIVE", ""), rows)
    echo()
    tail = [(part.topic, part.records, part.decision or ("due" if part.records else "")) for part in outage.stranded]
    show_table(f"Stranded tail, saved in {outage.files} beside the report", ("TOPIC", "RECORDS", "DECISION"), tail)
    echo()


def _show_way_home(home: "WayHomePart", move: "HandoverPart") -> None:
    rows = [
        ("longest pause of a client", _seconds(move.longest_pause)),
        ("written at the survivor, copied home", home.copied),
        ("read again by a group on the way home", home.read_again),
        ("of the tail, stepped over in the log at home", home.stepped_over),
        ("copied again with recreated topics", home.copied_again),
        *((f"{part.topic} recreated, older records gone", part.gone) for part in home.recreated),
    ]
    show_table(f"The way home, from {move.source} to {move.target}", ("", "MEASURED"), rows)
    echo()


def _show_groups(document: "Report") -> None:
    if document.outage:
        title = "Groups"
        columns: tuple[str, ...] = ("GROUP", "PROTOCOL", "LAG AT THE LOSS", "SKIPPED", "READ TWICE")
        keys: tuple[str, ...] = ("name", "protocol", "lag_at_handover", "skipped", "repeated")
    else:
        title = "Groups, at the first handover"
        columns = ("GROUP", "PROTOCOL", "LAG AT HANDOVER", "SKIPPED", "READ TWICE", "MIRRORMAKER ALONE WOULD REPEAT")
        keys = ("name", "protocol", "lag_at_handover", "skipped", "repeated", "mirrormaker_would_repeat")
    show_table(title, columns, (_known(group, keys) for group in document.groups))


def _show_pauses(moves: Sequence[Sequence["PausePart"]], towards: Sequence[str]) -> None:
    pauses: dict[str, list[str]] = {}
    for pause in (pause for move in moves for pause in move):
        told = "did not return" if pause.seconds is None else f"{pause.seconds:.1f}"
        pauses.setdefault(pause.client, []).append(told)
    show_table(
        "Pause that clients saw, in seconds", ("CLIENT", *towards), ((client, *told) for client, told in pauses.items())
    )


def _seconds(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds:.1f} s"


def _known(part: object, keys: Sequence[str]) -> list[object]:
    values = [getattr(part, key) for key in keys]
    return ["unknown" if value is None else value for value in values]


def _step_seconds(move: "MovedWork") -> dict[str, float]:
    return {timing.name: timing.seconds for timing in move.result.timings}


def _step_row(name: str, seconds: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    """A step with what it took in each move, empty where a move has no such step."""
    return name, *[f"{took[name]:.2f}" if name in took else "" for took in seconds]
