"""Kernel: directions of all inputs but the last two, from one end of the first of those two to the other."""

import numpy as np

from heurex.estimators.nested_kernel import CUT, INFINITE, KINK, NONE, ONE, slab_share
from heurex.estimators.nested_polygon_kernel import ADD, DIV, MUL
from heurex.kernels import reals

KERNEL = True


def rescale(w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, signs: np.ndarray, hidden: np.ndarray,
            outputs: np.ndarray, ops: np.ndarray) -> None:  # fmt: skip
    """Neurons in units in which they read the input with weight +1, -1 or 0, and logits less the first one."""
    d, n = w_hi.shape[0], w_oh.shape[0]
    for j in range(d):
        signs[j] = 1 if w_hi[j] > 0 else (-1 if w_hi[j] < 0 else 0)
    for j in range(d):
        for k in range(d):
            weight = w_hh[j, k]
            if j != k and signs[k] != 0:
                weight = weight * abs(w_hi[k])
                ops[MUL] += 1
            if j != k and signs[j] != 0:
                weight = weight / abs(w_hi[j])
                ops[DIV] += 1
            hidden[j, k] = weight
        for i in range(n - 1):
            gain = w_oh[i + 1, j] - w_oh[0, j]
            ops[ADD] += 1
            if signs[j] != 0:
                gain = gain * abs(w_hi[j])
                ops[MUL] += 1
            outputs[j, i] = gain


def spaces(d: int, n: int) -> tuple:
    """Arrays that :func:`plane_share` works in."""
    lines, logits = d + 2, n - 1
    chain, corners = lines + 3, 3 * lines + 16
    return (
        (reals(lines), reals(lines), reals(lines), reals(lines), reals(lines, logits), reals(d, logits)),
        (reals(lines + 1, logits), reals(lines + 1, logits), np.zeros(lines + 1, np.int64),
         np.zeros(lines + 1, np.int64)),
        (reals(2, lines + 1, chain, 2 + logits), np.zeros((2, lines + 1, chain), np.int64),
         np.zeros((2, lines + 1, chain), np.int64), np.zeros((2, lines + 1), np.int64), np.zeros(lines + 1, np.int64)),
        (np.zeros(lines, np.int64), reals(lines), np.zeros(d, np.int64), np.zeros(d + 4, np.int64)),
        (reals(d, d), reals(d), reals(d), np.zeros(d, np.int64), reals(d + 2), np.zeros(d + 2, np.int64)),
        (reals(corners, 2 + logits), np.zeros(corners, np.int64), np.zeros(corners, np.int64), reals(1, logits)),
        (reals(corners, 2 + logits), reals(corners, 2 + logits), np.zeros(corners, np.int64),
         np.zeros(corners, np.int64), np.zeros(corners, np.int64), np.zeros(corners, np.int64), np.zeros(n, np.int64)),
    )  # fmt: skip


def levels_after(
    x: np.ndarray,
    signs: np.ndarray,
    hidden: np.ndarray,
    state: np.ndarray,
    levels: np.ndarray,
    ops: np.ndarray,
) -> None:
    """What the next preactivations are if the next input is 0, after the inputs x."""
    d = signs.shape[0]
    for t in range(x.shape[0]):
        for j in range(d):
            z = levels[j] if t > 0 else 0.0
            if signs[j] != 0:
                drive = x[t] if signs[j] > 0 else -x[t]
                z = z + drive if t > 0 else drive
                ops[ADD] += 1 if t > 0 else 0
            state[j] = z if z > 0 else 0.0
        for j in range(d):
            first = True
            levels[j] = 0.0
            for k in range(d):
                if state[k] > 0:
                    part = hidden[j, k] * state[k]
                    levels[j] = part if first else levels[j] + part
                    ops[MUL] += 1
                    ops[ADD] += 0 if first else 1
                    first = False


def set_lines(
    signs: np.ndarray, on: np.ndarray, hidden: np.ndarray, products: np.ndarray, constant: np.ndarray,
    along: np.ndarray, ops: np.ndarray,
) -> int:  # fmt: skip
    """Last preactivations, constant + along a, for the neurons that are on in a slab; how many are.

    Made afresh in every slab, so that what is 0 is exactly that.
    """
    d = signs.shape[0]
    count = 0
    for k in range(d):
        if on[k] == 0:
            continue
        for j in range(d):
            constant[j] = products[j, k] if count == 0 else constant[j] + products[j, k]
            weight = hidden[j, k] if signs[k] > 0 else (-hidden[j, k] if signs[k] < 0 else 0.0)
            along[j] = weight if count == 0 else along[j] + weight
        ops[ADD] += 2 * d if count > 0 else 0
        count += 1
    if count == 0:
        for j in range(d):
            constant[j], along[j] = 0.0, 0.0
    return count


