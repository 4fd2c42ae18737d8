"""The k largest of n standard normal inputs: where they can stand, what their values are, what that says of the rest.

All of it is the same for every model, so that tables made of it are no part of a model's operations. Values come from
points of a unit cube by order-statistic coordinates: uniform points give the exact joint law of the k largest.
"""

from __future__ import annotations

from functools import cache
from itertools import permutations
from math import perm
from typing import Final

import numpy as np

__all__ = [
    "conditional_mean",
    "conditional_variance",
    "cube_points",
    "placed",
    "positions",
    "top_values",
]

_FAR: Final = -30.0
"""Below this the variance comes from its series: the difference that defines it would lose all digits in the end."""

_EDGE: Final = 2.0**-53
"""Points of the cube keep this far from its faces."""


def conditional_mean(bound: np.ndarray) -> np.ndarray:
    """E[x | x < bound] of a standard normal x: minus density over distribution function.

    Returns
    -------
    The shape of ``bound``; relative error below 1e-14 for negative bounds, 1e-12 for bounds up to 8.

    Examples
    --------
    >>> float(conditional_mean(np.array(0.0)).round(12))  # -sqrt(2 / pi)
    -0.797884560803
    """
    from scipy.special import erfcx

    m = np.asarray(bound, np.float64)
    return -np.sqrt(2 / np.pi) / erfcx(-m / np.sqrt(2))


def conditional_variance(bound: np.ndarray) -> np.ndarray:
    """Var[x | x < bound] of a standard normal x: 1 - m l - l^2 with l minus the conditional mean, m the bound.

    Returns
    -------
    The shape of ``bound``; relative error below 1e-8 (it is worst near a bound of -30, where terms cancel).

    Examples
    --------
    >>> float(conditional_variance(np.array(0.0)).round(12))  # 1 - 2 / pi
    0.363380227632
    """
    m = np.asarray(bound, np.float64)
    mean = conditional_mean(m)
    near = 1.0 + m * mean - mean * mean
    square = 1.0 / np.square(np.minimum(m, _FAR))
    far = square * (1.0 - 6.0 * square + 50.0 * square * square - 518.0 * square**3)
    return np.where(m > _FAR, near, far)


@cache
def positions(n: int, k: int) -> np.ndarray:
    """Every way in which the k largest of n inputs can be placed, ``(n! / (n - k)!, k)``: the largest first.

    All are equally likely. In lexicographic order.

    Examples
    --------
    >>> positions(3, 2).tolist()
    [[0, 1], [0, 2], [1, 0], [1, 2], [2, 0], [2, 1]]
    """
    table = np.fromiter((i for p in permutations(range(n), k) for i in p), np.int64, perm(n, k) * k)
    table = table.reshape(-1, k)
    table.flags.writeable = False
    return table


def cube_points(count: int, dims: int, shifts: np.ndarray) -> np.ndarray:
    """The first Sobol points of a unit cube under several shifts.

    To each copy of the points, not scrambled, a shift is added modulo 1. A uniform shift makes each point uniform, so
    that averages over the points have no bias. Most even where their number is a power of two.

    Parameters
    ----------
    count, dims
        How many points, in how many dimensions.
    shifts
        Shape ``(..., dims)``.

    Returns
    -------
    Shape ``(..., count, dims)``, within [2^-53, 1 - 2^-53]. Source: Sobol (1967); Cranley and Patterson (1976) for
    the shift.
    """
    from scipy.stats import qmc

    points = qmc.Sobol(dims, scramble=False).random_base2(max(count - 1, 0).bit_length())[:count]
    shifted = (points + np.asarray(shifts, np.float64)[..., None, :]) % 1.0
    return np.clip(shifted, _EDGE, 1.0 - _EDGE)


def top_values(points: np.ndarray, n: int) -> np.ndarray:
    """The k largest of n standard normals from points of the unit cube in k dimensions.

    The share q_k of the normal law above the k-th largest value is Beta(k, n - k + 1): its quantile is read at the
    first coordinate. Given q_(j+1), the share above the j-th is q_(j+1) times v^(1/j), v the next coordinate.

    Parameters
    ----------
    points
        Shape ``(..., k)`` with 1 <= k <= n, entries within (0, 1).
    n
        How many normals there are.

    Returns
    -------
    Shape ``(..., k)``, descending along the last axis.

    Examples
    --------
    >>> top_values(np.array([0.25, 0.5]), 3).round(4).tolist()
    [0.9815, 0.45]
    """
    from scipy.special import betaincinv, ndtri

    k = points.shape[-1]
    above = np.empty(points.shape)
    above[..., k - 1] = betaincinv(k, n - k + 1, points[..., 0])
    for j in range(k - 1, 0, -1):
        above[..., j - 1] = above[..., j] * points[..., k - j] ** (1.0 / j)
    return -ndtri(above)


def placed(where: np.ndarray, values: np.ndarray, rest: np.ndarray, n: int) -> np.ndarray:
    """Inputs whose largest stand at given places, all others at one value.

    Parameters
    ----------
    where
        Places of the k largest, ``(p, k)``.
    values
        Their values, ``(p, q, k)``.
    rest
        The value of the others, ``(p, q)``.
    n
        How many inputs there are.

    Returns
    -------
    Shape ``(p, q, n)``.

    Examples
    --------
    >>> placed(np.array([[2, 0]]), np.array([[[3.0, 1.0]]]), np.array([[-1.0]]), 4).tolist()
    [[[1.0, -1.0, 3.0, -1.0]]]
    """
    inputs = np.repeat(np.asarray(rest)[..., None], n, axis=-1)
    at = np.broadcast_to(where[:, None, :], values.shape)
    np.put_along_axis(inputs, at, values, axis=-1)
    return inputs
