"""Kernel: exact accuracy for three inputs, strip by strip and with one arctangent.

The first two steps depend on (x_0, x_1) only. Rays of that plane, at the sign changes of x_0, of x_0 - x_1 and of the
second step's neurons, cut the sphere into strips about the x_2 axis. Each half, by the sign of x_0, is swept from
the ray x_0 = x_1 outwards (:mod:`heurex.estimators.exact_faces_kernel`).

Neurons are first rescaled so that their input weight is 1, -1 or 0. Then the zero of a second-step neuron is a sum
of weights, that of a last-step neuron a preactivation, and both are found without further work on the rays x_0 = 0.
"""

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
    LEAD_1,
    LEAD_2,
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
from heurex.kernels import reals
from math import atan2

KERNEL = True
TWO_PI = 6.283185307179586
FAR = 1e60
INFINITY = float("inf")
# Slots of rays: (0, 1), (0, -1), x_0 = x_1, and three that take turns.
UP, DOWN, MIDDLE, SLOTS = 0, 1, 2, 6
# Entries of a strip-wide room of work: see rooms().


def standardise(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, kinds: np.ndarray, weights: np.ndarray,
    leads: np.ndarray, sums: np.ndarray,
) -> None:  # fmt: skip
    """Rescale neurons to input weights 1, -1 or 0 (``kinds``).

    ``weights`` become w_hh, ``leads`` rows 1 and 2 of w_oh less row 0; ``sums[0]`` and ``sums[1]`` are the responses
    to one unit of a positive or of a negative first input. An idle last neuron, if there is room for it, reads x_2 only.
    """
    d = w_hi.shape[0]
    for j in range(kinds.shape[0]):
        kinds[j] = 1
        if j < d and w_hi[j] <= 0:
            kinds[j] = -1 if w_hi[j] < 0 else 0
        for k in range(d):
            weights[j, k] = 0.0
        sums[0, j], sums[1, j] = 0.0, 0.0
        leads[0, j], leads[1, j] = 0.0, 0.0
    for j in range(d):
        size = abs(w_hi[j]) if kinds[j] != 0 else 1.0
        for i in range(2):
            lead = w_oh[i + 1, j] - w_oh[0, j]
            leads[i, j] = lead * size if kinds[j] != 0 and lead != 0 else lead
        begun = 0
        for k in range(d):
            w = w_hh[j, k]
            if k != j and w != 0:
                if kinds[k] != 0:
                    w = w * abs(w_hi[k])
                if kinds[j] != 0:
                    w = w / size
            weights[j, k] = w
            if kinds[k] != 0 and w != 0:
                which = 0 if kinds[k] > 0 else 1
                sums[which, j] = sums[which, j] + w if begun & (1 + which) else w
                begun |= 1 + which


def responses(
    x: float, flat: bool, half: int, kinds: np.ndarray, weights: np.ndarray, sums: np.ndarray,
    hidden: np.ndarray, out: np.ndarray,
) -> float:  # fmt: skip
    """What the last step's neurons receive from the second step on a ray; returns the largest term."""
    d = weights.shape[1]
    largest = 0.0
    if flat:
        which = 0 if x > 0 else 1
        for j in range(kinds.shape[0]):
            out[j] = sums[which, j]
            for k in range(d):
                if kinds[k] != 0:
                    largest = max(largest, abs(weights[j, k]))
        return largest
    which = 0 if half > 0 else 1
    for k in range(d):
        zero = -sums[which, k] if kinds[k] > 0 else sums[which, k]
        hidden[k] = 0.0
        if kinds[k] > 0 and x > zero:
            hidden[k] = x - zero if zero != 0 else x
        elif kinds[k] < 0 and x < zero:
            hidden[k] = zero - x if zero != 0 else -x
        elif kinds[k] == 0 and sums[which, k] > 0:
            hidden[k] = sums[which, k]
        if hidden[k] > 0:
            largest = max(largest, abs(x))
    for j in range(kinds.shape[0]):
        out[j] = 0.0
        begun = False
        for k in range(d):
            if hidden[k] > 0 and weights[j, k] != 0:
                term = weights[j, k] * hidden[k]
                largest = max(largest, abs(term))
                out[j] = out[j] + term if begun else term
                begun = True
    return largest


