"""Kernel: the share of the last two inputs on which a network answers rightly, exactly, for directions of the others.

With the earlier inputs fixed at a point of length 1, let the last two be (a, b). Neurons of the last step but one
go on or off at values of a: between two of these and the places where the label's candidates change, a *slab*, neuron j
of the last step goes on or off along a line b = level_j + slope_j a. These lines and the two along which the label
changes cut the slab into cells on which logits are linear. Cells are kept in order of b, as *gaps* between lines;
from left to right, a gap ends where its two lines meet, and another begins.

Values of logits are carried along; a cell's are compared at its corners. What the fluxes through walls between two
cells cancel is left out, but for walls that a cell without anything on has, where all logits tie.

Neurons are in units in which they read the input with weight +1, -1 or 0; logits are less the first one.
``ops`` counts what is executed; bounds on rounding are not counted.
"""

from typing import Any

import numpy as np

from heurex.estimators.nested_gap_kernel import add_corner, gap_share
from heurex.estimators.nested_polygon_kernel import ADD, DIV, MUL

KERNEL = True
LENT = True
NEVER = 1e300
INFINITE, CUT, KINK = 1, 2, 3
# NumPy integers where they are passed on: numba compiles a callee anew for each plain literal.
NONE: Any = np.int64(0)
ONE: Any = np.int64(1)
LEFT: Any = np.int64(-1)


def stack(
    signs: np.ndarray, outputs: np.ndarray, order: np.ndarray, along: np.ndarray, set_on: np.ndarray,
    gaps: tuple[np.ndarray, ...], climbs: np.ndarray, ops: np.ndarray,
) -> None:  # fmt: skip
    """Slopes of logits, how many neurons are on, and how many label lines are below, for all gaps of a slab."""
    by_x, by_y, active, zone = gaps
    d, logits = outputs.shape
    count = 0
    for j in range(d):
        if signs[j] > 0 or (signs[j] == 0 and set_on[j] == 0):
            continue
        for i in range(logits):
            if signs[j] == 0:
                x, y = outputs[j, i] * along[j], 0.0
            else:
                x, y = -climbs[j, i], -outputs[j, i]
            by_x[0, i] = x if count == 0 else by_x[0, i] + x
            by_y[0, i] = y if count == 0 else by_y[0, i] + y
        ops[MUL] += logits if signs[j] == 0 else 0
        ops[ADD] += 2 * logits if count > 0 else 0
        count += 1
    active[0], zone[0] = count, 0
    if count == 0:
        for i in range(logits):
            by_x[0, i], by_y[0, i] = 0.0, 0.0
    for k in range(order.shape[0]):
        climb(order[k], k, k + 1, signs, outputs, climbs, gaps, ops)


def climb(
    line: int, below: int, above: int, signs: np.ndarray, outputs: np.ndarray, climbs: np.ndarray,
    gaps: tuple[np.ndarray, ...], ops: np.ndarray,
) -> None:  # fmt: skip
    """What changes from one gap to another across a line."""
    by_x, by_y, active, zone = gaps
    d, logits = outputs.shape
    zone[above], active[above] = zone[below], active[below]
    if line >= d:
        zone[above] += 1
        for i in range(logits):
            by_x[above, i], by_y[above, i] = by_x[below, i], by_y[below, i]
        return
    active[above] += 1 if signs[line] > 0 else -1
    for i in range(logits):
        if active[above] == 0:
            by_x[above, i], by_y[above, i] = 0.0, 0.0
        elif active[below] == 0:
            by_x[above, i], by_y[above, i] = climbs[line, i], outputs[line, i]
        else:
            by_x[above, i], by_y[above, i] = (
                by_x[below, i] + climbs[line, i],
                by_y[below, i] + outputs[line, i],
            )
    if active[above] > 0 and active[below] > 0:
        ops[ADD] += 2 * logits


def logits_at(
    a: float, b: float, row: int, signs: np.ndarray, outputs: np.ndarray, level: np.ndarray,
    slope: np.ndarray, constant: np.ndarray, along: np.ndarray, set_on: np.ndarray, below: np.ndarray,
    values: np.ndarray, ops: np.ndarray,
) -> None:  # fmt: skip
    """Logits at a point, neuron by neuron; ``below`` tells which lines are below it or through it."""
    d, logits = outputs.shape
    first = True
    for j in range(d):
        if signs[j] == 0:
            if set_on[j] == 0:
                continue
            size = constant[j] + along[j] * a
        elif signs[j] > 0:
            if below[j] == 0:
                continue
            size = b - (level[j] + slope[j] * a)
        else:
            if below[j] == 1:
                continue
            size = (level[j] + slope[j] * a) - b
        ops[ADD] += 1 if signs[j] == 0 else 2
        ops[MUL] += 1
        for i in range(logits):
            part = outputs[j, i] * size
            values[row, i] = part if first else values[row, i] + part
        ops[MUL] += logits
        ops[ADD] += 0 if first else logits
        first = False
    if first:
        for i in range(logits):
            values[row, i] = 0.0


