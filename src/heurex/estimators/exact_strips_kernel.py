"""Kernel: exact accuracy for three inputs, strip by strip and with one arctangent.

The first two steps depend on (x_0, x_1) only. Rays of that plane, at the sign changes of x_0, of x_0 - x_1 and of the
second step's neurons, cut the sphere into strips about the x_2 axis. Each half, by the sign of x_0, is swept from
the ray x_0 = x_1 outwards (:mod:`heurex.estimators.exact_faces_kernel`).
"""

from math import atan2

import numpy as np

from heurex.estimators.exact_arcs_kernel import (
    ANSWER,
    BITS,
    COUNTS,
    DOUBT,
    END,
    FLAT,
    FREE,
    HALF,
    IM,
    KNOWN,
    MARK_COLUMNS,
    MOVED,
    POINT_COLUMNS,
    POLE,
    RE,
    SIDE,
    SLACK,
    SQUARE,
    TROUBLE,
    TURNS,
    UNIT,
    X,
    Y,
)
from heurex.estimators.exact_faces_kernel import CHANGES, ROUNDING, add_changes, changes, finish, judge
from heurex.estimators.exact_rays_kernel import (
    FAR,
    MIDDLE,
    SLOTS,
    build_ray,
    next_zero,
    standardise,
    still_zero,
)
from heurex.kernels import reals

KERNEL = True
TWO_PI = 6.283185307179586
INFINITY = float("inf")


def sweep(
    base: int, other: int, lines: int, kinds: np.ndarray, leads: np.ndarray, flat: bool,
    points: np.ndarray, marks: np.ndarray, total: np.ndarray, count: np.ndarray,
    zeros: np.ndarray, order: np.ndarray, scales: np.ndarray, cuts: np.ndarray, on: np.ndarray, z: np.ndarray,
    loud: np.ndarray, now: np.ndarray, found: np.ndarray,
    counts: np.ndarray, bits: np.ndarray, rest: np.ndarray, shares: np.ndarray, bound: bool,
) -> None:  # fmt: skip
    """Sweep a strip from one ray to the next one outwards and add its borders.

    ``now`` holds, from the lowest up, each line and the corner at which its last edge began; ``lists`` the number
    of changes and the bits of each face; ``shares`` where each line crosses the one above it, at infinity if nowhere.
    """
    stride = 3 * lines + 4
    begin, end = base * stride, other * stride
    edge = SLOTS * (lines + 1)
    far = INFINITY
    count[FREE] = SLOTS * stride + 2
    for r in range(lines):
        line = order[base, r]
        k = r
        while (
            k > 0
            and zeros[base, now[0, k - 1]] == zeros[base, line]
            and (zeros[other, now[0, k - 1]] > zeros[other, line])
        ):
            now[0, k] = now[0, k - 1]
            k -= 1
        now[0, k] = line
        now[1, r] = begin + r
    for r in range(lines + 1):
        counts[r] = 0
        bits[r] = marks[begin + (r if r < lines else lines + 1), BITS]
        bits[r] |= marks[begin + (r - 1 if r > 0 else lines), BITS]
        if cuts[base * (lines + 1) + r, 0] > 0:
            add_changes(cuts, base * (lines + 1) + r, False, r, found, counts, count)
    for r in range(lines - 1):
        shares[r] = meeting(zeros, base, other, now[0, r], now[0, r + 1], flat)
    while True:
        best = -1
        for r in range(lines - 1):
            if shares[r] < far and (best < 0 or shares[r] < shares[best]):
                best = r
        if best < 0:
            break
        v = corner(
            base, other, best, shares[best], lines, kinds, leads, flat,
            points, marks, count, zeros, scales, on, z, loud, now, bound,
        )  # fmt: skip
        for k in range(2):
            if marks[now[1, best + k], ANSWER] != marks[v, ANSWER]:
                changes(points, marks, count, now[1, best + k], v, bound, cuts, edge)
                add_changes(cuts, edge, False, best + k, found, counts, count)
                add_changes(cuts, edge, True, best + k + 1, found, counts, count)
            now[1, best + k] = v
        for k in range(3):
            bits[best + k] |= marks[v, BITS]
        if counts[best + 1] > 0 or bits[best + 1] > 7:
            finish(points, marks, total, count, best + 1, found, counts, bits, rest, bound)
        counts[best + 1] = 0
        bits[best + 1] = marks[v, BITS]
        now[0, best], now[0, best + 1] = now[0, best + 1], now[0, best]
        shares[best] = far
        if best > 0:
            shares[best - 1] = meeting(zeros, base, other, now[0, best - 1], now[0, best], flat)
        if best + 2 < lines:
            shares[best + 1] = meeting(zeros, base, other, now[0, best + 1], now[0, best + 2], flat)
    for r in range(lines):
        if marks[now[1, r], ANSWER] != marks[end + r, ANSWER]:
            changes(points, marks, count, now[1, r], end + r, bound, cuts, edge)
            add_changes(cuts, edge, False, r, found, counts, count)
            add_changes(cuts, edge, True, r + 1, found, counts, count)
    for r in range(lines + 1):
        bits[r] |= marks[end + (r if r < lines else lines + 1), BITS]
        bits[r] |= marks[end + (r - 1 if r > 0 else lines), BITS]
        if cuts[other * (lines + 1) + r, 0] > 0:
            add_changes(cuts, other * (lines + 1) + r, True, r, found, counts, count)
        if counts[r] > 0 or bits[r] > 7:
            finish(points, marks, total, count, r, found, counts, bits, rest, bound)


