"""Kernel: the three-input explanations, subregion by subregion.

h_2 depends on (x_0, x_1) only, so a region is a strip: a wedge of that plane times the x_2 axis, given by two
boundary rays and the state h_2 on each. Cut by the place of x_2 among the inputs, a strip falls into three
subregions, pointed cones whose extreme rays need no arithmetic. All else is read at their corners, and every
further fraction is its subregion's polygon cut once or twice more.

Columns of a corner: 0..2 the ray, 3 its length, 4..7 the last preactivations z_3, 8 and 9 the margins of the
label's logit over its two rivals.

Source: Hilton (2024), "Original version".
"""

from math import sqrt

import numpy as np

from heurex.cones.corners import clear_side
from heurex.cones.wedge import AXIS, LENGTH, fraction, keep_side
from heurex.kernels import reals

KERNEL = True

# What is passed on from function to function is a NumPy integer: numba compiles a callee anew for each literal.
Z3 = np.int64(4)
MARGIN = np.int64(8)
OTHER_MARGIN = np.int64(9)
PAST = np.int64(10)
ZERO = np.int64(0)
WHOLE, GATE, EVENT = np.int64(0), np.int64(1), np.int64(2)
LATENT, MEAN, EXACT = 0, 1, 2
WIDTH = 10
CORNERS = 12
# The gates change their form above p = 1/2, so that a p that is 1/2 by symmetry must not be above it by rounding.
HALF = 0.5 + 1e-12
# A probability that is nearer to 1 than this is measured by what it lacks.
NEARLY = 1e-6
# A subregion of a smaller fraction than this contributes nothing.
NEGLIGIBLE = 1e-15


def latent_shifts(latent_prob: float, shifts: np.ndarray) -> None:
    """How many standard deviations a gate lies from its mean when Z = 0, and when Z = 1."""
    shifts[0] = sqrt(latent_prob / (1 - latent_prob))
    shifts[1] = 1 / shifts[0]


def latent_gates(probs: np.ndarray, rests: np.ndarray, shifts: np.ndarray, gates: np.ndarray) -> float:
    """Gate values for Z = 0 and Z = 1, rows of ``gates``; returns the smallest positive standard deviation.

    A gate that is open with probability p takes two values with mean p and variance p (1 - p), the rarer event
    at Z = 1. ``rests`` are 1 - p.
    """
    tightest = 1.0
    for j in range(probs.shape[0]):
        p = probs[j]
        if p == 0 or rests[j] == 0:
            gates[0, j] = p
            gates[1, j] = p
            continue
        sigma = sqrt(p * rests[j])
        if sigma < tightest:
            tightest = sigma
        near, far = shifts[0] * sigma, shifts[1] * sigma
        if p <= HALF:
            gates[0, j] = p - near
            gates[1, j] = p + far
        else:
            gates[0, j] = p + near
            gates[1, j] = p - far
    return tightest


def larger_input(ray_p: np.ndarray, ray_q: np.ndarray) -> int:
    """Which of x_0 and x_1 is the larger throughout a strip."""
    return 0 if ray_p[0] > ray_p[1] or ray_q[0] > ray_q[1] else 1


def place_corners(
    rays: np.ndarray, lengths: np.ndarray, pair: np.ndarray, high: int, place: int,
    corners: np.ndarray, ends: np.ndarray,
) -> int:  # fmt: skip
    """Extreme rays of a strip with x_2 the largest (place 0), between (1) or the smallest (2); their number."""
    count = 0
    if place != 1:
        corners[0, 0], corners[0, 1], corners[0, 2], corners[0, LENGTH] = 0.0, 0.0, 1.0 - place, 1.0
        ends[0] = AXIS
        count = 1
    for end in range(2):
        ray = rays[pair[end]]
        for step in range(2):
            # along the first ray from above to below, along the second back up: the corners in order
            upper = step == end
            if (place == 0 and not upper) or (place == 2 and upper):
                continue
            if place == 1 and step == 1 and ray[0] == ray[1]:
                continue
            which = high if upper else 1 - high
            corners[count, 0], corners[count, 1], corners[count, 2] = ray[0], ray[1], ray[which]
            corners[count, LENGTH] = lengths[pair[end], which]
            ends[count] = end
            count += 1
    return count