def edge_of_slab(
    a: float, side: int, signs: np.ndarray, outputs: np.ndarray, lines: tuple[np.ndarray, ...],
    gaps: tuple[np.ndarray, ...], order: np.ndarray, constant: np.ndarray, along: np.ndarray, set_on: np.ndarray,
    below: np.ndarray, ops: np.ndarray,
) -> None:  # fmt: skip
    """Logits where lines meet the vertical at a (side 0), or go to at the left (-1) or right (1), lowest first."""
    level, slope, _, here, values, _ = lines
    by_x, by_y, active, _ = gaps
    d, logits = outputs.shape
    bottom = order[0]
    if side == 0:
        for j in range(d):
            below[j] = 0
        if bottom < d:
            below[bottom] = 1 if signs[bottom] < 0 else 0
        logits_at(
            a, here[bottom], bottom, signs, outputs, level, slope, constant, along, set_on, below, values, ops
        )
    else:
        for i in range(logits):
            value = by_x[0, i] + slope[bottom] * by_y[0, i]
            values[bottom, i] = value if side > 0 else -value
        ops[ADD] += logits
        ops[MUL] += logits
    for k in range(1, order.shape[0]):
        low, high = order[k - 1], order[k]
        up = (
            here[high] - here[low]
            if side == 0
            else (slope[high] - slope[low] if side > 0 else slope[low] - slope[high])
        )
        ops[ADD] += 1
        if active[k] == 0:
            for i in range(logits):
                values[high, i] = values[low, i]
            continue
        for i in range(logits):
            values[high, i] = values[low, i] + by_y[k, i] * up
        ops[ADD] += logits
        ops[MUL] += logits
    for k in range(order.shape[0]):
        if active[k] == 0 or active[k + 1] == 0:
            for i in range(logits):
                values[order[k], i] = 0.0


def next_meeting(low: int, high: int, is_last: bool, lines: tuple[np.ndarray, ...], ops: np.ndarray) -> float:
    """Where two neighbouring lines of a slab meet, ``NEVER`` if not before its end."""
    level, slope, _, here, _, _ = lines
    if not (slope[low] > slope[high] if is_last else here[low] > here[high]) or not slope[low] > slope[high]:
        return NEVER
    ops[ADD] += 2
    ops[DIV] += 1
    return (level[high] - level[low]) / (slope[low] - slope[high])


def corner_where_lines_meet(
    k: int, a: float, signs: np.ndarray, outputs: np.ndarray, lines: tuple[np.ndarray, ...],
    gaps: tuple[np.ndarray, ...], chains: tuple[np.ndarray, ...], orders: tuple[np.ndarray, ...], constant: np.ndarray,
    along: np.ndarray, values: np.ndarray, ops: np.ndarray,
) -> float:  # fmt: skip
    """Where lines k and k + 1 from below meet, at a: b, and the logits there."""
    level, slope, _, _, _, _ = lines
    by_x, by_y, active, _ = gaps
    corners, ends, _, counts, _ = chains
    order, _, set_on, below = orders
    d, logits = outputs.shape
    low = order[k]
    b = level[low] + slope[low] * a
    ops[ADD] += 1
    ops[MUL] += 1
    at = counts[0, k + 1] - 1
    if active[k] == 0 or active[k + 1] == 0 or active[k + 2] == 0:
        for i in range(logits):
            values[0, i] = 0.0
    elif ends[0, k + 1, at] == 1:
        x, y = a - corners[0, k + 1, at, 0], b - corners[0, k + 1, at, 1]
        for i in range(logits):
            values[0, i] = corners[0, k + 1, at, 2 + i] + by_x[k + 1, i] * x + by_y[k + 1, i] * y
        ops[ADD] += 2 + 2 * logits
        ops[MUL] += 2 * logits
    else:
        for j in range(d):
            below[j] = 0
        for i in range(k + 2):
            line = order[i]
            if line < d:
                # a line through the point adds nothing
                below[line] = 1 if i < k or signs[line] < 0 else 0
        logits_at(a, b, NONE, signs, outputs, level, slope, constant, along, set_on, below, values, ops)
    return b


