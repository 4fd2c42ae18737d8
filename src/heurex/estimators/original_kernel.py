"""Kernel: the note's original estimator for M_{4,3}, from weights to value.

Two-step states depend on (x_0, x_1) only, so every region is a wedge of that plane times the x_2 axis: it is
given by two boundary rays and the state h_2 at each. Cut by the order of x_2 among the inputs, a wedge falls
into three pointed cones whose extreme rays need no arithmetic. All else is read at their corners.

Columns of a corner: 0..2 the ray, 3..6 the last preactivations z_3, 7 the margin that is being cut.

Source: Hilton (2024), "Original version".
"""

from math import sqrt

import numpy as np

from heurex.cones.corners import clear_side, fraction, keep_positive
from heurex.kernels import reals

KERNEL = True

# Columns and counts that are passed on are NumPy integers: numba compiles a callee anew for each plain literal.
MARGIN = np.int64(7)
WIDTH = np.int64(8)
RAY = np.int64(3)
ZERO = np.int64(0)
WHOLE, GATE, EVENT = np.int64(0), np.int64(1), np.int64(2)

CHECKS = 16
SUBREGIONS = 18
FRACTIONS = 126
# Relative difference below which two orders count as equally asymmetric.
EQUAL = 1e-12
# The gates change their form above p = 1/2, so that a p that is 1/2 by symmetry must not be above it by rounding.
HALF = 0.5 + 1e-12


def pair_responses(w_hi: np.ndarray, w_hh: np.ndarray, order: np.ndarray, out: np.ndarray) -> None:
    """Rows of ``out``: a_j, b_j and c_j in the given order of the neurons."""
    for j in range(4):
        row = order[j]
        out[0, j] = w_hh[row, order[0]] * w_hi[order[0]] + w_hh[row, order[1]] * w_hi[order[1]]
        out[1, j] = w_hh[row, order[2]] * w_hi[order[2]] + w_hh[row, order[3]] * w_hi[order[3]]
        out[2, j] = w_hi[row]


def is_less(numerator: float, denominator: float) -> bool:
    """Whether numerator / denominator < 1, without dividing."""
    if denominator > 0:
        return numerator < denominator
    if denominator < 0:
        return numerator > denominator
    return numerator < 0


def is_more(numerator: float, denominator: float) -> bool:
    """Whether numerator / denominator > 1, without dividing."""
    if denominator > 0:
        return numerator > denominator
    if denominator < 0:
        return numerator < denominator
    return numerator > 0


def sixteen_checks(abc: np.ndarray, holds: np.ndarray) -> int:
    """Decide the note's sixteen inequalities; return how many hold."""
    a, b, c = abc[0], abc[1], abc[2]
    signed = (a[3], -a[0], a[2], -a[1], b[3], -b[0], b[2], -b[1], c[0], -c[3], c[1], -c[2])
    count = 0
    for i in range(12):
        holds[i] = signed[i] > 0
    gamma_0, gamma_1 = c[0] - c[3], c[1] - c[2]
    holds[12] = is_less(gamma_0, a[3] - a[0])
    holds[13] = is_less(gamma_0, b[3] - b[0])
    holds[14] = is_more(gamma_1, a[2] - a[1])
    holds[15] = is_more(gamma_1, b[2] - b[1])
    for i in range(CHECKS):
        if holds[i]:
            count += 1
    return count


def asymmetry(w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, order: np.ndarray) -> float:
    """Squared distance of the weights from the symmetric form, neurons paired as (0, 3), (1, 2) of the order."""
    total = 0.0
    for p in range(2):
        i, j = order[p], order[3 - p]
        common = w_hi[i] + w_hi[j]
        total += common * common / 2
        for row in range(w_oh.shape[0]):
            apart = w_oh[row, i] - w_oh[row, j]
            total += apart * apart / 2
        for q in range(2):
            k, m = order[q], order[3 - q]
            mean = ((w_hh[i, k] + w_hh[j, m]) - (w_hh[i, m] + w_hh[j, k])) / 4
            for entry in (w_hh[i, k], w_hh[j, m]):
                total += (entry - mean) * (entry - mean)
            for entry in (w_hh[i, m], w_hh[j, k]):
                total += (entry + mean) * (entry + mean)
    return total


