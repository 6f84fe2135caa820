"""The report's plots as SVG text: the same drill gives the same bytes."""

import io
import re

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from drctl.drills.outcome import Drill, MovedWork
from drctl.lab.workload import GROUPS

INK, ACCENT, SECOND, SHADE = "#1b1f24", "#0b5cad", "#c2570c", "#e9edf2"
LINES = (ACCENT, SECOND, "#2e7d32", "#7b3fa0", "#6b7280")
VARIABLES = {INK: "--ink", SHADE: "--shade"} | {color: f"--plot-{at}" for at, color in enumerate(LINES, 1)}
"""The page's variable for each color: the page sets them, so that they follow its theme."""


def drawn(drill: Drill) -> dict[str, str]:
    """Every plot by its name."""
    with mpl.rc_context(
        {
            "svg.fonttype": "none",
            "font.family": "sans-serif",
            "figure.facecolor": "none",
            "axes.facecolor": "none",
            "axes.edgecolor": INK,
            "axes.labelcolor": INK,
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    ):
        return {"steps": steps(drill), "rates": rates(drill), "lags": lags(drill)}


def steps(drill: Drill) -> str:
    """Every move as bars, step by step, in seconds since it began."""
    alike = len(set(map(_steps_of, drill.moves))) == 1
    rows = max(len(move.spans) for move in drill.moves)
    figure = Figure(figsize=(8.0, max(4.4, 0.8 + 0.19 * rows)), layout="constrained")
    axes = figure.subplots(1, len(drill.moves), sharex=True, sharey=alike, squeeze=False)[0]
    for side, move in zip(axes, drill.moves, strict=True):
        _bars(side, move)
        side.set_title(f"{move.source} to {move.target}", loc="left", fontsize=10, color=INK)
    meaning = {ACCENT: "clients at work", SECOND: "clients wait"}
    patches = [Patch(color=color, label=label) for color, label in meaning.items()]
    figure.legend(handles=patches, fontsize=8, frameon=False, loc="outside lower center", ncols=2)
    return _svg("steps", figure, "Duration of every step")


def _steps_of(move: MovedWork) -> tuple[str, ...]:
    return tuple(span.step for span in move.spans)


def _bars(axes: Axes, move: MovedWork) -> None:
    spans = move.spans
    began, names = spans[0].began, [span.step for span in spans]
    first, last = (names.index(name) for name in move.waits)
    for row, span in enumerate(spans):
        length, color = span.ended - span.began, SECOND if first <= row <= last else ACCENT
        axes.barh(row, max(length, 0.04), left=span.began - began, height=0.62, color=color)
        axes.text(span.ended - began + 0.25, row, f"{length:.1f}", va="center", fontsize=7.5, color=INK)
    axes.set_yticks(range(len(spans)), names, fontsize=8)
    axes.set_ylim(len(spans) - 0.5, -0.5)
    axes.set_xlim(0, max(axes.get_xlim()[1], (spans[-1].ended - began) * 1.1))
    axes.set_xlabel(f"seconds since the {move.kind} began", fontsize=8)
    _plain(axes)


def rates(drill: Drill) -> str:
    """Records per second, acknowledged and processed, with every move shaded."""
    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    axes = figure.subplots()
    _shade(axes, drill)
    for kind, color in (("acknowledged", ACCENT), ("processed", SECOND)):
        counted = drill.histories.per_second(kind)
        if counted:
            seconds = range(min(counted), max(counted) + 1)
            axes.plot(
                [s - drill.began for s in seconds],
                [counted.get(s, 0) for s in seconds],
                color=color,
                lw=1.3,
                label=kind,
            )
    axes.set_yscale("symlog", linthresh=100)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("records per second", fontsize=8)
    axes.set_xlabel("seconds since the drill began", fontsize=8)
    figure.legend(fontsize=8, frameon=False, loc="outside lower center", ncols=len(LINES))
    _plain(axes)
    return _svg("rates", figure, "Records per second, acknowledged and processed, through the whole drill")


def lags(drill: Drill) -> str:
    """Every group's lag over time: acknowledged in its topics and not yet processed."""
    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    axes = figure.subplots()
    _shade(axes, drill)
    curves = drill.histories.lags({group.name: group.topics for group in GROUPS})
    for color, (group, curve) in zip(LINES, sorted(curves.items()), strict=False):
        at, lag = [at - drill.began for at, _ in curve], [lag for _, lag in curve]
        axes.plot(at, lag, color=color, lw=1.3, label=group, drawstyle="steps-post")
    axes.set_yscale("symlog", linthresh=10)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("records behind", fontsize=8)
    axes.set_xlabel("seconds since the drill began", fontsize=8)
    figure.legend(fontsize=8, frameon=False, loc="outside lower center", ncols=len(LINES))
    _plain(axes)
    return _svg("lags", figure, "Lag of every group over time")


def _shade(axes: Axes, drill: Drill) -> None:
    if drill.outage is not None:
        axes.axvline(drill.outage.outage.lost_at - drill.began, color=INK, lw=0.8, ls=":")
    for move in drill.moves:
        began, ended = move.spans[0].began - drill.began, move.spans[-1].ended - drill.began
        axes.axvspan(began, ended, color=SHADE, lw=0)
        axes.text(
            (began + ended) / 2,
            1.01,
            f"to {move.target}",
            transform=axes.get_xaxis_transform(),
            ha="center",
            fontsize=8,
        )


def _plain(axes: Axes) -> None:
    for edge in ("top", "right"):
        axes.spines[edge].set_visible(False)
    axes.tick_params(labelsize=8)


def _svg(name: str, figure: Figure, title: str) -> str:
    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Title": title})
    # Only the drawing itself goes into the page, under a name for those who cannot see it, with ids of its own.
    svg = text.getvalue()[text.getvalue().index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    for color, variable in VARIABLES.items():
        svg = svg.replace(color, f"var({variable}, {color})")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)