def ray_lengths(rays: np.ndarray, planar: np.ndarray, lengths: np.ndarray) -> None:
    """For each ray x_0^2 + x_1^2, and the length of (x_0, x_1, x_0) and (x_0, x_1, x_1). x_1 is 1 or -1."""
    for i in range(rays.shape[0]):
        if abs(rays[i, 0]) == 1:
            planar[i] = 2.0
            lengths[i, 0] = lengths[i, 1] = 1.7320508075688772
        else:
            square = rays[i, 0] * rays[i, 0]
            planar[i] = square + 1
            lengths[i, 0] = sqrt(planar[i] + square)
            lengths[i, 1] = sqrt(square + 2)


def read_preactivations(
    corners: np.ndarray, ends: np.ndarray, m: int, direct: np.ndarray, heights: np.ndarray
) -> None:
    """Write z_3 to every corner: what the strip's state gives on its ray, and the last input's part."""
    for i in range(m):
        x2 = corners[i, 2]
        for j in range(direct.shape[0]):
            z = direct[j] if x2 == 1 else (-direct[j] if x2 == -1 else direct[j] * x2)
            corners[i, Z3 + j] = z if ends[i] == AXIS else heights[ends[i], j] + z


def write_margin(
    corners: np.ndarray, m: int, differences: np.ndarray, gates: np.ndarray, column: int
) -> None:
    """Margin of the label's logit over a rival, with gates in place of the last ReLU, at every corner."""
    for i in range(m):
        corners[i, column] = 0.0
    started = False
    for j in range(gates.shape[0]):
        if gates[j] == 0:
            continue
        weight = differences[j] if gates[j] == 1 else differences[j] * gates[j]
        for i in range(m):
            part = weight * corners[i, Z3 + j]
            corners[i, column] = corners[i, column] + part if started else part
        started = True


def label_fraction(
    polygon: tuple[np.ndarray, np.ndarray], m: int, whole: float, differences: np.ndarray, gates: np.ndarray,
    label: int, planar: np.ndarray, up: bool,
    one: tuple[np.ndarray, np.ndarray], two: tuple[np.ndarray, np.ndarray],
) -> float:  # fmt: skip
    """Fraction of a subregion in which the label's logit, with these gates, is the first largest one."""
    corners, ends = polygon
    rival = 0 if label != 0 else 1
    other = 3 - label - rival
    write_margin(corners, m, differences[label, rival], gates, MARGIN)
    first = clear_side(corners, m, MARGIN)
    if first == -1 or (first == 0 and rival < label):
        return 0.0
    write_margin(corners, m, differences[label, other], gates, OTHER_MARGIN)
    if first == 2:
        m = keep_side(corners, ends, m, MARGIN, True, OTHER_MARGIN, PAST, planar, one[0], one[1])
        corners, ends = one
    second = clear_side(corners, m, OTHER_MARGIN)
    if second == -1 or (second == 0 and other < label):
        return 0.0
    if second == 2:
        m = keep_side(corners, ends, m, OTHER_MARGIN, True, PAST, PAST, planar, two[0], two[1])
        return fraction(two[0], two[1], m, up)
    return whole if first != 2 else fraction(corners, ends, m, up)


def gate_probabilities(
    polygon: tuple[np.ndarray, np.ndarray], m: int, whole: float, planar: np.ndarray, up: bool,
    one: tuple[np.ndarray, np.ndarray], probs: np.ndarray, rests: np.ndarray, parts: np.ndarray,
) -> None:  # fmt: skip
    """Fraction of a subregion where each z_3 is positive, that relative to the subregion (p), and 1 - p.

    A probability is 0 or 1 when no corner lies on the other side, never because a quotient rounds to it. Where
    little is left on the negative side it is measured there: 1 - p would be all rounding.
    """
    for j in range(probs.shape[0]):
        s = clear_side(polygon[0], m, Z3 + j)
        if s == 2:
            kept = keep_side(polygon[0], polygon[1], m, Z3 + j, True, PAST, PAST, planar, one[0], one[1])
            parts[j] = min(fraction(one[0], one[1], kept, up), whole)
            probs[j] = parts[j] / whole
            rests[j] = 1 - probs[j]
            if rests[j] < NEARLY:
                kept = keep_side(polygon[0], polygon[1], m, Z3 + j, False, PAST, PAST, planar, one[0], one[1])
                rests[j] = fraction(one[0], one[1], kept, up) / whole
        else:
            parts[j] = whole if s == 1 else 0.0
            probs[j] = 1.0 if s == 1 else 0.0
            rests[j] = 1.0 - probs[j]


