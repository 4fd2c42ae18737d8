"""Top three: places and values of the largest inputs; the rest spread evenly over their law, in any order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from math import perm
from typing import ClassVar

import numpy as np

from heurex.errors import NotApplicable, UsageError
from heurex.estimators.base import Estimate, Estimator, StackEstimate, require_counts
from heurex.estimators.sampler import outcomes
from heurex.estimators.sampling import ops_per_sample
from heurex.model import Rnn, RnnStack
from heurex.tasks import labels

__all__ = ["TopThree", "spread", "top_three_inputs"]

LARGEST_N = 12
_LEAST_N = 3
_MOST_PASSES = 2**23
_WITHIN = ("mean", "shift", "pairs")


def spread(level: np.ndarray, parts: int, shift: np.ndarray | None) -> np.ndarray:
    """Values of inputs of which each takes one of equal parts of the law of z ~ N(0, 1) below a level.

    Parameters
    ----------
    level
        Probability Phi(m) of the level m, shape ``(k,)``.
    parts
        Into how many equally likely parts the law below m is cut.
    shift
        Where in its part each value lies, a share in (0, 1), shape ``(k,)``; None for the mean of z in the part.

    Returns
    -------
    Values in falling order, shape ``(k, parts)``.

    Examples
    --------
    >>> spread(np.array([1.0]), 2, None).round(4).tolist()
    [[0.7979, -0.7979]]
    """
    from scipy.special import ndtri

    if shift is not None:
        share = (parts - 1 - np.arange(parts) + shift[:, None]) / parts
        return ndtri(share * level[:, None])
    edges = ndtri(level[:, None] * np.arange(parts, -1, -1) / parts)
    density = np.exp(-(edges**2) / 2) / np.sqrt(2 * np.pi)
    return (density[:, 1:] - density[:, :-1]) * parts / level[:, None]


def _points(count: int, dimensions: int, seed: int) -> np.ndarray:
    """The first points of a scrambled Sobol sequence, inside the open cube."""
    from scipy.stats import qmc

    sobol = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))
    points = sobol.random_base2(max(count - 1, 1).bit_length())[:count]
    return np.clip(points, 2.0**-40, 1 - 2.0**-40)


@lru_cache(maxsize=4)
def top_three_inputs(n: int, nodes: int, within: str, seed: int) -> np.ndarray:
    """The inputs that the rule looks at, in which no model has a say.

    Returns
    -------
    Inputs ``(passes, n)``: ``nodes`` of each ordered choice of the places of the three largest, one choice after
    the other.
    """
    places = np.array(list(permutations(range(n), 3)))
    if within == "pairs":
        return _paired(n, np.repeat(places, nodes, axis=0), seed)
    count, rest = nodes * len(places), n - 3
    others = np.array([[i for i in range(n) if i not in first] for first in places.tolist()], np.int64)
    values = min(n, 4)
    cube = _points(count, values + rest + 1, seed)
    level = np.ones(count)
    levels = np.empty((count, values))
    for r in range(values):
        level = levels[:, r] = level * cube[:, r] ** (1 / (n - r))
    from scipy.special import ndtri

    largest = ndtri(levels)
    x = np.empty((count, n))
    rows = np.arange(count)[:, None]
    x[rows, np.repeat(places, nodes, axis=0)] = largest[:, :3]
    if rest:
        shift = cube[:, -1] if within == "shift" else None
        below = spread(level, rest - 1, shift) if rest > 1 else np.empty((count, 0))
        order = np.argsort(cube[:, values : values + rest], axis=1)
        mixed = np.take_along_axis(np.hstack([largest[:, 3:], below]), order, axis=1)
        x[rows, np.repeat(others, nodes, axis=0)] = mixed
    x.flags.writeable = False
    return x


def _paired(n: int, places: np.ndarray, seed: int) -> np.ndarray:
    """The three largest as they are; the share of the law below them at which input i stands is a i + b modulo 1."""
    from scipy.special import ndtri

    cube = _points(len(places), 5, seed)
    levels = np.cumprod(cube[:, :3] ** (1 / (n - np.arange(3))), axis=1)
    share = (cube[:, 3:4] * np.arange(n) + cube[:, 4:]) % 1.0
    x = ndtri(levels[:, 2:] * np.clip(share, 2.0**-40, 1 - 2.0**-40))
    np.put_along_axis(x, places, ndtri(levels), axis=1)
    x.flags.writeable = False
    return x


@dataclass(frozen=True)
class TopThree(Estimator):
    """Accuracy if only the largest values and the spread of the rest mattered.

    Three assumptions replace the law of the inputs by a poorer one. The values of the four largest inputs have
    their exact law, and every choice of places for them is as likely as any other. The other n - 4 take one value
    each: the law of an input below the fourth is cut into n - 4 equally likely parts, and every part is taken by
    exactly one of them, at the mean of the part. Which takes which is left to chance.

    Parameters
    ----------
    nodes
        Runs of the network for each of the n (n - 1) (n - 2) choices of the places of the three largest.
    within
        ``"mean"``: each of the rest at the mean of its part. ``"shift"``: all at one share of their parts, which is
        uniform: one dimension of noise, with which each of the rest has its exact law on its own. ``"pairs"``: only
        the three largest have their exact law. The rest, below the third, are ruled by two uniform numbers a and b:
        input i stands at the share a i + b, modulo 1, of the law below the third. So each has its exact law, and
        any two are independent, but with the first two of the rest all others are settled, up to finitely many
        possibilities.
    seed
        Of the scrambling of the rule's points; the default is part of the rule.

    Notes
    -----
    Under these assumptions the accuracy is an average over values, places and orders, taken by a rule: each choice
    of places of the top three has as many points, consecutive ones of one scrambled Sobol sequence. For n = 3 and 4
    nothing is assumed, and for n = 5 nothing with ``"shift"`` and ``"pairs"``: the value tends to the exact accuracy.

    Error: ``numerical_error`` is four standard errors of an average over independent points with the same shares for
    each choice of places; it estimates the rule's error and does not bound it. It says nothing of the
    assumptions' own error, which ``docs/top-three.md`` measures. Cost: n (n - 1) (n - 2) nodes runs of the network,
    each counted as one sample; the points, like the numbers that sampling draws, depend on no weight and are free.

    Examples
    --------
    >>> import heurex
    >>> exact = heurex.estimate(heurex.load("m43"))
    >>> abs(float(heurex.estimate(heurex.load("m43"), TopThree(nodes=256))) - float(exact)) < 0.005
    True
    """

    name: ClassVar[str] = "top-three"
    summary: ClassVar[str] = (
        "places of the top three, values of the top four, the rest spread evenly in any order"
    )
    kind: ClassVar[str] = "explanation"
    assumes: ClassVar[str] = (
        "each of the rest takes one of equal parts of the law below the fourth largest; with within=pairs two numbers "
        "rule all below the third"
    )
    applies: ClassVar[str] = "n = 3 to 12, any d and any task"
    cost: ClassVar[str] = "n (n - 1) (n - 2) nodes samples: 14,400 for n = 10 by default"
    nodes: int = 20
    within: str = "mean"
    seed: int = 0

    def __post_init__(self) -> None:
        require_counts(self, nodes=1, seed=0)
        if self.within not in _WITHIN:
            raise UsageError(f"within is {self.within!r}; expected one of {', '.join(_WITHIN)}")

    def _inputs(self, n: int) -> np.ndarray:
        if not _LEAST_N <= n <= LARGEST_N:
            raise NotApplicable(f"the model reads {n} inputs; top-three is for {_LEAST_N} to {LARGEST_N}")
        if self.nodes * perm(n, 3) > _MOST_PASSES:
            raise UsageError(
                f"nodes is {self.nodes}; expected at most {_MOST_PASSES // perm(n, 3)} for {n} inputs"
            )
        return top_three_inputs(n, self.nodes, self.within, self.seed)

    def _value(self, right: np.ndarray) -> tuple[float, float]:
        """The share that is right, and four standard errors from the spread within choices of places."""
        share = right.reshape(-1, self.nodes).mean(axis=1)
        choices, value = len(share), float(np.count_nonzero(right)) / right.size
        variance = float((share * (1 - share)).sum()) / max(self.nodes - 1, 1) / choices**2
        if variance == 0:
            smoothed = (np.count_nonzero(right) + 0.5) / (right.size + 1)
            variance = smoothed * (1 - smoothed) / right.size
        return value, 4 * variance**0.5

    def estimate(self, model: Rnn) -> Estimate:
        """Run the network on the rule's inputs; no compiler is needed."""
        x = self._inputs(model.seq_len)
        value, error = self._value(model.answer(x) == labels(x, model.rank))
        ops = ops_per_sample(model) * len(x)
        rule = "values of the top four, and the order of the rest, for each place of the top three"
        if self.within == "pairs":
            rule = "values of the top three, and two numbers for the rest, for each place of the top three"
        return Estimate(self.name, value, error, self.settings(), ops=ops, rule=rule)

    def estimate_stack(self, stack: RnnStack) -> StackEstimate:
        """The same runs, by the compiled kernel."""
        try:
            x = self._inputs(stack.w_oh.shape[1])
        except NotApplicable:
            return super().estimate_stack(stack)
        found = np.array([self._value(outcomes(model, x)[0]) for model in stack])
        return StackEstimate.of(found[:, 0], found[:, 1])