def find_order(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    orders: np.ndarray,
    abc: np.ndarray,
    holds: np.ndarray,
) -> tuple[int, int]:
    """The best of the 24 orders: most checks, then least asymmetry, then the first in ``orders``.

    Returns its index and how many checks hold in it.
    """
    best, best_count = -1, -1
    best_asymmetry = 0.0
    known = False
    for i in range(orders.shape[0]):
        pair_responses(w_hi, w_hh, orders[i], abc)
        count = sixteen_checks(abc, holds)
        if count < best_count:
            continue
        if count > best_count:
            best, best_count, known = i, count, False
            continue
        if not known:
            best_asymmetry = asymmetry(w_hi, w_hh, w_oh, orders[best])
            known = True
        here = asymmetry(w_hi, w_hh, w_oh, orders[i])
        if here < best_asymmetry - EQUAL * best_asymmetry:
            best, best_asymmetry = i, here
    return best, best_count


def wedges(abc: np.ndarray, rays: np.ndarray, states: np.ndarray) -> None:
    """The six wedges of the four merged regions (3 and 4 are cut in two by x_0 = x_1).

    ``rays`` (6, 2, 2): for each wedge its two boundary rays in the (x_0, x_1) plane; ``states`` (6, 2, 4): h_2
    on them. Order: region 1, 2, 3 with x_0 < x_1, 3 with x_0 > x_1, 4 with x_0 > x_1, 4 with x_0 < x_1.
    """
    a, b, c = abc[0], abc[1], abc[2]
    gamma_0, gamma_1 = c[0] - c[3], c[1] - c[2]
    r1, r2 = gamma_0 / (a[3] - a[0]), gamma_1 / (b[2] - b[1])
    r3, r4 = gamma_0 / (b[3] - b[0]), gamma_1 / (a[2] - a[1])
    for i in range(6):
        for end in range(2):
            for j in range(4):
                states[i, end, j] = 0.0
    one = 1.0
    _set_ray(rays[0, 0], -r2, -one)
    _set_ray(rays[0, 1], r1, one)
    _set_ray(rays[1, 0], r4, one)
    _set_ray(rays[1, 1], -r3, -one)
    _set_ray(rays[2, 0], r1, one)
    _set_ray(rays[2, 1], one, one)
    _set_ray(rays[3, 0], one, one)
    _set_ray(rays[3, 1], r4, one)
    _set_ray(rays[4, 0], -r3, -one)
    _set_ray(rays[4, 1], -one, -one)
    _set_ray(rays[5, 0], -one, -one)
    _set_ray(rays[5, 1], -r2, -one)
    for end in range(2):
        x1 = 1.0 if end == 1 else -1.0
        for j in range(2):
            states[0, end, j] = b[j] * rays[0, end, 0] + c[j] * x1
            states[1, end, 2 + j] = a[2 + j] * rays[1, end, 0] - c[2 + j] * x1
    for j in (1, 3):
        states[2, 0, j] = a[j] * r1 + c[j]
        states[2, 1, j] = a[j] + c[j]
        states[3, 0, j] = states[2, 1, j]
        states[3, 1, j] = a[j] * r4 + c[j]
    for j in (0, 2):
        states[4, 0, j] = -(b[j] * r3 + c[j])
        states[4, 1, j] = -(b[j] + c[j])
        states[5, 0, j] = states[4, 1, j]
        states[5, 1, j] = -(b[j] * r2 + c[j])


def _set_ray(ray: np.ndarray, x0: float, x1: float) -> None:
    ray[0] = x0
    ray[1] = x1


def larger_input(ray_p: np.ndarray, ray_q: np.ndarray) -> int:
    """Which of x_0 and x_1 is the larger throughout a wedge."""
    return 0 if ray_p[0] > ray_p[1] or ray_q[0] > ray_q[1] else 1


def place_corners(
    ray_p: np.ndarray, ray_q: np.ndarray, place: int, corners: np.ndarray, ends: np.ndarray
) -> int:
    """Extreme rays of a wedge with x_2 the largest (place 0), between (1) or the smallest (2); their number.

    ``ends`` tells on which boundary ray each corner lies: 0, 1, or 2 for the x_2 axis.
    """
    high = larger_input(ray_p, ray_q)
    count = 0
    if place != 1:
        corners[0, 0], corners[0, 1], corners[0, 2] = 0.0, 0.0, 1.0 if place == 0 else -1.0
        ends[0] = 2
        count = 1
    for end in range(2):
        ray = ray_p if end == 0 else ray_q
        for step in range(2):
            # along the first ray from above to below, along the second back up: the corners in order
            upper = step == end
            if (place == 0 and not upper) or (place == 2 and upper):
                continue
            if place == 1 and step == 1 and ray[0] == ray[1]:
                continue
            corners[count, 0] = ray[0]
            corners[count, 1] = ray[1]
            corners[count, 2] = ray[high] if upper else ray[1 - high]
            ends[count] = end
            count += 1
    return count


