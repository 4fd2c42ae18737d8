"""How much of 3-space a polyhedral cone fills, right on every input: a polygon on the sphere, cut plane by plane.

A polygon is a cyclic list of *input* planes; vertex j is the cross product of planes j and j + 1, so
nothing is ever computed from something computed, and which plane bounds what is decided by certain
signs. With certain signs no case is special: duplicates, opposites and coaxial planes are ties.

Polygons live in slots (``edges[slot]``, ``corners[slot]``) and a cut leaves its parent as it was, so
that many cones that share planes can share the work. Number of planes: 0 whole space, 1 half-space,
2 wedge, from 3 on a pointed cone.
"""

from __future__ import annotations

from math import atan2, pi, sqrt

import numpy as np

from heurex.cones.signs import SURE, cross_sign, scaled_rows, sharp_cross, sharp_determinant, unsure_sign
from heurex.kernels import reals

KERNEL = True

EMPTY = -1
UNCHANGED = -2
# What a fan answers where it cannot: corners that are nearly antipodal; a corner that underflows.
LONG = -1.0
FLAT = -2.0
OVER_2PI = 1.0 / (2.0 * pi)
OVER_4PI = 1.0 / (4.0 * pi)
# Below this fraction angles that sum to almost a full turn leave too few digits.
SMALL = 2.0**-14
# Girard: 9 roundings a corner at most, and those of the end. Fan: 140 roundings, relative. Wedge likewise.
GIRARD_ERROR = 7.7e-17
END_ERROR = 1.2e-16
FAN_ERROR = 1.6e-14
WEDGE_ERROR = 1.2e-15


def set_corner(rows: np.ndarray, i: int, j: int, corners: np.ndarray, slot: int, at: int) -> None:
    corners[slot, at, 0] = rows[i, 1] * rows[j, 2] - rows[i, 2] * rows[j, 1]
    corners[slot, at, 1] = rows[i, 2] * rows[j, 0] - rows[i, 0] * rows[j, 2]
    corners[slot, at, 2] = rows[i, 0] * rows[j, 1] - rows[i, 1] * rows[j, 0]


def _side(rows: np.ndarray, edges: np.ndarray, corners: np.ndarray, slot: int, at: int, m: int, c: int) -> int:
    """On which side of plane c a corner lies: 1 inside, 0 exactly on it, -1 outside."""
    height = (
        corners[slot, at, 0] * rows[c, 0] + corners[slot, at, 1] * rows[c, 1] + corners[slot, at, 2] * rows[c, 2]
    )
    if height > SURE:
        return 1
    if height < -SURE:
        return -1
    following = at + 1 if at + 1 < m else 0
    return unsure_sign(rows, edges[slot, at], edges[slot, following], c)


def _cut_half(rows: np.ndarray, c: int, edges: np.ndarray, corners: np.ndarray, slot: int, target: int) -> int:
    first = edges[slot, 0]
    for axis in range(3):
        if cross_sign(rows, first, c, axis) != 0:
            edges[target, 0] = first
            edges[target, 1] = c
            set_corner(rows, first, c, corners, target, 0)
            set_corner(rows, c, first, corners, target, 1)
            return 2
    for axis in range(3):
        if rows[first, axis] != 0.0:
            return UNCHANGED if (rows[first, axis] > 0.0) == (rows[c, axis] > 0.0) else EMPTY
    return UNCHANGED


def _cut_wedge(rows: np.ndarray, c: int, edges: np.ndarray, corners: np.ndarray, slot: int, target: int) -> int:
    first = edges[slot, 0]
    second = edges[slot, 1]
    side = _side(rows, edges, corners, slot, 0, 2, c)
    if side != 0:
        if side < 0:
            first, second = second, first
        edges[target, 0] = first
        edges[target, 1] = second
        edges[target, 2] = c
        for axis in range(3):
            corners[target, 0, axis] = corners[slot, 0 if side > 0 else 1, axis]
        set_corner(rows, second, c, corners, target, 1)
        set_corner(rows, c, first, corners, target, 2)
        return 3
    # All three planes share the axis: c = alpha first + beta second, and the signs tell which two are left.
    alpha = 0
    beta = 0
    for axis in range(3):
        turn = cross_sign(rows, first, second, axis)
        if turn != 0:
            alpha = turn * cross_sign(rows, c, second, axis)
            beta = turn * cross_sign(rows, first, c, axis)
            break
    if alpha >= 0 and beta >= 0:
        return UNCHANGED
    if alpha <= 0 and beta <= 0:
        return EMPTY
    kept = second if alpha > 0 else first
    edges[target, 0] = kept
    edges[target, 1] = c
    set_corner(rows, kept, c, corners, target, 0)
    set_corner(rows, c, kept, corners, target, 1)
    return 2