def note(sink: np.ndarray, row: int, index: int, kind: int, which: int, value: float) -> int:
    """Write one computed fraction to the sink, if there is one, and count it."""
    if sink.shape[0] > 0:
        sink[row, 0], sink[row, 1], sink[row, 2] = index, kind, which
        sink[row, 3], sink[row, 4] = value, 0.0
    return row + 1


def logit_differences(w_oh: np.ndarray, out: np.ndarray) -> None:
    """``out[i, k]`` is row i of w_oh minus row k."""
    for j in range(w_oh.shape[1]):
        for i in range(3):
            for k in range(i):
                out[i, k, j] = w_oh[i, j] - w_oh[k, j]
                out[k, i, j] = -out[i, k, j]


def exact_gates(
    polygon: tuple[np.ndarray, np.ndarray], m: int, differences: np.ndarray, label: int, planar: np.ndarray,
    up: bool, levels: tuple[np.ndarray, np.ndarray], one: tuple[np.ndarray, np.ndarray],
    two: tuple[np.ndarray, np.ndarray], index: int, sink: np.ndarray, rows: int,
) -> tuple[float, int]:  # fmt: skip
    """Fraction of a subregion that is answered rightly, cut by the signs of the four z_3; depth first.

    ``levels`` holds the polygon after each cut. Also returns the number of fractions so far.
    """
    corners, ends = levels
    counts, signs, gates = np.zeros(5, np.int64), np.zeros(5, np.int64), reals(4)
    for i in range(m):
        for w in range(WIDTH):
            corners[0, i, w] = polygon[0][i, w]
        ends[0, i] = polygon[1][i]
    counts[0] = m
    total = 0.0
    j = 0
    while j >= 0:
        if j == 4:
            pattern = 0
            for k in range(4):
                gates[k] = 1.0 if signs[k] == 1 else 0.0
                pattern = 2 * pattern + (1 if signs[k] == 1 else 0)
            here = (corners[4], ends[4])
            part = fraction(here[0], here[1], counts[4], up)
            right = label_fraction(here, counts[4], part, differences, gates, label, planar, up, one, two)
            rows = note(sink, rows, index, EVENT, pattern, right)
            total = total + right
            j -= 1
            continue
        if signs[j] == 2:
            signs[j] = 0
            j -= 1
            continue
        signs[j] += 1
        s = clear_side(corners[j], counts[j], Z3 + j)
        if (s == 1 and signs[j] == 2) or (s != 2 and s != 1 and signs[j] == 1):
            continue
        if s == 2:
            counts[j + 1] = keep_side(
                corners[j], ends[j], counts[j], Z3 + j, signs[j] == 1, Z3, MARGIN, planar,
                corners[j + 1], ends[j + 1],
            )  # fmt: skip
        else:
            for i in range(counts[j]):
                for w in range(WIDTH):
                    corners[j + 1, i, w] = corners[j, i, w]
                ends[j + 1, i] = ends[j, i]
            counts[j + 1] = counts[j]
        if counts[j + 1] >= 3:
            j += 1
            if j < 4:
                signs[j] = 0
    return total, rows


def smoothed_gates(
    polygon: tuple[np.ndarray, np.ndarray], m: int, whole: float, differences: np.ndarray, label: int,
    planar: np.ndarray, up: bool, latent: bool, latent_prob: float, shifts: np.ndarray,
    work: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray], one: tuple[np.ndarray, np.ndarray],
    two: tuple[np.ndarray, np.ndarray], index: int, sink: np.ndarray, rows: int,
) -> tuple[float, float, int]:  # fmt: skip
    """Contribution of a subregion under a presumption of independence, with latent gates or their means.

    Also returns the smallest positive standard deviation of a gate, and the number of fractions so far.
    """
    probs, rests, parts, gates = work
    gate_probabilities(polygon, m, whole, planar, up, one, probs, rests, parts)
    for j in range(4):
        rows = note(sink, rows, index, GATE, j, parts[j])
    if not latent:
        right = label_fraction(polygon, m, whole, differences, probs, label, planar, up, one, two)
        return right, 1.0, note(sink, rows, index, EVENT, ZERO, right)
    tightest = latent_gates(probs, rests, shifts, gates)
    contribution = 0.0
    for z in range(2):
        right = label_fraction(polygon, m, whole, differences, gates[z], label, planar, up, one, two)
        rows = note(sink, rows, index, EVENT, z, right)
        contribution = contribution + (latent_prob if z == 1 else 1 - latent_prob) * right
    return contribution, tightest, rows