def latent_gates(probs: np.ndarray, shifts: np.ndarray, gates: np.ndarray) -> float:
    """Gate values for Z = 0 and Z = 1, rows of ``gates``; returns the smallest positive standard deviation.

    A gate that is open with probability p takes two values with mean p and variance p (1 - p), the rarer event
    at Z = 1.
    """
    tightest = 1.0
    for j in range(4):
        p = probs[j]
        if p == 0 or p == 1:
            gates[0, j] = p
            gates[1, j] = p
            continue
        sigma = sqrt(p * (1 - p))
        if sigma < tightest:
            tightest = sigma
        if p <= HALF:
            gates[0, j] = p - shifts[0] * sigma
            gates[1, j] = p + shifts[1] * sigma
        else:
            gates[0, j] = p + shifts[0] * sigma
            gates[1, j] = p - shifts[1] * sigma
    return tightest


def label_fraction(
    corners: np.ndarray, m: int, whole: float, w_oh: np.ndarray, gates: np.ndarray, label: int,
    one: np.ndarray, two: np.ndarray,
) -> float:  # fmt: skip
    """Fraction of a subregion in which the label's logit, with these gates, is the first largest one."""
    here = corners
    cuts = 0
    for rival in range(w_oh.shape[0]):
        if rival == label:
            continue
        for i in range(m):
            here[i, MARGIN] = 0.0
        for j in range(4):
            if gates[j] != 0:
                weight = (w_oh[label, j] - w_oh[rival, j]) * gates[j]
                for i in range(m):
                    here[i, MARGIN] = here[i, MARGIN] + weight * here[i, 3 + j]
        s = clear_side(here, m, MARGIN)
        if s == -1 or (s == 0 and rival < label):
            return 0.0
        if s == 2:
            there = one if cuts == 0 else two
            m = keep_positive(here, m, MARGIN, WIDTH, there)
            here = there
            cuts += 1
    return whole if cuts == 0 else fraction(here, m)


def gate_probabilities(
    corners: np.ndarray, m: int, whole: float, one: np.ndarray, probs: np.ndarray, parts: np.ndarray
) -> None:
    """Fraction of a subregion where each z_3 is positive, and that relative to the subregion.

    A probability is 0 or 1 when no corner lies on the other side, never because a quotient rounds to it.
    """
    for j in range(4):
        s = clear_side(corners, m, 3 + j)
        if s == 2:
            parts[j] = fraction(one, keep_positive(corners, m, RAY + j, RAY, one))
            probs[j] = parts[j] / whole
        else:
            parts[j] = whole if s == 1 else 0.0
            probs[j] = 1.0 if s == 1 else 0.0


def add_up_subregion(
    corners: np.ndarray, m: int, label: int, likely: bool, w_oh: np.ndarray, latent_prob: float,
    index: int, work: tuple[np.ndarray, ...], sink: np.ndarray, rows: int,
) -> tuple[float, float, int]:  # fmt: skip
    """Contribution of one subregion, its smallest standard deviation of a gate, and the fractions so far.

    Rows of the sink: subregion, kind (0 the subregion, 1 a gate, 2 a label event), which gate or Z, fraction,
    contribution.
    """
    probs, parts, gates, shifts, one, two = work
    keep = sink.shape[0] > 0
    whole = fraction(corners, m)
    contribution = 0.0
    tightest = 1.0
    first = rows
    if not likely:
        contribution = whole / 3
    rows = note(sink, keep, rows, index, WHOLE, ZERO, whole)
    if likely and whole >= 1e-15:
        gate_probabilities(corners, m, whole, one, probs, parts)
        for j in range(4):
            rows = note(sink, keep, rows, index, GATE, j, parts[j])
        tightest = latent_gates(probs, shifts, gates)
        for latent in range(2):
            right = label_fraction(corners, m, whole, w_oh, gates[latent], label, one, two)
            rows = note(sink, keep, rows, index, EVENT, latent, right)
            weight = latent_prob if latent == 1 else 1 - latent_prob
            contribution = contribution + weight * right
    if keep:
        sink[first, 4] = contribution
    return contribution, tightest, rows


