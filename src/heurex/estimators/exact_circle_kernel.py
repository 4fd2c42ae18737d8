"""Kernel: exact accuracy for two inputs, with one arctangent.

Both steps are linear between neighbouring rays of the plane: those where x_0, x_0 - x_1 or a second-step neuron
changes its sign. On each the lead of logit 1 over logit 0 is found; where it has opposite signs on two neighbours the
answer changes between them. The angles in which the answer is right are added up as a product of complex numbers.

Rays are (1, x_1) with the half of negative x_0 reflected, or (0, 1) and (0, -1).
"""

from math import atan2

import numpy as np

from heurex.estimators.exact_arcs_kernel import COUNTS, DOUBT, IM, RE, SLACK, TURNS, UNIT, turn
from heurex.estimators.exact_rays_kernel import next_zero
from heurex.kernels import reals

KERNEL = True

TWO_PI = 6.283185307179586
# A lead below this share of its largest term is rounding, not a value.
ROUNDING = 2e-15


def standardise(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    kinds: np.ndarray,
    leads: np.ndarray,
    sums: np.ndarray,
) -> None:
    """Rescale neurons to input weights 1, -1 or 0 (``kinds``).

    ``leads`` is row 1 of w_oh less row 0, ``sums`` the responses to one unit of a positive or a negative x_0.
    """
    d = w_hi.shape[0]
    for j in range(d):
        kinds[j] = 1 if w_hi[j] > 0 else (-1 if w_hi[j] < 0 else 0)
    for j in range(d):
        leads[j] = w_oh[1, j] - w_oh[0, j]
        if kinds[j] != 0 and leads[j] != 0:
            leads[j] = leads[j] * abs(w_hi[j])
        for which in range(2):
            total = 0.0
            begun = False
            for k in range(d):
                if kinds[k] != 1 - 2 * which or w_hh[j, k] == 0:
                    continue
                term = w_hh[j, k] * abs(w_hi[k])
                total = total + term if begun else term
                begun = True
            sums[which, j] = total / abs(w_hi[j]) if kinds[j] != 0 and total != 0 else total


def lead_on_ray(
    x: float, flat: bool, which: int, kinds: np.ndarray, leads: np.ndarray, sums: np.ndarray,
    bound: bool,
) -> tuple[float, bool, float]:  # fmt: skip
    """Logit 1 less logit 0 on a ray, whether it is 0 by rounding only, and a bound on its error."""
    value, largest, noise = 0.0, 0.0, 0.0
    terms = 0
    for k in range(kinds.shape[0]):
        zero = 0.0 if flat else (-sums[which, k] if kinds[k] > 0 else sums[which, k])
        if leads[k] == 0:
            continue
        if kinds[k] > 0 and x > zero:
            hidden = x - zero if zero != 0 else x
        elif kinds[k] < 0 and x < zero:
            hidden = zero - x if zero != 0 else -x
        elif kinds[k] == 0 and not flat and zero > 0:
            hidden = zero
        else:
            continue
        term = leads[k] * hidden if hidden != 1 else leads[k]
        value = value + term if terms > 0 else term
        terms += 1
        largest = max(largest, abs(leads[k]), abs(term))
        if bound:
            noise = noise + 6 * UNIT * abs(leads[k]) * (abs(x) + 3 * abs(zero))
    if terms > 1 and abs(value) <= ROUNDING * largest:
        return 0.0, True, noise
    return value, False, noise


def add_angle(
    total: np.ndarray, count: np.ndarray, a: float, b: float, flat: bool, side: int, bound: bool
) -> None:
    """The angle between the rays (1, a) and (1, b), or from (1, a) to (0, 1) or (0, -1) if ``flat``."""
    if flat:
        turn(total, count, a * side, 1.0)
    elif a != b:
        turn(total, count, 1 + a * b, abs(b - a))
    if bound:
        total[SLACK] = total[SLACK] + 8 * UNIT


def right_angle(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, kinds: np.ndarray, leads: np.ndarray,
    sums: np.ndarray, total: np.ndarray, count: np.ndarray, bound: bool,
) -> float:  # fmt: skip
    """The accuracy; the arrays after the weights are room to work in.

    ``count[DOUBT]`` tells whether an answer hangs on rounding; ``total[SLACK]`` bounds the error as an angle.
    """
    d = w_hi.shape[0]
    standardise(w_hi, w_hh, w_oh, kinds, leads, sums)
    count[TURNS], count[DOUBT] = 0, 0
    total[RE], total[IM] = 1.0, 0.0
    total[SLACK] = 0.0
    ends = (
        lead_on_ray(1.0, True, 0, kinds, leads, sums, bound),
        lead_on_ray(-1.0, True, 0, kinds, leads, sums, bound),
    )
    for which in range(2):
        half = 1.0 - 2.0 * which
        middle = lead_on_ray(half, False, which, kinds, leads, sums, bound)
        for side in (1, -1):
            label = 0 if side > 0 else 1
            x, here = half, middle
            more = True
            while more:
                to, more = next_zero(x, side > 0, which, kinds, sums, d)
                there = ends[0] if side > 0 else ends[1]
                if more:
                    there = lead_on_ray(to, False, which, kinds, leads, sums, bound)
                a, b = here[0], there[0]
                if a == 0 and b == 0 and (here[1] or there[1]):
                    count[DOUBT] = 1
                right_here = (a > 0) == (label == 1)
                right_there = (b > 0) == (label == 1)
                if right_here and right_there:
                    add_angle(total, count, x, to, not more, side, bound)
                elif right_here != right_there:
                    share = 0.0
                    at = x
                    if b == 0:
                        at = to
                    elif a != 0:
                        share = a / -b if not more else a / (a - b)
                        at = x + side * share if not more else x + share * (to - x)
                    if right_here:
                        add_angle(total, count, x, at, not more and b == 0, side, bound)
                    elif b != 0:
                        add_angle(total, count, at, to, not more, side, bound)
                    if bound and a != 0 and b != 0:
                        apart = abs(b) / 2 if not more else abs(a - b) / abs(to - x)
                        total[SLACK] = total[SLACK] + max(here[2], there[2]) / apart / (1 + abs(at)) * 2
                x, here = to, there
    value = 0.0
    if total[IM] != 0 or total[RE] < 0:
        value = atan2(total[IM], total[RE]) / TWO_PI
    return value + count[TURNS]


def angle_batch(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, bound: bool,
    values: np.ndarray, slacks: np.ndarray, flags: np.ndarray,
) -> None:  # fmt: skip
    """:func:`right_angle` for each of a stack of models."""
    d = w_hi.shape[1]
    kinds, count = np.zeros(d, np.int64), np.zeros(COUNTS, np.int64)
    leads, sums, total = reals(d), reals(2, d), reals(3)
    for b in range(w_hi.shape[0]):
        values[b] = right_angle(w_hi[b], w_hh[b], w_oh[b], kinds, leads, sums, total, count, bound)
        slacks[b] = total[SLACK]
        flags[b, 0], flags[b, 1] = 0, count[DOUBT]