def slab_share(
    start: int, end: int, a_low: float, a_high: float, right_kind: int, labels: np.ndarray, next_labels: np.ndarray,
    silent: bool, whole: bool, signs: np.ndarray, outputs: np.ndarray, unit: np.ndarray, p: int,
    lines: tuple[np.ndarray, ...], gaps: tuple[np.ndarray, ...], chains: tuple[np.ndarray, ...],
    orders: tuple[np.ndarray, ...], constant: np.ndarray, along: np.ndarray, polygon: tuple[np.ndarray, ...],
    clipping: tuple[np.ndarray, ...], doubt: np.ndarray, ops: np.ndarray,
) -> float:  # fmt: skip
    """2 pi times the flux out of what is answered rightly of a slab, whose left walls stand in ``chains`` already.

    ``start`` is 0 for the slab without a left end, ``end`` is 0 for that without a right one.
    """
    level, slope, before, here, values, climbs = lines
    order, meet, set_on, below = orders
    _, _, _, counts, walls = chains
    d = outputs.shape[0]
    size = order.shape[0]
    for j in range(d):
        if signs[j] != 0:
            for i in range(outputs.shape[1]):
                climbs[j, i] = -outputs[j, i] * slope[j]
            ops[MUL] += outputs.shape[1]
    stack(signs, outputs, order, along, set_on, gaps, climbs, ops)
    if start == 0:
        edge_of_slab(a_low, LEFT, signs, outputs, lines, gaps, order, constant, along, set_on, below, ops)
    for k in range(size + 1):
        counts[0, k], counts[1, k] = 0, 0
    for k in range(size):
        line = order[k]
        x, y = (a_low, before[line]) if start == 1 else (unit[2], -slope[line])
        for half in range(2):
            add_corner(half, k + 1 - half, x, y, start, values[line], line, chains)
    if end == 1:
        for k in range(size):
            line = order[k]
            if line < d:
                here[line] = level[line] + slope[line] * a_high
                ops[ADD] += 1
                ops[MUL] += 1
            else:
                here[line] = a_high if slope[line] == 1 else level[line]
    for k in range(size - 1):
        meet[k] = next_meeting(order[k], order[k + 1], end == 0, lines, ops)
    total, a = 0.0, a_low
    closing, gap, best, wall = LEFT, NONE, NONE, NONE
    low, high, b = NONE, NONE, a_low
    while closing <= size:
        if closing < 0:
            best = NONE
            for k in range(1, size - 1):
                if meet[k] < meet[best]:
                    best = k
            if meet[best] >= NEVER:
                end_gaps(a_high, end, signs, outputs, unit, lines, gaps, chains, orders, constant, along, ops)
                closing = NONE
        if closing < 0:
            # two lines change places: the gap between them ends, and another begins
            place = meet[best]
            if end == 1:
                place = min(place, a_high)
            if start == 1 or a > a_low:
                place = max(place, a)
            a, gap, wall = place, best + 1, NONE
            low, high = order[best], order[best + 1]
            b = corner_where_lines_meet(
                best, a, signs, outputs, lines, gaps, chains, orders, constant, along, polygon[3], ops
            )
            for half in range(2):
                add_corner(half, gap, a, b, ONE, polygon[3][0], low, chains)
        else:
            gap, wall = closing, NONE
            if whole or right_kind != KINK or labels[gaps[3][gap]] != next_labels[gaps[3][gap]]:
                wall = ONE
        part = gap_share(
            gap,
            size,
            wall,
            signs,
            labels,
            silent,
            whole,
            unit,
            p,
            gaps,
            chains,
            polygon,
            clipping,
            doubt,
            ops,
        )
        if part != 0:
            total = total + part
            ops[ADD] += 1
        if closing >= 0:
            walls[gap] = wall
            closing += 1
            continue
        order[best], order[best + 1] = high, low
        climb(high, best, gap, signs, outputs, climbs, gaps, ops)
        counts[0, gap], counts[1, gap], walls[gap] = 0, 0, 0
        for k in range(4):
            # the corner is one of three gaps
            add_corner(
                1 - k % 2, best + (k + 1) // 2, a, b, ONE, polygon[3][0], high if k < 2 else low, chains
            )
        for k in range(max(best - 1, 0), min(best + 2, size - 1)):
            meet[k] = NEVER if k == best else next_meeting(order[k], order[k + 1], end == 0, lines, ops)
    return total


def end_gaps(
    a: float, end: int, signs: np.ndarray, outputs: np.ndarray, unit: np.ndarray, lines: tuple[np.ndarray, ...],
    gaps: tuple[np.ndarray, ...], chains: tuple[np.ndarray, ...], orders: tuple[np.ndarray, ...], constant: np.ndarray,
    along: np.ndarray, ops: np.ndarray,
) -> None:  # fmt: skip
    """The last corners of all gaps of a slab, at its right end or, where ``end`` is 0, at infinity."""
    _, slope, before, here, values, _ = lines
    order, _, set_on, below = orders
    edge_of_slab(a, 1 - end, signs, outputs, lines, gaps, order, constant, along, set_on, below, ops)
    for k in range(order.shape[0]):
        line = order[k]
        x, y = (a, here[line]) if end == 1 else (unit[1], slope[line])
        for half in range(2):
            add_corner(half, k + 1 - half, x, y, end, values[line], line, chains)
        before[line] = here[line]
