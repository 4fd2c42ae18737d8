"""How much of 3-space the convex hull of rays fills, right on every input.

The rays, read as half-spaces, bound the dual cone, and its bounding planes in cyclic order are the
extreme rays of the hull in cyclic order: the same certain polygon as for half-spaces. Only where the
dual has no interior does the hull contain a line; then its facets are looked for pair by pair.
"""

from __future__ import annotations

from math import atan2, sqrt

import numpy as np

from heurex.cones.polygon import EMPTY, polygon, set_corner
from heurex.cones.signs import SURE, scaled_rows, sharp_cross, sharp_determinant, unsure_sign
from heurex.cones.sphere import END_ERROR, FAN_ERROR, GIRARD_ERROR, SMALL, girard
from heurex.cones.tiny import OVER_2PI, dot_product
from heurex.kernels import reals

KERNEL = True

# Facet normals are rounded before their angles are taken: three times the roundings of input planes.
FACET_ERROR = 3.0 * GIRARD_ERROR
WEDGE_ERROR = 1e-15


def _unit_normal(rows: np.ndarray, i: int, j: int, units: np.ndarray, at: int) -> bool:
    x, y, z = sharp_cross(rows, i, j)
    largest = max(abs(x), max(abs(y), abs(z)))
    if largest == 0.0:
        return False
    x = x / largest
    y = y / largest
    z = z / largest
    length = sqrt(x * x + y * y + z * z)
    units[at, 0] = x / length
    units[at, 1] = y / length
    units[at, 2] = z / length
    return True


def _fan(rows: np.ndarray, edges: np.ndarray, slot: int, m: int, units: np.ndarray) -> float:
    """Sum of triangles of rays from the first one; -1.0 where rays are nearly opposite."""
    for j in range(m):
        row = edges[slot, j]
        length = sqrt(dot_product(rows, row, row))
        for axis in range(3):
            units[j, axis] = rows[row, axis] / length
        units[j, 3] = length
    total = 0.0
    for j in range(1, m - 1):
        above = sharp_determinant(rows, edges[slot, 0], edges[slot, j], edges[slot, j + 1])
        above = abs(above) / (units[0, 3] * units[j, 3] * units[j + 1, 3])
        below = 1.0 + dot_product(units, 0, j) + (dot_product(units, 0, j + 1) + dot_product(units, j, j + 1))
        if below < 0.5:
            return -1.0
        total = total + atan2(above, below)
    return OVER_2PI * total


def _pointed(
    rows: np.ndarray, edges: np.ndarray, corners: np.ndarray, slot: int, m: int, units: np.ndarray
) -> tuple[float, float]:
    """Hull of the rays that a polygon lists: Girard over its facet normals, a fan for a tiny one."""
    for j in range(m):
        if not _unit_normal(rows, edges[slot, j], edges[slot, j + 1], units, j):
            return 0.0, np.inf
    other = 1 - slot
    for j in range(m):
        edges[other, j] = j
    edges[other, m] = 0
    for j in range(m):
        set_corner(units, edges, corners, other, j)
    value = girard(units, edges, corners, other, m)
    if value < SMALL:
        total = _fan(rows, edges, slot, m, units)
        if total >= 0.0:
            return total, FAN_ERROR * total
    return value, FACET_ERROR * m + END_ERROR


def _determinant_sign(rows: np.ndarray, i: int, j: int, k: int) -> int:
    x = rows[i, 1] * rows[j, 2] - rows[i, 2] * rows[j, 1]
    y = rows[i, 2] * rows[j, 0] - rows[i, 0] * rows[j, 2]
    z = rows[i, 0] * rows[j, 1] - rows[i, 1] * rows[j, 0]
    height = x * rows[k, 0] + y * rows[k, 1] + z * rows[k, 2]
    if height > SURE:
        return 1
    if height < -SURE:
        return -1
    return unsure_sign(rows, i, j, k)


def _facet_side(rows: np.ndarray, count: int, i: int, j: int) -> int:
    """1 or -1 if all rays lie on that side of the plane through two of them, 0 if on both or on neither."""
    above = 0
    below = 0
    for k in range(count):
        side = _determinant_sign(rows, i, j, k)
        if side > 0:
            above += 1
        elif side < 0:
            below += 1
        if above > 0 and below > 0:
            return 0
    if above > 0:
        return 1
    return -1 if below > 0 else 0


def _full_rank(rows: np.ndarray, count: int) -> bool:
    for i in range(count):
        for j in range(i):
            for k in range(j):
                if _determinant_sign(rows, i, j, k) != 0:
                    return True
    return False


def _with_line(rows: np.ndarray, count: int, units: np.ndarray) -> tuple[float, float]:
    """A hull that contains a line: flat, or bounded by no plane, one, or two."""
    if not _full_rank(rows, count):
        return 0.0, 0.0
    facets = 0
    one = 0
    two = 0
    for i in range(count):
        for j in range(i):
            side = _facet_side(rows, count, i, j)
            if side == 0:
                continue
            if facets == 1 and (
                _determinant_sign(rows, one, two, i) == 0 and _determinant_sign(rows, one, two, j) == 0
            ):
                continue
            if facets == 0:
                one = i
                two = j
            if not _unit_normal(rows, i if side > 0 else j, j if side > 0 else i, units, facets):
                return 0.0, np.inf
            facets += 1
            if facets == 2:
                x = units[0, 1] * units[1, 2] - units[0, 2] * units[1, 1]
                y = units[0, 2] * units[1, 0] - units[0, 0] * units[1, 2]
                z = units[0, 0] * units[1, 1] - units[0, 1] * units[1, 0]
                along = dot_product(units, 0, 1)
                return OVER_2PI * atan2(sqrt(x * x + y * y + z * z), -along), WEDGE_ERROR
    return (1.0 if facets == 0 else 0.5), 0.0


def ray_fraction(rays: np.ndarray) -> tuple[float, float, bool]:
    """Fraction of 3-space in the convex hull of rays, a bound on its error, and whether it is decided.

    Parameters
    ----------
    rays
        Finite, shape (k, 3), of any length; a zero ray adds nothing, and no ray at all spans nothing.

    Notes
    -----
    Error: absolute, below 2.4e-16 a ray + 1.2e-16; relative, below 1.6e-14, for most tiny ones.
    Cost: that of the dual polygon and 100 operations for each extreme ray; O(k^3) if there is a line in it.
    """
    size = rays.shape[0] + 3
    rows = reals(size, 3)
    count, decided = scaled_rows(rays, rows)
    if not decided:
        return 0.0, 0.0, False
    edges = np.empty((2, size), np.int64)
    corners = reals(2, size, 3)
    units = reals(size, 4)
    m, slot = polygon(rows, count, edges, corners, np.empty(size, np.int64))
    if m == EMPTY:
        value, error = _with_line(rows, count, units)
    elif m < 3:
        return 0.0, 0.0, True
    else:
        value, error = _pointed(rows, edges, corners, slot, m, units)
    return value, error, True


def ray_fractions(rays: np.ndarray, values: np.ndarray, errors: np.ndarray, undecided: np.ndarray) -> None:
    """:func:`ray_fraction` for each of a batch, shape (B, k, 3), written into arrays of shape (B,)."""
    for b in range(rays.shape[0]):
        values[b], errors[b], decided = ray_fraction(rays[b])
        undecided[b] = not decided
