"""Kernel: the share of the last input on which a network answers rightly, exactly, for many directions of the others.

With the earlier inputs fixed at a point of length 1 and the last one at t, logits are linear in t but where a neuron of
the last step goes on or off, and the label changes at the two largest earlier inputs. From t = 0 outwards, on either
side, logits are carried from one such place to the next: where the label's logit is the largest at both ends of a
stretch it is the largest all along, and only where one of the two is not, a quotient is formed.

The share of t below a value is elementary (:func:`below`). States of many directions go side by side, as in
:mod:`heurex.estimators.sampling_kernel`. ``ops`` counts what is executed, beside whatever numbers are used:
additions, multiplications, divisions, square roots, arctangents. Bounds on rounding are not counted.
"""

from math import atan, sqrt

import numpy as np

from heurex.estimators.sampling_kernel import LANES, drive, rectify, step, weigh
from heurex.kernels import reals

KERNEL = True
INFINITE = 1e300
HALF = 0.5
# Places among the operations.
ADD, MUL, DIV, SQRT, ATAN = 0, 1, 2, 3, 4


def below(t: float, n: int, series: np.ndarray, ops: np.ndarray) -> float:
    """The share of t below a value, less one half, where t has the density of (1 + t^2)^(-n/2); n = 3 or more.

    With t the tangent of an angle it is the integral of cos^(n-2): a polynomial in cos^2 times the sine, for even n
    also times the cosine, and then a multiple of the angle beside it. ``series`` holds the factors, the angle's first.
    """
    square = 1.0 / (1.0 + t * t)
    terms = series.shape[0] - 1
    total = series[terms]
    for k in range(terms - 1, 0, -1):
        total = total * square + series[k]
    ops[ADD] += terms
    ops[MUL] += terms
    ops[DIV] += 1
    if n % 2 == 1:
        ops[MUL] += 2
        ops[SQRT] += 1
        return total * (t * sqrt(square))
    ops[ADD] += 1
    ops[MUL] += 3
    ops[ATAN] += 1
    return series[0] * atan(t) + total * (t * square)


def height(
    t: float, first: float, second: float, known: np.ndarray, n: int, series: np.ndarray, ops: np.ndarray
) -> float:
    """:func:`below`, looked up at the ends of the line and at the two largest earlier inputs."""
    if t >= INFINITE:
        return 0.5
    if t <= -INFINITE:
        return -0.5
    if t == first:
        return known[0]
    if t == second:
        return known[1]
    return below(t, n, series, ops)


def begin_side(
    side: int, levels: np.ndarray, w_hi: np.ndarray, gains: np.ndarray, kinks: np.ndarray,
    tops: np.ndarray, on: np.ndarray, slopes: np.ndarray, order: np.ndarray, ops: np.ndarray,
) -> tuple[int, int]:  # fmt: skip
    """Which neurons are on just beside t = 0, how fast logits grow from there, and what happens on the way outwards.

    Events d and d + 1 are the larger and the smaller of the two largest earlier inputs. Returns how many events
    there are and how many neurons are on.
    """
    d = levels.shape[0]
    count, active = 0, 0
    for j in range(d):
        on[j] = 1 if levels[j] > 0 or (levels[j] == 0 and w_hi[j] * side > 0) else 0
        if on[j] == 1:
            for i in range(slopes.shape[0]):
                slopes[i] = slopes[i] + gains[i, j] if active > 0 else gains[i, j]
            if active > 0:
                ops[ADD] += slopes.shape[0]
            active += 1
    if active == 0:
        for i in range(slopes.shape[0]):
            slopes[i] = 0.0
    for event in range(d + 2):
        place = kinks[event] if event < d else tops[event - d]
        ahead = (place > 0 and place < INFINITE) if side > 0 else (place < 0 and place > -INFINITE)
        # a label that changes at 0 itself has changed where the right side begins
        if not ahead:
            continue
        far = abs(place)
        k = count
        while k > 0:
            before = order[k - 1]
            if abs(kinks[before] if before < d else tops[before - d]) <= far:
                break
            order[k] = before
            k -= 1
        order[k] = event
        count += 1
    return count, active


def doubtful(
    lead: float, slope: float, rough: float, rougher: float, low: float, width: float, density: float
) -> float:
    """A bound on the share of a stretch on which ``lead + slope t`` is below its rounding ``rough + rougher t``."""
    if slope < 0:
        lead, slope = -lead, -slope
    if slope <= 2 * rougher:
        if width < INFINITE and abs(lead) > rough + (slope + rougher) * width:
            return 0.0
        # all of the stretch; the share beyond low falls off with it
        return min(density * width, 0.5) if low <= 1 else min(density * width, density / low)
    begin = max((-rough - lead) / (slope + rougher), 0.0)
    end = min((rough - lead) / (slope - rougher), width)
    if not begin < end:
        return 0.0
    # beyond a place t > 1 the density is below density / t^3, as n is 3 or more
    place = max(low + begin, 1.0)
    return min(density * (end - begin) / (place * place * place), 0.5)


