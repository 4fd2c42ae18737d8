"""Quadrature over the direction of the first two inputs, exact in the last one.

A way to the accuracy, not an explanation of it: nothing is said of why the model answers as it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Final

import numpy as np

from heurex import kernels
from heurex.errors import NotApplicable, UsageError
from heurex.estimators import directions_kernel
from heurex.estimators.base import Estimate, Estimator, Ops, StackEstimate, Status
from heurex.model import Rnn, RnnStack

__all__ = ["Directions", "nodes_and_weights"]

_PLAIN_UP_TO: Final = 4
"""With one or two nodes in a half there is nothing to crowd."""

_SOUND: Final = 1e-6
"""Sums that are evaluated no better than this are reported as ill conditioned."""

_UNIT: Final = 2.0**-53


@cache
def nodes_and_weights(directions: int) -> tuple[np.ndarray, np.ndarray]:
    """Angles of (x_0, x_1) and their weights, ``(directions,)`` each; the weights sum to 1.

    The circle is halved by the line x_0 = x_1, at 45 and 225 degrees, where the right answer jumps: the share of
    right answers is smooth on neither side close to it. In each half, 45 degrees + 180 s of them with
    s = 3 v^2 - 2 v^3, the Gauss-Legendre rule in v on [0, 1]: s is flat at both ends, which crowds the nodes there.
    Up to four directions s = v.

    Examples
    --------
    >>> angles, weights = nodes_and_weights(2)
    >>> np.degrees(angles).round(6).tolist(), weights.tolist()
    ([135.0, 315.0], [0.5, 0.5])
    """
    x, w = np.polynomial.legendre.leggauss(directions // 2)
    v, w = (1 + x) / 2, w / 4
    if directions > _PLAIN_UP_TO:
        w = w * 6 * v * (1 - v)
        v = v * v * (3 - 2 * v)
    half = np.pi * (0.25 + v)
    angles, weights = np.concatenate([half, half + np.pi]), np.concatenate([w, w])
    return angles, weights / weights.sum()


@cache
def _table(directions: int, n: int) -> np.ndarray:
    """What the kernel reads for each direction; depends on no model."""
    if n == 2:
        first = np.array([1.0, -1.0])
        return np.stack([first, 2 / np.pi * np.arctan(first), np.full(2, 0.25)], axis=1)
    angles, weights = nodes_and_weights(directions)
    earlier = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    heights = earlier / np.sqrt(1 + earlier**2)
    return np.concatenate([earlier, heights, weights[:, None] / 2], axis=1)


@dataclass(frozen=True)
class Directions(Estimator):
    """Quadrature over one angle: in each of a few directions of (x_0, x_1) the share of x_2 answered rightly.

    Parameters
    ----------
    directions
        How many directions of (x_0, x_1): an even number, half of them on each side of x_0 = x_1.

    Notes
    -----
    With (x_0, x_1) fixed up to its length, logits are piecewise linear in x_2: they bend where a neuron of the last
    step goes on or off, and the label changes at x_0 and x_1. Between these, logits cross at quotients. The
    share below a value is elementary, since heights on a sphere are uniform. What is left is an integral over an
    angle, by a rule that is the same for all models (:func:`nodes_and_weights`). For n = 2 nothing is left: the
    two signs of x_0 give the exact accuracy, whatever ``directions`` is.

    Error: nothing bounds the error of the rule; ``numerical_error`` bounds the rounding of its sum only. On 1,024
    noisy copies of the bundled M_{4,3} (sd 0.05) the RMS error is 0.68% with 12 directions.
    Cost: about 50 operations, and 105 more for each direction, for (4, 3); the tables of angles and weights and
    the bound on rounding are not counted.
    Source: Archimedes for the heights; Gauss and Legendre for the rule.

    Examples
    --------
    >>> from heurex.zoo import load
    >>> print(Directions(12).estimate(load("m43")))
    quadrature over one angle (12 directions) gives 0.98723; its error is not bounded
    """

    name: ClassVar[str] = "directions"
    summary: ClassVar[str] = "quadrature over one angle, exact in the last input; any d, n = 3 (n = 2: exact)"
    kind: ClassVar[str] = "quadrature"
    assumes: ClassVar[str] = "that a few directions of the first two inputs stand for all"
    applies: ClassVar[str] = "any d; n = 2 or 3"
    cost: ClassVar[str] = "about 50 operations and 105 for each direction for (4, 3)"
    directions: int = 12

    def __post_init__(self) -> None:
        k = self.directions
        if isinstance(k, bool) or not isinstance(k, int) or k < 2 or k % 2:
            raise UsageError(f"directions is {k!r}; expected an even whole number, at least 2")

    def estimate(self, model: Rnn) -> Estimate:
        """The sum over directions, on counting numbers."""
        table = self._nodes(model)
        weights = {"w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh}
        kernel, numbers, tally = kernels.counted(directions_kernel, weights)
        found = np.full((len(table), 1 + (model.hidden_size + 3) * (model.seq_len - 1)), np.inf, object)
        value, doubt = kernel.directions(*numbers.values(), model.rank, table, found)
        slack = (2 * table[:, -1:] / kernels.plain(found[:, 1:])).sum()
        value, doubt = float(kernels.uncounted(value)), float(kernels.uncounted(doubt))
        error = float(_rounding(model.w_hi, model.w_hh, model.w_oh, slack) + doubt)
        exact = model.seq_len == 2
        return Estimate(
            self.name,
            min(max(value, 0.0), 1.0),
            error,
            self.settings(),
            lower=max(0.0, value - error) if exact else None,
            upper=min(1.0, value + error) if exact else None,
            ops=Ops.of(tally),
            status=_status(error),
            rule=None if exact else f"one angle ({self.directions} directions)",
        )

    def estimate_stack(self, stack: RnnStack) -> StackEstimate:
        """The sums of many models, through the compiled kernel."""
        table = self._nodes(stack)
        values, doubts, slack = np.zeros((3, len(stack)))
        kernels.compiled(directions_kernel).directions_batch(
            stack.w_hi, stack.w_hh, stack.w_oh, stack.rank, table, values, doubts, slack
        )
        error = _rounding(stack.w_hi, stack.w_hh, stack.w_oh, slack) + doubts
        blank = np.full(len(stack), np.nan)
        return StackEstimate(np.clip(values, 0.0, 1.0), error, blank, [_status(e) for e in error])

    def _nodes(self, model: Rnn | RnnStack) -> np.ndarray:
        if model.seq_len not in (2, 3):
            raise NotApplicable(
                f"directions needs n = 2 or 3 inputs, so that one angle is left to the quadrature; "
                f"this model has n = {model.seq_len}"
            )
        return _table(self.directions, model.seq_len)


def _status(error: float) -> Status:
    return Status.OK if error < _SOUND else Status.ILL_CONDITIONED


def _rounding(w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, slack: Any) -> np.ndarray:
    """Bound on the rounding of the sum, at most 1; weights of one model or a stack of them.

    Every difference of logits p + q t carries an error of at most eps (1 + |t|), where eps is a multiple of the
    sums of sizes below. It decides wrongly only where it is smaller than that, a share of at most
    1.5 eps / max(|p|, |q|) on each piece with each rival; ``slack`` is the sum of 1 / max(|p|, |q|).
    """
    d, n = w_hi.shape[-1], w_oh.shape[-2]
    with np.errstate(all="ignore"):
        size = np.where(w_hi == 0, 1.0, np.abs(w_hi))
        hidden = np.abs(w_hh) * size[..., None, :] / size[..., :, None]
        levels = hidden.sum(axis=-1)
        if n == 3:
            levels = (hidden * (1 + levels)[..., None, :]).sum(axis=-1)
        logits = (np.abs(w_oh[..., 1:, :]) + np.abs(w_oh[..., :1, :])) * size[..., None, :]
        eps = (4 * d + 10) * _UNIT * (logits * (1 + levels)[..., None, :]).sum(axis=-1).max(axis=-1)
        thresholds = d * (2 * d + 6) * _UNIT * levels.max(axis=-1)
        bound = 1.5 * eps * slack + thresholds + 16 * _UNIT
    return np.where(np.isfinite(bound), np.minimum(bound, 1.0), 1.0)