def build_ray(
    slot: int, x: float, flat: bool, lines: int, kinds: np.ndarray, leads: np.ndarray, received: np.ndarray,
    scale: float, points: np.ndarray, marks: np.ndarray, count: np.ndarray,
    zeros: np.ndarray, order: np.ndarray, scales: np.ndarray, cuts: np.ndarray,
    on: np.ndarray, z: np.ndarray, bound: bool,
) -> None:  # fmt: skip
    """A ray's corners in order of x_2, with answers, and where the answer changes along it.

    ``received`` is what the last step's neurons receive there, ``scale`` the size of its largest term.
    """
    all_neurons = kinds.shape[0]
    at = 0
    for j in range(all_neurons):
        value = received[j]
        if kinds[j] != 0:
            value = -value if kinds[j] > 0 else value
            scale = max(scale, abs(value))
            if abs(value) > FAR:
                count[TROUBLE] = 1
            k = at
            while k > 0 and zeros[slot, order[slot, k - 1]] > value:
                order[slot, k] = order[slot, k - 1]
                k -= 1
            order[slot, k] = j
            at += 1
        zeros[slot, j] = value
    tiny = ROUNDING * scale
    scales[slot] = tiny
    first = slot * (3 * lines + 4)
    square = 1.0 if flat else (2.0 if abs(x) == 1 else 1 + x * x)
    for r in range(lines + 2):
        v = first + r
        points[v, X] = x
        points[v, SQUARE] = square
        points[v, MOVED] = 0.0
        marks[v, FLAT] = 1 if flat else 0
        marks[v, POLE] = 0
        marks[v, KNOWN] = 0
        marks[v, END] = -1
        if r >= lines:
            marks[v, POLE] = -1 if r == lines else 1
            points[v, Y] = 0.0
            pole = SLOTS * (3 * lines + 4) + r - lines
            points[v, LEAD_1], points[v, LEAD_2] = points[pole, LEAD_1], points[pole, LEAD_2]
            marks[v, ANSWER], marks[v, BITS] = marks[pole, ANSWER], marks[pole, BITS]
            continue
        y = zeros[slot, order[slot, r]]
        points[v, Y] = y
        active = 0
        for i in range(all_neurons):
            zero = zeros[slot, i]
            if kinds[i] > 0:
                if y > zero:
                    on[active] = i
                    z[active] = y - zero if zero != 0 else y
                    active += 1
            elif kinds[i] < 0:
                if y < zero:
                    on[active] = i
                    z[active] = zero - y if y != 0 else zero
                    active += 1
            elif zero > 0:
                on[active] = i
                z[active] = zero
                active += 1
        judge(points, marks, v, leads, active, on, z, tiny)
    keep = count[FREE]
    count[FREE] = first + lines + 2
    noise = noise_of(leads, scale) if bound else 0.0
    for r in range(lines + 1):
        below = first + (r - 1 if r > 0 else lines)
        above = first + (r if r < lines else lines + 1)
        row = slot * (lines + 1) + r
        cuts[row, 0] = 0
        if marks[below, ANSWER] != marks[above, ANSWER]:
            changes(points, marks, count, below, above, noise, bound, cuts, row)
    count[FREE] = keep


def noise_of(leads: np.ndarray, scale: float) -> float:
    """A bound on the rounding of a lead at a corner, from the size of the preactivations' terms."""
    most = 0.0
    for i in range(leads.shape[1]):
        most = most + max(abs(leads[0, i]), abs(leads[1, i]), abs(leads[0, i] - leads[1, i]))
    return 8 * UNIT * most * scale



