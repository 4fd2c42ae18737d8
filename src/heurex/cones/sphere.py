"""How much of 3-space a polyhedral cone fills, right on every input.

The cone is a polygon on the sphere (:mod:`heurex.cones.polygon`), found with certain signs; its area is
half the sphere minus its exterior angles, or a sum of triangles where that would cancel.
"""

from __future__ import annotations

from math import atan2, pi, sqrt

import numpy as np

from heurex.cones.polygon import EMPTY, polygon
from heurex.cones.signs import scaled_rows, sharp_cross
from heurex.cones.tiny import LONG, OVER_2PI, dot_product, fan, split_fan
from heurex.kernels import reals

KERNEL = True

OVER_4PI = 1.0 / (4.0 * pi)
# Below this fraction angles that sum to almost a full turn leave too few digits.
SMALL = 2.0**-14
# Girard: 9 roundings a corner at most, and those of the end. Fan: 140 roundings, relative. Wedge likewise.
GIRARD_ERROR = 7.7e-17
END_ERROR = 1.2e-16
FAN_ERROR = 1.6e-14
WEDGE_ERROR = 1.2e-15


def _wedge(rows: np.ndarray, first: int, second: int, corners: np.ndarray, slot: int) -> float:
    """Fraction of a wedge: its dihedral angle, to full relative accuracy when it is small."""
    x = corners[slot, 0, 0]
    y = corners[slot, 0, 1]
    z = corners[slot, 0, 2]
    along = dot_product(rows, first, second)
    square = x * x + y * y + z * z
    if along < 0.0 and 64.0 * square < along * along:
        x, y, z = sharp_cross(rows, first, second)
        largest = max(abs(x), max(abs(y), abs(z)))
        if 0.0 < largest < 1e-100:  # squares would underflow
            x = x / largest
            y = y / largest
            z = z / largest
            return OVER_2PI * atan2(largest * sqrt(x * x + y * y + z * z), -along)
        square = x * x + y * y + z * z
    return OVER_2PI * atan2(sqrt(square), -along)


def girard(rows: np.ndarray, edges: np.ndarray, corners: np.ndarray, slot: int, m: int) -> float:
    """Half minus the exterior angles over 4 pi; the angles are added by multiplying complex numbers.

    Every factor and every product is turned back into the first quadrant, where no sign can go
    wrong, and the quarter turns are counted.
    """
    quarters = 0
    real = 1.0
    imaginary = 0.0
    for j in range(m):
        a = dot_product(rows, edges[slot, j], edges[slot, j + 1])
        x = corners[slot, j, 0]
        y = corners[slot, j, 1]
        z = corners[slot, j, 2]
        b = sqrt(x * x + y * y + z * z)
        if a < 0.0:
            a, b = b, -a
            quarters += 1
        if j == 0:
            real = a
            imaginary = b
            continue
        real, imaginary = real * a - imaginary * b, real * b + imaginary * a
        if real < 0.0:
            real, imaginary = imaginary, -real
            quarters += 1
        if real + imaginary > 1e100:
            real = real * 1e-100
            imaginary = imaginary * 1e-100
    if quarters >= 4:
        return 0.0
    if quarters == 3:
        return OVER_4PI * atan2(real, imaginary)
    return (4 - quarters) * 0.125 - OVER_4PI * atan2(imaginary, real)


def polygon_fraction(
    rows: np.ndarray,
    count: int,
    edges: np.ndarray,
    corners: np.ndarray,
    slot: int,
    m: int,
    sides: np.ndarray,
    units: np.ndarray,
) -> tuple[float, float]:
    """Fraction of the sphere inside a polygon, and a bound on its error.

    Parameters
    ----------
    rows, count
        Planes, and how many of them are input; two more rows are used as scratch.
    edges, corners, slot, m
        The polygon; slot ``1 - slot`` is used as scratch for tiny cones.
    sides, units
        Scratch: k + 3 integers, (k + 3, 4) numbers.

    Notes
    -----
    Method: Girard by exterior angles with one arctangent; for fractions below 2^-14 a fan of triangles.
    Error: absolute, below 7.7e-17 a plane + 1.2e-16; relative, below 1.6e-14, for tiny ones.
    Cost: 17 operations and a square root for each plane, one arctangent. Source: Girard (1629).
    """
    if m == 0:
        return 1.0, 0.0
    if m == 1:
        return 0.5, 0.0
    if m == 2:
        value = _wedge(rows, edges[slot, 0], edges[slot, 1], corners, slot)
        return value, WEDGE_ERROR * abs(value)
    value = girard(rows, edges, corners, slot, m)
    if value < SMALL:
        total = fan(rows, edges, slot, m, units)
        if total == LONG:
            total = split_fan(rows, count, edges, corners, slot, m, sides, units)
        if total >= 0.0:
            return total, FAN_ERROR * total
    return value, GIRARD_ERROR * m + END_ERROR


def fraction_of_scaled(
    rows: np.ndarray, count: int, edges: np.ndarray, corners: np.ndarray, sides: np.ndarray, units: np.ndarray
) -> tuple[float, float]:
    """Fraction and error for rows that are scaled already (two more than ``count`` are scratch)."""
    m, slot = polygon(rows, count, edges, corners, sides)
    if m == EMPTY:
        return 0.0, 0.0
    return polygon_fraction(rows, count, edges, corners, slot, m, sides, units)


def fraction(normals: np.ndarray) -> tuple[float, float, bool]:
    """Fraction of 3-space in ``{x : normals @ x >= 0}``, a bound on its error, and whether it is decided.

    Parameters
    ----------
    normals
        Finite, shape (k, 3); a zero row is no constraint.

    Returns
    -------
    Value in [0, 1], error, and False where only exact rationals can decide a sign.
    """
    size = normals.shape[0] + 3
    rows = reals(size, 3)
    count, decided = scaled_rows(normals, rows)
    if not decided:
        return 0.0, 0.0, False
    edges = np.empty((2, size), np.int64)
    sides = np.empty(size, np.int64)
    value, error = fraction_of_scaled(rows, count, edges, reals(2, size, 3), sides, reals(size, 4))
    return value, error, True


def fractions(normals: np.ndarray, values: np.ndarray, errors: np.ndarray, undecided: np.ndarray) -> None:
    """:func:`fraction` for each of a batch, shape (B, k, 3), written into arrays of shape (B,)."""
    size = normals.shape[1] + 3
    rows = reals(size, 3)
    edges = np.empty((2, size), np.int64)
    corners = reals(2, size, 3)
    sides = np.empty(size, np.int64)
    units = reals(size, 4)
    for b in range(normals.shape[0]):
        count, decided = scaled_rows(normals[b], rows)
        undecided[b] = not decided
        if decided:
            values[b], errors[b] = fraction_of_scaled(rows, count, edges, corners, sides, units)
