"""Kernel: the law of the last input where the others are given, up to their length or with it."""

from math import atan, erfc, sqrt

import numpy as np

KERNEL = True
LENT = True
INLINED = ("within",)
# Beyond this there is nothing of t.
FAR = 1e100
ROOT_HALF = 0.7071067811865476
# Places among the operations.
ADD, MUL, DIV, SQRT, ATAN = 0, 1, 2, 3, 4


def below(t: float, n: int, series: np.ndarray, ops: np.ndarray) -> float:
    """The share of t below a value, less one half, where t has the density of (1 + t^2)^(-n/2); n = 3 or more.

    With t the tangent of an angle it is the integral of cos^(n-2): a polynomial in cos^2 times the sine, for even n
    also times the cosine, and then a multiple of the angle beside it. ``series`` holds the factors, the angle's first;
    without any, t is standard normal.
    """
    if series.shape[0] == 0:
        ops[ADD] += 1
        ops[MUL] += 2
        ops[ATAN] += 1
        return 0.5 - 0.5 * erfc(ROOT_HALF * t)
    square = 1.0 / (1.0 + t * t)
    terms = series.shape[0] - 1
    total = series[terms]
    for k in range(terms - 1, 0, -1):
        total = total * square + series[k]
    ops[ADD] += terms
    ops[MUL] += terms
    ops[DIV] += 1
    if n % 2 == 1:
        ops[MUL] += 2
        ops[SQRT] += 1
        return total * (t * sqrt(square))
    ops[ADD] += 1
    ops[MUL] += 3
    ops[ATAN] += 1
    return series[0] * atan(t) + total * (t * square)


def within(
    t: float, lane: int, tops: np.ndarray, known: np.ndarray, n: int, series: np.ndarray, ops: np.ndarray
) -> float:
    """:func:`below` of a distance from 0, looked up at 0, far out and, where they are known, at the largest inputs."""
    if t == 0:
        return 0.0
    if t >= FAR:
        return 0.5
    if known.shape[0] > 0:
        for k in range(2):
            if t == abs(tops[k, lane]):
                return abs(known[k, lane])
    return below(t, n, series, ops)
