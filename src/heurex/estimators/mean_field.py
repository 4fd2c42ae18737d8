"""Only the largest inputs matter: their places and values are gone through, the rest stand at their mean."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from math import perm
from typing import Any, ClassVar, Final, Literal, get_args

import numpy as np

from heurex import kernels
from heurex.errors import NotApplicable, UsageError
from heurex.estimators import mean_field_kernel
from heurex.estimators.base import Estimate, Estimator, Ops, StackEstimate, require_counts, require_second
from heurex.estimators.exact_last import logit_rounding, scaled
from heurex.estimators.order_statistics import (
    conditional_mean,
    conditional_variance,
    cube_points,
    placed,
    positions,
    top_values,
)
from heurex.estimators.sampler import outcomes
from heurex.estimators.sampling import ops_per_sample
from heurex.model import Rnn, RnnStack

__all__ = ["MeanField", "judged"]

Noise = Literal["none", "linearised", "gradient"]
Last = Literal["mean", "exact"]

_NOISE_NODES: Final = 6
_MOST_PATHS: Final = 2**21
_DENSITY: Final = 0.47
"""The normal density at t is below this, and beyond t = 1 below this over t^3, which is largest at the root of 3."""
_COUNTED_PATHS: Final = 24
"""Where operations depend on the path they are counted on so many of them, or a few more, evenly spaced."""


@dataclass(frozen=True)
class _Table:
    """Paths, the same for every model: ``(inputs, positions * nodes)``, the nodes of a place together."""

    paths: np.ndarray
    free: np.ndarray
    spread: np.ndarray
    places: int


@lru_cache(maxsize=4)
def _table(inputs: int, rank: int, nodes: int, seed: int) -> _Table:
    where = positions(inputs, rank)
    halves = min(nodes, 2)
    shifts = np.random.default_rng([seed, inputs, rank]).random((len(where), halves, rank))
    points = cube_points(nodes // halves, rank, shifts).reshape(len(where), nodes, rank)
    values = top_values(points, inputs)
    bound = values[..., -1]
    paths = placed(where, values, conditional_mean(bound), inputs).reshape(-1, inputs)
    free = np.ones((len(where), nodes, inputs), np.bool_)
    np.put_along_axis(free, np.broadcast_to(where[:, None, :], values.shape), False, axis=-1)
    paths, loose = (np.ascontiguousarray(part.reshape(-1, inputs).T) for part in (paths, free))
    return _Table(paths, loose, np.sqrt(conditional_variance(bound)).ravel(), len(where))


def _quantiles() -> np.ndarray:
    from scipy.special import ndtri

    return ndtri((np.arange(_NOISE_NODES) + 0.5) / _NOISE_NODES)


@dataclass(frozen=True)
class MeanField(Estimator):
    """A few largest inputs, everywhere they can stand; all others at their conditional mean.

    Parameters
    ----------
    rank
        k: how many of the largest inputs are gone through, at least 2.
    nodes
        How many values of these k inputs are tried for each of their places: 1 or an even number.
    noise
        What becomes of the spread of the other inputs. ``"none"``: they stand at their mean. ``"linearised"``: the
        margin, the label's logit less the largest other one, is taken for linear in them, and the answer is right with
        probability Phi(margin / sd). ``"gradient"``: they move together along the margin's gradient, to the middles
        of six equal shares of a normal law, and the network is run at each.
    last
        ``"mean"``: the last input is like every other. ``"exact"``: the k largest are those of the first n - 1
        inputs; the last one is integrated over its whole normal law, without error, and the label follows it. Only with
        ``noise="none"``.
    seed
        Seed of the points' shifts; they do not depend on the model.

    Notes
    -----
    Places of the k largest are equally likely. Their values come from Sobol points in order-statistic coordinates
    (:func:`heurex.estimators.order_statistics.top_values`), under uniform shifts: one for each place with one node,
    else two, with half of the nodes each. The others are independent normals below the k-th largest value m: mean
    -phi(m) / Phi(m), at which the network is run. With rank n (or n - 1 and ``last="exact"``) nothing is left out, and
    the value converges to the exact accuracy; otherwise it does not.

    Error: ``numerical_error`` says how well the sum over values is evaluated, not how far the explanation is from the
    accuracy: at least three standard errors, from the differences between the two shifts of each place (with one node,
    between neighbouring places, which overstates it), more where few places
    differ. The bias that no number of
    nodes removes is measured in ``docs/mean-field.md``.
    Cost: n! / (n - k)! times ``nodes`` runs of the network; about twice that with linearised noise, 8 times with
    the gradient, 1.5 times with the last input exact. Places, values and means are the same for all models and not
    counted. With the last input exact operations depend on the path, and are counted on at
    least 24 of them.
    Source: order statistics of uniforms (Renyi, 1953); the mean-field idea is the physicist's.

    Examples
    --------
    >>> from heurex.zoo import load
    >>> found = MeanField(rank=3, nodes=256).estimate(load("m43"))
    >>> abs(found.value - 0.98600) < found.numerical_error < 0.1
    True
    """

    name: ClassVar[str] = "mean-field"
    summary: ClassVar[str] = (
        "places and values of the k largest inputs, the others at their mean; any d, n >= 3"
    )
    kind: ClassVar[str] = "explanation"
    assumes: ClassVar[str] = "that inputs below the k-th largest matter only through their mean"
    applies: ClassVar[str] = "any d; n >= 3, and n >= k"
    cost: ClassVar[str] = "n! / (n - k)! nodes runs of the network: 720 a node for n = 10, k = 3"
    rank: int = 3
    nodes: int = 2
    noise: Noise = "none"
    last: Last = "mean"
    seed: int = 0

    def __post_init__(self) -> None:
        require_counts(self, rank=2, nodes=1, seed=0)
        if self.nodes > 1 and self.nodes % 2:
            raise UsageError(f"nodes is {self.nodes}; expected 1 or an even number")
        for name, known in (("noise", get_args(Noise)), ("last", get_args(Last))):
            if getattr(self, name) not in known:
                raise UsageError(f"{name} is {getattr(self, name)!r}; expected one of {', '.join(known)}")
        if self.last == "exact" and self.noise != "none":
            raise UsageError(f"noise is {self.noise!r}; expected 'none' where last is 'exact'")

    def estimate(self, model: Rnn) -> Estimate:
        """The estimate, with its operations."""
        table = self._paths(model)
        share, doubt = self._shares(model, table)
        value, error = judged(share, table.places, doubt)
        return Estimate(self.name, value, error, self.settings(), ops=self._ops(model, table))

    def estimate_stack(self, stack: RnnStack) -> StackEstimate:
        """The same paths through every model."""
        table = self._paths(stack)
        found = np.zeros((len(stack), 2))
        for row, model in zip(found, stack, strict=True):
            share, doubt = self._shares(model, table)
            row[:] = judged(share, table.places, doubt)
        return StackEstimate.of(found[:, 0], found[:, 1])

    def _paths(self, model: Rnn | RnnStack) -> _Table:
        require_second(model, "mean-field")
        n = model.seq_len
        inputs = n - 1 if self.last == "exact" else n
        if n < 3 or self.rank > inputs:
            of = "the first n - 1 inputs" if self.last == "exact" else "the inputs"
            raise NotApplicable(
                f"mean-field needs n >= 3, and rank {self.rank} at least as many of {of}; this model has n = {n}"
            )
        paths = perm(inputs, self.rank) * self.nodes
        if paths > _MOST_PATHS:
            raise UsageError(
                f"rank {self.rank} with {self.nodes} nodes makes {paths:,} paths for n = {n}; expected at most "
                f"{_MOST_PATHS:,}"
            )
        return _table(inputs, self.rank, self.nodes, self.seed)

    def _shares(self, model: Rnn, table: _Table) -> tuple[np.ndarray, float]:
        """How surely each path is answered rightly, and the mean share of answers that hang on rounding."""
        if self.last == "exact":
            share, doubt = np.zeros((2, table.paths.shape[1]))
            weights = scaled(model)
            farthest = float(np.sqrt(np.max((table.paths**2).sum(axis=0))))
            rounding = logit_rounding(*weights) * np.array([farthest, 1.0])
            kernel = kernels.compiled(mean_field_kernel).bounded_shares
            kernel(*weights, table.paths, np.array([_DENSITY, *rounding]), share, doubt)
            # a share that is NaN comes of numbers too large, and then so is the bound
            return np.nan_to_num(share), float(np.nan_to_num(doubt.mean(), nan=1.0))
        if self.noise == "none":
            return outcomes(model, table.paths.T)[0].astype(np.float64), 0.0
        share = np.zeros(table.paths.shape[1])
        quantiles = _quantiles() if self.noise == "gradient" else np.zeros(0)
        kernels.compiled(mean_field_kernel).noisy_shares(
            *_with_back(model).values(), table.paths, table.free, table.spread, quantiles, share
        )
        return share, 0.0

    def _ops(self, model: Rnn, table: _Table) -> Ops:
        """Executed operations; the sum over paths takes one addition each, the mean a division."""
        total = table.paths.shape[1]
        sums = Ops(add=total - 1, div=1)
        if self.last == "mean" and self.noise == "none":
            return ops_per_sample(model) * total + sums
        if self.noise != "none":
            # the same on every path on which noise moves the margin, less on others
            tallies = [self._count(model, table, slice(i, i + 1)) for i in range(2)]
            return max(tallies, key=lambda ops: ops.total()) * total + sums
        stride = max(total // _COUNTED_PATHS, 1)
        chosen = slice(0, total, stride)
        once, some = (self._count(model, table, part) for part in (slice(0, 0), chosen))
        times = total / len(range(0, total, stride))
        before, after = asdict(once), asdict(some)
        return Ops(**{k: before[k] + round((after[k] - before[k]) * times) for k in before}) + sums

    def _count(self, model: Rnn, table: _Table, chosen: slice) -> Ops:
        paths = table.paths[:, chosen]
        share = np.zeros(paths.shape[1], object)
        if self.last == "exact":
            numbers = {"w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh, "x": paths}
            kernel, counted, tally = kernels.counted(mean_field_kernel, numbers)
            kernel.last_shares(*counted.values(), share, share.copy())
            return Ops.of(tally)
        kernel, counted, tally = kernels.counted(mean_field_kernel, _with_back(model) | {"x": paths})
        quantiles = _quantiles() if self.noise == "gradient" else np.zeros(0)
        free, spread = table.free[:, chosen], table.spread[chosen]
        kernel.noisy_shares(*counted.values(), free, spread, quantiles, share)
        return Ops.of(tally)


def judged(share: np.ndarray, places: int, doubt: float = 0.0) -> tuple[float, float]:
    """The mean over paths, and how well it is known: at least three standard errors, and what hangs on rounding.

    ``share``, ``(places * nodes,)``, holds the nodes of a place together: half of them under each of two shifts.
    """
    each = share.reshape(places, -1)
    if each.shape[1] == 1:
        gaps = each[::2, 0] - each[1::2, 0]
    else:
        first, second = each.reshape(places, 2, -1).mean(axis=2).T
        gaps = (first - second) / 2
        if np.all((share == 0) | (share == 1)):
            # where a place is in doubt, its paths resolve no more than one of them
            doubtful = (first + second > 0) & (first + second < 2)
            gaps = np.where(doubtful, np.maximum(abs(gaps), 1 / each.shape[1]), gaps)
    squares = gaps**2
    # few places may carry all of the spread, and then it is poorly known
    freedom = max(float(squares.sum() ** 2 / max((squares**2).sum(), 1e-300)), 1.0)
    # all that was seen may agree: one path might have differed
    spread = float(squares.sum()) / places**2 + 1.0 / share.size**2
    error = min(3 * (1 + 10 / freedom) * spread**0.5 + doubt + 1e-15, 1.0)
    return min(max(float(each.mean()), 0.0), 1.0), error


def _with_back(model: Rnn) -> dict[str, Any]:
    back = np.ascontiguousarray(model.w_hh.T)
    return {"w_hi": model.w_hi, "w_hh": model.w_hh, "back": back, "w_oh": model.w_oh}
