"""A polyhedral cone in 3-space as a polygon on the sphere, cut plane by plane; right on every input.

A polygon is a cyclic list of *input* planes; corner j is the cross product of planes j and j + 1, so
nothing is ever computed from something computed, and which plane bounds what is decided by certain
signs. With certain signs no case is special: duplicates, opposites and coaxial planes are ties.

Polygons live in slots (``edges[slot]``, ``corners[slot]``) and a cut leaves its parent as it was, so
that many cones that share planes can share the work. Number of planes: 0 whole space, 1 half-space,
2 wedge, from 3 on a pointed cone. The first plane is repeated after the last.
"""

from __future__ import annotations

import numpy as np

from heurex.cones.signs import SURE, cross_sign, unsure_sign

KERNEL = True

EMPTY = -1
UNCHANGED = -2


def set_corner(rows: np.ndarray, edges: np.ndarray, corners: np.ndarray, slot: int, at: int) -> None:
    """Corner ``at`` of a polygon, from the planes before and after it. Cost: 9 operations."""
    i = edges[slot, at]
    j = edges[slot, at + 1]
    corners[slot, at, 0] = rows[i, 1] * rows[j, 2] - rows[i, 2] * rows[j, 1]
    corners[slot, at, 1] = rows[i, 2] * rows[j, 0] - rows[i, 0] * rows[j, 2]
    corners[slot, at, 2] = rows[i, 0] * rows[j, 1] - rows[i, 1] * rows[j, 0]


def _side(rows: np.ndarray, edges: np.ndarray, corners: np.ndarray, slot: int, at: int, c: int) -> int:
    """On which side of plane c a corner lies: 1 inside, 0 exactly on it, -1 outside."""
    height = (
        corners[slot, at, 0] * rows[c, 0]
        + corners[slot, at, 1] * rows[c, 1]
        + corners[slot, at, 2] * rows[c, 2]
    )
    if height > SURE:
        return 1
    if height < -SURE:
        return -1
    return unsure_sign(rows, edges[slot, at], edges[slot, at + 1], c)


def _cut_half(rows: np.ndarray, c: int, edges: np.ndarray, slot: int, target: int) -> int:
    first = edges[slot, 0]
    same = True
    for axis in range(3):
        if cross_sign(rows, first, c, axis) != 0:
            edges[target, 0] = first
            edges[target, 1] = c
            return 2
        if rows[first, axis] != 0.0:
            same = (rows[first, axis] > 0.0) == (rows[c, axis] > 0.0)
    return UNCHANGED if same else EMPTY


def _cut_wedge(rows: np.ndarray, c: int, edges: np.ndarray, side: int, slot: int, target: int) -> int:
    first = edges[slot, 0]
    second = edges[slot, 1]
    if side != 0:
        edges[target, 0] = first if side > 0 else second
        edges[target, 1] = second if side > 0 else first
        edges[target, 2] = c
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
    edges[target, 0] = second if alpha > 0 else first
    edges[target, 1] = c
    return 2


def _close(rows: np.ndarray, edges: np.ndarray, corners: np.ndarray, target: int, start: int, m: int) -> int:
    """Repeat the first plane after the last and compute the corners from ``start`` on."""
    edges[target, m] = edges[target, 0]
    for at in range(start, m):
        set_corner(rows, edges, corners, target, at)
    return m


def cut(
    rows: np.ndarray,
    c: int,
    edges: np.ndarray,
    corners: np.ndarray,
    slot: int,
    m: int,
    target: int,
    sides: np.ndarray,
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
    inside = 0
    outside = 0
    start = 0
    # The second corner of a wedge is the opposite of the first.
    for j in range(m if m > 2 else m - 1):
        side = _side(rows, edges, corners, slot, j, c)
        sides[j] = side
        if side > 0:
            inside += 1
        elif side < 0:
            outside += 1
    left = 1
    if m == 0:
        edges[target, 0] = c
        return left
    if m <= 2:
        if m == 1:
            left = _cut_half(rows, c, edges, slot, target)
        else:
            left = _cut_wedge(rows, c, edges, inside - outside, slot, target)
        return _close(rows, edges, corners, target, start, left) if left > 0 else left
    if inside == 0:
        return EMPTY
    if outside == 0:
        return UNCHANGED
    while not (sides[start] > 0 and sides[start - 1 if start > 0 else m - 1] <= 0):
        start += 1
    for j in range(inside + 1):
        old = start + j if start + j < m else start + j - m
        edges[target, j] = edges[slot, old]
        if j < inside:
            for axis in range(3):
                corners[target, j, axis] = corners[slot, old, axis]
    edges[target, inside + 1] = c
    return _close(rows, edges, corners, target, inside, inside + 2)


def polygon(
    rows: np.ndarray, count: int, edges: np.ndarray, corners: np.ndarray, sides: np.ndarray
) -> tuple[int, int]:
    """The polygon of the first ``count`` planes: its number of planes (or EMPTY) and its slot, 0 or 1."""
    # Not a literal 0: numba would compile everything twice, once for the literal.
    m = count - count
    slot = m
    for c in range(count):
        left = cut(rows, c, edges, corners, slot, m, 1 - slot, sides)
        if left == EMPTY:
            return EMPTY, slot
        if left != UNCHANGED:
            m = left
            slot = 1 - slot
    return m, slot
