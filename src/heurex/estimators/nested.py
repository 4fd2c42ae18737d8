"""Quadrature over the direction of all inputs but the last two, exact in those.

A way to the accuracy, not an explanation of it: the network is evaluated at chosen points.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Final

import numpy as np

from heurex import kernels
from heurex.errors import NotApplicable, UsageError
from heurex.estimators import nested_circle_kernel, nested_nodes_kernel
from heurex.estimators.base import Estimate, Estimator, Ops, StackEstimate, Status, require_counts
from heurex.estimators.cubature import DESIGNS, design_points
from heurex.estimators.sampling import draws_for
from heurex.model import Rnn, RnnStack
from heurex.tasks import SECOND

__all__ = ["Nested", "fejer", "last_two_shares"]

_UNIT: Final = 2.0**-53
_SAFETY: Final = 2.0
"""The error of the rule is told as this times what both rules differ by and third differences; see docs/nested.md."""
_SOUND: Final = 1e-5
"""Shares that are evaluated no better than this are reported as ill conditioned."""
_SHORT: Final = 1e-12
"""Pieces of the circle that are shorter are left out."""
_LARGEST: Final = 24
_INTERPRETED_UP_TO: Final = 160
"""Nodes times neurons over 4: more go through the compiled kernel."""


@cache
def fejer(nodes: int) -> np.ndarray:
    """Nodes on (-1, 1), weights of Fejer's second rule, and those of the rule of every other node, ``(nodes, 3)``.

    Examples
    --------
    >>> fejer(3).round(4).tolist()
    [[-0.7071, 0.6667, 0.0], [0.0, 0.6667, 2.0], [0.7071, 0.6667, 0.0]]
    """
    angles = np.pi * np.arange(nodes, 0, -1) / (nodes + 1)
    odd = np.arange(1, nodes + 1, 2)
    weights = 4 / (nodes + 1) * np.sin(angles) * (np.sin(np.outer(angles, odd)) / odd).sum(axis=1)
    found = np.stack([np.cos(angles), weights, np.zeros(nodes)], axis=1)
    if nodes > 1:
        found[1::2, 2] = fejer(nodes // 2)[:, 1]
    # the node in the middle is 0
    found[nodes // 2, 0] = 0.0
    return found


def _rounding(model: Rnn) -> float:
    """Bound on the rounding of a difference of logits at an input of length 1; infinite where it overflows."""
    d, n = model.hidden_size, model.seq_len
    with np.errstate(all="ignore"):
        reach, squares = abs(model.w_hi), np.zeros(n)
        for _ in range(n):
            squares += (abs(model.w_oh) @ reach) ** 2
            reach = abs(model.w_hh) @ reach
        return float(16 * (n * (d + 3) + 12 * (d + 2)) * _UNIT * np.sqrt(squares).max() + 1e-290)


@dataclass(frozen=True)
class _Shares:
    """What the kernel gives for many directions: 2 pi times shares and what rounding may do to these; operations."""

    found: np.ndarray
    doubts: np.ndarray
    ops: np.ndarray


def _home(nodes: int, hidden_size: int) -> Any:
    small = nodes * hidden_size <= 4 * _INTERPRETED_UP_TO and not kernels.is_kept(nested_nodes_kernel)
    return nested_nodes_kernel if small else kernels.compiled(nested_nodes_kernel)


def _shares(model: Rnn, earlier: np.ndarray) -> _Shares:
    """The shares for directions of the earlier inputs, rows of length 1."""
    k, p = earlier.shape
    places = np.argsort(-earlier, axis=1, kind="stable")[:, :2]
    tops = np.take_along_axis(earlier, places, axis=1)
    if p == 1:
        places, tops = np.repeat(places, 2, axis=1), np.repeat(tops, 2, axis=1)
    unit, ops, rounding = np.array([0.0, 1.0, -1.0]), np.zeros(5, np.int64), _rounding(model)
    found, doubts = np.zeros(k), np.full(k, 2 * np.pi)
    if np.isfinite(rounding):
        kernel = _home(k, model.hidden_size)
        for whole in (False, True):
            with np.errstate(all="ignore"):
                ties = kernel.shares(
                    model.w_hi, model.w_hh, model.w_oh, np.ascontiguousarray(earlier), tops, places, unit, model.rank,
                    whole, rounding, found, doubts, ops,
                )  # fmt: skip
            if ties == 0:
                break
    lost = ~np.isfinite(found) | ~np.isfinite(doubts)
    return _Shares(np.where(lost, np.pi, found), np.where(lost, 2 * np.pi, doubts), ops)


def last_two_shares(model: Rnn, earlier: np.ndarray) -> tuple[np.ndarray, float]:
    """For directions of all inputs but the last two: the share of those two that is answered rightly.

    Parameters
    ----------
    model
        A model of n = 3, 4 or 5 inputs.
    earlier
        Directions, rows of length 1, shape ``(k, n - 2)`` with n = 3, 4 or 5.

    Returns
    -------
    The shares ``(k,)``, and a bound on the rounding of their mean.

    Examples
    --------
    >>> last_two_shares(Rnn([1.0], [[0.5]], [[1.0], [0.0], [0.0]]), np.array([[1.0], [-1.0]]))[0].round(6).tolist()
    [0.333333, 0.333333]
    """
    found = _shares(model, earlier)
    return found.found / (2 * np.pi), float(found.doubts.mean() / (2 * np.pi)) + 64 * _UNIT


@dataclass(frozen=True)
class _Found:
    value: float
    rounding: float
    rule_error: float
    standard_error: float | None
    ops: Ops
    nodes: int


@dataclass(frozen=True)
class Nested(Estimator):
    """Quadrature over the direction of the first n - 2 inputs, exact in the last two; n = 4 or 5 (n = 3: exact).

    Parameters
    ----------
    nodes
        For n = 4: about how many directions of (x_0, x_1); at least three on each of up to 2 d + 4 pieces.
    design, points
        For n = 5: how directions of three inputs are spread, and how many, as for ``exact-last``.
    shifts
        For n = 5: how many times over, independently; from 2 on their spread gives a standard error.
    seed
        For n = 5: random shifts depend on the seed and on the weights.

    Notes
    -----
    An answer does not depend on the length of the input. With the first p = n - 2 inputs fixed at a direction of length
    1, the last two have the density of (1 + a^2 + b^2)^(-(p + 2)/2), and the plane is cut by straight lines into
    polygons on which logits are linear. Their shares are sums over edges, each elementary. For n = 3 the two signs of
    x_0 are all that is left, for n = 4 an integral over an angle: the circle is cut where the share has a corner
    or a jump, and each piece has a rule by Fejer. For n = 5 a mean over a sphere is left.

    Error: for n = 4 ``numerical_error`` is rounding and twice a sum over pieces: what the rule differs by from that
    of every other node, and weighted third differences of neighbouring values. That is no proven bound; it held in
    every case that docs/nested.md lists. For n = 3 it is a bound, that of rounding; for n = 5 too, and the spread of
    shifts gives a standard error.
    Cost: operations are counted as they are executed, beside the compiled numbers; tests hold the count against
    that by counting numbers. docs/nested.md has the figures.
    Source: the divergence theorem; Fejer (1933) for the rule.

    Examples
    --------
    >>> from heurex.zoo import load
    >>> print(Nested().estimate(load("m43")))
    the exact accuracy is 0.98600 (evaluated to 2e-10)
    """

    name: ClassVar[str] = "nested"
    summary: ClassVar[str] = (
        "exact in the last two inputs, a rule for the others' direction; n = 3 (exact), 4 or 5"
    )
    kind: ClassVar[str] = "quadrature"
    assumes: ClassVar[str] = "nothing; it evaluates the network at chosen points"
    applies: ClassVar[str] = f"d up to {_LARGEST}; n = 3, 4 or 5; argmax and 2nd argmax"
    cost: ClassVar[str] = "20 samples' operations a direction for (4, 4) and (6, 4)"
    nodes: int = 128
    design: str = "strata"
    points: int = 16
    shifts: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.design not in DESIGNS:
            raise UsageError(f"design is {self.design!r}; expected one of {', '.join(DESIGNS)}")
        require_counts(self, nodes=1, points=1, shifts=1, seed=0)
        if self.points & (self.points - 1) or self.points > 2**20:
            raise UsageError(f"points is {self.points}; expected a power of two, at most 2^20")
        if self.nodes > 2**20:
            raise UsageError(f"nodes is {self.nodes}; expected at most 2^20")

    def has_chance(self, model: Rnn) -> bool:
        """Only a sphere, for n = 5, has points that depend on the seed."""
        return model.seq_len == 5

    def _find(self, model: Rnn) -> _Found:
        n = model.seq_len
        if n not in (3, 4, 5):
            raise NotApplicable(
                f"nested needs n = 3, 4 or 5 inputs, so that one or two dimensions are left beside the last two; "
                f"this model has n = {n}"
            )
        if model.rank > SECOND:
            raise NotApplicable(f"nested does argmax and 2nd argmax; this model is asked for {model.task}")
        if model.hidden_size > _LARGEST:
            raise NotApplicable(
                f"nested needs at most {_LARGEST} neurons; this model has d = {model.hidden_size}"
            )
        return (self._signs, self._circle, self._sphere)[n - 3](model)

    def _signs(self, model: Rnn) -> _Found:
        both = _shares(model, np.array([[1.0], [-1.0]]))
        ops = Ops(*(int(count) for count in both.ops)) + Ops(add=1, div=1)
        value = float(both.found.sum() / (4 * np.pi))
        return _Found(value, float(both.doubts.sum() / (4 * np.pi)), 0.0, None, ops, 2)

    def _circle(self, model: Rnn) -> _Found:
        places, ops = np.zeros(2 * model.hidden_size + 5), np.zeros(5, np.int64)
        kernel = nested_circle_kernel
        with np.errstate(all="ignore"):
            places = places[: kernel.breaks(model.w_hi, model.w_hh, places, ops)]
        lengths = np.diff(places)
        halves = np.round((self.nodes * lengths / (2 * np.pi) - 1) / 2).astype(np.int64)
        sizes = np.where(lengths > _SHORT, 2 * np.maximum(halves, 1) + 1, 0)
        used = sorted({int(size) for size in sizes if size > 0})
        table = np.concatenate([fejer(size) for size in used])
        at = dict(zip(used, np.cumsum([0, *used[:-1]]), strict=True)) | {0: 0}
        starts = np.array([at[int(size)] for size in sizes])
        points, sums = np.zeros((int(sizes.sum()), 2)), np.zeros(3)
        kernel.set_nodes(places, sizes, table, starts, points, ops)
        shares = _shares(model, points)
        kernel.add_up(places, sizes, table, starts, shares.found, sums, ops)
        value, differ, rough = (float(part / (2 * np.pi)) for part in sums)
        # the mean of doubts over the circle, by weights that are all positive
        weights = np.concatenate(
            [half * fejer(int(s))[:, 1] for half, s in zip(lengths / 2, sizes, strict=True) if s]
        )
        rounding = float(shares.doubts @ weights) / (2 * np.pi) ** 2
        counted = Ops(*(int(count) for count in ops + shares.ops)) + Ops(div=3, add=1, mul=1)
        return _Found(
            value, rounding, _SAFETY * (differ + rough) + len(sizes) * _SHORT, None, counted, len(points)
        )

    def _sphere(self, model: Rnn) -> _Found:
        rng = draws_for(model, self.seed)
        means, roundings, nodes = np.zeros(self.shifts), np.zeros(self.shifts), 0
        ops = Ops(add=self.shifts - 1, div=1 if self.shifts > 1 else 0)
        for i in range(self.shifts):
            earlier = design_points(self.design, 3, self.points, rng)
            shares, nodes = _shares(model, earlier), len(earlier)
            means[i], roundings[i] = (part.mean() / (2 * np.pi) for part in (shares.found, shares.doubts))
            ops += Ops(*(int(count) for count in shares.ops)) + Ops(add=nodes - 1, div=2)
        spread = None
        if self.shifts > 1:
            # where all shifts agree, each might have differed by half a direction
            spread = (float(means.std(ddof=1)) or 0.5 / nodes) / self.shifts**0.5
        return _Found(float(means.mean()), float(roundings.mean()), 0.0, spread, ops, nodes)

    def estimate(self, model: Rnn) -> Estimate:
        """The mean over directions, with operations counted in this very calculation."""
        found = self._find(model)
        exact = model.seq_len == 3
        error = _error(found)
        rule = f"directions of 3 inputs ({self.design}, {self.points} points)"
        if model.seq_len == 4:
            rule = f"one angle ({found.nodes} nodes, error estimated at {found.rule_error:.0e})"
        return Estimate(
            self.name,
            min(max(found.value, 0.0), 1.0),
            error,
            self.settings(),
            standard_error=found.standard_error,
            lower=max(0.0, found.value - error) if exact else None,
            upper=min(1.0, found.value + error) if exact else None,
            ops=found.ops,
            status=_status(found),
            rule=None if exact else rule,
        )

    def estimate_stack(self, stack: RnnStack) -> StackEstimate:
        """The means of many models, each as by :meth:`estimate`."""
        found = [self._find(model) for model in stack]
        spreads = [np.nan if one.standard_error is None else one.standard_error for one in found]
        return StackEstimate(
            np.clip([one.value for one in found], 0.0, 1.0),
            np.array([_error(one) for one in found]),
            np.array(spreads),
            [_status(one) for one in found],
        )


def _error(found: _Found) -> float:
    return min(1.0, found.rounding + found.rule_error + 64 * _UNIT)


def _status(found: _Found) -> Status:
    return Status.OK if found.rounding < _SOUND else Status.ILL_CONDITIONED