def add_up_strips(
    direct: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray,
    rays: np.ndarray, between: np.ndarray, states: np.ndarray, regions: np.ndarray, strips: int,
    switches: np.ndarray, latent_prob: float, shifts: np.ndarray, sink: np.ndarray, sink_corners: np.ndarray,
) -> tuple[float, float, int]:  # fmt: skip
    """Sum of the subregions' contributions, smallest positive standard deviation of a gate, number of fractions.

    Parameters
    ----------
    direct, w_hh, w_oh
        Weights: the last input's into z_3 (w_hi), ``(4, 4)`` and ``(3, 4)``.
    rays, between, states, regions, strips
        The strips, as :mod:`heurex.estimators.step_two_kernel` writes them.
    switches
        Which approximations are made; see :func:`heurex.estimators.original_kernel.original`.
    latent_prob, shifts
        q, and the gates' shifts by :func:`latent_shifts`.
    sink, sink_corners
        Out, or of length 0. Rows of the sink: subregion, kind (0 the subregion, 1 a gate, 2 a label event),
        which gate, Z or pattern of z_3, fraction, contribution. Rays of each subregion, ``(subregions, 12, 3)``.
    """
    planar, lengths, heights = reals(rays.shape[0]), reals(rays.shape[0], 2), reals(2, 4)
    differences, flat, work = reals(3, 3, 4), reals(2), (reals(4), reals(4), reals(4), reals(2, 4))
    polygon = (reals(CORNERS, WIDTH), np.zeros(CORNERS, np.int64))
    one = (reals(CORNERS, WIDTH), np.zeros(CORNERS, np.int64))
    two = (reals(CORNERS, WIDTH), np.zeros(CORNERS, np.int64))
    levels = (reals(5, CORNERS, WIDTH), np.zeros((5, CORNERS), np.int64))
    ray_lengths(rays, planar, lengths)
    logit_differences(w_oh, differences)
    value, tightest, rows, subregion = 0.0, 1.0, ZERO, ZERO
    for i in range(strips):
        high = larger_input(rays[between[i, 0]], rays[between[i, 1]])
        for end in range(2):
            flat[end] = planar[between[i, end]]
            spread(w_hh, states[i, end], heights[end])
        for place in range(3):
            m = place_corners(rays, lengths, between[i], high, place, polygon[0], polygon[1])
            read_preactivations(polygon[0], polygon[1], m, direct, heights)
            label = 2 if place == 1 else (high if place == 0 else 1 - high)
            up = place != 2
            whole = fraction(polygon[0], polygon[1], m, up)
            first = rows
            rows = note(sink, rows, subregion, WHOLE, ZERO, whole)
            contribution = 0.0
            if place == 1 and regions[i, 1] == 1 and switches[2] == 0:
                contribution = whole / 3
            elif whole >= NEGLIGIBLE and switches[1] == EXACT:
                contribution, rows = exact_gates(
                    polygon, m, differences, label, flat, up, levels, one, two, subregion, sink, rows
                )
            elif whole >= NEGLIGIBLE:
                contribution, tight, rows = smoothed_gates(
                    polygon, m, whole, differences, label, flat, up, switches[1] == LATENT, latent_prob, shifts,
                    work, one, two, subregion, sink, rows,
                )  # fmt: skip
                tightest = min(tightest, tight)
            if sink.shape[0] > 0:
                sink[first, 4] = contribution
                for corner in range(m):
                    for w in range(3):
                        sink_corners[subregion, corner, w] = polygon[0][corner, w]
            value = value + contribution
            subregion += 1
    return value, tightest, rows


def spread(w_hh: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """w_hh times a state, its zeros left out."""
    for j in range(w_hh.shape[0]):
        out[j] = 0.0
        started = False
        for k in range(w_hh.shape[0]):
            if state[k] != 0:
                part = w_hh[j, k] * state[k]
                out[j] = out[j] + part if started else part
                started = True
