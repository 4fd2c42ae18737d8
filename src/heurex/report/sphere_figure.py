"""The sphere of directions of a model as a still figure: both halves, in an equal-area projection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from heurex.estimators import Estimator, make_estimator
from heurex.model import Rnn
from heurex.report.style import BLACK, LINE_COLOUR, MINT, SKY, STYLE, VERMILLION, YELLOW
from heurex.scoring.disagreement import disagreements
from heurex.scoring.explained import ExplainedCell, clip, explained_cells, true_parts
from heurex.tasks import ordering_name, orderings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_sphere"]

_ANSWERS: Final = (SKY, YELLOW, MINT)
_WRONG: Final = BLACK
_DIFFERS: Final = VERMILLION
_VIEW: Final = (1.2, -0.5, 0.75)
_STEP: Final = 0.015
_THIN: Final = 0.05
"""A part narrower than this share of the sphere's radius is thin."""


def draw_sphere(model: Rnn, explanation: Estimator | str | None = None) -> Figure:
    """Where a model with n = 2 or 3 gives which answer, where it is wrong, and an explanation's cells over it.

    Parameters
    ----------
    model
        The model.
    explanation
        A method whose cells are outlined, or None. Where its likeliest answer is not the model's, the directions are
        marked.

    Returns
    -------
    A matplotlib figure: for n = 3 both halves of the sphere in Lambert's equal-area projection, so that areas on
    paper are shares of the inputs; for n = 2 the circle.

    Raises
    ------
    NotApplicable
        If n is not 2 or 3, or the explanation does not apply to the model.

    Examples
    --------
    >>> from heurex.zoo import load
    >>> len(draw_sphere(load("m43"), "original").axes)
    2
    """
    import matplotlib
    from matplotlib.figure import Figure

    estimator = make_estimator(explanation) if isinstance(explanation, str) else explanation
    true = true_parts(model)
    said = [] if estimator is None else explained_cells(model, estimator, estimator.estimate(model))
    halves = 2 if model.seq_len == 3 else 1
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.6, 4.75) if halves == 2 else (5.2, 5.0), layout="constrained")
        panels = np.atleast_1d(figure.subplots(1, halves))
        for side, axes in zip((1.0, -1.0), panels, strict=False):
            _half(axes, _turn(side) if halves == 2 else None, true, said)
        if halves == 2:
            for axes, name in zip(panels, ("one half of all directions", "the other half"), strict=True):
                axes.set_title(name, fontsize=9)
        _legend(figure, model.seq_len, estimator, any(one.values for one in said))
    return figure


def _turn(side: float) -> np.ndarray:
    """The rotation whose third row faces the reader."""
    front = side * np.array(_VIEW) / np.linalg.norm(_VIEW)
    right = np.cross([0.0, 0.0, 1.0], front)
    right /= np.linalg.norm(right)
    return np.array([right, np.cross(front, right), front])


def _half(
    axes: Axes, turn: np.ndarray | None, true: Sequence[ExplainedCell], said: Sequence[ExplainedCell]
) -> None:
    """One half of the sphere, or the circle where there is nothing to turn."""
    reach = 1.03 if turn is not None else 1.3
    axes.set(aspect="equal", xlim=(-reach, reach), ylim=(-min(reach, 1.1), min(reach, 1.1)))
    axes.set_axis_off()
    for one in true:
        for part in one.parts:
            right = part.answer == one.cell.label
            colour, edge = (_ANSWERS[part.answer or 0], "white") if right else (_WRONG, _WRONG)
            outline = _outline(part.rays, turn)
            # a thin wrong part lies over the lines that it lies along, which would hide it
            above = not right and outline is not None and _width(outline) < _THIN
            _fill(axes, outline, fc=colour, ec=edge, lw=0.35, zorder=4 if above else 1)
    for _, part, _ in disagreements(true, said):
        outline = _outline(part.rays, turn)
        if outline is None or _width(outline) < _THIN:
            _fill(axes, outline, fc=_DIFFERS, ec=_DIFFERS, lw=0.3, zorder=3)
        else:  # hatched, so that what the model answers there stays visible
            _fill(axes, outline, fc=(_DIFFERS, 0), ec=_DIFFERS, hatch="////", lw=0.3, zorder=1.5)
    for one in said:
        for rays in one.pieces:
            _cell_edges(axes, rays, turn, len(one.pieces) > 1)
    _orderings(axes, turn)
    angle = np.linspace(0, 2 * np.pi, 361)
    axes.plot(np.cos(angle), np.sin(angle), color=LINE_COLOUR, lw=0.8)


def _fill(axes: Axes, points: np.ndarray | None, **style: Any) -> None:
    if points is not None:
        axes.fill(points[:, 0], points[:, 1], **style)


def _width(outline: np.ndarray) -> float:
    """Twice the area by the length around: the width of what is long and thin."""
    following = np.roll(outline, -1, axis=0)
    area = abs(np.sum(outline[:, 0] * following[:, 1] - outline[:, 1] * following[:, 0])) / 2
    return float(2 * area / np.linalg.norm(following - outline, axis=1).sum())


