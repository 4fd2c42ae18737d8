"""Kernel: cones inside a wedge about the x_2 axis, measured with few operations.

Two rays of the (x_0, x_1) plane span a wedge with the x_2 axis. A polygon in it has two kinds of edges: *radial*
ones, in a half-plane of the axis, and arcs across. By Green's theorem about a pole on the axis only arcs add to
the area: an arc from a to b adds twice the argument of the complex number

    m_a m_b + a_0 b_0 + a_1 b_1  +  i (a_0 b_1 - a_1 b_0),    m_a = |a| + a_2 (pole up) or |a| - a_2 (pole down),

which is the solid angle of the triangle of the pole, a and b (van Oosterom and Strackee 1983). The numbers are
multiplied, so one arctangent measures a polygon, and lengths are found once for each corner.

Columns of a corner: 0..2 the ray, 3 its length, then values that are linear on the cone. ``ends`` tells where a
corner lies: on the wedge's first (0) or second (1) bounding half-plane, on the axis (2), or between (3).
"""

from math import atan2, sqrt

import numpy as np

KERNEL = True

TWO_PI = 6.283185307179586
LENGTH = 3
FIRST, SECOND, AXIS, INSIDE = 0, 1, 2, 3


def is_radial(end: int, other: int) -> bool:
    """Whether the edge between two corners lies in a half-plane of the axis."""
    return end == AXIS or other == AXIS or (end == other and end != INSIDE)


def fraction(corners: np.ndarray, ends: np.ndarray, m: int, up: bool) -> float:
    """Share of space in a polygon of m corners with known lengths.

    ``up`` puts the pole at +x_2, else at -x_2; no corner may point to the opposite pole. Absolute error a few
    1e-17; cost 14 operations an arc and one arctangent.
    """
    re, im = 1.0, 0.0
    started = False
    for i in range(m):
        j = i + 1 if i + 1 < m else 0
        if is_radial(ends[i], ends[j]):
            continue
        a0, a1, b0, b1 = corners[i, 0], corners[i, 1], corners[j, 0], corners[j, 1]
        if up:
            m_a, m_b = corners[i, LENGTH] + corners[i, 2], corners[j, LENGTH] + corners[j, 2]
        else:
            m_a, m_b = corners[i, LENGTH] - corners[i, 2], corners[j, LENGTH] - corners[j, 2]
        inside = m_a * m_b + (a0 * b0 + a1 * b1)
        across = a0 * b1 - a1 * b0
        if started:
            re, im = re * inside - im * across, re * across + im * inside
        else:
            re, im = inside, across
            started = True
    if not started:
        return 0.0
    return abs(atan2(im, re)) / TWO_PI


def keep_side(
    corners: np.ndarray, ends: np.ndarray, m: int, column: int, positive: bool, first: int, past: int,
    planar: np.ndarray, kept: np.ndarray, kept_ends: np.ndarray,
) -> int:  # fmt: skip
    """Write the part of a polygon where the value in a column has one sign to ``kept``; return its corners.

    The values in the columns from ``first`` up to ``past`` (left out) come along. ``planar`` holds
    x_0^2 + x_1^2 of the wedge's two rays.
    """
    count = 0
    for i in range(m):
        j = i + 1 if i + 1 < m else 0
        here = corners[i, column] if positive else -corners[i, column]
        there = corners[j, column] if positive else -corners[j, column]
        if here >= 0:
            for w in range(4):
                kept[count, w] = corners[i, w]
            for w in range(first, past):
                kept[count, w] = corners[i, w]
            kept_ends[count] = ends[i]
            count += 1
        if (here > 0 and there < 0) or (here < 0 and there > 0):
            if ends[i] == AXIS:
                cross_axis(corners, ends, i, j, column, first, past, kept, kept_ends, count)
            elif ends[j] == AXIS:
                cross_axis(corners, ends, j, i, column, first, past, kept, kept_ends, count)
            else:
                cross(corners, ends, i, j, column, first, past, kept, kept_ends, count)
            set_length(kept, count, kept_ends[count], planar)
            count += 1
    return count


def cross_axis(
    corners: np.ndarray, ends: np.ndarray, axis: int, other: int, column: int, first: int, past: int,
    kept: np.ndarray, kept_ends: np.ndarray, row: int,
) -> None:  # fmt: skip
    """The corner where a value vanishes between the axis corner (0, 0, 1) or (0, 0, -1) and another one."""
    steps = -corners[other, column] / corners[axis, column]
    kept[row, 0], kept[row, 1] = corners[other, 0], corners[other, 1]
    kept[row, 2] = corners[other, 2] + steps if corners[axis, 2] > 0 else corners[other, 2] - steps
    for w in range(first, past):
        kept[row, w] = 0.0 if w == column else corners[other, w] + steps * corners[axis, w]
    kept_ends[row] = ends[other]


def cross(
    corners: np.ndarray, ends: np.ndarray, i: int, j: int, column: int, first: int, past: int,
    kept: np.ndarray, kept_ends: np.ndarray, row: int,
) -> None:  # fmt: skip
    """The corner where a value of opposite signs vanishes between two corners off the axis.

    It is reached from the one with the smaller value, so that it does not lose digits to a far corner.
    """
    if abs(corners[i, column]) > abs(corners[j, column]):
        i, j = j, i
    share = corners[i, column] / (corners[i, column] - corners[j, column])
    for w in range(3):
        if corners[i, w] == corners[j, w]:
            kept[row, w] = corners[i, w]
        else:
            kept[row, w] = corners[i, w] + share * (corners[j, w] - corners[i, w])
    for w in range(first, past):
        kept[row, w] = 0.0 if w == column else corners[i, w] + share * (corners[j, w] - corners[i, w])
    kept_ends[row] = ends[i] if is_radial(ends[i], ends[j]) else INSIDE


def set_length(corners: np.ndarray, row: int, end: int, planar: np.ndarray) -> None:
    """Find the length of a corner that is not on the axis."""
    x0, x1, x2 = corners[row, 0], corners[row, 1], corners[row, 2]
    flat = planar[end] if end < AXIS else x0 * x0 + x1 * x1
    corners[row, LENGTH] = sqrt(flat + x2 * x2)
