"""How much of the plane a sector fills, right on every input.

The cone is kept as at most two half-planes; which two is decided by certain signs, and the angle
between them is one arctangent of a sharp cross product.
"""

from __future__ import annotations

from math import atan2, pi

import numpy as np

from heurex.cones.signs import scaled_rows, sharp_turn, turn_sign
from heurex.kernels import reals

KERNEL = True

EMPTY = -1
OVER_2PI = 1.0 / (2.0 * pi)
SECTOR_ERROR = 6e-16


def _same_direction(rows: np.ndarray, i: int, j: int) -> bool:
    axis = 0 if rows[i, 0] != 0.0 else 1
    return (rows[i, axis] > 0.0) == (rows[j, axis] > 0.0)


def sector(rows: np.ndarray, count: int) -> tuple[int, int, int]:
    """How many half-planes (0, 1, 2 or EMPTY) bound the sector, and which; the second left of the first."""
    m = 0
    first = 0
    second = 0
    for c in range(count):
        if m == 0:
            first = c
            m = 1
        elif m == 1:
            turn = turn_sign(rows, first, c)
            if turn > 0:
                second = c
                m = 2
            elif turn < 0:
                second = first
                first = c
                m = 2
            elif not _same_direction(rows, first, c):
                return EMPTY, 0, 0
        else:
            # c = alpha first + beta second with positive multiples of these two signs.
            alpha = turn_sign(rows, c, second)
            beta = turn_sign(rows, first, c)
            if alpha <= 0 and beta <= 0:
                return EMPTY, 0, 0
            if beta < 0:  # c and second imply first
                first = c
            elif alpha < 0:
                second = c
    return m, first, second


def angle(rows: np.ndarray, i: int, j: int, forward: float) -> float:
    """Angle, over a full turn, between row i and ``forward`` (1.0 or -1.0) times row j, to 6e-16 of it."""
    height = sharp_turn(rows, i, j)
    along = rows[i, 0] * rows[j, 0] + rows[i, 1] * rows[j, 1]
    return OVER_2PI * atan2(abs(height), along if forward > 0.0 else -along)


def fraction_of_scaled(rows: np.ndarray, count: int) -> tuple[float, float]:
    """Fraction and error for rows that are scaled already."""
    m, first, second = sector(rows, count)
    if m == EMPTY:
        return 0.0, 0.0
    if m == 0:
        return 1.0, 0.0
    if m == 1:
        return 0.5, 0.0
    value = angle(rows, first, second, -1.0)
    return value, SECTOR_ERROR * value


def fraction(normals: np.ndarray) -> tuple[float, float, bool]:
    """Fraction of the plane in ``{x : normals @ x >= 0}``, a bound on its error, and whether it is decided.

    Parameters
    ----------
    normals
        Finite, shape (k, 2); a zero row is no constraint.

    Returns
    -------
    Value in [0, 1], error (relative 6e-16), and False where only exact rationals can decide a sign.
    """
    rows = reals(normals.shape[0], 2)
    count, decided = scaled_rows(normals, rows)
    if not decided:
        return 0.0, 0.0, False
    value, error = fraction_of_scaled(rows, count)
    return value, error, True


def fractions(normals: np.ndarray, values: np.ndarray, errors: np.ndarray, undecided: np.ndarray) -> None:
    """:func:`fraction` for each of a batch, shape (B, k, 2), written into arrays of shape (B,)."""
    for b in range(normals.shape[0]):
        values[b], errors[b], decided = fraction(normals[b])
        undecided[b] = not decided


def ray_fraction(rays: np.ndarray) -> tuple[float, float, bool]:
    """Fraction of the plane in the convex hull of rays, shape (k, 2); otherwise as :func:`fraction`.

    Method: the rays, read as half-planes, bound the dual sector; its two rows are the outermost rays.
    Where that sector has no interior, the hull is the plane, a half-plane, or flat.
    """
    rows = reals(rays.shape[0], 2)
    count, decided = scaled_rows(rays, rows)
    if not decided:
        return 0.0, 0.0, False
    m, first, second = sector(rows, count)
    if m == 2:
        value = angle(rows, first, second, 1.0)
        return value, SECTOR_ERROR * value, True
    if m != EMPTY:
        return 0.0, 0.0, True
    flat = True
    half = False
    for i in range(count):
        left = 0
        right = 0
        for j in range(count):
            turn = turn_sign(rows, i, j)
            if turn > 0:
                left += 1
            elif turn < 0:
                right += 1
        if left > 0 or right > 0:
            flat = False
            half = half or left == 0 or right == 0
    if flat:
        return 0.0, 0.0, True
    return (0.5 if half else 1.0), 0.0, True


def ray_fractions(rays: np.ndarray, values: np.ndarray, errors: np.ndarray, undecided: np.ndarray) -> None:
    """:func:`ray_fraction` for each of a batch, shape (B, k, 2), written into arrays of shape (B,)."""
    for b in range(rays.shape[0]):
        values[b], errors[b], decided = ray_fraction(rays[b])
        undecided[b] = not decided