def plain_zero(
    a_low: float, has_low: bool, a_high: float, has_high: bool, signs: np.ndarray, constant: np.ndarray,
    along: np.ndarray, set_on: np.ndarray, ops: np.ndarray,
) -> tuple[float, bool]:  # fmt: skip
    """Neurons that do not read the input: where in a slab the first of them changes, and which are on before that."""
    place, found = a_high, False
    for j in range(signs.shape[0]):
        if signs[j] != 0:
            continue
        ops[DIV] += 1 if along[j] != 0 else 0
        root = -constant[j] / along[j] if along[j] != 0 else 0.0
        # beyond the root it has the sign of its slope
        inside = along[j] != 0 and (not has_low or root > a_low) and (not has_high or root < a_high)
        if along[j] == 0:
            set_on[j] = 1 if constant[j] > 0 else 0
        elif inside or (has_high and root >= a_high):
            set_on[j] = 1 if along[j] < 0 else 0
        else:
            set_on[j] = 1 if along[j] > 0 else 0
        if inside and ((not found and not has_high) or root < place):
            place, found = root, True
    return place, found


def begin(
    tops: np.ndarray, p: int, signs: np.ndarray, levels: np.ndarray, on: np.ndarray, where: np.ndarray,
    which: np.ndarray,
) -> int:  # fmt: skip
    """Neurons that are on at the far left, and what happens from there to the right; how many events there are."""
    d = signs.shape[0]
    count = 0
    for event in range(d + 2):
        if event < d:
            on[event] = 1 if signs[event] < 0 or (signs[event] == 0 and levels[event] > 0) else 0
            if signs[event] == 0:
                continue
        elif event == d and p == 1:
            continue
        place = (
            tops[1 - (event - d)] if event >= d else (-levels[event] if signs[event] > 0 else levels[event])
        )
        k = count
        while k > 0 and where[k - 1] > place:
            where[k], which[k] = where[k - 1], which[k - 1]
            k -= 1
        where[k], which[k] = place, event
        count += 1
    return count


def first_order(d: int, signs: np.ndarray, level: np.ndarray, slope: np.ndarray, order: np.ndarray) -> int:
    """Lines from below upwards at the far left; how many there are."""
    count = 0
    for line in range(d + 2):
        if line < d and signs[line] == 0:
            continue
        k = count
        while k > 0 and (
            slope[order[k - 1]] < slope[line]
            or (slope[order[k - 1]] == slope[line] and level[order[k - 1]] > level[line])
        ):
            order[k] = order[k - 1]
            k -= 1
        order[k] = line
        count += 1
    return count


def label_lines(
    passed: int, tops: np.ndarray, unit: np.ndarray, d: int, level: np.ndarray, slope: np.ndarray
) -> None:
    """The larger (line d) and the smaller (d + 1) of the two largest inputs but the last one."""
    for k in range(2):
        moving = (passed == 1 and k == 1) or (passed == 2 and k == 0)
        level[d + k] = unit[0] if moving else (tops[0] if passed == 2 or k == 0 else tops[1])
        slope[d + k] = unit[1] if moving else unit[0]


def name_labels(rank: int, n: int, places: np.ndarray, table: np.ndarray) -> None:
    """The right answer by how many of the two largest earlier inputs a is beyond, and of the two label lines b is."""
    for passed in range(3):
        largest = places[0] if passed < 2 else n - 2
        second = places[1] if passed == 0 else (n - 2 if passed == 1 else places[0])
        table[passed, 0] = largest if rank == 0 else second
        table[passed, 1] = largest if rank == 0 else n - 1
        table[passed, 2] = n - 1 if rank == 0 else largest