def meeting(zeros: np.ndarray, base: int, other: int, low: int, high: int, flat: bool) -> float:
    """How far out two neighbouring lines cross in a strip: a share of it, or steps along its flat end; or infinity."""
    if zeros[other, low] <= zeros[other, high]:
        return INFINITY
    apart = zeros[base, high] - zeros[base, low] if zeros[base, high] > zeros[base, low] else 0.0
    if apart == 0:
        return 0.0
    back = zeros[other, low] - zeros[other, high]
    return apart / back if flat else apart / (apart + back)


def between(at_base: float, at_other: float, share: float, flat: bool) -> float:
    """A value that is linear in a strip, at a share of the way."""
    if at_base == at_other and not flat:
        return at_base
    if flat:
        return at_base + share * at_other
    return at_base + share * (at_other - at_base)


def spread(scales: np.ndarray, row: int, base: int, other: int, i: int, share: float, flat: bool) -> float:
    """The size of a neuron's rounding inside a strip, from that on its rays."""
    here, there = scales[row, base, i], scales[row, other, i]
    if flat:
        return here + share * there
    return max(here, there)


def corner(
    base: int, other: int, low: int, share: float, lines: int, kinds: np.ndarray, leads: np.ndarray, flat: bool,
    points: np.ndarray, marks: np.ndarray, count: np.ndarray, zeros: np.ndarray, scales: np.ndarray,
    on: np.ndarray, z: np.ndarray, loud: np.ndarray, now: np.ndarray, bound: bool,
) -> int:  # fmt: skip
    """The corner where a line crosses the one above it, with leads and answer."""
    stride = 3 * lines + 4
    v = count[FREE]
    count[FREE] = v + 1
    one, two = now[0, low], now[0, low + 1]
    if abs(zeros[other, two]) < abs(zeros[other, one]):
        one = two
    y = between(zeros[base, one], zeros[other, one], share, flat)
    x = points[base * stride, X]
    if flat:
        points[v, X] = x + share if points[other * stride, X] > 0 else x - share
    else:
        points[v, X] = x + share * (points[other * stride, X] - x)
    points[v, Y] = y
    points[v, SQUARE] = 0.0
    points[v, MOVED] = 0.0
    marks[v, FLAT] = 0
    marks[v, POLE] = 0
    marks[v, KNOWN] = 0
    marks[v, END] = -1
    active, listed, tiny = 0, kinds.shape[0], 0.0
    if lines < kinds.shape[0]:
        for i in range(kinds.shape[0]):
            if kinds[i] == 0 and (zeros[base, i] > 0 or zeros[other, i] > 0):
                z[active] = between(zeros[base, i], zeros[other, i], share, flat)
                on[active] = i
                if bound:
                    loud[active] = spread(scales, 1, base, other, i, share, flat)
                active += 1 if z[active] > 0 else 0
    own = max(scales[0, base, one], scales[0, other, one])
    for r in range(lines):
        i = now[0, r]
        if (r < low and kinds[i] > 0) or (r > low + 1 and kinds[i] < 0):
            if leads[0, i] == 0 and leads[1, i] == 0:
                continue
            zero = between(zeros[base, i], zeros[other, i], share, flat)
            if (kinds[i] > 0 and y > zero) or (kinds[i] < 0 and y < zero):
                size = abs(y - zero)
                rounding = max(own, spread(scales, 0, base, other, i, share, flat))
                if size > rounding:
                    at = active
                    active += 1
                else:
                    listed -= 1
                    at = listed
                on[at] = i
                z[at] = size
                tiny = max(tiny, rounding)
                if bound:
                    loud[at] = spread(scales, 1, base, other, i, share, flat) + spread(
                        scales, 1, base, other, one, share, flat
                    )
    judge(points, marks, v, leads, active, listed, on, z, loud, tiny, bound)
    return v


