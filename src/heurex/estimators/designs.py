"""Designs of random sampling: how inputs are drawn so that their errors cancel, and the error that is left.

A design takes a generator, the number n of inputs a model reads, how many samples to spend, and a function that says
which inputs are answered rightly. Memory is bounded by chunks, whatever the number of samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import permutations
from math import perm
from typing import Any, Final

import numpy as np

from heurex.errors import UsageError
from heurex.estimators.base import Ops

__all__ = ["DESIGNS", "Outcome", "Right", "refusal", "sample"]

_CHUNK = 2**16
_MOST_STRATA = 2**16
_SOBOL_BITS = 30

_ABOUT_ONES = np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]]) / np.sqrt([[3], [2], [6]])
"""Orthonormal rows, the first along (1, 1, 1)."""

Right = Callable[[np.ndarray, bool], np.ndarray]
"""Inputs ``(k, n)``, and whether to look at their opposites too, to booleans ``(1, k)`` or ``(2, k)``."""


@dataclass(frozen=True)
class Outcome:
    """A sampled share, the variance of its error, and operations beyond the forward passes."""

    value: float
    variance: float
    ops: Ops = field(default_factory=Ops)


def _smoothed(right: Any, samples: Any) -> Any:
    """Variance of a plain share; half a sample more of either kind, for an observed 0 or 1 is not certainty."""
    q = (right + 0.5) / (samples + 1)
    return q * (1 - q) / samples


def _sizes(total: int) -> Iterator[int]:
    for start in range(0, total, _CHUNK):
        yield min(_CHUNK, total - start)


def _plain(rng: np.random.Generator, n: int, samples: int, right: Right) -> Outcome:
    found = 0
    for size in _sizes(samples):
        found += int(np.count_nonzero(right(rng.standard_normal((size, n)), False)))
    return Outcome(found / samples, float(_smoothed(found, samples)))


def _antithetic(rng: np.random.Generator, n: int, samples: int, right: Right) -> Outcome:
    """Pairs x and -x; the error comes from the pairs' own spread."""
    pairs = samples // 2
    by_rights = np.zeros(3, np.int64)
    for size in _sizes(pairs):
        marks = right(rng.standard_normal((size, n)), True)
        by_rights += np.bincount(marks.sum(axis=0), minlength=3)
    shares = np.array([0.0, 0.5, 1.0])
    value = float(by_rights @ shares) / pairs
    spread = float(by_rights @ (shares - value) ** 2) / max(pairs - 1, 1)
    if spread == 0:
        # All pairs agree: half a pair more that is wrong, and half a pair that is right.
        weights = by_rights + np.array([0.5, 0.0, 0.5])
        spread = float(weights @ (shares - weights @ shares / (pairs + 1)) ** 2) / (pairs + 1)
    return Outcome(value, spread / pairs)


