"""Cubature over the direction of all inputs but the last, exact in the last one.

A way to the accuracy, not an explanation of it: the network is evaluated at chosen points.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Final

import numpy as np

from heurex import kernels
from heurex.errors import NotApplicable, UsageError
from heurex.estimators import exact_last_kernel
from heurex.estimators.base import (
    Estimate,
    Estimator,
    Ops,
    StackEstimate,
    Status,
    require_counts,
    require_second,
)
from heurex.estimators.cubature import DESIGNS, GENERATOR, design_points
from heurex.estimators.sampling import draws_for
from heurex.model import Rnn, RnnStack

__all__ = ["ExactLast", "below", "last_shares", "logit_rounding", "scaled", "series"]

_UNIT: Final = 2.0**-53
_SOUND: Final = 1e-4
"""Means that are evaluated no better than this are reported as ill conditioned."""
_INTERPRETED_UP_TO: Final = 64
"""Directions: more go through the compiled kernel."""


@cache
def series(n: int) -> np.ndarray:
    """Factors of :func:`exact_last_kernel.below` for n inputs: that of the angle, then of powers of cos^2.

    From the integral of cos^k, which is cos^(k-1) sin / k + (k - 1) / k times that of cos^(k-2).

    Examples
    --------
    >>> series(3), series(4) * np.pi
    (array([0. , 0.5]), array([1., 1.]))
    """
    k, factors, scale = n - 2, [], 1.0
    while k > 1:
        factors.append(scale / k)
        scale *= (k - 1) / k
        k -= 2
    angle = scale if k == 0 else 0.0
    if k == 1:
        factors.append(scale)
    # all of the line: the angle goes from -pi/2 to pi/2, and at its ends the cosine is 0
    whole = np.pi * angle if n % 2 == 0 else 2 * factors[-1]
    return np.array([angle, *factors[::-1]]) / whole


def below(t: np.ndarray, n: int) -> np.ndarray:
    """The share of the last of n inputs below t times the length of the others, less one half.

    Examples
    --------
    >>> below(np.array([-1.0, 0.0, 1.0]), 4).round(6).tolist()
    [-0.409155, 0.0, 0.409155]
    """
    factors = series(n)
    square = 1 / (1 + t * t)
    total = np.polynomial.polynomial.polyval(square, factors[1:])
    if n % 2 == 1:
        return total * t * np.sqrt(square)
    return factors[0] * np.arctan(t) + total * t * square


def logit_rounding(w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray) -> np.ndarray:
    """A bound on the rounding of differences of logits: where the last input is 0, and by its size.

    A unit for every operation on the way to a logit, times the sum of sizes of what is added up, and twice that for a
    difference. The earlier inputs have length 1 together, so that the root of a sum of squares over them will do.
    """
    d, n = len(w_hi), len(w_oh)
    with np.errstate(all="ignore"):
        reach, squares = abs(w_hh) @ abs(w_hi), np.zeros(n)
        for _ in range(n - 1):
            squares += (abs(w_oh) @ reach) ** 2
            reach = abs(w_hh) @ reach
        steps = 2 * (n * (d + 3) + 6 * (d + 2)) * _UNIT
        at_0 = steps * float(np.sqrt(squares).max()) + 1e-290
        by_t = steps * float((abs(w_oh) @ abs(w_hi)).max()) + 1e-290
    return np.array([at_0, by_t])


def _rounding(w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray) -> np.ndarray:
    """The density of the last input at 0, and :func:`logit_rounding`."""
    # the derivative of below at 0, where cos = 1
    return np.array([float(series(len(w_oh)).sum()), *logit_rounding(w_hi, w_hh, w_oh)])


def _two_largest(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two largest of each column and where they are, ``(k, 2)`` each; of equal ones the earlier is the larger."""
    first, second = points[0], np.full(points.shape[1], -np.inf)
    at, next_at = np.zeros((2, points.shape[1]), np.int64)
    for i, value in enumerate(points[1:], 1):
        larger, between = value > first, value > second
        next_at = np.where(larger, at, np.where(between, i, next_at))
        second = np.where(larger, first, np.where(between, value, second))
        at, first = np.where(larger, i, at), np.where(larger, value, first)
    return np.stack([first, second], axis=1), np.stack([at, next_at], axis=1)


@dataclass(frozen=True)
class _Nodes:
    """Directions and what the kernel reads of them besides."""

    points: np.ndarray
    tops: np.ndarray
    places: np.ndarray
    known: np.ndarray

    @classmethod
    def of(cls, earlier: np.ndarray) -> _Nodes:
        points = np.ascontiguousarray(earlier.T)
        tops, places = _two_largest(points)
        return cls(points, tops, places, below(tops, len(points) + 1))

    def arguments(self) -> tuple[np.ndarray, ...]:
        return self.points, self.tops, self.places, self.known


