"""Kernel: the share of a plane that lies in a convex polygon, edge by edge, and what is left of it where margins bind.

A point (x, y, z) with z = 1 is a point of the plane, with z = 0 a direction at infinity, so that unbounded polygons
need no case of their own. The plane is the upper half of a sphere seen from its centre; an edge is an arc of a great
circle. With p inputs before the last two, the density on that half-sphere is p z^(p-1) / (2 pi), and the share of
a polygon is the sum over its edges, counterclockwise, of :func:`arc`, over 2 pi.

``ops`` counts what is executed: additions, multiplications, divisions, square roots, arctangents. Bounds on rounding
are not counted.
"""

from math import atan2, sqrt

import numpy as np

KERNEL = True
LENT = True
ADD, MUL, DIV, SQRT, ATAN = 0, 1, 2, 3, 4
# Places in ``doubt``: what rounding does to a margin at a point of length 1 (0: nothing is bounded), the sum of what
# it may do to shares, and how often two logits tied all over a polygon.
MARGIN, MOVED, TIES = 0, 1, 2


def arc(x1: float, y1: float, z1: int, x2: float, y2: float, z2: int, p: int, ops: np.ndarray) -> float:
    """2 pi times the flux through an edge from one point to another, the polygon on its left."""
    if z1 == 0 and z2 == 0:
        ops[ADD] += 2
        ops[MUL] += 4
        ops[ATAN] += 1
        return atan2(x1 * y2 - y1 * x2, x1 * x2 + y1 * y2)
    if z1 == 1:
        x, y, dx, dy = x1, y1, x2, y2
        if z2 == 1:
            dx, dy = x2 - x1, y2 - y1
            ops[ADD] += 2
            # from the nearer end, for the product of two far ones would be rounding
            if max(abs(x2), abs(y2)) < max(abs(x1), abs(y1)):
                x, y = x2, y2
    else:
        x, y, dx, dy = x2, y2, -x1, -y1
    up = x * dy - y * dx
    ops[ADD] += 1
    ops[MUL] += 2
    if up == 0:
        return 0.0
    size = sqrt(up * up + dx * dx + dy * dy)
    dot = x1 * x2 + y1 * y2
    ops[ADD] += 3
    ops[MUL] += 5
    ops[DIV] += 1
    ops[SQRT] += 1
    if p == 2:
        if z1 == 1 and z2 == 1:
            dot = dot + 1.0
            ops[ADD] += 1
        ops[MUL] += 1
        ops[ATAN] += 1
        return up * atan2(size, dot) / size
    steep = up / size
    first = (x1 * dx + y1 * dy) / (size * reach(x1, y1, z1, ops))
    second = (x2 * dx + y2 * dy) / (size * reach(x2, y2, z2, ops))
    ops[ADD] += 4
    ops[MUL] += 6
    ops[DIV] += 2
    ops[ATAN] += 3
    around = atan2(up, dot)
    if steep < 0:
        bend = atan2(-second, -steep) - atan2(-first, -steep)
    else:
        bend = atan2(second, steep) - atan2(first, steep)
    if p == 1:
        return around - bend
    ops[ADD] += 2
    ops[MUL] += 1
    return around - bend + steep * (second - first)


def reach(x: float, y: float, z: int, ops: np.ndarray) -> float:
    """The length of (x, y, z)."""
    square = x * x + y * y
    ops[ADD] += 1 + z
    ops[MUL] += 2
    ops[SQRT] += 1
    return sqrt(square + 1.0) if z == 1 else sqrt(square)


def between(
    points: np.ndarray, ends: np.ndarray, i: int, j: int, column: int, width: int, out: np.ndarray,
    new_ends: np.ndarray, row: int, ops: np.ndarray,
) -> None:  # fmt: skip
    """The point of an edge where the value in a column vanishes, with the values behind that column."""
    here, there = points[i, column], points[j, column]
    if ends[i] == ends[j]:
        share = here / (here - there)
        for c in range(width):
            if c < 2 or c > column:
                out[row, c] = points[i, c] + share * (points[j, c] - points[i, c])
        ops[ADD] += 1 + 2 * (1 + width - column)
        ops[MUL] += 1 + width - column
        ops[DIV] += 1
        new_ends[row] = ends[i]
        return
    # a point and a direction: the point stays one of the plane
    near, far = (i, j) if ends[i] == 1 else (j, i)
    share = abs(points[near, column] / points[far, column])
    for c in range(width):
        if c < 2 or c > column:
            out[row, c] = points[near, c] + share * points[far, c]
    ops[ADD] += 1 + width - column
    ops[MUL] += 1 + width - column
    ops[DIV] += 1
    new_ends[row] = 1


