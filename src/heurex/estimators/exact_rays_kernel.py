"""Kernel: rays of the (x_0, x_1) plane with all that a network does on them, for three inputs.

Neurons are first rescaled so that their input weight is 1, -1 or 0. Then the zero of a second-step neuron is a sum
of weights, that of a last-step neuron a preactivation, and both are found without further work on the rays x_0 = 0.
The half of negative x_0 is reflected: rays are (1, x_1), or (0, 1) and (0, -1).
"""

import numpy as np

from heurex.estimators.exact_arcs_kernel import (
    ANSWER,
    BITS,
    DOUBT,
    END,
    FLAT,
    FREE,
    HALF,
    KNOWN,
    LEAD_1,
    LEAD_2,
    MOVED,
    NOISE,
    POLE,
    SQUARE,
    TROUBLE,
    UNIT,
    X,
    Y,
)
from heurex.estimators.exact_faces_kernel import ROUNDING, changes, judge

KERNEL = True

# Beyond this a zero is left to the walk through the regions.
FAR = 1e60
# Slots of rays: (0, 1), (0, -1), x_0 = x_1, and three that take turns.
UP, DOWN, MIDDLE, SLOTS = 0, 1, 2, 6


def standardise(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, kinds: np.ndarray, weights: np.ndarray,
    leads: np.ndarray, sums: np.ndarray,
) -> None:  # fmt: skip
    """Rescale neurons to input weights 1, -1 or 0 (``kinds``).

    ``weights`` become w_hh, ``leads`` rows 1 and 2 of w_oh less row 0; ``sums[0]`` and ``sums[1]`` are the responses
    to one unit of a positive or of a negative first input. Room for one more neuron
    makes it an idle one that reads x_2 only.
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
    hidden: np.ndarray, out: np.ndarray, terms: np.ndarray,
) -> None:  # fmt: skip
    """What the last step's neurons receive from the second step on a ray, and the largest term of each."""
    d = weights.shape[1]
    if flat:
        which = 0 if x > 0 else 1
        for k in range(d):
            hidden[k] = 1.0 if kinds[k] == 1 - 2 * which else 0.0
    else:
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
    for j in range(kinds.shape[0]):
        largest = 0.0
        value = 0.0
        begun = False
        for k in range(d):
            weight = weights[j, k]
            if hidden[k] > 0 and weight != 0:
                largest = max(largest, abs(weight))
                if not flat:
                    term = weight * hidden[k]
                    largest = max(largest, abs(term))
                    value = value + term if begun else term
                    begun = True
        out[j] = sums[which, j] if flat else value
        terms[j] = largest


def loudness(
    x: float, flat: bool, half: int, kinds: np.ndarray, weights: np.ndarray, hidden: np.ndarray, j: int
) -> float:
    """The rounding of what a last-step neuron receives on a ray, in first order."""
    d = weights.shape[1]
    total = 0.0
    for k in range(d):
        if hidden[k] > 0:
            within = 1.0
            if not flat:
                within = abs(x)
                for i in range(d):
                    if kinds[i] == half:
                        within = within + abs(weights[k, i])
            total = total + abs(weights[j, k]) * within
    return 3 * UNIT * total


def build_ray(
    slot: int, x: float, flat: bool, still: int, lines: int, kinds: np.ndarray, weights: np.ndarray,
    leads: np.ndarray, sums: np.ndarray, hidden: np.ndarray, received: np.ndarray,
    points: np.ndarray, marks: np.ndarray, count: np.ndarray,
    zeros: np.ndarray, order: np.ndarray, scales: np.ndarray, cuts: np.ndarray,
    on: np.ndarray, z: np.ndarray, loud: np.ndarray, bound: bool,
) -> None:  # fmt: skip
    """A ray's corners in order of x_2, with answers, and where the answer changes along it.

    The neuron ``still`` that does not read x_2 is known to vanish there (-1: none).
    """
    all_neurons = kinds.shape[0]
    terms = scales[0, slot]
    responses(x, flat, count[HALF], kinds, weights, sums, hidden, received, terms)
    if still >= 0:
        received[still] = 0.0
    at = 0
    for j in range(all_neurons):
        value = received[j]
        if kinds[j] != 0:
            value = -value if kinds[j] > 0 else value
            if abs(value) > FAR:
                count[TROUBLE] = 1
            k = at
            while k > 0 and zeros[slot, order[slot, k - 1]] > value:
                order[slot, k] = order[slot, k - 1]
                k -= 1
            order[slot, k] = j
            at += 1
        zeros[slot, j] = value
        terms[j] = ROUNDING * terms[j] if terms[j] > 0 else 0.0
        if bound:
            scales[1, slot, j] = loudness(x, flat, count[HALF], kinds, weights, hidden, j)
        if kinds[j] == 0 and value != 0 and abs(value) <= terms[j]:
            zeros[slot, j] = 0.0
            count[DOUBT] = 1
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
            points[v, NOISE] = points[pole, NOISE] if bound else 0.0
            continue
        line = order[slot, r]
        y = zeros[slot, line]
        points[v, Y] = y
        active, listed, tiny = 0, all_neurons, terms[line]
        for i in range(all_neurons):
            size = zeros[slot, i]
            if kinds[i] > 0:
                if y <= size:
                    continue
                size = y - size if size != 0 else y
            elif kinds[i] < 0:
                if y >= size:
                    continue
                size = size - y if y != 0 else size
            elif size <= 0:
                continue
            # what is left of two zeros that coincide is rounding, and would decide a tie
            if size > max(terms[i], terms[line]):
                at = active
                active += 1
            else:
                listed -= 1
                at = listed
            on[at] = i
            z[at] = size
            tiny = max(tiny, terms[i])
            if bound:
                loud[at] = scales[1, slot, i] + scales[1, slot, line]
        judge(points, marks, v, leads, active, listed, on, z, loud, tiny, bound)
    keep = count[FREE]
    count[FREE] = first + lines + 2
    for r in range(lines + 1):
        below = first + (r - 1 if r > 0 else lines)
        above = first + (r if r < lines else lines + 1)
        row = slot * (lines + 1) + r
        cuts[row, 0] = 0
        if marks[below, ANSWER] != marks[above, ANSWER]:
            changes(points, marks, count, below, above, bound, cuts, row)
    count[FREE] = keep


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