def cut(
    rows: np.ndarray, c: int, edges: np.ndarray, corners: np.ndarray, slot: int, m: int, target: int, sides: np.ndarray
) -> int:
    """Cut the polygon in ``slot`` with plane ``c`` and put the rest, if it is smaller, into ``target``.

    Parameters
    ----------
    rows
        Planes from :func:`heurex.cones.signs.scaled_rows`.
    edges, corners
        Polygons: integers of shape (slots, k + 3), numbers of shape (slots, k + 3, 3).
    m
        Number of planes of the polygon in ``slot``.
    sides
        Scratch integers, k + 3.

    Returns
    -------
    The number of planes of the new polygon, or UNCHANGED, or EMPTY (no interior).

    Notes
    -----
    Error: none. Cost: 5 m + 18 operations where the filter decides.
    """
    if m == 0:
        edges[target, 0] = c
        return 1
    if m == 1:
        return _cut_half(rows, c, edges, corners, slot, target)
    if m == 2:
        return _cut_wedge(rows, c, edges, corners, slot, target)
    inside = 0
    outside = 0
    for j in range(m):
        sides[j] = _side(rows, edges, corners, slot, j, m, c)
        if sides[j] > 0:
            inside += 1
        elif sides[j] < 0:
            outside += 1
    if inside == 0:
        return EMPTY
    if outside == 0:
        return UNCHANGED
    start = 0
    while not (sides[start] > 0 and sides[start - 1 if start > 0 else m - 1] <= 0):
        start += 1
    for j in range(inside + 1):
        old = start + j if start + j < m else start + j - m
        edges[target, j] = edges[slot, old]
        if j < inside:
            for axis in range(3):
                corners[target, j, axis] = corners[slot, old, axis]
    edges[target, inside + 1] = c
    set_corner(rows, edges[target, inside], c, corners, target, inside)
    set_corner(rows, c, edges[target, 0], corners, target, inside + 1)
    return inside + 2


def polygon(
    rows: np.ndarray, count: int, edges: np.ndarray, corners: np.ndarray, sides: np.ndarray
) -> tuple[int, int]:
    """The polygon of the first ``count`` planes: its number of planes (or EMPTY) and its slot, 0 or 1."""
    m = 0
    slot = 0
    for c in range(count):
        left = cut(rows, c, edges, corners, slot, m, 1 - slot, sides)
        if left == EMPTY:
            return EMPTY, slot
        if left != UNCHANGED:
            m = left
            slot = 1 - slot
    return m, slot


def dot_product(rows: np.ndarray, i: int, j: int) -> float:
    return rows[i, 0] * rows[j, 0] + rows[i, 1] * rows[j, 1] + rows[i, 2] * rows[j, 2]


def _wedge(rows: np.ndarray, first: int, second: int, corners: np.ndarray, slot: int) -> float:
    """Fraction of a wedge: its dihedral angle, to full relative accuracy when it is small."""
    x = corners[slot, 0, 0]
    y = corners[slot, 0, 1]
    z = corners[slot, 0, 2]
    along = dot_product(rows, first, second)
    square = x * x + y * y + z * z
    if along < 0.0 and 64.0 * square < along * along:
        x, y, z = sharp_cross(rows, first, second)
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
        a = dot_product(rows, edges[slot, j], edges[slot, j + 1 if j + 1 < m else 0])
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


def _fan(rows: np.ndarray, edges: np.ndarray, slot: int, m: int, units: np.ndarray) -> float:
    """Sum of triangles from corner 0, none of which cancels; LONG or FLAT where there is none.

    A triangle's numerator, the determinant of its corners, is a product of two determinants of input
    rows. Source: van Oosterom and Strackee (1983).
    """
    for j in range(m):
        x, y, z = sharp_cross(rows, edges[slot, j], edges[slot, j + 1 if j + 1 < m else 0])
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
        following = edges[slot, j + 2 if j + 2 < m else 0]
        first = sharp_determinant(rows, edges[slot, 0], edges[slot, 1], edges[slot, j + 1])
        second = sharp_determinant(rows, edges[slot, j], edges[slot, j + 1], following)
        above = (first / units[0, 3]) * ((second / units[j, 3]) / units[j + 1, 3])
        below = 1.0 + dot_product(units, 0, j) + (dot_product(units, 0, j + 1) + dot_product(units, j, j + 1))
        if below < 0.5:
            return LONG
        total = total + atan2(above, below)
    return OVER_2PI * total


def _split_fan(
    rows: np.ndarray,
    count: int,
    edges: np.ndarray,
    corners: np.ndarray,
    slot: int,
    m: int,
    sides: np.ndarray,
    units: np.ndarray,
) -> float:
    """A needle that nearly joins two antipodes, cut across its middle by a plane of our own; FLAT if that fails.

    Expects the unit corners of :func:`_fan`. Any plane is as good as any other, so its rounding is no error.
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
        part = _fan(rows, edges, 1 - slot, left, units)
        if part < 0.0:
            return part
        total = total + part
    return total


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
        total = _fan(rows, edges, slot, m, units)
        if total == LONG:
            total = _split_fan(rows, count, edges, corners, slot, m, sides, units)
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
    """Fraction of 3-space in ``{x : normals @ x >= 0}``, a bound on its error, and whether signs were decided.

    Parameters
    ----------
    normals
        Finite, shape (k, 3); a zero row is no constraint.

    Returns
    -------
    Value in [0, 1], error, and False where only exact rationals can decide a sign (then the value is nothing).
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
