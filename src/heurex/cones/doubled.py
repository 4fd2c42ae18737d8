"""Arithmetic with numbers of twice the precision, each the unevaluated sum of two floats.

For the few places where a difference of rounded products is needed with a small relative error, or a
sign is in doubt. Relative error of an operation: about 1e-31.

Source: Dekker (1971), Numerische Mathematik 18.
"""

from __future__ import annotations

from math import sqrt
from typing import Final

import numpy as np

from heurex.kernels import reals

KERNEL = True

SPLITTER: Final = 134217729.0  # 2^27 + 1, Veltkamp


def two_sum(a: float, b: float) -> tuple[float, float]:
    """Sum and its rounding error."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def two_product(a: float, b: float) -> tuple[float, float]:
    """Product and its rounding error."""
    p = a * b
    t = SPLITTER * a
    ah = t - (t - a)
    al = a - ah
    t = SPLITTER * b
    bh = t - (t - b)
    bl = b - bh
    return p, al * bl - (((p - ah * bh) - al * bh) - ah * bl)


def multiply(ah: float, al: float, bh: float, bl: float) -> tuple[float, float]:
    """Product of two double-double numbers."""
    p, e = two_product(ah, bh)
    e += ah * bl + al * bh
    s = p + e
    return s, e - (s - p)


def subtract(ah: float, al: float, bh: float, bl: float) -> tuple[float, float]:
    """Difference of two double-double numbers."""
    s, e = two_sum(ah, -bh)
    t, f = two_sum(al, -bl)
    e += t
    high = s + e
    e = e - (high - s) + f
    s = high + e
    return s, e - (s - high)


def divide(ah: float, al: float, bh: float, bl: float) -> tuple[float, float]:
    """Quotient of two double-double numbers."""
    q = ah / bh
    ph, pl = multiply(q, 0.0, bh, bl)
    rh, rl = subtract(ah, al, ph, pl)
    r = rh / bh
    ph, pl = multiply(r, 0.0, bh, bl)
    rh, rl = subtract(rh, rl, ph, pl)
    third = rh / bh
    s, e = two_sum(q, r)
    return two_sum(s, e + third)


def root(ah: float, al: float) -> tuple[float, float]:
    """Square root of a positive double-double number."""
    s = sqrt(ah)
    ph, pl = two_product(s, s)
    rh, _ = subtract(ah, al, ph, pl)
    return two_sum(s, 0.5 * rh / s)


def scaled_down(high: np.ndarray, low: np.ndarray, row: int, by_high: float, by_low: float) -> None:
    """Divide a row of a double-double matrix, in place."""
    for c in range(high.shape[1]):
        high[row, c], low[row, c] = divide(high[row, c], low[row, c], by_high, by_low)


def row_product(high: np.ndarray, low: np.ndarray, i: int, j: int) -> tuple[float, float]:
    """Scalar product of two rows of a double-double matrix."""
    total_high = 0.0
    total_low = 0.0
    for c in range(high.shape[1]):
        ph, pl = multiply(high[i, c], low[i, c], high[j, c], low[j, c])
        total_high, total_low = subtract(total_high, total_low, -ph, -pl)
    return total_high, total_low


def triangular_doubled(rows: np.ndarray, tiny: float) -> np.ndarray:
    """Lower triangular coordinates of the rows, ``(k, k)``, every entry with a small relative error.

    Modified Gram-Schmidt on double-double numbers; a row that depends on those before it gets ``tiny``
    on the diagonal. So what is left of a row beside a nearly equal one keeps all its digits.
    """
    k, m = rows.shape
    high = reals(k, m)
    low = reals(k, m)
    out = reals(k, k)
    for i in range(k):
        for c in range(m):
            high[i, c] = rows[i, c]
            low[i, c] = 0.0
        for c in range(k):
            out[i, c] = 0.0
    for i in range(k):
        square_high, square_low = row_product(high, low, i, i)
        if square_high < tiny * tiny:
            out[i, i] = tiny
            continue
        length_high, length_low = root(square_high, square_low)
        out[i, i] = length_high
        scaled_down(high, low, i, length_high, length_low)
        for j in range(i + 1, k):
            dot_high, dot_low = row_product(high, low, i, j)
            out[j, i] = dot_high
            for c in range(m):
                ph, pl = multiply(dot_high, dot_low, high[i, c], low[i, c])
                high[j, c], low[j, c] = subtract(high[j, c], low[j, c], ph, pl)
    return out