def plane_share(
    x: np.ndarray, tops: np.ndarray, places: np.ndarray, signs: np.ndarray, hidden: np.ndarray, outputs: np.ndarray,
    unit: np.ndarray, rank: int, whole: bool, memory: tuple, doubt: np.ndarray, ops: np.ndarray,
) -> float:  # fmt: skip
    """2 pi times the share of the last two inputs that is answered rightly, for one direction of the others."""
    lines, gaps, chains, orders, plane, polygon, clipping = memory
    products, constant, along, on, where, which = plane
    level, slope = lines[0], lines[1]
    all_orders, all_meet, set_on, below = orders
    d, n, p = signs.shape[0], outputs.shape[1] + 1, x.shape[0]
    state, levels = reals(d), reals(d)
    labels = np.zeros((3, 3), np.int64)
    name_labels(rank, n, places, labels)
    levels_after(x, signs, hidden, state, levels, ops)
    events = begin(tops, p, signs, levels, on, where, which)
    for k in range(d):
        for j in range(d):
            products[j, k] = hidden[j, k] * levels[k]
    ops[MUL] += d * d
    silent = set_lines(signs, on, hidden, products, constant, along, ops) == 0
    size, total = NONE, 0.0
    passed = ONE if p == 1 else NONE
    a, has_low = unit[0], False
    event = NONE
    while event <= events:
        has_high = event < events
        limit = where[event] if has_high else unit[0]
        if not (has_low and has_high and not a < limit):
            for j in range(d):
                if signs[j] != 0:
                    level[j] = -constant[j] if signs[j] > 0 else constant[j]
                    slope[j] = -along[j] if signs[j] > 0 else along[j]
            label_lines(passed, tops, unit, d, level, slope)
            if size == 0:
                size = first_order(d, signs, level, slope, all_orders)
                for k in range(size + 1):
                    chains[4][k] = 1
            order, meet = all_orders[:size], all_meet[:size]
            place, cut = plain_zero(a, has_low, limit, has_high, signs, constant, along, set_on, ops)
            beyond, kind = passed, INFINITE + NONE
            if cut:
                kind = CUT + NONE
            elif has_high:
                # a neuron that does not read the input may begin to be on here, and all logits tie along the wall
                kind = (KINK if size == d + 2 else CUT) + NONE
                for later in range(event, events):
                    if where[later] == limit and which[later] >= d:
                        beyond += 1
            start = ONE if has_low else NONE
            end = ONE if has_high or cut else NONE
            part = slab_share(
                start, end, a, place, kind, labels[passed], labels[beyond], silent,
                whole, signs, outputs, unit, p, lines, gaps, chains, (order, meet, set_on, below), constant, along,
                polygon, clipping, doubt, ops,
            )  # fmt: skip
            if part != 0:
                total = total + part
                ops[ADD] += 1
            a, has_low = place, True
            if cut:
                continue
        if event < events:
            if which[event] >= d:
                passed += 1
            else:
                on[which[event]] = 1 - on[which[event]]
                silent = set_lines(signs, on, hidden, products, constant, along, ops) == 0
        event += 1
    return total


def shares(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, points: np.ndarray, tops: np.ndarray, places: np.ndarray,
    unit: np.ndarray, rank: int, whole: bool, rounding: float, found: np.ndarray, doubts: np.ndarray, ops: np.ndarray,
) -> int:  # fmt: skip
    """For each direction of the earlier inputs 2 pi times the share of the last two that is answered rightly.

    Parameters
    ----------
    w_hi, w_hh, w_oh
        Weights, shapes ``(d,)``, ``(d, d)``, ``(n, d)``, n = 4 or 5 (or 3).
    points
        The earlier inputs, ``(k, n - 2)``, rows of length 1.
    tops, places
        The two largest earlier inputs and where they are, ``(k, 2)`` each.
    unit
        0, 1 and -1.
    rank
        0 where the largest input is asked for, 1 where the second largest.
    whole
        Whether the flux through all walls is added up, or only through those where it may not cancel.
    rounding
        What rounding may do to a difference of logits at an input of length 1; 0: nothing is bounded.
    found, doubts
        Out: 2 pi times the shares, and what rounding may have done to those.
    ops
        In and out, ``(5,)``: operations executed.

    Returns
    -------
    How often two logits tied all over a polygon on which some neuron is on.
    """
    d, n = w_hi.shape[0], w_oh.shape[0]
    signs = np.zeros(d, np.int64)
    hidden, outputs = reals(d, d), reals(d, n - 1)
    rescale(w_hi, w_hh, w_oh, signs, hidden, outputs, ops)
    memory = spaces(d, n)
    doubt = np.zeros(3)
    doubt[0] = rounding
    for k in range(points.shape[0]):
        doubt[1] = 0.0
        found[k] = plane_share(
            points[k], tops[k], places[k], signs, hidden, outputs, unit, rank, whole, memory, doubt, ops
        )
        doubts[k] = doubt[1]
    return int(doubt[2])