def note(sink: np.ndarray, keep: bool, row: int, index: int, kind: int, which: int, value: float) -> int:
    """Write one computed fraction to the sink, or only count it."""
    if keep:
        sink[row, 0], sink[row, 1], sink[row, 2] = index, kind, which
        sink[row, 3], sink[row, 4] = value, 0.0
    return row + 1


def original(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    orders: np.ndarray,
    latent_prob: float,
    sink: np.ndarray,
    sink_corners: np.ndarray,
) -> tuple[float, float, int, int, int]:
    """The original version's estimate.

    Parameters
    ----------
    w_hi, w_hh, w_oh
        Weights, shapes ``(4,)``, ``(4, 4)``, ``(3, 4)``, neurons in any order.
    orders
        The orders of the neurons to try, ``(orders, 4)``.
    latent_prob
        q, the chance that the latent variable is 1.
    sink, sink_corners
        Out, ``(126, 5)`` and ``(18, 8, 3)``, or of length 0: every computed fraction, and each subregion's rays.

    Returns
    -------
    The estimate (0 unless all sixteen checks hold), the smallest positive standard deviation of a gate, the
    index of the best order, how many checks hold in it, how many fractions were computed.
    """
    abc = reals(3, 4)
    holds = np.zeros(CHECKS, np.bool_)
    best, count = find_order(w_hi, w_hh, w_oh, orders, abc, holds)
    if count < CHECKS:
        return 0.0, 1.0, best, count, 0
    order = orders[best]
    pair_responses(w_hi, w_hh, order, abc)
    rays, states = reals(6, 2, 2), reals(6, 2, 4)
    wedges(abc, rays, states)
    w_oh_ordered, corners = reals(w_oh.shape[0], 4), reals(10, 8)
    for i in range(w_oh.shape[0]):
        for j in range(4):
            w_oh_ordered[i, j] = w_oh[i, order[j]]
    work = (reals(4), reals(4), reals(2, 4), reals(2), reals(10, 8), reals(10, 8))
    work[3][0] = sqrt(latent_prob / (1 - latent_prob))
    work[3][1] = 1 / work[3][0]
    heights, ends = reals(2, 4), np.zeros(10, np.int64)
    value, tightest, rows, subregion = 0.0, 1.0, ZERO, ZERO
    for i in range(6):
        for end in range(2):
            for j in range(4):
                heights[end, j] = 0.0
                for k in range(4):
                    if states[i, end, k] != 0:
                        heights[end, j] = heights[end, j] + w_hh[order[j], order[k]] * states[i, end, k]
        high = larger_input(rays[i, 0], rays[i, 1])
        for place in range(3):
            m = place_corners(rays[i, 0], rays[i, 1], place, corners, ends)
            for corner in range(m):
                for j in range(4):
                    z = abc[2, j] * corners[corner, 2]
                    corners[corner, 3 + j] = z if ends[corner] == 2 else heights[ends[corner], j] + z
            label = 2 if place == 1 else (high if place == 0 else 1 - high)
            likely = i < 2 or place != 1
            part, tight, rows = add_up_subregion(
                corners, m, label, likely, w_oh_ordered, latent_prob, subregion, work, sink, rows,
            )  # fmt: skip
            for corner in range(m):
                for w in range(3):
                    if sink_corners.shape[0] > 0:
                        sink_corners[subregion, corner, w] = corners[corner, w]
            value = value + part
            tightest = min(tightest, tight)
            subregion += 1
    return value, tightest, best, count, rows


def original_batch(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    orders: np.ndarray,
    latent_prob: float,
    values: np.ndarray,
    tightest: np.ndarray,
    counts: np.ndarray,
) -> None:
    """:func:`original` for each of a stack of models; ``counts`` is ``(models, 3)``: order, checks, fractions."""
    no_sink, no_corners = reals(0, 5), reals(0, 1, 3)
    for b in range(w_hi.shape[0]):
        value, tight, best, holding, fractions = original(
            w_hi[b], w_hh[b], w_oh[b], orders, latent_prob, no_sink, no_corners
        )
        values[b] = value
        tightest[b] = tight
        counts[b, 0], counts[b, 1], counts[b, 2] = best, holding, fractions
