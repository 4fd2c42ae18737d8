"""Tiny cones in 3-space, to full relative accuracy: a fan of triangles in which nothing cancels."""

from __future__ import annotations

from math import atan2, pi, sqrt

import numpy as np

from heurex.cones.polygon import cut
from heurex.cones.signs import sharp_cross, sharp_determinant

KERNEL = True

OVER_2PI = 1.0 / (2.0 * pi)
# What a fan answers where it cannot: corners that are nearly antipodal; a corner that underflows.
LONG = -1.0
FLAT = -2.0


def dot_product(rows: np.ndarray, i: int, j: int) -> float:
    return rows[i, 0] * rows[j, 0] + rows[i, 1] * rows[j, 1] + rows[i, 2] * rows[j, 2]


def fan(rows: np.ndarray, edges: np.ndarray, slot: int, m: int, units: np.ndarray) -> float:
    """Sum of triangles from corner 0, none of which cancels; LONG or FLAT where there is none.

    A triangle's numerator, the determinant of its corners, is a product of two determinants of input
    rows. Source: van Oosterom and Strackee (1983).
    """
    for j in range(m):
        x, y, z = sharp_cross(rows, edges[slot, j], edges[slot, j + 1])
        largest = max(abs(x), max(abs(y), abs(z)))
        if largest == 0.0:
            return FLAT
        x = x / largest
        y = y / largest
        z = z / largest
        length = sqrt(x * x + y * y + z * z)
        units[j, 0] = x / length
        units[j, 1] = y / length
        units[j, 2] = z / length
        units[j, 3] = length * largest
    total = 0.0
    for j in range(1, m - 1):
        first = sharp_determinant(rows, edges[slot, 0], edges[slot, 1], edges[slot, j + 1])
        second = sharp_determinant(rows, edges[slot, j], edges[slot, j + 1], edges[slot, j + 2])
        above = (first / units[0, 3]) * ((second / units[j, 3]) / units[j + 1, 3])
        below = 1.0 + dot_product(units, 0, j) + (dot_product(units, 0, j + 1) + dot_product(units, j, j + 1))
        if below < 0.5:
            return LONG
        total = total + atan2(above, below)
    return OVER_2PI * total


def split_fan(
    rows: np.ndarray,
    count: int,
    edges: np.ndarray,
    corners: np.ndarray,
    slot: int,
    m: int,
    sides: np.ndarray,
    units: np.ndarray,
) -> float:
    """A needle that nearly joins two antipodes, cut across its middle by a new plane; FLAT if that fails.

    Expects the unit corners of :func:`fan`. Any plane is as good as any other, so its rounding is no error.
    """
    one = 0
    other = 1
    lowest = 2.0
    for i in range(m):
        for j in range(i):
            cosine = dot_product(units, i, j)
            if cosine < lowest:
                lowest = cosine
                one = i
                other = j
    for axis in range(3):
        rows[count, axis] = units[one, axis] - units[other, axis]
        rows[count + 1, axis] = units[other, axis] - units[one, axis]
    total = 0.0
    for half in range(2):
        left = cut(rows, count + half, edges, corners, slot, m, 1 - slot, sides)
        if left < 3:
            return FLAT
        part = fan(rows, edges, 1 - slot, left, units)
        if part < 0.0:
            return part
        total = total + part
    return total