def scaled(model: Rnn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The weights with those into and out of the network near 1, which changes no answer."""
    return _near_one(model.w_hi), model.w_hh, _near_one(model.w_oh)


def _near_one(weights: np.ndarray) -> np.ndarray:
    return np.ldexp(weights, -int(np.frexp(np.max(abs(weights)))[1]))


def last_shares(model: Rnn, earlier: np.ndarray) -> tuple[np.ndarray, float]:
    """For directions of all inputs but the last: the share of the last input that is answered rightly.

    Parameters
    ----------
    model
        A model with n = 3 or more inputs.
    earlier
        Directions, rows of length 1, shape ``(k, n - 1)`` with n = 3 or more.

    Returns
    -------
    The shares ``(k,)``, and a bound on the rounding of their mean.
    """
    found, error, _ = _shares(model, _Nodes.of(earlier))
    return found, error


def _shares(model: Rnn, nodes: _Nodes) -> tuple[np.ndarray, float, np.ndarray]:
    found, ops = np.zeros(len(nodes.tops)), np.zeros(5, np.int64)
    weights = scaled(model)
    rounding = _rounding(*weights)
    with np.errstate(all="ignore"):
        small = len(found) <= _INTERPRETED_UP_TO and not kernels.is_kept(exact_last_kernel)
        kernel: Any = exact_last_kernel if small else kernels.compiled(exact_last_kernel)
        doubt = kernel.shares(*weights, *nodes.arguments(), series(model.seq_len), rounding, found, ops)
    ops[0] += len(found) - 1
    ops[2] += 1
    error = 2 * doubt / len(found) + 64 * _UNIT
    return found, float(error) if error <= 1 else 1.0, ops


@dataclass(frozen=True)
class ExactLast(Estimator):
    """Cubature over the direction of the first n - 1 inputs, exact in the last one.

    Parameters
    ----------
    design
        How directions are spread: ``"sobol"``, points scrambled at random; ``"lattice"``, one random shift; or
        ``"strata"``, as many for every place of the two largest of the first n - 1 inputs, ``(n - 1)(n - 2)`` strata.
    points
        How many directions, for strata in each of them: a power of two.
    shifts
        How many times over, independently; from 2 on their spread gives a standard error.
    seed
        Random shifts depend on the seed and on the weights.

    Notes
    -----
    An answer does not depend on the length of the input. With the first n - 1 inputs fixed at a direction of length
    1, the last one has the density of (1 + t^2)^(-n/2), whose integral is elementary; logits bend where a neuron of
    the last step goes on or off, and the label changes at the two largest earlier inputs. Between these the share of
    right answers is a difference of that integral. What is left is a mean over a sphere of n - 2 dimensions.

    Error: right on average over seeds. With shifts of 2 or more the standard error is that of the mean of the shifts;
    with one there is none. ``numerical_error`` bounds rounding only.
    Cost: operations are counted as they are executed, in the compiled kernel beside its numbers; tests hold the count
    against that by counting numbers. Directions and the shares below their two largest entries depend on no
    model and are not counted. docs/cubature.md has the figures.
    Source: Owen (1997) for scrambling; Cranley and Patterson (1976) for shifts.

    Examples
    --------
    >>> from heurex.zoo import load
    >>> print(ExactLast(points=64, shifts=4).estimate(load("m43")))
    exact-last gives 0.98687 +- 0.0003 (standard error)
    """

    name: ClassVar[str] = "exact-last"
    summary: ClassVar[str] = "cubature over the other inputs, exact in the last one; any d, n = 3 or more"
    kind: ClassVar[str] = "cubature"
    assumes: ClassVar[str] = "nothing; it evaluates the network at chosen points"
    applies: ClassVar[str] = "any d; n = 3 or more"
    cost: ClassVar[str] = "1.2 samples' operations a direction for (16, 10), 2.1 for (4, 4)"
    design: str = "strata"
    points: int = 16
    shifts: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.design not in DESIGNS:
            raise UsageError(f"design is {self.design!r}; expected one of {', '.join(DESIGNS)}")
        require_counts(self, points=1, shifts=1, seed=0)
        if self.points & (self.points - 1) or self.points > 2**24:
            raise UsageError(f"points is {self.points}; expected a power of two, at most 2^24")

    def _mean(self, model: Rnn) -> tuple[float, float, float | None, Ops]:
        """The value, the bound on rounding, the standard error if there is one, and operations."""
        require_second(model, "exact-last")
        n = model.seq_len
        if n < 3:
            raise NotApplicable(
                f"exact-last needs n = 3 inputs or more, so that two come before the last one; this model has n = {n}"
            )
        if self.design == "lattice" and n - 1 > len(GENERATOR):
            raise NotApplicable(
                f"the lattice serves up to n = {len(GENERATOR) + 1} inputs; this model has n = {n}"
            )
        rng = draws_for(model, self.seed)
        means, errors, found = np.zeros(self.shifts), np.zeros(self.shifts), np.zeros(0)
        ops = np.zeros(5, np.int64)
        for i in range(self.shifts):
            nodes = _Nodes.of(design_points(self.design, n - 1, self.points, rng))
            found, errors[i], executed = _shares(model, nodes)
            means[i] = found.mean()
            ops += executed
        spread = None
        if self.shifts > 1:
            ops[0] += self.shifts - 1
            ops[2] += 1
            # where all shifts agree, each might have differed by half a direction
            spread = (float(means.std(ddof=1)) or 0.5 / len(found)) / self.shifts**0.5
        return float(means.mean()), float(errors.mean()), spread, Ops(*(int(count) for count in ops))

    def estimate(self, model: Rnn) -> Estimate:
        """The mean over the design, with operations counted in this very calculation."""
        value, error, spread, ops = self._mean(model)
        return Estimate(
            self.name,
            min(max(value, 0.0), 1.0),
            error,
            self.settings(),
            standard_error=spread,
            ops=ops,
            status=_status(error),
            rule=f"directions of {model.seq_len - 1} inputs ({self.design}, {self.points} points)",
        )

    def estimate_stack(self, stack: RnnStack) -> StackEstimate:
        """The means of many models; each has shifts of its own, those that :meth:`estimate` takes."""
        found: list[Any] = [self._mean(model) for model in stack]
        values, errors = (np.array([one[i] for one in found]) for i in range(2))
        spreads = np.array([np.nan if one[2] is None else one[2] for one in found])
        return StackEstimate(np.clip(values, 0.0, 1.0), errors, spreads, [_status(error) for error in errors])


def _status(error: float) -> Status:
    return Status.OK if error < _SOUND else Status.ILL_CONDITIONED