def right_corner(
    middle: int, lines: int, half: int, side: int, first: bool,
    points: np.ndarray, marks: np.ndarray, cuts: np.ndarray,
) -> int:  # fmt: skip
    """1, -1 or 0: where x_0, x_1 and x_2 meet, the right answer begins above, below or on neither side of a plane.

    The plane is x_2 = x_0 (``first``) or x_2 = x_1, on one side of x_0 = x_1.
    """
    answer = marks[middle * (3 * lines + 4) + lines, ANSWER]
    for r in range(middle * (lines + 1), (middle + 1) * (lines + 1)):
        for k in range(cuts[r, 0]):
            v = cuts[r, 1 + 3 * k]
            below = marks[v, POLE] < 0 or (marks[v, POLE] == 0 and points[v, Y] < half)
            if below:
                answer = cuts[r, 3 + 3 * k]
    high = 1 if side > 0 else 0
    upper = first == (high == 0)
    above, under = (high, 2) if upper else (2, 1 - high)
    return 1 if answer == above else (-1 if answer == under else 0)


def right_share(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, kinds: np.ndarray, weights: np.ndarray,
    leads: np.ndarray, sums: np.ndarray, points: np.ndarray, marks: np.ndarray, total: np.ndarray,
    count: np.ndarray, zeros: np.ndarray, order: np.ndarray, scales: np.ndarray, cuts: np.ndarray,
    on: np.ndarray, z: np.ndarray, loud: np.ndarray, now: np.ndarray, found: np.ndarray,
    counts: np.ndarray, bits: np.ndarray, rest: np.ndarray, shares: np.ndarray,
    hidden: np.ndarray, received: np.ndarray, meets: np.ndarray, bound: bool,
) -> float:  # fmt: skip
    """The accuracy; all arrays but the weights and ``meets`` are room to work in, as :func:`rooms` makes it.

    ``count`` tells whether there was trouble, or an answer that hangs on rounding; ``total[SLACK]`` is a bound on the
    error in turns of the plane's angle.
    """
    d = w_hi.shape[0]
    standardise(w_hi, w_hh, w_oh, kinds, weights, leads, sums)
    lines = 0
    for j in range(kinds.shape[0]):
        if kinds[j] != 0:
            lines += 1
    for k in range(COUNTS):
        count[k] = 0
    total[RE], total[IM] = 1.0, 0.0
    total[SLACK] = 0.0
    if lines == 0:
        count[TROUBLE] = 1
        return 0.0
    poles = SLOTS * (3 * lines + 4)
    for pole in range(2):
        active = 0
        for i in range(kinds.shape[0]):
            if kinds[i] == 2 * pole - 1:
                on[active] = i
                z[active] = 1.0
                loud[active] = 3 * UNIT
                active += 1
        judge(points, marks, poles + pole, leads, active, kinds.shape[0], on, z, loud, ROUNDING, bound)
    for slot in range(2):
        x = 1.0 - 2.0 * slot
        build_ray(
            slot, x, True, -1, lines, kinds, weights, leads, sums, hidden, received,
                        points, marks, count,
            zeros, order, scales, cuts, on, z, loud, bound,
        )  # fmt: skip
    value = 0.5 if marks[poles, ANSWER] < 2 else 0.0
    for which in range(2):
        half = 1 - 2 * which
        count[HALF] = half
        build_ray(
            MIDDLE, 1.0 * half, False, -1, lines, kinds, weights, leads, sums, hidden, received,
                        points, marks, count,
            zeros, order, scales, cuts, on, z, loud, bound,
        )  # fmt: skip
        for side in (1, -1):
            count[SIDE] = side
            for plane in range(2):
                jump = right_corner(MIDDLE, lines, half, side, plane == 0, points, marks, cuts)
                if jump > 0:
                    value = value + meets[which, (1 - side) // 2, plane]
                elif jump < 0:
                    value = value - meets[which, (1 - side) // 2, plane]
            base, x = MIDDLE, 1.0 * half
            more = True
            while more:
                to, more = next_zero(x, side > 0, which, kinds, sums, d)
                if not more:
                    to = 1.0 * side
                target = 3 if base != 3 else 4
                if more:
                    if abs(to) > FAR:
                        count[TROUBLE] = 1
                    build_ray(
                        target, to, False, -1, lines, kinds, weights, leads, sums, hidden, received,
                        points, marks, count,
                        zeros, order, scales, cuts, on, z, loud, bound,
                    )  # fmt: skip
                else:
                    target = (1 - side) // 2
                while True:
                    at, still = still_zero(base, target, kinds, zeros, x, to, not more)
                    if still < 0:
                        break
                    spare = 3
                    while spare == base or spare == target:
                        spare += 1
                    build_ray(
                        spare, at, False, still, lines, kinds, weights, leads, sums, hidden, received,
                        points, marks, count,
                        zeros, order, scales, cuts, on, z, loud, bound,
                    )  # fmt: skip
                    sweep(
                        base, spare, lines, kinds, leads, False, points, marks, total, count, zeros, order,
                        scales, cuts, on, z, loud, now, found, counts, bits, rest, shares, bound,
                    )  # fmt: skip
                    base, x = spare, at
                sweep(
                    base, target, lines, kinds, leads, not more, points, marks, total, count, zeros, order,
                    scales, cuts, on, z, loud, now, found, counts, bits, rest, shares, bound,
                )  # fmt: skip
                base, x = target, to
    if total[IM] != 0 or total[RE] < 0:
        value = value + atan2(total[IM], total[RE]) / TWO_PI
    return value + count[TURNS]


def share_batch(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, idle: int, meets: np.ndarray, bound: bool,
    values: np.ndarray, slacks: np.ndarray, flags: np.ndarray,
) -> None:  # fmt: skip
    """:func:`right_share` for each of a stack of models."""
    d = w_hi.shape[1]
    all_neurons = d + idle
    stride = 3 * all_neurons + 4
    room = SLOTS * stride + 2 + 8 * all_neurons * all_neurons + 64 * all_neurons + 100
    kinds, on = np.zeros(all_neurons, np.int64), np.zeros(all_neurons, np.int64)
    weights, leads, sums = reals(all_neurons, d), reals(2, all_neurons), reals(2, all_neurons)
    points, marks = reals(room, POINT_COLUMNS), np.zeros((room, MARK_COLUMNS), np.int64)
    total, count = reals(3), np.zeros(COUNTS, np.int64)
    zeros, order = reals(SLOTS, all_neurons), np.zeros((SLOTS, all_neurons), np.int64)
    scales, cuts = reals(2, SLOTS, all_neurons), np.zeros((SLOTS * (all_neurons + 1) + 1, 7), np.int64)
    z, loud, now = reals(all_neurons), reals(all_neurons), np.zeros((2, all_neurons), np.int64)
    found = np.zeros((all_neurons + 1, CHANGES, 3), np.int64)
    counts, bits, rest = (
        np.zeros(all_neurons + 1, np.int64),
        np.zeros(all_neurons + 1, np.int64),
        np.zeros(3, np.int64),
    )
    shares, hidden, received = reals(all_neurons), reals(d), reals(all_neurons)
    for b in range(w_hi.shape[0]):
        values[b] = right_share(
            w_hi[b], w_hh[b], w_oh[b], kinds, weights, leads, sums, points, marks, total, count, zeros, order,
            scales, cuts, on, z, loud, now, found, counts, bits, rest, shares, hidden, received, meets, bound,
        )  # fmt: skip
        slacks[b] = total[SLACK]
        flags[b, 0], flags[b, 1] = count[TROUBLE], count[DOUBT]
