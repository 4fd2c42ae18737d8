"""Kernel: spherical polygons that carry values at their corners.

A pointed cone in R^3 is written as the cyclic list of its extreme rays: a polygon on the sphere of
directions. One row of ``corners`` is a ray, of any length, in columns 0..2, followed by the values of any
functions that are linear on the cone (a network's hidden state, say). Cutting such a cone where one of them
vanishes needs no plane: the sign is read at the corners, a new corner is a positive combination of two old
ones, and all its values come with it. The value that was cut is set to exactly 0 there, so that whatever
meets in a corner meets exactly.
"""

from math import atan2, sqrt

import numpy as np

KERNEL = True

TWO_PI = 6.283185307179586
# A polygon that reaches across a plane by less than this share of its extent only touches it.
TOUCHING = 1e-13


def side(corners: np.ndarray, m: int, column: int) -> int:
    """On which side of zero a polygon of m corners lies: +1, -1, 0 (the value vanishes on it) or 2 (both)."""
    positive = False
    negative = False
    for i in range(m):
        if corners[i, column] > 0:
            positive = True
        elif corners[i, column] < 0:
            negative = True
    if positive and negative:
        return 2
    if positive:
        return 1
    return -1 if negative else 0


def clear_side(corners: np.ndarray, m: int, column: int) -> int:
    """The same, where a polygon that reaches across zero by no more than rounding lies on one side only."""
    above = 0.0
    below = 0.0
    for i in range(m):
        value = corners[i, column]
        if value > above:
            above = value
        elif -value > below:
            below = -value
    if above == 0 or below == 0:
        return 1 if above > 0 else (-1 if below > 0 else 0)
    if above > below:
        return 1 if below <= TOUCHING * above else 2
    return -1 if above <= TOUCHING * below else 2


def keep_positive(corners: np.ndarray, m: int, column: int, width: int, kept: np.ndarray) -> int:
    """Write the part of a polygon where a value is positive to ``kept``; return its number of corners.

    Corners where the value is 0 are kept. Only for a polygon whose :func:`side` is 2.
    """
    count = 0
    for i in range(m):
        j = i + 1 if i + 1 < m else 0
        here = corners[i, column]
        there = corners[j, column]
        if here >= 0:
            for w in range(width):
                kept[count, w] = corners[i, w]
            count += 1
        if (here > 0 and there < 0) or (here < 0 and there > 0):
            crossing(corners, i, j, column, width, kept, count)
            count += 1
    return count


def split(
    corners: np.ndarray, m: int, column: int, width: int, upper: np.ndarray, lower: np.ndarray
) -> tuple[int, int]:
    """Cut a polygon in two where a value vanishes; return the numbers of corners of both parts."""
    above = 0
    below = 0
    for i in range(m):
        j = i + 1 if i + 1 < m else 0
        here = corners[i, column]
        there = corners[j, column]
        if here >= 0:
            for w in range(width):
                upper[above, w] = corners[i, w]
            above += 1
        if here <= 0:
            for w in range(width):
                lower[below, w] = corners[i, w]
            below += 1
        if (here > 0 and there < 0) or (here < 0 and there > 0):
            crossing(corners, i, j, column, width, upper, above)
            for w in range(width):
                lower[below, w] = upper[above, w]
            above += 1
            below += 1
    return above, below


def crossing(corners: np.ndarray, i: int, j: int, column: int, width: int, out: np.ndarray, row: int) -> None:
    """The corner between corners i and j at which a value of opposite signs vanishes."""
    here = corners[i, column]
    share = here / (here - corners[j, column])
    for w in range(width):
        if w == column:
            out[row, w] = 0.0
        elif corners[i, w] == corners[j, w]:
            out[row, w] = corners[i, w]
        else:
            out[row, w] = corners[i, w] + share * (corners[j, w] - corners[i, w])


def fraction(corners: np.ndarray, m: int) -> float:
    """Share of R^3 that a pointed cone fills, from its m extreme rays in order.

    The solid angles of the fan of triangles about the first corner are twice the arguments of complex numbers
    (van Oosterom and Strackee 1983); their product needs one arctangent. Absolute error a few 1e-17 times m;
    no two corners may be opposite. Cost: about 60 m operations.
    """
    if m < 3:
        return 0.0
    ax, ay, az = corners[0, 0], corners[0, 1], corners[0, 2]
    bx, by, bz = corners[1, 0], corners[1, 1], corners[1, 2]
    a = sqrt(ax * ax + ay * ay + az * az)
    b = sqrt(bx * bx + by * by + bz * bz)
    ab = ax * bx + ay * by + az * bz
    nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    re, im = 1.0, 0.0
    for k in range(2, m):
        cx, cy, cz = corners[k, 0], corners[k, 1], corners[k, 2]
        c = sqrt(cx * cx + cy * cy + cz * cz)
        ca = cx * ax + cy * ay + cz * az
        volume = nx * cx + ny * cy + nz * cz
        inside = (a * b + ab) * c + (bx * cx + by * cy + bz * cz) * a + ca * b
        if k == 2:
            re, im = inside, volume
        else:
            re, im = re * inside - im * volume, re * volume + im * inside
        if k + 1 < m:
            bx, by, bz, b, ab = cx, cy, cz, c, ca
            nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    return abs(atan2(im, re)) / TWO_PI
