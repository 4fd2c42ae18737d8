"""The quality-versus-compute figure: RMS error against counted operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from heurex.report.front_points import (
    KINDS,
    Frame,
    Point,
    decades,
    describe,
    families,
    frame_of,
    front_steps,
    points_of,
)
from heurex.report.labels import Label, place_labels
from heurex.report.style import (
    BAND,
    FAINT,
    GRID,
    LINE_COLOUR,
    MUTED,
    ORANGE,
    PINK,
    PINK_TEXT,
    STYLE,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

__all__ = ["front_figure"]

_FRONTS: Final = (
    ("on_front", ORANGE, "-", 2.6, "front without sampling"),
    ("on_explanation_front", KINDS["explanation"].colour, "--", 1.3, "front of explanations"),
)
_SAMPLERS: Final = "sv^PXd<>"
"""A shape for each way of sampling."""


def front_figure(record: dict[str, Any], group: dict[str, Any]) -> Figure:
    """RMS error against operations, log-log, for the models of one size.

    Parameters
    ----------
    record, group
        From :func:`heurex.scoring.front.front_record`; the group is one of ``record["groups"]``.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    points = points_of(record, group)
    frame = frame_of(points, group)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 6.4), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        title, below = describe(record, group)
        _set_frame(axes, frame, group)
        figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=11, parse_math=False)
        axes.set_title(below, loc="left", fontsize=8, color=LINE_COLOUR)
        axes.set_xlabel("operations for one model")
        line, lines = _draw_sampling(axes, frame, group)
        fixed = [*lines, *_draw_guesses(axes, frame, group)]
        _draw_fronts(axes, points, frame)
        _draw_points(axes, points, frame)
        figure.legend(*_legend(axes), loc="outside lower center", ncols=4, frameon=False, fontsize=8)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        place_labels(axes, _labels(points, frame), _obstacles(points, frame, line), fixed)
    return figure


def _set_frame(axes: Axes, frame: Frame, group: dict[str, Any]) -> None:
    """Scales, ticks in per cent, the band for errors of 0, and samples along the top."""
    axes.set(xscale="log", yscale="log", xlim=(frame.left, frame.right), ylim=(frame.bottom, frame.top))
    axes.axhspan(frame.bottom, frame.least, color=BAND, lw=0, zorder=0)
    axes.text(
        0.008, (np.log(frame.zero / frame.bottom) / np.log(frame.top / frame.bottom)), "RMS error 0",
        transform=axes.transAxes, va="center", fontsize=8, color=LINE_COLOUR,
    )  # fmt: skip
    ticks = decades(frame.least, frame.top)
    minor = [m * t / 10 for t in [*ticks, ticks[-1] * 10] for m in range(2, 10)] if ticks else []
    labelled = [
        *ticks,
        *(t for t in minor if len(ticks) < 3 and round(t / 10 ** np.floor(np.log10(t) + 1e-9)) in (2, 5)),
    ]
    axes.set_yticks(labelled, [f"{100 * t:.10g}%" for t in labelled])
    axes.set_yticks([t for t in minor if frame.least < t < frame.top and t not in labelled], minor=True)
    axes.tick_params(axis="y", which="minor", labelleft=False)
    axes.set_ylabel("RMS error of the accuracy")
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    axes.grid(which="major", color=GRID, lw=0.7, zorder=0)
    per_sample = group["sample_ops"]["convention"]
    top = axes.secondary_xaxis("top", functions=(lambda x: x / per_sample, lambda k: k * per_sample))
    top.set_xlabel("samples for as many operations", fontsize=8, color=LINE_COLOUR)
    top.xaxis.set_major_formatter(lambda x, _: f"{x:,.10g}")
    top.tick_params(labelsize=8, colors=LINE_COLOUR)
    axes.spines["top"].set_visible(True)
    axes.spines["top"].set_color(FAINT)


def _draw_sampling(axes: Axes, frame: Frame, group: dict[str, Any]) -> tuple[np.ndarray, list[Text]]:
    """Sampling's line, and fainter ones at advantages of 10, 100, ... with their names."""
    x = np.geomspace(frame.left, frame.right, 60)
    one = group["truth"]["rms_spread"] * np.sqrt(group["sample_ops"]["convention"] / x)
    kept = one > frame.least
    axes.plot(
        x[kept], one[kept], color=LINE_COLOUR, lw=1.6, zorder=3, label="plain sampling: RMS of sqrt(p(1-p)/k)"
    )
    names: list[Text] = []
    for power in range(1, 9):
        better = one / 10 ** (power / 2)
        shown = better > frame.least
        if better[0] < 2.5 * frame.least:
            break
        axes.plot(x[shown], better[shown], color=FAINT, lw=0.7, zorder=1)
        name = axes.annotate(
            f"advantage {10**power:,}", (x[0], better[0]), (3, -3), textcoords="offset points", fontsize=7,
            color=LINE_COLOUR, rotation=_slope(axes, x, better), rotation_mode="anchor", va="top",
        )  # fmt: skip
        names.append(name)
    return np.stack([x[kept], one[kept]], axis=1), names