def stretch(
    label: int, begins: np.ndarray, ends: np.ndarray, slopes: np.ndarray, last: bool, low: float, high: float,
    side: int, active: int, part: np.ndarray, doubt: np.ndarray, ops: np.ndarray,
) -> bool:  # fmt: skip
    """The part of a stretch from low to high, distances from 0, where the label's logit is the first largest.

    ``doubt`` is the place of the density of t at 0, the rounding of a difference of logits at 0 and by t, and the sum
    of the shares where that decides; nothing is added up where the first of them is 0.
    """
    part[0], part[1] = low, high
    mine, mine_after = begins[label], ends[label]
    for rival in range(begins.shape[0]):
        if rival == label:
            continue
        here, there = begins[rival], ends[rival]
        if last:
            # at infinity the slope decides, and where slopes are equal what was the case all along
            grows, other = slopes[label], slopes[rival]
            if side < 0:
                grows, other = -grows, -other
            ahead = grows > other or (grows == other and mine > here)
            behind = grows < other or (grows == other and mine < here)
        else:
            ahead, behind = mine_after > there, mine_after < there
        tied = mine == here and slopes[label] == slopes[rival]
        if doubt[0] > 0 and active > 0 and not tied:
            doubt[3] += doubtful(
                mine - here, (slopes[label] - slopes[rival]) * side, doubt[1] + doubt[2] * low, doubt[2],
                low, high - low, doubt[0],
            )  # fmt: skip
        if mine >= here and not behind:
            if mine == here and not ahead and rival < label:
                return False
            continue
        if mine <= here and not ahead:
            return False
        quotient = (mine - here) / (slopes[rival] - slopes[label])
        root = min(max(low + abs(quotient), low), high)
        ops[ADD] += 3
        ops[DIV] += 1
        if ahead:
            part[0] = max(part[0], root)
        else:
            part[1] = min(part[1], root)
        if part[0] >= part[1]:
            return False
    return True


def side_share(
    side: int, label_at_0: int, levels: np.ndarray, w_hi: np.ndarray, w_oh: np.ndarray, gains: np.ndarray,
    kinks: np.ndarray, at_0: np.ndarray, tops: np.ndarray, places: np.ndarray, known: np.ndarray, series: np.ndarray,
    memory: tuple[np.ndarray, ...], doubt: np.ndarray, ops: np.ndarray,
) -> float:  # fmt: skip
    """The share of the last input that is on one side of 0 and answered rightly."""
    on, slopes, order, begins, ends, part = memory
    d, n = levels.shape[0], w_oh.shape[0]
    count, active = begin_side(side, levels, w_hi, gains, kinks, tops, on, slopes, order, ops)
    for i in range(n):
        begins[i] = at_0[i]
    label, low = label_at_0, 0.0
    total, begun, end, is_open, is_first = 0.0, 0.0, 0.0, False, True
    for piece in range(count + 1):
        last = piece == count
        high = INFINITE
        if not last:
            event = order[piece]
            high = abs(kinks[event] if event < d else tops[event - d])
            width = high - low
            if side < 0:
                width = -width
            ops[ADD] += 1
            for i in range(n):
                ends[i] = begins[i] + slopes[i] * width
            ops[ADD] += n
            ops[MUL] += n
        if low < high and stretch(
            label, begins, ends, slopes, last, low, high, side, active, part, doubt, ops
        ):
            if is_open and part[0] == end:
                end = part[1]
            else:
                if is_open:
                    share = between(side, begun, end, tops, known, n, series, ops)
                    total = share if is_first else total + share
                    ops[ADD] += 0 if is_first else 1
                    is_first = False
                begun, end, is_open = part[0], part[1], True
        if last:
            break
        begins, ends = ends, begins
        low = high
        if event >= d:
            label = label_beyond(event - d, side, n, places)
            continue
        if on[event] == 1:
            on[event] = 0
            active -= 1
            if active > 0:
                ops[ADD] += n
            for i in range(n):
                # with nothing on all logits are 0, not what rounding has left of them
                slopes[i] = slopes[i] - gains[i, event] if active > 0 else 0.0
                if active == 0:
                    begins[i] = 0.0
        else:
            on[event] = 1
            if active > 0:
                ops[ADD] += n
            for i in range(n):
                slopes[i] = slopes[i] + gains[i, event] if active > 0 else gains[i, event]
            active += 1
    if is_open:
        share = between(side, begun, end, tops, known, n, series, ops)
        total = share if is_first else total + share
        ops[ADD] += 0 if is_first else 1
    return total


def label_beyond(which: int, side: int, n: int, places: np.ndarray) -> int:
    """The right answer when the last input has gone outwards past the largest (0) or second largest (1) earlier one."""
    if which == 0:
        return places[0] if side > 0 else n - 1
    return n - 1 if side > 0 else places[1]


