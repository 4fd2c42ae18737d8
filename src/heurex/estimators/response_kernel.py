"""Kernel: exact regions up to the last step; there a best linear response and one latent variable.

On a cell that the first n - 1 steps leave, the last preactivations are linear, z = b x, and their ReLUs are not.
Each is replaced by the linear function a x that is nearest to it over the cell in mean square, and the margins of
the label's logit by those of the responses plus a noise: what the responses miss, presumed independent of the
input, with its true second moments over the cell, along its widest axis, and taking three values.

Columns of a corner: 0..2 a unit ray, then d values (preactivations, later responses), then the size of an input
(a linear function that stands for the length of x in the cell), then one column for how uncertain the noise is.

Source: after Hilton (2024), "Original version", whose last step it changes.
"""

from math import sqrt

import numpy as np

from heurex.cones.corners import clear_side, fraction, keep_positive
from heurex.estimators.gates_kernel import label_fraction, leads
from heurex.estimators.moments_kernel import factorise, mean_direction, second_moments, solve
from heurex.estimators.regions_kernel import (
    begin,
    copy_corners,
    corner_capacity,
    cut_neuron,
    preactivations,
    stack_depth,
)
from heurex.kernels import reals

KERNEL = True

RAY = np.int64(3)
BOTTOM = np.int64(0)
# A cell smaller than this contributes nothing: what lies in it is rounding.
NEGLIGIBLE = 1e-15
# Three values with the moments of a standard normal up to the fifth: -sqrt(3), 0, sqrt(3).
OUTER = 1.7320508075688772
OUTER_CHANCE = 1 / 6
INNER_CHANCE = 2 / 3
# Relative rounding of a value at a corner.
SLIVER = 2e-16


def unit_corners(corners: np.ndarray, m: int, width: int, out: np.ndarray) -> None:
    """The same corners with rays of length one, values scaled along."""
    for i in range(m):
        x, y, z = corners[i, 0], corners[i, 1], corners[i, 2]
        size = sqrt(x * x + y * y + z * z)
        for w in range(width):
            out[i, w] = corners[i, w] / size if corners[i, w] != 0 else 0.0


def last_map(
    pattern: np.ndarray, w_hi: np.ndarray, w_hh: np.ndarray, one: np.ndarray, out: np.ndarray
) -> None:
    """The last preactivations as linear functions of x, ``(d, 3)``, from the pattern of the steps before."""
    d, n = w_hi.shape[0], pattern.shape[0]
    for j in range(d):
        for w in range(3):
            out[j, w] = 0.0
        out[j, 0] = w_hi[j]
    for t in range(1, n):
        for j in range(d):
            for w in range(3):
                one[j, w] = out[j, w]
        for j in range(d):
            for w in range(t):
                total = 0.0
                for k in range(d):
                    if pattern[t - 1, k] == 1 and one[k, w] != 0:
                        total = total + w_hh[j, k] * one[k, w]
                out[j, w] = total
            out[j, t] = w_hi[j]


def dot(a: np.ndarray, b: np.ndarray, n: int) -> float:
    """Inner product of the first n entries."""
    total = 0.0
    for i in range(n):
        total = total + a[i] * b[i]
    return total


def turn_minor(corners: np.ndarray, m: int, column: int, turns: np.ndarray, j: int) -> None:
    """Change the sign of an open preactivation where it is mostly positive; ``turns[j]`` says so (-1.0 or 1.0).

    ReLU(z) = z + ReLU(-z), so that what a linear response misses can be measured on the smaller side, where
    little is taken from little.
    """
    total = 0.0
    for i in range(m):
        total = total + corners[i, column]
    turns[j] = -1.0 if total > 0 else 1.0
    if total > 0:
        for i in range(m):
            corners[i, column] = -corners[i, column]


