"""Names beside points, moved so that they do not cover each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import cos, hypot, pi, sin
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

__all__ = ["Label", "place_labels"]

_DISTANCES: Final = (6.0, 10.0, 16.0, 26.0, 40.0, 58.0)
"""In points, from a point to its text: the first is beyond the largest marker."""
_DIRECTIONS: Final = tuple(2 * pi * k / 16 for k in range(16))


@dataclass(frozen=True)
class Label:
    """A text that belongs to a point, in data coordinates."""

    x: float
    y: float
    text: str
    colour: str
    size: float = 8.0


def place_labels(
    axes: Axes, labels: Sequence[Label], obstacles: np.ndarray, fixed: Sequence[Text] = ()
) -> None:
    """Write each label where it hides least, near its point; a hairline leads to those that had to move away.

    Parameters
    ----------
    axes
        Axes with final limits and layout.
    labels
        The most important first.
    obstacles
        What should stay visible, as points in data coordinates, ``(m, 2)``.
    fixed
        Texts that have their place.
    """
    figure: Any = axes.figure
    renderer = figure.canvas.get_renderer()
    scale = figure.dpi / 72
    inside = axes.get_window_extent(renderer)
    dots = axes.transData.transform(obstacles) if len(obstacles) else np.zeros((0, 2))
    taken = [tuple(text.get_window_extent(renderer).extents) for text in fixed]
    for label in labels:
        at = axes.transData.transform((label.x, label.y))
        drawn = axes.annotate(
            label.text, (label.x, label.y), (0, 0), textcoords="offset points", fontsize=label.size,
            color=label.colour, ha="center", va="center", zorder=4.5, linespacing=1.1,
            parse_math=False, bbox={"facecolor": "white", "alpha": 0.65, "lw": 0, "pad": 0.4},
        )  # fmt: skip
        extent = drawn.get_window_extent(renderer)
        half = (extent.width / 2, extent.height / 2)
        best, place, box = float("inf"), (0.0, 0.0), (0.0, 0.0, 0.0, 0.0)
        for distance, angle in product(_DISTANCES, _DIRECTIONS):
            shift = _shift(half, distance * scale, angle)
            middle = (at[0] + shift[0], at[1] + shift[1])
            trial = (middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1])
            cost = distance / 12 + _hidden(trial, dots, taken, scale) + _outside(trial, inside)
            cost += _crossed(at, _nearest(at, trial), dots, scale)
            if cost < best:
                best, place, box = cost, shift, trial
        taken.append(box)
        drawn.xyann = (place[0] / scale, place[1] / scale)
        drawn.set_multialignment("center" if abs(place[0]) < half[0] else "left" if place[0] > 0 else "right")
        _lead(axes, label, at, box, scale)


def _shift(half: tuple[float, float], distance: float, angle: float) -> tuple[float, float]:
    """From the point to the text's middle, so that the text's edge is at the distance in that direction."""
    x, y = cos(angle), sin(angle)
    return x * (half[0] + distance), y * (half[1] + distance)


def _hidden(
    box: tuple[float, float, float, float], dots: np.ndarray, taken: list[tuple[float, ...]], scale: float
) -> float:
    """How much a text here would cover: dots, and other texts above all."""
    pad = 2.5 * scale
    x, y = dots[:, 0], dots[:, 1]
    covered = np.sum((x > box[0] - pad) & (x < box[2] + pad) & (y > box[1] - pad) & (y < box[3] + pad))
    overlap = 0.0
    for other in taken:
        width = min(box[2], other[2]) - max(box[0], other[0]) + pad
        height = min(box[3], other[3]) - max(box[1], other[1]) + pad
        if width > 0 and height > 0:
            overlap += 20 + width * height / 50
    return float(1.5 * covered + overlap)


def _outside(box: tuple[float, float, float, float], inside: Any) -> float:
    over = max(inside.x0 - box[0], box[2] - inside.x1, inside.y0 - box[1], box[3] - inside.y1)
    return 0.0 if over <= -2 else 1000.0


def _nearest(at: Any, box: tuple[float, float, float, float]) -> tuple[float, float]:
    """The place in a box that is nearest to a point."""
    return min(max(at[0], box[0]), box[2]), min(max(at[1], box[1]), box[3])


def _crossed(at: Any, end: tuple[float, float], dots: np.ndarray, scale: float) -> float:
    """How many dots a hairline would run over, other than those at its own point."""
    way = np.array(end) - at
    length = float(np.hypot(*way))
    if length < 8 * scale or len(dots) == 0:
        return 0.0
    along, across = (dots - at) @ way / length, (dots - at) @ np.array([-way[1], way[0]]) / length
    return 2.0 * float(np.sum((along > 5 * scale) & (along < length) & (abs(across) < 2.5 * scale)))


def _lead(axes: Axes, label: Label, at: Any, box: tuple[float, float, float, float], scale: float) -> None:
    """A hairline from the point to the nearest place on its text, where that is far."""
    near = _nearest(at, box)
    if hypot(near[0] - at[0], near[1] - at[1]) > 12 * scale:
        end = axes.transData.inverted().transform(near)
        axes.plot([label.x, end[0]], [label.y, end[1]], color=label.colour, lw=0.5, alpha=0.6, zorder=2)
