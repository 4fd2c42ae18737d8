"""On which side of a hyperplane: signs of n x n determinants of rows, never zero and never contradictory.

Which rows meet in a ray is a yes or no, and answers that contradict each other give errors of order
one. A sign is taken from floating point where the determinant is well above its rounding error.
Elsewhere every row is displaced by a fixed pseudo-random amount of about 4e-16 of its length and the
determinant of the displaced rows, now in general position, is found in double-double arithmetic. So
all answers are those of one cone, whose fraction differs from the given one's by less than the
displacements.

Source: simulated general position as in Edelsbrunner and Muecke (1990); Dekker (1971) for products.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from heurex.cones.doubled import divide, multiply, subtract, two_sum
from heurex.kernels import reals

KERNEL = True

SURE: Final = 3e-14  # above the rounding error and the displacements' effect for rows of length one
NUDGE: Final = 2.0**-50
HOPELESS: Final = 1e-26  # a pivot of the displaced rows below this is not trusted
AHEAD: Final = 1
NUDGED: Final = 2


def displacement(row: int, column: int) -> float:
    """A fixed pseudo-random number in [-NUDGE/2, NUDGE/2] for an entry."""
    word = (8 * row + column + 1) * 1103515245 % 2147483648
    word = (word * word // 65536 + word) % 2147483648  # squared, lest displacements be linear in the row
    word = (word * 1103515245 + 12345) % 2147483648
    return NUDGE * (word / 2147483648.0 - 0.5)


def displaced_sign(rows: np.ndarray, chosen: np.ndarray) -> int:
    """Sign of the determinant of the chosen rows after displacement; 0 where it cannot be trusted."""
    n = chosen.shape[0]
    high = reals(n, n)
    low = reals(n, n)
    for i in range(n):
        for c in range(n):
            high[i, c], low[i, c] = two_sum(rows[chosen[i], c], displacement(chosen[i], c))
    sign = 1
    for p in range(n):
        best = p
        for i in range(p + 1, n):
            if abs(high[i, p]) > abs(high[best, p]):
                best = i
        if abs(high[best, p]) < HOPELESS:
            return 0
        if best != p:
            sign = -sign
            for c in range(n):
                high[p, c], high[best, c] = high[best, c], high[p, c]
                low[p, c], low[best, c] = low[best, c], low[p, c]
        if high[p, p] < 0.0:
            sign = -sign
        for i in range(p + 1, n):
            fh, fl = divide(high[i, p], low[i, p], high[p, p], low[p, p])
            for c in range(p + 1, n):
                ph, pl = multiply(fh, fl, high[p, c], low[p, c])
                high[i, c], low[i, c] = subtract(high[i, c], low[i, c], ph, pl)
    return sign


def determinant(rows: np.ndarray, chosen: np.ndarray) -> float:
    """Determinant of the chosen rows by elimination with partial pivoting."""
    n = chosen.shape[0]
    work = reals(n, n)
    for i in range(n):
        for c in range(n):
            work[i, c] = rows[chosen[i], c]
    value = 1.0
    for p in range(n):
        best = p
        for i in range(p + 1, n):
            if abs(work[i, p]) > abs(work[best, p]):
                best = i
        if work[best, p] == 0.0:
            return 0.0
        if best != p:
            value = -value
            for c in range(p, n):
                work[p, c], work[best, c] = work[best, c], work[p, c]
        value = value * work[p, p]
        for i in range(p + 1, n):
            factor = work[i, p] / work[p, p]
            for c in range(p + 1, n):
                work[i, c] = work[i, c] - factor * work[p, c]
    return value


def side(rows: np.ndarray, chosen: np.ndarray) -> int:
    """Sign of the determinant of the chosen rows of length one: +-AHEAD if certain as the rows stand,
    +-NUDGED if it holds for the displaced rows, 0 if unknown."""
    value = determinant(rows, chosen)
    if value > SURE:
        return AHEAD
    if value < -SURE:
        return -AHEAD
    return NUDGED * displaced_sign(rows, chosen)
