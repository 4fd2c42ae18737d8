"""Kernel: one cell of a slab, from the corners of its two lines to what is answered rightly of it."""

from typing import Any

import numpy as np

from heurex.estimators.nested_polygon_kernel import right_share

KERNEL = True
LENT = True
# A NumPy integer, as it is passed on: numba compiles a callee anew for each plain literal.
NONE: Any = np.int64(0)


def add_corner(
    which: int,
    gap: int,
    x: float,
    y: float,
    end: int,
    values: np.ndarray,
    line: int,
    chains: tuple[np.ndarray, ...],
) -> None:
    """Another corner of a gap's lower (0) or upper (1) line, and the line that goes on from there."""
    corners, ends, following, counts, _ = chains
    m = counts[which, gap]
    corners[which, gap, m, 0], corners[which, gap, m, 1] = x, y
    for i in range(values.shape[0]):
        corners[which, gap, m, 2 + i] = values[i]
    ends[which, gap, m], following[which, gap, m] = end, line
    counts[which, gap] = m + 1


def gap_share(
    gap: int, top: int, right_wall: int, signs: np.ndarray, labels: np.ndarray, silent: bool, whole: bool,
    unit: np.ndarray, p: int, gaps: tuple[np.ndarray, ...], chains: tuple[np.ndarray, ...],
    polygon: tuple[np.ndarray, ...], clipping: tuple[np.ndarray, ...], doubt: np.ndarray, ops: np.ndarray,
) -> float:  # fmt: skip
    """2 pi times the flux out of what is answered rightly of a gap that has ended."""
    by_x, by_y, active, zone = gaps
    corners, ends, following, counts, walls = chains
    points, points_ends, flags, _ = polygon
    d, logits = signs.shape[0], by_x.shape[1]
    label = labels[zone[gap]]
    if active[gap] == 0 and label != 0:
        return 0.0
    m = NONE
    for half in range(2):
        count = counts[half, gap]
        if (half == 0 and gap == 0) or (half == 1 and gap == top):
            # straight down or up
            points[m, 0], points[m, 1], points_ends[m] = unit[0], unit[2] if half == 0 else unit[1], 0
            for i in range(logits):
                points[m, 2 + i] = -by_y[gap, i] if half == 0 else by_y[gap, i]
            flags[m] = right_wall if half == 0 else walls[gap]
            m += 1
            continue
        for k in range(count):
            at = k if half == 0 else count - 1 - k
            for c in range(2 + logits):
                points[m, c] = corners[half, gap, at, c]
            points_ends[m] = ends[half, gap, at]
            if k == count - 1:
                flags[m] = right_wall if half == 0 else walls[gap]
            else:
                line = following[half, gap, at if half == 0 else at - 1]
                flags[m] = counts_along(line, half, gap, d, signs, labels, silent or whole, active, zone)
            m += 1
    return right_share(
        points,
        points_ends,
        flags,
        m,
        label,
        logits + 1,
        active[gap] == 0,
        by_x[gap],
        by_y[gap],
        p,
        clipping,
        doubt,
        ops,
    )


def counts_along(
    line: int, half: int, gap: int, d: int, signs: np.ndarray, labels: np.ndarray, always: bool, active: np.ndarray,
    zone: np.ndarray,
) -> int:  # fmt: skip
    """Whether the flux through a line that bounds a gap from below (0) or above (1) may be left over."""
    if always:
        return 1
    step = -1 if half == 0 else 1
    if line >= d:
        return 1 if labels[zone[gap]] != labels[zone[gap] + step] else 0
    beyond = active[gap] + (step if signs[line] > 0 else -step)
    return 1 if active[gap] == 0 or beyond == 0 else 0
