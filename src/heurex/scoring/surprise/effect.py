"""How far an estimate moves when one stated number is off: its sensitivity, at every scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

__all__ = ["NONE", "Effect", "measured", "proportional"]

# Half-widths that are tried: the parent's fraction times these.
_SCALES: Final = 2.0 ** np.arange(-24, 1)
# Moves of the estimate below this are rounding.
_ROUNDING: Final = 1e-12


@dataclass(frozen=True)
class Effect:
    """The greatest move of the estimate for an error of at most a half-width, at knots, linear between them.

    Attributes
    ----------
    half_widths, moves
        Knots from 0 up, neither of them ever falling; the last half-width is the parent's fraction, beyond which
        there is nothing to be said.
    """

    half_widths: np.ndarray
    moves: np.ndarray

    @property
    def most(self) -> float:
        """The move where the number is not stated at all."""
        return float(self.moves[-1])

    @property
    def sensitivity(self) -> float:
        """Move by half-width, for small ones: the magnitude of d(estimate) / d(fraction)."""
        return float(self.moves[1] / self.half_widths[1])

    def half_width(self, move: float) -> float:
        """The greatest half-width that moves the estimate by no more than this; infinite if any would do."""
        if move >= self.most:
            return float("inf")
        above = int(np.searchsorted(self.moves, move, side="right"))
        (x0, x1), (y0, y1) = self.half_widths[above - 1 : above + 1], self.moves[above - 1 : above + 1]
        return float(x0 + (x1 - x0) * (move - y0) / (y1 - y0))


NONE: Final = Effect(np.array([0.0, 1.0]), np.zeros(2))
"""The effect of a number on which nothing hangs."""


def proportional(slope: float, whole: float) -> Effect:
    """The effect of a number that the estimate is linear in."""
    return Effect(np.array([0.0, whole]), np.array([0.0, abs(slope) * whole]))


def measured(moved: Callable[[float], float], whole: float) -> Effect:
    """The effect of a number by trying: ``moved(error)`` is the change of the estimate for a signed error.

    Notes
    -----
    Tried on both sides at 25 half-widths, from the parent's fraction down by factors of 2. A mere derivative would
    not do: gates have square roots in them, and label events have corners, often within a statement's width.
    Cost: 50 evaluations.
    """
    halves = whole * _SCALES
    moves = np.array([max(abs(moved(half)), abs(moved(-half))) for half in halves])
    moves[moves < _ROUNDING] = 0.0
    return Effect(np.append(0.0, halves), np.append(0.0, np.maximum.accumulate(moves)))