def clip(
    points: np.ndarray, ends: np.ndarray, flags: np.ndarray, m: int, column: int, width: int, out: np.ndarray,
    new_ends: np.ndarray, new_flags: np.ndarray, ops: np.ndarray,
) -> int:  # fmt: skip
    """The part of a polygon on which the value in a column is positive; its number of corners.

    ``flags`` tells of the edge from each corner to the next whether it counts; that along the cut does.
    """
    kept = 0
    for i in range(m):
        j = i + 1 if i + 1 < m else 0
        here, there = points[i, column], points[j, column]
        if here >= 0:
            for c in range(width):
                out[kept, c] = points[i, c]
            new_ends[kept], new_flags[kept] = ends[i], flags[i]
            kept += 1
            if there < 0:
                if here > 0:
                    between(points, ends, i, j, column, width, out, new_ends, kept, ops)
                    kept += 1
                new_flags[kept - 1] = 2
        elif there > 0:
            between(points, ends, i, j, column, width, out, new_ends, kept, ops)
            new_flags[kept] = flags[i]
            kept += 1
    return kept


def outcome(points: np.ndarray, m: int, column: int) -> int:
    """The sign of a value on a polygon: 1 or -1 (or 0 at some corners), 0 all over, 2 both."""
    above, below = False, False
    for i in range(m):
        above = above or points[i, column] > 0
        below = below or points[i, column] < 0
    if above and below:
        return 2
    return 1 if above else (-1 if below else 0)


def compared(corners: np.ndarray, m: int, label: int, rival: int) -> int:
    """:func:`outcome` of the label's logit less a rival's; columns 2.. hold logits less the first one."""
    above, below = False, False
    for i in range(m):
        mine = corners[i, 1 + label] if label > 0 else 0.0
        other = corners[i, 1 + rival] if rival > 0 else 0.0
        above = above or mine > other
        below = below or mine < other
    if above and below:
        return 2
    return 1 if above else (-1 if below else 0)


def tied(
    corners: np.ndarray, ends: np.ndarray, m: int, label: int, rival: int, by_x: np.ndarray, by_y: np.ndarray,
    doubt: np.ndarray,
) -> bool:  # fmt: skip
    """Whether two logits tie all over a polygon, up to rounding; more than rounding is in doubt."""
    for c in range(2):
        slope = by_x if c == 0 else by_y
        mine = slope[label - 1] if label > 0 else 0.0
        other = slope[rival - 1] if rival > 0 else 0.0
        if abs(mine - other) > doubt[MARGIN]:
            return False
    rounded = False
    for i in range(m):
        mine = corners[i, 1 + label] if label > 0 else 0.0
        other = corners[i, 1 + rival] if rival > 0 else 0.0
        if abs(mine - other) > doubt[MARGIN] * (ends[i] + abs(corners[i, 0]) + abs(corners[i, 1])):
            return False
        rounded = rounded or mine != other
    doubt[TIES] += 1
    if rounded:
        doubt[MOVED] += 7.0
    return True


def leaves_out(corners: np.ndarray, ends: np.ndarray, flags: np.ndarray, m: int) -> bool:
    """Whether an edge of some length does not count."""
    for i in range(m):
        j = i + 1 if i + 1 < m else 0
        size = 1.0 + abs(corners[i, 0]) + abs(corners[i, 1])
        apart = abs(corners[j, 0] - corners[i, 0]) + abs(corners[j, 1] - corners[i, 1])
        if flags[i] == 0 and (ends[i] != ends[j] or apart > 1e-13 * size):
            return True
    return False


def displaced(
    x: float, y: float, z: int, value_x: float, value_y: float, angle: float, p: int, doubt: np.ndarray
) -> None:
    """Add what rounding of a margin may do to the share, by moving an edge of a known angle: 2 pi times that."""
    # the margin vanishes at (x, y, z), which gives its constant term
    level = value_x * x + value_y * y if z == 1 else 0.0
    size = sqrt(value_x * value_x + value_y * value_y + level * level)
    doubt[MOVED] += min(7.0, p * doubt[MARGIN] * abs(angle) / (size + 1e-300))