def _slope(axes: Axes, x: np.ndarray, y: np.ndarray) -> float:
    """The angle of a line on the paper, in degrees."""
    figure: Any = axes.figure
    figure.draw_without_rendering()
    (x0, y0), (x1, y1) = axes.transData.transform([(x[0], y[0]), (x[-1], y[-1])])
    return float(np.degrees(np.arctan2(y1 - y0, x1 - x0)))


def _draw_guesses(axes: Axes, frame: Frame, group: dict[str, Any]) -> list[Text]:
    """Lines across, since they cost nothing; their names at the right."""
    names: list[Text] = []
    for guess in group["guesses"]:
        if guess["rmse"] > 0:
            axes.axhline(guess["rmse"], color=PINK, lw=1.1, ls=":", zorder=2)
            name = axes.annotate(
                f"guess at no cost: {guess['guess']}, {100 * guess['rmse']:.3g}%", (frame.right, guess["rmse"]),
                (-4, 2), textcoords="offset points", ha="right", va="bottom", fontsize=8, color=PINK_TEXT,
            )  # fmt: skip
            names.append(name)
    return names


def _draw_fronts(axes: Axes, points: Sequence[Point], frame: Frame) -> None:
    for key, colour, style, width, label in _FRONTS:
        corners = [(x, y or frame.zero) for x, y in front_steps(points, key, frame.right)]
        if corners:
            x, y = zip(*corners, strict=True)
            axes.plot(x, y, color=colour, ls=style, lw=width, alpha=0.85, zorder=2.5, label=label)


def _draw_points(axes: Axes, points: Sequence[Point], frame: Frame) -> None:
    for members in families(points):
        if len(members) > 1 and not members[0].is_plain_sampling:
            x, y = [p.ops for p in members], [p.rmse or frame.zero for p in members]
            axes.plot(x, y, color=KINDS[members[0].kind].colour, lw=0.8, alpha=0.55, zorder=3)
    for name, kind in KINDS.items():
        mine = [p for p in points if p.kind == name]
        spread = [p for p in mine if p.rmse > 0]
        axes.vlines(
            [p.ops for p in spread],
            [max(p.low, frame.least) for p in spread],
            [max(p.high, frame.least) for p in spread],
            color=kind.colour, lw=1, alpha=0.6, zorder=4,
        )  # fmt: skip
        for i, members in enumerate(sorted(families(mine), key=lambda some: not some[0].is_plain_sampling)):
            marker = _SAMPLERS[i % len(_SAMPLERS)] if name == "sampling" else kind.marker
            axes.plot(
                [p.ops for p in members], [p.rmse or frame.zero for p in members], ls="", marker=marker, ms=kind.size,
                color=kind.colour, mec="white", mew=0.6, zorder=5, label="" if i else kind.title,
            )  # fmt: skip


def _legend(axes: Axes) -> tuple[list[Any], list[str]]:
    """Points first, then lines."""
    handles, labels = axes.get_legend_handles_labels()
    titles = {kind.title for kind in KINDS.values()}
    order = sorted(range(len(handles)), key=lambda i: labels[i] not in titles)
    return [handles[i] for i in order], [labels[i] for i in order]


def _labels(points: Sequence[Point], frame: Frame) -> list[Label]:
    """Full names for single points and the first of a family, numbers for its other members.

    Ways of sampling are named once, where their curves end; plain sampling has its numbers.
    """
    found: list[Label] = []
    for members in families(points):
        colour = MUTED if members[0].kind == "sampling" else KINDS[members[0].kind].colour
        if members[0].kind == "sampling" and not members[0].is_plain_sampling:
            end = members[-1]
            found.append(Label(end.ops, end.rmse or frame.zero, _wrapped(end.family_text), colour))
            continue
        for i, point in enumerate(members):
            numbered = i > 0 and len(members) > 2 and bool(point.short)
            text = point.short if numbered else _wrapped(point.text)
            found.append(Label(point.ops, point.rmse or frame.zero, text, colour, 7.0 if numbered else 8.0))
    return sorted(found, key=lambda label: -label.size)


def _wrapped(text: str) -> str:
    """A name in lines: the method, then its settings."""
    return text.replace(", ", "\n", 1)


def _obstacles(points: Sequence[Point], frame: Frame, line: np.ndarray) -> np.ndarray:
    """Points, their families' lines, sampling's line and the fronts."""
    found = [line]
    lines = [[(p.ops, p.rmse or frame.zero) for p in members] for members in families(points)]
    lines += [[(x, y or frame.zero) for x, y in front_steps(points, key, frame.right)] for key, *_ in _FRONTS]
    for corners in filter(None, lines):
        x, y = np.log(corners).T
        found.append(np.exp(np.stack([x, y], axis=1)))
        for i in range(len(corners) - 1):
            share = np.linspace(0, 1, 16)
            found.append(
                np.exp(np.stack([x[i] + share * (x[i + 1] - x[i]), y[i] + share * (y[i + 1] - y[i])], axis=1))
            )
    return np.concatenate(found)