@cache
def _strata(n: int, samples: int) -> np.ndarray:
    """Places of the inputs in each stratum, ``(strata, n)``: first those of the r largest, then the others in order.

    r is as large as leaves every stratum two samples, so that its spread is seen, and keeps the strata few enough
    to list; n - 1 largest settle the whole ordering.
    """
    r = 0
    while r < n - 1 and perm(n, r + 1) <= min(samples // 2, _MOST_STRATA):
        r += 1
    table = np.zeros((perm(n, r), n), np.int64)
    for row, first in zip(table, permutations(range(n), r), strict=True):
        row[:r] = first
        row[r:] = [i for i in range(n) if i not in first]
    table.flags.writeable = False
    return table


def _settled(n: int, strata: int) -> int:
    return next(r for r in range(n) if perm(n, r) == strata)


def _stratified(rng: np.random.Generator, n: int, samples: int, right: Right) -> Outcome:
    """As many samples of every ordering of the inputs; where there are too many, of every start of an ordering.

    Draws are sorted and their largest put where the stratum wants them; the rest keep the order they came in.
    """
    table = _strata(n, samples)
    strata = len(table)
    r = _settled(n, strata)
    each, longer = divmod(samples, strata)
    sizes = each + (np.arange(strata) < longer)
    found = np.zeros(strata, np.int64)
    starts = np.cumsum(sizes) - sizes
    done = 0
    for size in _sizes(samples):
        owners = np.searchsorted(starts, np.arange(done, done + size), side="right") - 1
        x = rng.standard_normal((size, n))
        largest = np.argsort(-x, axis=1)[:, :r]
        rest = np.ones(x.shape, np.bool_)
        np.put_along_axis(rest, largest, False, axis=1)
        values = np.hstack([np.take_along_axis(x, largest, axis=1), x[rest].reshape(size, n - r)])
        np.put_along_axis(x, table[owners], values, axis=1)
        found += np.bincount(owners, weights=right(x, False)[0], minlength=strata).astype(np.int64)
        done += size
    share = found / sizes
    variances = share * (1 - share) / np.maximum(sizes - 1, 1)
    if not variances.any():
        variances = _smoothed(found, sizes)
    value, ops = int(found.sum()) / samples, Ops()
    if longer:
        value, ops = float(share.sum()) / strata, Ops(add=strata - 1, div=strata + 1)
    return Outcome(value, float(variances.sum()) / strata**2, ops)


def directions(points: np.ndarray, n: int) -> np.ndarray:
    """Points of a cube to inputs whose direction is uniform: all that an answer depends on.

    Parameters
    ----------
    points
        Numbers in (0, 1), shape ``(k, cube_dimensions(n))``. For n = 3 they are the height along (1, 1, 1) and the
        angle about it, a map that keeps areas and makes an ordering of the inputs a range of angles; beyond,
        normal quantiles.

    Returns
    -------
    Shape ``(k, n)``.
    """
    if n > 3:
        from scipy.special import ndtri

        return np.asarray(ndtri(points))
    angle = 2 * np.pi * points[:, -1]
    around = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    if n == 2:
        return around
    height = 2 * points[:, :1] - 1
    return np.hstack([height, np.sqrt(1 - height**2) * around]) @ _ABOUT_ONES


def cube_dimensions(n: int) -> int:
    """Dimensions of the cube that maps to the directions of n inputs."""
    return n - 1 if n <= 3 else n


def _sobol(rng: np.random.Generator, n: int, samples: int, right: Right, scramblings: int) -> Outcome:
    """Sobol points, scrambled independently several times; the error is seen between the scramblings."""
    from scipy.stats import qmc

    each = samples // scramblings
    found = np.zeros(scramblings, np.int64)
    for i in range(scramblings):
        points = qmc.Sobol(cube_dimensions(n), scramble=True, bits=_SOBOL_BITS, rng=rng)
        for size in _sizes(each):
            # Scrambled points sit on a grid that includes 0: its cells' centres do not.
            x = directions(points.random(size) + 0.5 ** (_SOBOL_BITS + 1), n)
            found[i] += np.count_nonzero(right(x, False))
    # Where all scramblings agree, they might have differed by half an input.
    variance = float(np.var(found / each, ddof=1)) or (0.5 / each) ** 2
    return Outcome(int(found.sum()) / samples, variance / scramblings)


DESIGNS: Final = ("plain", "antithetic", "stratified", "sobol")
"""Ways to draw inputs."""


def refusal(design: str, samples: int, scramblings: int) -> str:
    """Why a design cannot spend so many samples, or nothing."""
    if design == "antithetic" and samples % 2:
        return f"samples is {samples}; expected an even number, for the antithetic design takes pairs"
    if design == "sobol":
        each, over = divmod(samples, scramblings)
        if over or each & (each - 1) or not 0 < each <= 2**_SOBOL_BITS:
            near = scramblings << max(each.bit_length() - 1, 0)
            return (
                f"samples is {samples}; expected {scramblings} times a power of two, such as {near}, for the sobol "
                f"design scrambles {scramblings} times"
            )
    return ""


def sample(
    design: str, rng: np.random.Generator, n: int, samples: int, scramblings: int, right: Right
) -> Outcome:
    """Spend samples by one of :data:`DESIGNS`."""
    if design not in DESIGNS:
        raise UsageError(f"design is {design!r}; expected one of {', '.join(DESIGNS)}")
    if design == "sobol":
        return _sobol(rng, n, samples, right, scramblings)
    by_name = {"plain": _plain, "antithetic": _antithetic, "stratified": _stratified}
    return by_name[design](rng, n, samples, right)
