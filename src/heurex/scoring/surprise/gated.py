"""Cells whose last gates are presumed independent: what is stated of them, and how much hangs on each number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np

from heurex.cones import corners as polygon
from heurex.model import Rnn
from heurex.scoring.surprise.effect import NONE, Effect, measured, proportional

__all__ = ["Claim", "GatedCell"]

# A probability this near to 0 or 1 is 0 or 1: the square root in a gate would make 1e-8 out of rounding.
_SNAP: Final = 1e-12
_HALF: Final = 0.5 + 1e-12
# Of a cell without extent nothing is known, and nothing hangs on it.
_NEGLIGIBLE: Final = 1e-15


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
    effect
        How far the estimate moves when it is off.
    """

    event: str
    value: float
    added: int
    effect: Effect


@dataclass(frozen=True)
class GatedCell:
    """A cell in which the network is linear up to some step, and its gates are presumed from that step on.

    Attributes
    ----------
    model
        The network, neurons in the cell's order.
    rays, fraction, label
        The cell's extreme rays in order, ``(m, 3)`` (for n = 2 with an idle third axis, of which they take half), its
        share of input space, and the right answer.
    latent_prob
        q of the note; None for gates that stand at their means.
    """

    model: Rnn
    rays: np.ndarray
    fraction: float
    label: int
    latent_prob: float | None

    def claims(self, step: int, state: np.ndarray) -> list[Claim]:
        """The cell and every event in it, with the state before ``step`` as a linear map ``(d, n)``.

        Notes
        -----
        The estimate's share of the cell is a sum of label events, weighted by their latent variables. Label events
        depend on the gates, gates on the probabilities of being open, and those are quotients by the cell's own
        fraction. Effects are measured with all that comes after a number computed anew from it.
        """
        return self.claims_from(step, self._preactivation(step, state))

    def claims_from(self, step: int, preactivation: np.ndarray) -> list[Claim]:
        """The same with the preactivation of ``step`` as a linear map ``(d, n)``."""
        if self.fraction < _NEGLIGIBLE:
            return [Claim("", self.fraction, 0, NONE), *self._walk(step, preactivation, 1.0, "")]
        before = self._value(step, preactivation, 1.0)

        def moved(error: float) -> float:
            # a cell is not smaller than what is known of it
            return self._value(step, preactivation, max(1e-9, 1 + error / self.fraction)) - before

        own = Claim("", self.fraction, 0, measured(moved, self.fraction))
        return [own, *self._walk(step, preactivation, 1.0, "")]

    def _walk(self, step: int, z: np.ndarray, weight: float, given: str) -> Iterator[Claim]:
        probs = self._probs(z)
        for j, p in enumerate(probs):
            effect = self._effect(step, z, j, weight) if 0 < p < 1 else NONE
            yield Claim(f"z{step + 1}[{j}] > 0{given}", float(p) * self.fraction, 1, effect)
        last = step + 1 == self.model.seq_len
        for number, (chance, gates) in enumerate(self._branches(probs)):
            latent = (
                "" if self.latent_prob is None else f"Z{'' if last and not given else step + 1} = {number}"
            )
            joined = f"{given or ' given'}{', ' if given else ' '}{latent}" if latent else given
            after = gates[:, None] * z
            if last:
                effect = proportional(weight * chance, self.fraction)
                yield Claim(
                    f"label's logit largest{joined}", self._label(after), self.model.seq_len - 1, effect
                )
            else:
                following = self._preactivation(step + 1, after)
                yield from self._walk(step + 1, following, weight * chance, joined)

    def _effect(self, step: int, z: np.ndarray, j: int, weight: float) -> Effect:
        """What hangs on the probability that neuron j is on."""
        probs = self._probs(z)
        before = self._value(step, z, 1.0)

        def moved(error: float) -> float:
            off = probs.copy()
            off[j] = min(max(probs[j] + error / self.fraction, 0.0), 1.0)
            return weight * (self._value(step, z, 1.0, off) - before)

        return measured(moved, self.fraction)

    def _value(self, step: int, z: np.ndarray, stretch: float, probs: np.ndarray | None = None) -> float:
        """What the cell contributes: its own fraction off by a factor, or with given probabilities at this step."""
        if probs is None:
            probs = self._probs(z)
            open_ = (probs > 0) & (probs < 1)
            probs[open_] = np.minimum(probs[open_] / stretch, 1.0)
        total = 0.0
        for chance, gates in self._branches(probs):
            after = gates[:, None] * z
            if step + 1 == self.model.seq_len:
                right = self._label(after)
                # where all of the cell is right, it is the cell's own fraction that counts
                whole = abs(right - self.fraction) <= _SNAP * self.fraction
                total += chance * (stretch * self.fraction if whole else right)
            else:
                total += chance * self._value(step + 1, self._preactivation(step + 1, after), stretch)
        return total

    def _preactivation(self, step: int, state: np.ndarray) -> np.ndarray:
        z = self.model.w_hh @ state
        z[:, step] += self.model.w_hi
        return z

    def _probs(self, z: np.ndarray) -> np.ndarray:
        """For each neuron the share of the cell in which it is on."""
        if self.fraction < _NEGLIGIBLE:
            return np.zeros(len(z))
        p = np.array([self._where(row[None]) for row in z]) / self.fraction
        p[p < _SNAP] = 0.0
        p[p > 1 - _SNAP] = 1.0
        # a neuron that is 0 throughout is off
        p[~np.any(z != 0, axis=1)] = 0.0
        return p

    def _where(self, rows: np.ndarray) -> float:
        """Fraction of input space in that part of the cell where some linear forms ``(r, n)`` are not negative."""
        values = self.rays[:, : rows.shape[1]] @ rows.T
        corners, m = np.hstack([self.rays, values]), len(self.rays)
        whole = True
        for column in range(3, corners.shape[1]):
            side = polygon.clear_side(corners, m, column)
            if side == -1:
                return 0.0
            if side == 2:
                kept = np.zeros((m + 1, corners.shape[1]))
                m = polygon.keep_positive(corners, m, column, corners.shape[1], kept)
                corners, whole = kept, False
                if m < 3:
                    return 0.0
        if whole:
            return self.fraction
        return (2 if rows.shape[1] == 2 else 1) * polygon.fraction(corners, m)

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
        return 0.0 if np.any(flat[: self.label]) else self._where(margins)