def between(
    side: int, begun: float, end: float, tops: np.ndarray, known: np.ndarray, n: int, series: np.ndarray,
    ops: np.ndarray,
) -> float:  # fmt: skip
    """The share of t between two distances from 0 on one side of it."""
    if side < 0:
        begun, end = -end, -begun
    upper = 0.0 if end == 0 else height(end, tops[0], tops[1], known, n, series, ops)
    if begun == 0:
        return upper
    lower = height(begun, tops[0], tops[1], known, n, series, ops)
    if end == 0:
        return -lower
    ops[ADD] += 1
    return upper - lower


def line_share(
    levels: np.ndarray, w_hi: np.ndarray, w_oh: np.ndarray, gains: np.ndarray, tops: np.ndarray, places: np.ndarray,
    known: np.ndarray, series: np.ndarray, kinks: np.ndarray, at_0: np.ndarray, memory: tuple[np.ndarray, ...],
    doubt: np.ndarray, ops: np.ndarray,
) -> float:  # fmt: skip
    """The share of the last input that is answered rightly, from the last preactivations where it is 0.

    ``tops`` are the two largest earlier inputs, ``places`` where they are, ``known`` their :func:`below`.
    """
    d, n = levels.shape[0], w_oh.shape[0]
    terms = 0
    for j in range(d):
        kinks[j] = INFINITE
        if w_hi[j] != 0:
            kinks[j] = -levels[j] / w_hi[j]
            ops[DIV] += 1
        if levels[j] > 0:
            for i in range(n):
                product = w_oh[i, j] * levels[j]
                at_0[i] = at_0[i] + product if terms > 0 else product
            ops[MUL] += n
            if terms > 0:
                ops[ADD] += n
            terms += 1
    if terms == 0:
        for i in range(n):
            at_0[i] = 0.0
    right = places[1] if tops[1] > 0 else (n - 1 if tops[0] > 0 else places[0])
    left = places[1] if tops[1] >= 0 else (n - 1 if tops[0] >= 0 else places[0])
    upwards = side_share(
        1, right, levels, w_hi, w_oh, gains, kinks, at_0, tops, places, known, series, memory, doubt, ops
    )
    downwards = side_share(
        -1, left, levels, w_hi, w_oh, gains, kinks, at_0, tops, places, known, series, memory, doubt, ops
    )
    if upwards == 0:
        return downwards
    if downwards == 0:
        return upwards
    if upwards == HALF and downwards == HALF:
        return 1.0
    ops[ADD] += 1
    return upwards + downwards


def shares(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, points: np.ndarray, tops: np.ndarray, places: np.ndarray,
    known: np.ndarray, series: np.ndarray, rounding: np.ndarray, found: np.ndarray, ops: np.ndarray,
) -> float:  # fmt: skip
    """For each direction of the earlier inputs the share of the last input that is answered rightly.

    Parameters
    ----------
    w_hi, w_hh, w_oh
        Weights, shapes ``(d,)``, ``(d, d)``, ``(n, d)``, n = 3 or more.
    points
        The earlier inputs, ``(n - 1, k)``, of length 1 together.
    tops, places, known
        The two largest earlier inputs, where they are, and their :func:`below`: ``(k, 2)`` each.
    series
        For :func:`below`.
    rounding
        ``(3,)``: the density of the last input at 0, and the rounding of a difference of logits: at t = 0, and what
        is added by t. Nothing is bounded if the first is 0.
    found
        Out: the shares, ``(k,)``.
    ops
        In and out, ``(5,)``: operations executed.

    Returns
    -------
    The sum over the directions of shares where the answer hangs on rounding.
    """
    d, n, total = w_hi.shape[0], w_oh.shape[0], points.shape[1]
    gains = reals(n, d)
    for i in range(n):
        for j in range(d):
            gains[i, j] = w_oh[i, j] * w_hi[j]
    ops[MUL] += n * d
    preactivation, state, levels_of = reals(d, LANES), reals(d, LANES), reals(d, LANES)
    levels, kinks, at_0 = reals(d), reals(d), reals(n)
    memory = (
        np.zeros(d, np.int64), reals(n), np.zeros(d + 2, np.int64), reals(n), reals(n), reals(2),
    )  # fmt: skip
    doubt = np.zeros(4)
    doubt[:3] = rounding
    for start in range(0, total, LANES):
        lanes = min(LANES, total - start)
        for i in range(n - 1):
            drive(w_hi, points[i, start:], lanes, False, preactivation)
            if i > 0:
                step(w_hh, state, preactivation, lanes)
            rectify(preactivation, state, lanes, 0.0)
        for j in range(d):
            weigh(w_hh[j], state, levels_of[j], lanes)
        ops[ADD] += lanes * ((n - 2) * d * d + d * (d - 1))
        ops[MUL] += lanes * ((n - 1) * d + (n - 1) * d * d)
        for t in range(lanes):
            for j in range(d):
                levels[j] = levels_of[j, t]
            k = start + t
            found[k] = line_share(
                levels,
                w_hi,
                w_oh,
                gains,
                tops[k],
                places[k],
                known[k],
                series,
                kinks,
                at_0,
                memory,
                doubt,
                ops,
            )
    return doubt[3]
