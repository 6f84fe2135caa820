"""Run and show ``drctl drill --level live``, and take a person's word on how one ends."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from drctl.cli.execution import confirm, execute, require_somebody
from drctl.cli.live_lines import live_lines
from drctl.cli.output import echo, show_table
from drctl.cli.signals import deaf, outliving_the_terminal, unsuspended
from drctl.cli.sites import direction, other_site
from drctl.cli.world import opened
from drctl.errors import ConfigInvalid, Refused
from drctl.model.run import Event, RunState
from drctl.model.verdict import Verdict, exit_code

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from drctl.model.run import Run
    from drctl.model.terms import Terms
    from drctl.plans.live import DrillWord, LiveState
    from drctl.ports import World

PLACE = "reports/live"
OF_ANOTHER = ("report.json", "verdict.json", "tabletop.json", "isolated.json")


def drill(
    plan_file: Path,
    report: Path,
    target: str | None,
    key: "Ed25519PrivateKey | None",
    said: "Terms",
    *,
    ask: bool,
    begun: bool = False,
) -> int:
    """Begin a live drill, or go on with the one that has not ended, and leave its report; returns the exit code.

    With ``begun`` none is begun: Refused where none is under way any more.

    Raises what kept its move there from being done, with a report only if that was rolled back; and what a move raises
    that is left unfinished: then the same command goes on.
    """
    from drctl.cli.dropping import unheld
    from drctl.drills.live.drill import LiveDrill
    from drctl.drills.report.write import prepare
    from drctl.monitors import observe
    from drctl.plans.live import end_live_drill

    prepare(report)
    if there := next((name for name in OF_ANOTHER if (report / name).exists()), None):
        said_so = f"{report}: holds the {there} of something else, and this drill must not be taken for it"
        raise ConfigInvalid(said_so, remedy="name another folder with --report")
    with opened(plan_file) as world, outliving_the_terminal():
        run = _resumed(world, target, said)
        if run is None and begun:
            raise Refused("the live drill has ended meanwhile", remedy="see 'drctl runs list --all'")
        run = run or _begun(world, target, said, ask=ask)
        performing = LiveDrill(world, run.id, said, observe=observe, move=execute, say=_say)
        try:
            # The stay is watched by this process: what shows it must not hold it up.
            with unheld(), unsuspended(_say):
                state = performing.perform()
        except KeyboardInterrupt:
            with deaf():
                _tell_standing(world)
            raise
        if performing.failed is not None and (state.there is None or state.there.state is not RunState.ROLLED_BACK):
            end_live_drill(world, run, good=False, told={"failure": str(performing.failed)})
            raise performing.failed
        told = _left(world, report, state, key)
        ended = {name: told[name] for name in ("verdict", "reasons", "phase")}
        end_live_drill(world, run, good=told["verdict"] == Verdict.PROVED, told=ended)
    _show(told, report)
    if performing.failed is not None:
        raise performing.failed
    return exit_code(Verdict(told["verdict"]))


def speak(plan_file: Path, word: "DrillWord", reason: str, said: "Terms") -> None:
    """Say that the work stays, or comes home at once; who watches the drill sees it within seconds."""
    from drctl.plans.live_admission import say_word

    with opened(plan_file) as world:
        state = say_word(world, word, said, reason)
        echo(f"live drill {state.run.id}: {word.value}, said by {said.by}: {reason.strip()}")
        echo("a drctl that watches it sees that within seconds, and does it; else:", err=True)
        echo("  drctl drill --level live", err=True)


def stays(world: "World", named: str) -> bool:
    """Whether a live drill with an id that begins so is under way, and none of its moves is unfinished."""
    from drctl.plans.live import standing_drill
    from drctl.plans.pending import pending_reversal
    from drctl.plans.unfinished import unfinished

    standing = standing_drill(world)
    if standing is None or unfinished(world) or not standing.run.id.startswith(named):
        return False
    # Without a name what is pending of a move comes first: the way home needs its link.
    return bool(named) or pending_reversal(world) is None


def go_on(plan_file: Path, said: "Terms") -> int:
    """Go on with the live drill that is under way, as the same command would."""
    return drill(plan_file, Path(PLACE), None, None, said, ask=False, begun=True)


def send_home(plan_file: Path, reason: str, said: "Terms") -> int | None:
    """Have the work come home: by who watches the stay, else by this process.

    Returns the exit code then, None where somebody watches.
    """
    from drctl.plans.live import DrillWord, LivePhase, is_watched, standing_drill

    watched: bool | None = None
    with opened(plan_file) as world:
        state = standing_drill(world)
        if state is not None and state.phase is LivePhase.STAYING and state.ended is None and state.word is None:
            watched = is_watched(state, world.clock.now())
    if watched is not None:
        speak(plan_file, DrillWord.GO_HOME, reason, said)
    return None if watched else go_on(plan_file, said)


def _resumed(world: "World", target: str | None, said: "Terms") -> "Run | None":
    """The drill that has not ended; None if there is none, or one that was cut off before its first move."""
    from drctl.plans.live import standing_drill
    from drctl.plans.live_admission import give_up_unmoved

    if give_up_unmoved(world):
        _say("the live drill that was cut off before its first move is ended: nothing was changed")
    standing = standing_drill(world)
    if standing is None:
        return None
    run = standing.run
    if target not in (None, run.target):
        raise Refused(
            f"live drill {run.id} to {run.target} has not ended",
            remedy="'drctl drill --level live' continues it",
        )
    _tell_standing(world)
    world.journal.append(run.id, Event.RUN_RESUMED, body=said.told())
    return run


def _begun(world: "World", target: str | None, said: "Terms", *, ask: bool) -> "Run":
    from drctl.drills.live.gates import require_may_begin
    from drctl.plans.live import begin_live_drill

    source, there = direction(world, target or other_site(world))
    require_may_begin(world)
    if ask:
        _ask(world, source, there)
    return begin_live_drill(world, source, there, said)


def _ask(world: "World", source: str, target: str) -> None:
    from drctl.plans.live import require_allowed

    require_somebody()
    allowed = require_allowed(world)
    watches = "".join(f", {each.name}" for each in allowed.watches)
    echo(f"LIVE DRILL: all work moves from {source} to {target}, stays there for {allowed.stay}, comes home.", err=True)
    echo("Clients cannot write for the pause of a switchover, twice. A second person approves it.", err=True)
    echo(f"Watched: both sites, the link home, every group{watches}.", err=True)
    echo("It comes home early by a signal that lasts or by 'drctl drill --go-home'; --promote lets it stay.", err=True)
    confirm()


def _say(line: str) -> None:
    echo(line, err=True)


def _tell_standing(world: "World") -> None:
    from drctl.plans.live import standing_drill

    standing = standing_drill(world)
    for line in live_lines(standing, world.clock.now()) if standing is not None else ():
        echo(line, err=True)


def _left(world: "World", report: Path, state: "LiveState", key: "Ed25519PrivateKey | None") -> dict[str, Any]:
    """Write the report and its bundle; returns the report."""
    from drctl.drills.bundle.manifest import RunKind
    from drctl.drills.bundle.write import LIVE_JSON, LIVE_PAGE, begin, keep_live, seal
    from drctl.drills.live.report import body
    from drctl.drills.report.live_page import render
    from drctl.drills.report.run_page import as_json
    from drctl.drills.report.write import put

    begin(report)
    told = body(state, world.plan)
    keep_live(report, world.journal.lines())
    put(report, {LIVE_JSON: as_json(told), LIVE_PAGE: render(told)})
    seal(report, state.run.id, RunKind.LIVE, key)
    return told


def _show(told: dict[str, Any], report: Path) -> None:
    echo(f"LIVE DRILL {told['id']}, from {told['source']} to {told['target']}: {told['phase']}")
    columns = ("WAY", "RUN", "STATE", "PAUSE SECONDS", "OBJECTIVE", "POSITIONS")
    show_table("Moves", columns, list(map(_move_row, told["moves"])))
    stay = told["stay"]
    if stay["signals"]:
        seen = [
            (each["name"], "yes" if each["blocking"] else "no", each["looks"], each["detail"])
            for each in stay["signals"]
        ]
        echo()
        show_table(f"Seen in {stay['looks']} looks", ("SIGNAL", "SENDS HOME", "LOOKS", "DETAIL"), seen)
    if stay["ended"]:
        echo(f"\nthe stay ended: {stay['ended']['detail']}")
    echo(f"\nverdict: {told['verdict']}")
    for reason in told["reasons"]:
        echo(f"  {reason}")
    echo(f"report: {report / 'live.html'}")


def _move_row(move: dict[str, Any]) -> tuple[object, ...]:
    pause = move["pause"]
    return (
        f"{move['source']} to {move['target']}",
        move["run"],
        move["state"],
        "not measured" if pause["seconds"] is None else f"{pause['seconds']:.1f}",
        f"{pause['objectiveSeconds']:.0f}",
        sum(group["positions"] for group in move["groups"]),
    )
