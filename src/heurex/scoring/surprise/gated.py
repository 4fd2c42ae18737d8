"""Cells whose last gates are presumed independent: what is stated of them, and how much hangs on each number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np

from heurex.cones import cone_fraction
from heurex.model import Rnn

__all__ = ["Claim", "GatedCell"]

# A probability this near to 0 or 1 is 0 or 1: the square root in a gate would make 1e-8 out of rounding.
_SNAP: Final = 1e-12
_HALF: Final = 0.5 + 1e-12
# Relative step of the finite differences, and the slope below which nothing hangs on a probability.
_STEP: Final = 1e-3
_FLAT: Final = 1e-7


@dataclass(frozen=True)
class Claim:
    """A fraction stated about a cell.

    Attributes
    ----------
    event
        In words; empty for the cell itself.
    value
        The fraction of input space.
    added
        How many half-spaces cut it from the cell.
    slope
        d(estimate) / d(value).
    """

    event: str
    value: float
    added: int
    slope: float


@dataclass(frozen=True)
class GatedCell:
    """A cell in which the network is linear up to some step, and its gates are presumed from that step on.

    Attributes
    ----------
    model
        The network, neurons in the cell's order.
    normals, fraction, label
        The cell's half-spaces ``(k, n)``, its share of input space, and the right answer.
    latent_prob
        q of the note; None for gates that stand at their means.
    """

    model: Rnn
    normals: np.ndarray
    fraction: float
    label: int
    latent_prob: float | None

    def claims(self, step: int, state: np.ndarray) -> list[Claim]:
        """The cell and every event in it, with the state before ``step`` as a linear map ``(d, n)``.

        Notes
        -----
        The estimate's share of the cell is a sum of label events, weighted by their latent variables. Label events
        depend on the gates, gates on the probabilities of being open, and those are quotients by the cell's own
        fraction. A probability's slope is a central difference with all that comes after it computed anew. Error:
        relative, about 1e-6, where no corner of a cone lies within the step.
        """
        return self.claims_from(step, self._preactivation(step, state))

    def claims_from(self, step: int, preactivation: np.ndarray) -> list[Claim]:
        """The same with the preactivation of ``step`` as a linear map ``(d, n)``."""
        found = list(self._walk(step, preactivation, 1.0, ""))
        slope = 0.0
        for claim in found:
            if claim.added == 1:
                slope -= claim.slope * claim.value / self.fraction
            elif abs(claim.value - self.fraction) <= _SNAP * self.fraction:
                slope += claim.slope
        return [Claim("", self.fraction, 0, slope), *found]

    def _walk(self, step: int, z: np.ndarray, weight: float, given: str) -> Iterator[Claim]:
        probs = self._probs(z)
        for j, p in enumerate(probs):
            slope = 0.0
            if 0 < p < 1:
                h = _STEP * min(p, 1 - p)
                up, down = (
                    self._value(step, z, probs + side * h * np.eye(len(probs))[j]) for side in (1, -1)
                )
                slope = weight * (up - down) / (2 * h * self.fraction)
                # differences of rounding are no slope
                slope = slope if abs(slope) * self.fraction > _FLAT else 0.0
            name = f"z{step + 1}[{j}] > 0{given}"
            yield Claim(name, float(p) * self.fraction, 1, slope)
        last = step + 1 == self.model.seq_len
        for number, (chance, gates) in enumerate(self._branches(probs)):
            latent = (
                "" if self.latent_prob is None else f"Z{'' if last and not given else step + 1} = {number}"
            )
            joined = f"{given or ' given'}{', ' if given else ' '}{latent}" if latent else given
            after = gates[:, None] * z
            if last:
                value = self._label(after)
                yield Claim(f"label's logit largest{joined}", value, self.model.seq_len - 1, weight * chance)
            else:
                following = self._preactivation(step + 1, after)
                yield from self._walk(step + 1, following, weight * chance, joined)

    def _value(self, step: int, z: np.ndarray, probs: np.ndarray | None = None) -> float:
        """What the cell contributes, with given probabilities at this step."""
        total = 0.0
        for chance, gates in self._branches(self._probs(z) if probs is None else probs):
            after = gates[:, None] * z
            if step + 1 == self.model.seq_len:
                total += chance * self._label(after)
            else:
                total += chance * self._value(step + 1, self._preactivation(step + 1, after))
        return total

    def _preactivation(self, step: int, state: np.ndarray) -> np.ndarray:
        z = self.model.w_hh @ state
        z[:, step] += self.model.w_hi
        return z

    def _probs(self, z: np.ndarray) -> np.ndarray:
        """For each neuron the share of the cell in which it is on."""
        cones = np.concatenate(
            [np.broadcast_to(self.normals, (len(z), *self.normals.shape)), z[:, None, :]], axis=1
        )
        p = cone_fraction(cones) / self.fraction
        p[p < _SNAP] = 0.0
        p[p > 1 - _SNAP] = 1.0
        # a row of zeros is no half-space to the cones, but a neuron that is off
        p[~np.any(z != 0, axis=1)] = 0.0
        return p

    def _branches(self, probs: np.ndarray) -> list[tuple[float, np.ndarray]]:
        """Weights and gates for each value of the latent variable. Source: Hilton (2024), "Original version"."""
        q = self.latent_prob
        if q is None:
            return [(1.0, probs)]
        sigma = np.array([sqrt(p * (1 - p)) for p in probs])
        side = np.where(probs <= _HALF, 1.0, -1.0)
        return [
            (1 - q, probs - side * sqrt(q / (1 - q)) * sigma),
            (q, probs + side * sqrt((1 - q) / q) * sigma),
        ]

    def _label(self, state: np.ndarray) -> float:
        """Fraction of the cell in which the label's logit is the first largest one."""
        margins = (self.model.w_oh[self.label] - np.delete(self.model.w_oh, self.label, axis=0)) @ state
        flat = ~np.any(margins != 0, axis=1)
        if np.any(flat[: self.label]):
            return 0.0
        return float(cone_fraction(np.vstack([self.normals, margins])))