def sweep(
    base: int, other: int, lines: int, kinds: np.ndarray, leads: np.ndarray, flat: bool, scale: float,
    points: np.ndarray, marks: np.ndarray, total: np.ndarray, count: np.ndarray,
    zeros: np.ndarray, order: np.ndarray, scales: np.ndarray, cuts: np.ndarray, on: np.ndarray, z: np.ndarray,
    now: np.ndarray, found: np.ndarray, counts: np.ndarray, bits: np.ndarray, rest: np.ndarray, shares: np.ndarray, bound: bool,
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
    noise = noise_of(leads, scale) if bound else 0.0
    for r in range(lines):
        line = order[base, r]
        k = r
        while k > 0 and zeros[base, now[0, k - 1]] == zeros[base, line] and (
            zeros[other, now[0, k - 1]] > zeros[other, line]
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
            points, marks, count, zeros, scales, on, z, now,
        )  # fmt: skip
        for k in range(2):
            if marks[now[1, best + k], ANSWER] != marks[v, ANSWER]:
                changes(points, marks, count, now[1, best + k], v, noise, bound, cuts, edge)
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
            changes(points, marks, count, now[1, r], end + r, noise, bound, cuts, edge)
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


def corner(
    base: int, other: int, low: int, share: float, lines: int, kinds: np.ndarray, leads: np.ndarray, flat: bool,
    points: np.ndarray, marks: np.ndarray, count: np.ndarray, zeros: np.ndarray, scales: np.ndarray,
    on: np.ndarray, z: np.ndarray, now: np.ndarray,
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
    active = 0
    if lines < kinds.shape[0]:
        for i in range(kinds.shape[0]):
            if kinds[i] == 0 and (zeros[base, i] > 0 or zeros[other, i] > 0):
                z[active] = between(zeros[base, i], zeros[other, i], share, flat)
                on[active] = i
                active += 1 if z[active] > 0 else 0
    for r in range(lines):
        i = now[0, r]
        if (r < low and kinds[i] > 0) or (r > low + 1 and kinds[i] < 0):
            if leads[0, i] == 0 and leads[1, i] == 0:
                continue
            zero = between(zeros[base, i], zeros[other, i], share, flat)
            if kinds[i] > 0 and y > zero:
                on[active] = i
                z[active] = y - zero
                active += 1
            elif kinds[i] < 0 and y < zero:
                on[active] = i
                z[active] = zero - y
                active += 1
    tiny = max(scales[base], scales[other])
    if flat:
        tiny = max(tiny, scales[base] + share * scales[other])
    judge(points, marks, v, leads, active, on, z, tiny)
    return v


def next_zero(
    x: float, outwards: bool, which: int, kinds: np.ndarray, sums: np.ndarray, d: int
) -> tuple[float, bool]:
    """The nearest zero of a second-step neuron beyond x, and whether there is one."""
    best, any_left = 0.0, False
    for j in range(d):
        if kinds[j] == 0:
            continue
        zero = -sums[which, j] if kinds[j] > 0 else sums[which, j]
        if outwards and zero > x and (not any_left or zero < best):
            best, any_left = zero, True
        if not outwards and zero < x and (not any_left or zero > best):
            best, any_left = zero, True
    return best, any_left


def still_zero(
    base: int, other: int, kinds: np.ndarray, zeros: np.ndarray, x: float, to: float, flat: bool
) -> tuple[float, int]:
    """Where, between two rays, the first neuron that does not read x_2 changes its sign, and which (-1: none)."""
    best, found = 0.0, -1
    for j in range(kinds.shape[0]):
        if kinds[j] != 0:
            continue
        here, there = zeros[base, j], zeros[other, j]
        if (here > 0 and there < 0) or (here < 0 and there > 0):
            share = here / -there if flat else here / (here - there)
            if found < 0 or share < best:
                best, found = share, j
    if found < 0:
        return x, found
    if flat:
        return (x + best if to > 0 else x - best), found
    return x + best * (to - x), found


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
    on: np.ndarray, z: np.ndarray, now: np.ndarray, found: np.ndarray, counts: np.ndarray, bits: np.ndarray, rest: np.ndarray, shares: np.ndarray,
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
    poles = SLOTS * (3 * lines + 4)
    for pole in range(2):
        active = 0
        for i in range(kinds.shape[0]):
            if kinds[i] == 2 * pole - 1:
                on[active] = i
                z[active] = 1.0
                active += 1
        judge(points, marks, poles + pole, leads, active, on, z, ROUNDING)
    for slot in range(2):
        x = 1.0 - 2.0 * slot
        scale = responses(x, True, 0, kinds, weights, sums, hidden, received)
        build_ray(
            slot, x, True, lines, kinds, leads, received, scale, points, marks, count,
            zeros, order, scales, cuts, on, z, bound,
        )  # fmt: skip
    value = 0.5 if marks[poles, ANSWER] < 2 else 0.0
    for which in range(2):
        half = 1 - 2 * which
        count[HALF] = half
        scale = responses(1.0 * half, False, half, kinds, weights, sums, hidden, received)
        build_ray(
            MIDDLE, 1.0 * half, False, lines, kinds, leads, received, scale, points, marks, count,
            zeros, order, scales, cuts, on, z, bound,
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
                    scale = responses(to, False, half, kinds, weights, sums, hidden, received)
                    build_ray(
                        target, to, False, lines, kinds, leads, received, scale, points, marks, count,
                        zeros, order, scales, cuts, on, z, bound,
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
                    scale = responses(at, False, half, kinds, weights, sums, hidden, received)
                    received[still] = 0.0
                    build_ray(
                        spare, at, False, lines, kinds, leads, received, scale, points, marks, count,
                        zeros, order, scales, cuts, on, z, bound,
                    )  # fmt: skip
                    sweep(
                        base, spare, lines, kinds, leads, False, scale, points, marks, total, count, zeros, order,
                        scales, cuts, on, z, now, found, counts, bits, rest, shares, bound,
                    )  # fmt: skip
                    base, x = spare, at
                sweep(
                    base, target, lines, kinds, leads, not more, scale, points, marks, total, count, zeros, order,
                    scales, cuts, on, z, now, found, counts, bits, rest, shares, bound,
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
    scales, cuts = reals(SLOTS), np.zeros((SLOTS * (all_neurons + 1) + 1, 7), np.int64)
    z, now = reals(all_neurons), np.zeros((2, all_neurons), np.int64)
    found = np.zeros((all_neurons + 1, CHANGES, 3), np.int64)
    counts, bits, rest = np.zeros(all_neurons + 1, np.int64), np.zeros(all_neurons + 1, np.int64), np.zeros(3, np.int64)
    shares, hidden, received = reals(all_neurons), reals(d), reals(all_neurons)
    for b in range(w_hi.shape[0]):
        values[b] = right_share(
            w_hi[b], w_hh[b], w_oh[b], kinds, weights, leads, sums, points, marks, total, count, zeros, order,
            scales, cuts, on, z, now, found, counts, bits, rest, shares, hidden, received, meets, bound,
        )  # fmt: skip
        slacks[b] = total[SLACK]
        flags[b, 0], flags[b, 1] = count[TROUBLE], count[DOUBT]