def respond(
    corners: np.ndarray, m: int, n: int, opened: np.ndarray, count: int, maps: np.ndarray,
    moments: np.ndarray, answers: np.ndarray, pulls: np.ndarray, missed: np.ndarray, slack: np.ndarray,
    lower: np.ndarray, one: np.ndarray, two: np.ndarray,
) -> float:  # fmt: skip
    """Best linear responses of the open neurons and the second moments of what they miss.

    ``opened[:count]`` lists the neurons whose sign changes on the cell, ``maps`` their preactivations, with the
    signs that the corners have. Row i of ``answers`` becomes the response of ReLU of the i-th, ``missed[i, j]`` a
    second moment of what is missed given the cell, ``slack[i]`` a bound on the rounding of a response on the unit
    sphere. Returns a bound on the rounding of a second moment, or -1.0 where the cell is too thin for any.
    """
    width = RAY + maps.shape[0]
    share, entry = second_moments(corners, m, moments[0])
    least = factorise(moments[0], n, lower)
    if least <= 4 * entry:
        return -1.0
    trust = 0.0
    for i in range(count):
        b = maps[opened[i]]
        above = keep_positive(corners, m, RAY + opened[i], width, one)
        unit_corners(one, above, width, one)
        _, error = second_moments(one, above, moments[1])
        for w in range(n):
            pulls[i, w] = dot(moments[1, w], b, n)
        solve(lower, n, pulls[i], answers[i])
        steep, reach = sqrt(dot(b, b, n)), sqrt(dot(answers[i], answers[i], n))
        slack[i] = 2 * (error * steep + entry * reach) / least
        trust = max(trust, 4 * (error * (steep + reach) * (steep + reach) + entry * reach * reach) / share)
        missed[i, i] = (dot(b, pulls[i], n) - dot(answers[i], pulls[i], n)) / share
        for j in range(i):
            other = maps[opened[j]]
            both = 0.0
            s = clear_side(one, above, RAY + opened[j])
            if s == 1:
                both = dot(other, pulls[i], n)
            elif s == 2:
                shared = keep_positive(one, above, RAY + opened[j], width, two)
                unit_corners(two, shared, width, two)
                second_moments(two, shared, moments[2])
                for w in range(n):
                    both = both + b[w] * dot(moments[2, w], other, n)
            missed[i, j] = (both - dot(answers[i], pulls[j], n)) / share
            missed[j, i] = missed[i, j]
    return trust


def widest(
    lead: np.ndarray, label: int, opened: np.ndarray, count: int, missed: np.ndarray, trust: float,
    spread: np.ndarray, axis: np.ndarray,
) -> float:  # fmt: skip
    """The widest axis of the margins' noise: one standard deviation along it, for each rival, to ``axis``.

    ``lead`` is the label's row of :func:`heurex.estimators.gates_kernel.leads`. The margins of the (one or two)
    rivals have the covariance lead missed lead^T, ``spread``. Returns a bound on the rounding of an entry of
    ``axis``.
    """
    n = lead.shape[0]
    weight = 0.0
    for k in range(n):
        axis[k] = 0.0
        for r in range(n):
            total = 0.0
            if k != label and r != label:
                for i in range(count):
                    part = 0.0
                    for j in range(count):
                        part = part + missed[i, j] * lead[r, opened[j]]
                    total = total + lead[k, opened[i]] * part
            spread[k, r] = total
        if k != label:
            reach = 0.0
            for i in range(count):
                reach = reach + abs(lead[k, opened[i]])
            weight = max(weight, reach)
    a, b = (1, 2) if label == 0 else (0, 2 if label == 1 else 1)
    loose = trust * weight * weight
    if n == 2:
        rival = 1 - label
        width = max(spread[rival, rival], 0.0)
        axis[rival] = sqrt(width)
        return min(loose / axis[rival], sqrt(loose)) if width > 0 else sqrt(loose)
    gap = spread[a, a] - spread[b, b]
    root = sqrt(gap * gap + 4 * spread[a, b] * spread[a, b])
    top = 0.5 * (spread[a, a] + spread[b, b] + root)
    if top <= 0:
        return sqrt(loose)
    deviation = sqrt(top)
    if root == 0:
        axis[a] = deviation
        return deviation
    first, second = (top - spread[b, b], spread[a, b]) if gap > 0 else (spread[a, b], top - spread[a, a])
    size = sqrt(first * first + second * second)
    axis[a], axis[b] = deviation * first / size, deviation * second / size
    return min(loose / deviation, sqrt(loose)) + deviation * min(1.0, 4 * loose / root)


