"""Kernel: the circle of the first two of four inputs, cut where the share of the others has a corner or a jump.

A rule of 2 m + 1 nodes on each piece, by Fejér: every other one of its nodes makes the rule of m nodes, and the
difference of both tells what the larger one may be wrong by.
"""

from math import atan, cos, pi, sin

import numpy as np

from heurex.estimators.nested_polygon_kernel import ADD, ATAN, DIV, MUL

KERNEL = True
QUARTER = 0.25 * pi
HALF = 0.5 * pi
WHOLE = 2.0 * pi


def breaks(w_hi: np.ndarray, w_hh: np.ndarray, places: np.ndarray, ops: np.ndarray) -> int:
    """Angles from pi / 4 to 9 pi / 4, in order, between which the share is smooth but for corners of its slope.

    They are where x_0 = x_1, where x_0 = 0, and where a preactivation of the second step is 0.
    """
    d = w_hi.shape[0]
    count = 0
    for angle in (QUARTER, HALF, 5.0 * QUARTER, 3.0 * HALF, 9.0 * QUARTER):
        places[count] = angle
        count += 1
    for side in range(2):
        for j in range(d):
            if w_hi[j] == 0:
                continue
            terms = 0
            total = 0.0
            for k in range(d):
                if w_hi[k] > 0 if side == 0 else w_hi[k] < 0:
                    part = w_hh[j, k] * w_hi[k]
                    total = part if terms == 0 else total + part
                    terms += 1
            angle = 0.0
            if terms > 0:
                # the quotient x_1 : x_0 has the same form on both sides
                angle = atan(-total / w_hi[j])
                ops[MUL] += terms
                ops[ADD] += terms - 1
                ops[DIV] += 1
                ops[ATAN] += 1
            if side == 1 or angle < QUARTER:
                angle = angle + (pi if side == 1 else WHOLE)
                ops[ADD] += 1 if terms > 0 else 0
            k = count
            while k > 0 and places[k - 1] > angle:
                places[k] = places[k - 1]
                k -= 1
            places[k] = angle
            count += 1
    return count


def set_nodes(
    places: np.ndarray,
    sizes: np.ndarray,
    table: np.ndarray,
    starts: np.ndarray,
    points: np.ndarray,
    ops: np.ndarray,
) -> None:
    """Directions of the nodes; a rule of so many nodes stands in ``table`` from its start on."""
    row = 0
    for piece in range(sizes.shape[0]):
        if sizes[piece] == 0:
            continue
        half = 0.5 * (places[piece + 1] - places[piece])
        middle = 0.5 * (places[piece + 1] + places[piece])
        for i in range(sizes[piece]):
            angle = middle + half * table[starts[piece] + i, 0]
            points[row, 0], points[row, 1] = cos(angle), sin(angle)
            row += 1
        ops[ADD] += 2 + sizes[piece]
        ops[MUL] += 2 + sizes[piece]
        ops[ATAN] += 2 * sizes[piece]


def add_up(
    places: np.ndarray, sizes: np.ndarray, table: np.ndarray, starts: np.ndarray, found: np.ndarray, sums: np.ndarray,
    ops: np.ndarray,
) -> None:  # fmt: skip
    """2 pi times: the mean over the circle of values at the nodes (0), what the smaller rules differ by (1), and third
    differences of neighbouring values, with the nodes' weights (2)."""
    row = 0
    sums[0], sums[1], sums[2] = 0.0, 0.0, 0.0
    for piece in range(sizes.shape[0]):
        m = sizes[piece]
        if m == 0:
            continue
        half = (places[piece + 1] - places[piece]) / (4.0 * pi)
        fine, coarse, rough = 0.0, 0.0, 0.0
        for i in range(m):
            fine = fine + table[starts[piece] + i, 1] * found[row + i]
            if i % 2 == 1:
                coarse = coarse + table[starts[piece] + i, 2] * found[row + i]
        for i in range(m - 3):
            third = found[row + i + 3] - found[row + i] - 3.0 * (found[row + i + 2] - found[row + i + 1])
            rough = rough + abs(third) * table[starts[piece] + i + 1, 1]
        row += m
        sums[0] = sums[0] + half * fine
        sums[1] = sums[1] + half * abs(fine - coarse)
        sums[2] = sums[2] + half * rough
        ops[ADD] += 5 + m + m // 2 + 4 * (m - 3)
        ops[MUL] += 3 + m + m // 2 + 2 * (m - 3)
        ops[DIV] += 1
