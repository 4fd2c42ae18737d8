"""Kernel: pointed cones in R^4 that carry values at their rays, and how to cut them.

A cone is a list of extreme rays. One row of ``rays`` is a ray, of any length, in columns 0..3, followed by the
values of functions that are linear on the cone (a network's preactivations, say). ``masks`` tells for each ray on
which facets it lies, a bit each. Two rays span an edge if no third one lies on all facets that they share; a cut
puts a new ray on every edge whose ends have values of opposite signs, as :mod:`heurex.cones.corners` does in R^3.
So no inequality is ever solved for, and rays in which many facets meet need no case of their own.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

KERNEL = True

# ``ops`` counts additions, multiplications, divisions, square roots and arctangents.
CROSSING: Final = np.array([1, 0, 1, 0, 0])
CARRIED: Final = np.array([2, 1, 0, 0, 0])
ADDED: Final = np.array([1, 0, 0, 0, 0])
SCALED: Final = np.array([0, 1, 0, 0, 0])
SHARED: Final = np.array([0, 0, 1, 0, 0])
# Behind the five: values that were taken for zero, and how many of them are hardly rounding.
SNAPPED: Final = 5
FAR: Final = 6
COUNTERS: Final = 10
# No cone has more facets: they are the bits of an integer.
FACETS: Final = 62
# Rounding leaves no more than this share of a floor in most cells.
NEAR: Final = 0.1
# A NumPy integer, as it is passed on: numba compiles a callee anew for each plain literal.
ONCE: Final[Any] = np.int64(1)


def tally(ops: np.ndarray, cost: np.ndarray, times: int) -> None:
    """Add to the operations executed."""
    for kind in range(5):
        ops[kind] += cost[kind] * times


def snapped(value: float, floor: float, ops: np.ndarray) -> float:
    """A value, or zero if it is not above the floor; counts values that rounding alone hardly explains."""
    if abs(value) > floor:
        return value
    if value != 0:
        ops[SNAPPED] += 1
        tally(ops, SCALED, ONCE)
        if abs(value) > NEAR * floor:
            ops[FAR] += 1
    return 0.0


def adjacent(masks: np.ndarray, m: int, i: int, j: int) -> bool:
    """Whether two rays span an edge: no third ray lies on all the facets that both lie on."""
    common = masks[i] & masks[j]
    if common & (common - 1) == 0:
        return False
    for k in range(m):
        if masks[k] & common == common and k != i and k != j:
            return False
    return True


def crossing(
    rays: np.ndarray, i: int, j: int, column: int, width: int, floors: np.ndarray, out: np.ndarray, row: int,
    ops: np.ndarray,
) -> None:  # fmt: skip
    """The ray between rays i and j on which the value in ``column`` vanishes, with the values behind it.

    Values below their floor, which interpolation makes of zeros, are zeros.
    """
    tally(ops, CROSSING, ONCE)
    tally(ops, CARRIED, 4 + width - column - 1)
    here = rays[i, column]
    share = here / (here - rays[j, column])
    for w in range(4):
        out[row, w] = rays[i, w] + share * (rays[j, w] - rays[i, w])
    for w in range(column + 1, width):
        value = rays[i, w] + share * (rays[j, w] - rays[i, w])
        out[row, w] = snapped(value, floors[w - 4], ops)


def copy_ray(
    rays: np.ndarray,
    masks: np.ndarray,
    i: int,
    bit: int,
    width: int,
    out: np.ndarray,
    found: np.ndarray,
    row: int,
) -> None:
    """Copy a ray, and put it on one facet more."""
    for w in range(width):
        out[row, w] = rays[i, w]
    found[row] = masks[i] | bit


def split(
    rays: np.ndarray, masks: np.ndarray, m: int, column: int, width: int, bit: int, floors: np.ndarray,
    upper: np.ndarray, upper_masks: np.ndarray, lower: np.ndarray, lower_masks: np.ndarray, both: bool,
    ops: np.ndarray,
) -> tuple[int, int]:  # fmt: skip
    """Cut a cone in two where a value vanishes; the numbers of rays of the parts, the lower one only if wanted.

    ``bit`` is that of the new facet. Columns before ``column`` are not carried to new rays. Rays that find no room,
    which no polyhedron's do, are left out and counted as moved far.
    """
    room = min(upper.shape[0], lower.shape[0])
    none = bit - bit
    above, below = 0, 0
    for i in range(m):
        value = rays[i, column]
        if value >= 0:
            copy_ray(rays, masks, i, bit if value == 0 else none, width, upper, upper_masks, above)
            above += 1
        if both and value <= 0:
            copy_ray(rays, masks, i, bit if value == 0 else none, width, lower, lower_masks, below)
            below += 1
    for i in range(m):
        if not rays[i, column] > 0:
            continue
        for j in range(m):
            if rays[j, column] < 0 and adjacent(masks, m, i, j):
                if max(above, below) >= room:
                    ops[FAR] += 1
                    return above, below
                crossing(rays, i, j, column, width, floors, upper, above, ops)
                upper_masks[above] = (masks[i] & masks[j]) | bit
                if both:
                    copy_ray(upper, upper_masks, above, none, width, lower, lower_masks, below)
                    below += 1
                above += 1
    return above, below


def real_facets(masks: np.ndarray, m: int) -> int:
    """The bits of the facets that have three rays or more: others have shrunk to an edge, a ray or nothing."""
    once, twice, thrice = masks[0] & 0, masks[0] & 0, masks[0] & 0
    for i in range(m):
        thrice |= twice & masks[i]
        twice |= once & masks[i]
        once |= masks[i]
    return thrice


def closed(masks: np.ndarray, m: int, real: int, edges: np.ndarray, count: int) -> bool:
    """Whether the edges of every facet are closed polygons: at each of its rays two of them meet."""
    for f in range(FACETS):
        if real >> f & 1 == 0:
            continue
        for i in range(m):
            if masks[i] >> f & 1 == 0:
                continue
            met = 0
            for k in range(count):
                if edges[k, 2] >> f & 1 and (edges[k, 0] == i or edges[k, 1] == i):
                    met += 1
            if met != 2:
                return False
    return True


def find_edges(masks: np.ndarray, m: int, real: int, edges: np.ndarray) -> int:
    """Pairs of rays that span an edge and the bits of its two facets, ``(edges, 3)``; -1 if they do not fit together.

    They fit if every edge has two facets, the edges of a facet are closed, and Euler's formula holds.
    """
    count, facets = 0, 0
    rest = real
    while rest != 0:
        rest &= rest - 1
        facets += 1
    if m < 4 or facets < 4:
        return -1
    for i in range(m):
        for j in range(i):
            common = masks[i] & masks[j] & real
            if common & (common - 1) == 0 or not adjacent(masks, m, i, j):
                continue
            pair = common & (common - 1)
            if pair & (pair - 1) != 0 or count == m + facets - 2:
                return -1
            edges[count, 0], edges[count, 1], edges[count, 2] = i, j, common
            count += 1
    return count if count == m + facets - 2 and closed(masks, m, real, edges, count) else -1