def presume(
    corners: np.ndarray, m: int, pattern: np.ndarray, w_hi: np.ndarray, w_hh: np.ndarray, lead: np.ndarray,
    label: int, latent: bool, maps: np.ndarray, layer: np.ndarray, moments: np.ndarray, vectors: np.ndarray,
    missed: np.ndarray, rows: np.ndarray, margins: np.ndarray, opened: np.ndarray, z: np.ndarray,
    scratch: tuple[np.ndarray, np.ndarray, np.ndarray], out: np.ndarray,
) -> None:  # fmt: skip
    """One cell after its last exact step: fraction, contribution, doubtful fraction and rounding, to ``out``."""
    here, one, two = scratch
    d, n = w_hi.shape[0], lead.shape[0]
    share = fraction(corners, m)
    out[0], out[1], out[2], out[3] = share, 0.0, 0.0, share
    if share < NEGLIGIBLE:
        return
    unit_corners(corners, m, RAY + d, layer)
    preactivations(layer, m, n - 1, w_hi, w_hh, z)
    ones, slack, weights, axis = rows[0], rows[1], rows[2], rows[3]
    count = 0
    for j in range(d):
        s = clear_side(layer, m, RAY + j)
        slack[j] = 0.0
        if s == 2:
            turn_minor(layer, m, RAY + j, rows[4], count)
            opened[count] = j
            count += 1
        for i in range(m):
            if s == 1:
                slack[j] = max(slack[j], SLIVER * abs(layer[i, RAY + j]))
            elif s != 2:
                layer[i, RAY + j] = 0.0
    uncertain = 0.0
    noisy = False
    for k in range(n):
        for j in range(d):
            margins[k, j] = lead[k, j] if k != label else 0.0
        margins[k, d] = 0.0
        margins[k, d + 1] = 0.0
    if count > 0:
        last_map(pattern, w_hi, w_hh, vectors, maps)
        for i in range(count):
            for w in range(n):
                if rows[4, i] < 0:
                    maps[opened[i], w] = -maps[opened[i], w]
        trust = respond(
            layer, m, n, opened, count, maps, moments, vectors, rows[6:6 + d], missed, rows[5],
            moments[3], one, two,
        )  # fmt: skip
        if trust < 0:
            out[1] = 0.5 * share
            out[2] = 0.5 * share
            return
        for i in range(count):
            j = opened[i]
            slack[j] = rows[5, i]
            for c in range(m):
                known = -layer[c, RAY + j] if rows[4, i] < 0 else 0.0
                layer[c, RAY + j] = known + dot(vectors[i], layer[c], n)
        if latent:
            uncertain = widest(lead, label, opened, count, missed, trust, moments[4], axis)
            noisy = size_of_input(layer, m, n, moments[0], share, d, vectors)
    slack[d], slack[d + 1] = 0.0, 0.0
    if noisy:
        for c in range(m):
            slack[d + 1] = max(slack[d + 1], abs(layer[c, RAY + d]))
    right, risk = 0.0, 0.0
    for node in range(3 if noisy else 1):
        for k in range(n):
            if noisy and k != label:
                margins[k, d] = (node - 1) * OUTER * axis[k] if node != 1 else 0.0
                margins[k, d + 1] = OUTER * uncertain if node != 1 else 0.0
        part, error, doubtful = label_fraction(
            layer, m, share, margins, ones, slack, label, weights, here, one, two
        )
        risk = max(risk, error)
        if doubtful:
            out[2] = share
        if noisy:
            part = part * (INNER_CHANCE if node == 1 else OUTER_CHANCE)
        right = right + part
    out[1] = right
    out[3] = min(share, 8 * share * risk)


def size_of_input(
    layer: np.ndarray, m: int, n: int, moments: np.ndarray, share: float, d: int, vectors: np.ndarray
) -> bool:
    """Write the linear function that stands for the length of x to column d; false where there is none.

    It points along the cell's mean, with a mean square of 1 for a Gaussian x in the cell, so that noise in its
    units has the second moments of what is missed.
    """
    for c in range(m):
        layer[c, RAY + d] = 0.0
        layer[c, RAY + d + 1] = 0.0
    mean, turned = vectors[d], vectors[d + 1]
    mean_direction(layer, m, mean)
    for w in range(n):
        turned[w] = dot(moments[w], mean, n)
    square = dot(mean, turned, n)
    if square <= 0:
        return False
    scale = sqrt(share / square)
    for c in range(m):
        layer[c, RAY + d] = scale * dot(mean, layer[c], n)
    return True