def right_share(
    corners: np.ndarray, ends: np.ndarray, flags: np.ndarray, m: int, label: int, logits: int, dead: bool,
    by_x: np.ndarray, by_y: np.ndarray, p: int, memory: tuple[np.ndarray, ...], doubt: np.ndarray, ops: np.ndarray,
) -> float:  # fmt: skip
    """2 pi times the flux out of that part of a polygon where the label's logit is the first largest.

    ``corners`` holds x, y and the logits less the first one, which are linear with slopes ``by_x`` and ``by_y``.
    Where no neuron is on (``dead``) that is all of it or nothing. Only edges that are flagged count, and those along
    which the label's logit ties with a rival's.
    """
    one, two, one_ends, two_ends, one_flags, two_flags, rivals = memory
    mixed = 0
    for rival in range(logits):
        if dead or rival == label:
            continue
        sign = compared(corners, m, label, rival)
        if doubt[MARGIN] > 0 and tied(corners, ends, m, label, rival, by_x, by_y, doubt):
            sign = 0
        elif sign == 0:
            # no area; but its walls may have been left out on one side
            if doubt[MARGIN] > 0 and leaves_out(corners, ends, flags, m):
                doubt[TIES] += 1
            return 0.0
        if sign == -1 or (sign == 0 and rival < label):
            return 0.0
        if sign == 2:
            rivals[mixed] = rival
            mixed += 1
    if mixed == 0:
        one, one_ends, one_flags = corners, ends, flags
    width = 2 + mixed
    for i in range(m if mixed > 0 else 0):
        one[i, 0], one[i, 1] = corners[i, 0], corners[i, 1]
        one_ends[i], one_flags[i] = ends[i], flags[i]
        for k in range(mixed):
            rival = rivals[k]
            if label == 0:
                one[i, 2 + k] = -corners[i, 1 + rival]
            elif rival == 0:
                one[i, 2 + k] = corners[i, 1 + label]
            elif corners[i, 1 + label] == corners[i, 1 + rival]:
                one[i, 2 + k] = 0.0
            else:
                one[i, 2 + k] = corners[i, 1 + label] - corners[i, 1 + rival]
                ops[ADD] += 1
    for k in range(mixed):
        sign = outcome(one, m, 2 + k)
        if sign == 1:
            continue
        if sign != 2:
            return 0.0
        m = clip(one, one_ends, one_flags, m, 2 + k, width, two, two_ends, two_flags, ops)
        one, two, one_ends, two_ends = two, one, two_ends, one_ends
        one_flags, two_flags = two_flags, one_flags
        if doubt[MARGIN] > 0:
            shift(one, one_ends, one_flags, m, label, rivals[k], by_x, by_y, p, doubt)
        for i in range(m):
            one_flags[i] = min(one_flags[i], 1)
    return boundary(one, one_ends, one_flags, m, p, ops)


def shift(
    points: np.ndarray, ends: np.ndarray, flags: np.ndarray, m: int, label: int, rival: int, by_x: np.ndarray,
    by_y: np.ndarray, p: int, doubt: np.ndarray,
) -> None:  # fmt: skip
    """:func:`displaced` for the edge along the last cut, whose flag is 2."""
    value_x, value_y = 0.0, 0.0
    if label > 0:
        value_x, value_y = by_x[label - 1], by_y[label - 1]
    if rival > 0:
        value_x, value_y = value_x - by_x[rival - 1], value_y - by_y[rival - 1]
    for i in range(m):
        if flags[i] == 2:
            j = i + 1 if i + 1 < m else 0
            at = i if ends[i] == 1 else j
            first = sqrt(points[i, 0] ** 2 + points[i, 1] ** 2 + ends[i])
            second = sqrt(points[j, 0] ** 2 + points[j, 1] ** 2 + ends[j])
            dot = points[i, 0] * points[j, 0] + points[i, 1] * points[j, 1] + ends[i] * ends[j]
            angle = sqrt(max(0.0, 2.0 - 2.0 * dot / (first * second))) * 1.6
            displaced(points[at, 0], points[at, 1], ends[at], value_x, value_y, angle, p, doubt)


def boundary(
    points: np.ndarray, ends: np.ndarray, flags: np.ndarray, m: int, p: int, ops: np.ndarray
) -> float:
    """The sum of :func:`arc` over the edges that count."""
    total, is_first = 0.0, True
    for i in range(m):
        if flags[i] == 0:
            continue
        j = i + 1 if i + 1 < m else 0
        part = arc(points[i, 0], points[i, 1], ends[i], points[j, 0], points[j, 1], ends[j], p, ops)
        if part == 0:
            continue
        total = part if is_first else total + part
        ops[ADD] += 0 if is_first else 1
        is_first = False
    return total