def _along(unit: np.ndarray, closed: bool) -> np.ndarray:
    """Points along the arcs between neighbouring directions."""
    ends = np.roll(unit, -1, axis=0) if closed else unit[1:]
    arcs: list[np.ndarray] = []
    for a, b in zip(unit, ends, strict=False):
        angle = np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b)
        # equal angles: equal parts of the chord would leave long steps in the middle of a long arc
        way = angle * np.linspace(0, 1, max(1, int(np.ceil(angle / _STEP))) + 1)[:, None]
        arcs.append(np.sin(angle - way) * a + np.sin(way) * b)
    points = np.concatenate(arcs)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def _flat(points: np.ndarray) -> np.ndarray:
    """Lambert's projection of directions that face the reader, onto the unit disc."""
    return points[:, :2] / np.sqrt(1 + np.maximum(0, points[:, 2]))[:, None]


def _outline(rays: np.ndarray, turn: np.ndarray | None) -> np.ndarray | None:
    """A cone's outline on paper, None if this half does not show it."""
    if turn is None:
        plane = rays[np.abs(rays[:, 2]) <= 1e-12 * np.linalg.norm(rays, axis=1)]
        arc = _along(plane / np.linalg.norm(plane, axis=1, keepdims=True), closed=False)[:, :2]
        return np.vstack([np.zeros((1, 2)), arc])
    seen = clip(rays, turn[2:3])
    if seen is None:
        return None
    return _flat(_along(seen / np.linalg.norm(seen, axis=1, keepdims=True), closed=True) @ turn.T)


def _cell_edges(axes: Axes, rays: np.ndarray, turn: np.ndarray | None, halved: bool) -> None:
    """The edges of a cell but for those between its halves, along x_0 = 0."""
    from matplotlib.patheffects import withStroke

    # a white rim, so that edges show where the model answers wrongly
    style: dict[str, Any] = {"color": "black", "lw": 0.9, "zorder": 2}
    style["path_effects"] = [withStroke(linewidth=1.5, foreground="white")]
    if turn is None:
        outline = _outline(rays, None)
        if outline is not None:
            axes.plot(outline[[0, 1, 0, -1], 0], outline[[0, 1, 0, -1], 1], **style)
        return
    unit = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    for a, b in zip(unit, np.roll(unit, -1, axis=0), strict=True):
        if not (halved and abs(a[0]) < 1e-14 and abs(b[0]) < 1e-14):
            _arc(axes, np.array([a, b]), turn, **style)


def _arc(axes: Axes, unit: np.ndarray, turn: np.ndarray, **style: Any) -> None:
    points = _along(unit, closed=False) @ turn.T
    flat = _flat(points)
    flat[points[:, 2] < 0] = np.nan
    axes.plot(flat[:, 0], flat[:, 1], **style)


def _orderings(axes: Axes, turn: np.ndarray | None) -> None:
    """The great circles on which two inputs are equal, and which ordering lies between them."""
    n = 2 if turn is None else 3
    line: dict[str, Any] = {"color": LINE_COLOUR, "lw": 0.5, "ls": (0, (5, 3)), "zorder": 2.5}
    if turn is None:
        axes.plot([-(0.5**0.5), 0.5**0.5], [-(0.5**0.5), 0.5**0.5], **line)
    else:
        angle = np.linspace(0, 2 * np.pi, 49)[:, None]
        for axis in np.eye(3):
            _arc(axes, np.cos(angle) * (1 - axis) / 2**0.5 + np.sin(angle) * axis, turn, **line)
    for ordering in orderings(n):
        at = np.zeros(n)
        at[list(ordering)] = (n - 1) / 2 - np.arange(n)
        at /= np.linalg.norm(at)
        place = at * 1.16 if turn is None else _flat((turn @ at)[None])[0]
        if turn is not None and (turn @ at)[2] < 0.05:
            continue
        box = {"facecolor": "white", "alpha": 0.8, "lw": 0, "pad": 1.2}
        axes.text(
            float(place[0]),
            float(place[1]),
            ordering_name(ordering),
            fontsize=7,
            ha="center",
            va="center",
            bbox=box,
            zorder=5,
        )


def _legend(figure: Figure, n: int, estimator: Estimator | None, answers: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    items: list[Any] = [Patch(color=_ANSWERS[i], label=f"rightly answers {i}") for i in range(n)]
    items.append(Patch(color=_WRONG, label="answers wrongly"))
    if estimator is not None:
        items.append(
            Line2D([], [], color="black", lw=1.2, label=f"cells of the {estimator.name} explanation")
        )
        if answers:
            items.append(Patch(color=_DIFFERS, label="where its likeliest answer differs"))
    figure.legend(
        handles=items, loc="outside lower center", ncols=3 if n == 3 else 2, frameon=False, fontsize=8
    )