def response(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    starts: np.ndarray,
    sizes: np.ndarray,
    labels: np.ndarray,
    latent: bool,
    measures: np.ndarray,
    sink_index: np.ndarray,
    sink_pattern: np.ndarray,
    sink_measures: np.ndarray,
    sink_corners: np.ndarray,
) -> int:
    """Cut cones of inputs into exact regions of the first n - 1 steps; add up what linear responses give.

    Parameters
    ----------
    w_hi, w_hh, w_oh
        Weights, shapes ``(d,)``, ``(d, d)``, ``(n, d)`` with n = 2 or 3.
    starts, sizes, labels
        Cones to begin with, as for :func:`heurex.estimators.regions_kernel.walk`.
    latent
        Whether what the responses miss is kept as noise.
    measures
        Out, ``(cones, 4)``: fraction of each cone as the sum of its cells, contribution, fraction in which it
        hangs on rounding, and a bound on the contribution's rounding.
    sink_index, sink_pattern, sink_measures, sink_corners
        Out, as for :func:`heurex.estimators.layerwise_kernel.layerwise`.

    Returns
    -------
    The number of cells, also where the sink is shorter.
    """
    d, n = w_hi.shape[0], w_oh.shape[0]
    capacity, depth = corner_capacity(d, n) + 2 * d, stack_depth(d, n)
    stack, layer = reals(depth, capacity, 4 + d), reals(capacity, 5 + d)
    width = max(5 + d, 3 + n)
    scratch = (reals(capacity, width), reals(capacity, width), reals(capacity, width))
    maps, moments, vectors, missed = reals(d, 3), reals(5, 3, 3), reals(d + 2, 3), reals(d, d)
    rows, margins, lead = reals(6 + d, max(d + 2, 3)), reals(n, d + 2), reals(n, n, d)
    z, out = reals(d), reals(4)
    leads(w_oh, lead)
    for j in range(d + 2):
        rows[0, j] = 1.0
    opened = np.zeros(d, np.int64)
    state = np.zeros((depth, 4), np.int64)
    pattern = np.zeros((depth, n, d), np.int8)
    cells = 0
    for start in range(starts.shape[0]):
        label = labels[start]
        measures[start] = 0.0
        begin(w_hi, starts[start], sizes[start], stack[0], pattern[0])
        state[0] = 0
        state[0, 0], state[0, 2] = sizes[start], d
        top = BOTTOM
        while top >= 0:
            if state[top, 2] < d:
                top = cut_neuron(top, stack, state, pattern, scratch[1], scratch[2])
            elif state[top, 1] + 2 < n:
                state[top, 1] += 1
                state[top, 2] = 0
                preactivations(stack[top], state[top, 0], state[top, 1], w_hi, w_hh, z)
            else:
                m = state[top, 0]
                presume(
                    stack[top], m, pattern[top], w_hi, w_hh, lead[label], label, latent, maps, layer, moments,
                    vectors, missed, rows, margins, opened, z, scratch, out,
                )  # fmt: skip
                for k in range(4):
                    measures[start, k] = measures[start, k] + out[k]
                if cells < sink_index.shape[0]:
                    sink_index[cells, 0] = start
                    sink_index[cells, 1] = m
                    sink_measures[cells] = out
                    sink_pattern[cells] = pattern[top]
                    copy_corners(stack[top], m, RAY, sink_corners[cells])
                cells += 1
                top -= 1
    return cells


def response_batch(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    starts: np.ndarray,
    sizes: np.ndarray,
    labels: np.ndarray,
    latent: bool,
    measures: np.ndarray,
    cells: np.ndarray,
) -> None:
    """:func:`response` for each of a stack of models; ``measures`` is ``(models, cones, 4)``."""
    no_index = np.empty((0, 2), np.int64)
    no_pattern = np.empty((0, 1, 1), np.int8)
    no_measures = reals(0, 4)
    no_corners = reals(0, 1, 3)
    for b in range(w_hi.shape[0]):
        cells[b] = response(
            w_hi[b], w_hh[b], w_oh[b], starts, sizes, labels, latent, measures[b],
            no_index, no_pattern, no_measures, no_corners,
        )  # fmt: skip
