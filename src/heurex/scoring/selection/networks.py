"""The prior: networks with independent normal weights, as points of a space with a standard normal law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heurex.errors import NotApplicable, UsageError
from heurex.estimators import Exact
from heurex.model import RnnStack
from heurex.scoring.selection.splitting import Chart

__all__ = ["RandomNetworks", "comparable"]

_DECIMALS = 13
"""Accuracies are compared after rounding to so many decimals: the kernel's own precision."""


def comparable(accuracy: np.ndarray | float) -> np.ndarray:
    """Accuracies rounded so that values that are equal but for the kernel's rounding compare as equal."""
    return np.round(accuracy, _DECIMALS)


@dataclass(frozen=True)
class RandomNetworks:
    """Networks whose weights are independent N(0, scale^2), in all three matrices.

    Parameters
    ----------
    hidden_size, seq_len
        Sizes d >= 1 and n = 2 or 3.
    scale
        Standard deviation of every weight.

    Notes
    -----
    A network is a point of R^D, D = d (d + 1 + n), with a standard normal law, times ``scale``: w_hi first, then
    w_hh and w_oh row by row.
    """

    hidden_size: int
    seq_len: int
    scale: float = 1.0

    def __post_init__(self) -> None:
        if self.hidden_size < 1:
            raise UsageError(f"the hidden size is {self.hidden_size}; expected 1 or more")
        if self.seq_len not in (2, 3):
            raise NotApplicable(
                f"selection bits need exact accuracies, so n = 2 or 3 inputs; here n = {self.seq_len}"
            )
        if not (np.isfinite(self.scale) and 1e-100 < self.scale < 1e100):
            raise UsageError(f"the scale is {self.scale}; expected a standard deviation above 0")

    @property
    def dimension(self) -> int:
        """Number D of weights."""
        return self.hidden_size * (self.hidden_size + 1 + self.seq_len)

    @property
    def words(self) -> str:
        """The prior in words."""
        return f"independent N(0, {self.scale:g}^2) entries in w_hi, w_hh and w_oh"

    def stack(self, points: np.ndarray) -> RnnStack:
        """The networks at points ``(networks, D)``."""
        w_hi, w_hh, w_oh = self._split(points)
        return RnnStack(w_hi * self.scale, w_hh * self.scale, w_oh * self.scale)

    def accuracy(self, points: np.ndarray) -> np.ndarray:
        """Exact accuracies, comparable, ``(networks,)``."""
        return comparable(Exact().estimate_stack(self.stack(points)).value)

    @property
    def multiplicity(self) -> int:
        """How many disjoint events of equal probability make up the event."""
        return 1

    @property
    def event(self) -> str:
        """The event in words."""
        return "a network with at least this accuracy"

    @property
    def chart(self) -> Chart | None:
        """For moves in the shape of the event, where it has one."""
        return None

    def score(self, points: np.ndarray) -> np.ndarray:
        """What splitting climbs: the accuracy."""
        return self.accuracy(points)

    def refresh(self, points: np.ndarray, rng: np.random.Generator) -> None:
        """Move points, in place, along what the accuracy does not see; the standard normal law is kept.

        The accuracy is the same for positive multiples of w_hi, for positive multiples of w_oh, with one number
        added to a column of w_oh, and under a rescaling of a neuron. The first three have laws of their own,
        independent of the rest, and are drawn anew; the last is a Metropolis step.
        """
        count, (d, n) = len(points), (self.hidden_size, self.seq_len)
        w_hi, _, w_oh = self._split(points)
        w_oh += rng.standard_normal((count, 1, d)) / np.sqrt(n) - w_oh.mean(axis=1, keepdims=True)
        for block in (w_hi, w_oh.reshape(count, n * d)):
            length = np.sqrt(rng.chisquare(block.shape[1], count))
            block *= (length / np.sqrt((block**2).sum(axis=1)))[:, None]
        self._rescale_neurons(points, rng)

    def _rescale_neurons(self, points: np.ndarray, rng: np.random.Generator) -> None:
        count, rows = len(points), np.arange(len(points))
        neuron = rng.integers(0, self.hidden_size, count)
        log_factor = 0.5 * rng.standard_normal(count)
        factor = np.exp(log_factor)
        moved = points.copy()
        w_hi, w_hh, w_oh = self._split(moved)
        w_hi[rows, neuron] *= factor
        w_hh[rows, neuron, :] *= factor[:, None]
        w_hh[rows, :, neuron] /= factor[:, None]
        w_oh[rows, :, neuron] /= factor[:, None]
        # 1 + (d - 1) weights are multiplied, (d - 1) + n divided: the volume changes by factor^(1 - n)
        gain = ((points**2).sum(axis=1) - (moved**2).sum(axis=1)) / 2 + (1 - self.seq_len) * log_factor
        kept = np.log(rng.random(count)) < gain
        points[kept] = moved[kept]

    def _split(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Views of the three matrices."""
        count, d = len(points), self.hidden_size
        return (
            points[:, :d],
            points[:, d : d + d * d].reshape(count, d, d),
            points[:, d + d * d :].reshape(count, self.seq_len, d),
        )
