"""Kernel: how much of a cone of inputs a network answers rightly, exactly.

Inside a cone on which the hidden state is linear, every preactivation is linear too, so it is known once it is
known at the corners. The walk is depth first: take a cone, read the next preactivation at its corners, cut
where it vanishes, go on with both parts; after the last step cut by the logits and measure what is left.
One polygon for each level is all that is held in memory.

Columns of a corner: 0..2 the ray x, then the d hidden values (preactivations while a step is being cut), then
one column for the margin that is being cut. For n = 2 the ray's third entry is idle.
"""

import numpy as np

from heurex.cones.corners import fraction, keep_positive, side, split
from heurex.kernels import reals

KERNEL = True

# A sum is taken for zero when it is below this share of its largest term: rounding, not a value.
ROUNDING = 1e-15
# NumPy integers where they are passed on: numba compiles a callee anew for each plain literal.
RAY = np.int64(3)
BOTTOM = np.int64(0)


def corner_capacity(hidden_size: int, seq_len: int) -> int:
    """No cell has more corners: four to begin with, and each cut adds at most one."""
    return 6 + hidden_size * (seq_len - 1) + seq_len


def stack_depth(hidden_size: int, seq_len: int) -> int:
    """No more cells than this wait at a time: one for each cut on the way down, and the present one."""
    return 2 + hidden_size * (seq_len - 1)


def preactivations(
    corners: np.ndarray, m: int, step: int, w_hi: np.ndarray, w_hh: np.ndarray, z: np.ndarray
) -> None:
    """Replace the hidden state at every corner by the next preactivations."""
    d = w_hi.shape[0]
    for i in range(m):
        for j in range(d):
            total = corners[i, step] * w_hi[j]
            largest = abs(total)
            for k in range(d):
                if corners[i, 3 + k] != 0:
                    term = w_hh[j, k] * corners[i, 3 + k]
                    total = total + term
                    if abs(term) > largest:
                        largest = abs(term)
            if abs(total) <= ROUNDING * largest:
                total = 0.0
            z[j] = total
        for j in range(d):
            corners[i, 3 + j] = z[j]


def margins(corners: np.ndarray, m: int, w_oh: np.ndarray, label: int, rival: int) -> bool:
    """Write logit[label] - logit[rival] to the last column; true if it vanishes by rounding only."""
    d = w_oh.shape[1]
    clear = False
    rounded = False
    for i in range(m):
        total = 0.0
        largest = 0.0
        for j in range(d):
            if corners[i, 3 + j] != 0 and w_oh[label, j] != w_oh[rival, j]:
                term = (w_oh[label, j] - w_oh[rival, j]) * corners[i, 3 + j]
                total = total + term if total != 0 else term
                if abs(term) > largest:
                    largest = abs(term)
        if abs(total) > ROUNDING * largest:
            corners[i, 3 + d] = total
            clear = True
        else:
            corners[i, 3 + d] = 0.0
            rounded = rounded or largest > 0
    return rounded and not clear


def right_part(
    corners: np.ndarray, m: int, w_oh: np.ndarray, label: int, one: np.ndarray, two: np.ndarray
) -> tuple[int, int, bool]:
    """The part of a cell where the label's logit is the first largest one.

    Returns its number of corners, where it stands (0: in ``corners``, 1: in ``one``, 2: in ``two``), and
    whether a tie was decided that rounding alone produced.
    """
    d = w_oh.shape[1]
    where = 0
    doubtful = False
    for rival in range(w_oh.shape[0]):
        if rival == label:
            continue
        here = corners
        if where == 1:
            here = one
        elif where == 2:
            here = two
        if margins(here, m, w_oh, label, rival):
            doubtful = True
        s = side(here, m, 3 + d)
        if s == -1 or (s == 0 and rival < label):
            return 0, where, doubtful
        if s == 2:
            there = two if where == 1 else one
            m = keep_positive(here, m, 3 + d, 4 + d, there)
            where = 2 if where == 1 else 1
    return m, where, doubtful


def begin(w_hi: np.ndarray, start: np.ndarray, m: int, corners: np.ndarray, pattern: np.ndarray) -> None:
    """First step: a cone on which x_0 has one sign, with the hidden state h_1 at its corners."""
    positive = False
    for i in range(m):
        if start[i, 0] > 0:
            positive = True
    for j in range(w_hi.shape[0]):
        active = w_hi[j] > 0 if positive else w_hi[j] < 0
        pattern[0, j] = 1 if active else 0
        for i in range(m):
            corners[i, 3 + j] = w_hi[j] * start[i, 0] if active and start[i, 0] != 0 else 0.0
    for i in range(m):
        for w in range(3):
            corners[i, w] = start[i, w]


def copy_corners(source: np.ndarray, m: int, width: int, target: np.ndarray) -> None:
    """Copy m corners with their values."""
    for i in range(m):
        for w in range(width):
            target[i, w] = source[i, w]


def cut_neuron(
    top: int, stack: np.ndarray, state: np.ndarray, pattern: np.ndarray, one: np.ndarray, two: np.ndarray
) -> int:
    """Cut the cell on top of the stack by its next neuron; return where the top of the stack is now.

    ``state`` holds for each cell its number of corners, its step, its next neuron, and 1 if a preactivation
    vanishes throughout it.
    """
    m, step, neuron = state[top, 0], state[top, 1], state[top, 2]
    state[top, 2] = neuron + 1
    column = 3 + neuron
    s = side(stack[top], m, column)
    pattern[top, step, neuron] = 1 if s == 1 else 0
    if s == 0:
        state[top, 3] = 1
    if s == 2:
        width = 3 + pattern.shape[2]
        above, below = split(stack[top], m, column, width, one, two)
        copy_corners(one, above, width, stack[top + 1])
        copy_corners(two, below, width, stack[top])
        for k in range(4):
            state[top + 1, k] = state[top, k]
        state[top + 1, 0] = above
        state[top, 0] = below
        for t in range(pattern.shape[1]):
            for j in range(pattern.shape[2]):
                pattern[top + 1, t, j] = pattern[top, t, j]
        pattern[top + 1, step, neuron] = 1
    if s != 1:
        for i in range(state[top, 0]):
            stack[top, i, column] = 0.0
    return top + 1 if s == 2 else top


def measure(
    corners: np.ndarray,
    m: int,
    w_oh: np.ndarray,
    label: int,
    vague: bool,
    one: np.ndarray,
    two: np.ndarray,
    out: np.ndarray,
) -> None:
    """Fraction of a finished region, of its part that is answered rightly, and of it if that is doubtful."""
    out[0] = fraction(corners, m)
    kept, where, doubtful = right_part(corners, m, w_oh, label, one, two)
    if kept < 3:
        out[1] = 0.0
    elif where == 0:
        out[1] = out[0]
    else:
        out[1] = fraction(one if where == 1 else two, kept)
    out[2] = out[0] if doubtful or (vague and kept == m and where == 0) else 0.0


def walk(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    starts: np.ndarray,
    sizes: np.ndarray,
    labels: np.ndarray,
    measures: np.ndarray,
    sink_index: np.ndarray,
    sink_pattern: np.ndarray,
    sink_measures: np.ndarray,
    sink_corners: np.ndarray,
) -> int:
    """Cut cones of inputs into the network's activation regions and add up what is answered rightly.

    Parameters
    ----------
    w_hi, w_hh, w_oh
        Weights, shapes ``(d,)``, ``(d, d)``, ``(n, d)`` with n = 2 or 3.
    starts, sizes, labels
        Cones to begin with: extreme rays in order ``(cones, corners, 3)``, how many each has, and the label
        that holds throughout it. In each of them x_0 has one sign.
    measures
        Out, ``(cones, 3)``: fraction of each cone as the sum of its regions, fraction answered rightly, and
        fraction in which the answer hangs on rounding.
    sink_index, sink_pattern, sink_measures, sink_corners
        Out, as far as their length goes: for each region its cone and number of corners ``(regions, 2)``; which
        neurons are on at which step ``(regions, n, d)``; its fraction, right fraction and doubtful fraction
        ``(regions, 3)``; its rays ``(regions, corners, 3)``.

    Returns
    -------
    The number of regions, also where the sink is shorter.
    """
    d = w_hi.shape[0]
    n = w_oh.shape[0]
    capacity = corner_capacity(d, n)
    depth = stack_depth(d, n)
    stack = reals(depth, capacity, 4 + d)
    one = reals(capacity, 4 + d)
    two = reals(capacity, 4 + d)
    z = reals(d)
    out = reals(3)
    state = np.zeros((depth, 4), np.int64)
    pattern = np.zeros((depth, n, d), np.int8)
    regions = 0
    for start in range(starts.shape[0]):
        for k in range(3):
            measures[start, k] = 0.0
        begin(w_hi, starts[start], sizes[start], stack[0], pattern[0])
        state[0, 0] = sizes[start]
        state[0, 1] = 0
        state[0, 2] = d
        state[0, 3] = 0
        top = BOTTOM
        while top >= 0:
            if state[top, 2] < d:
                top = cut_neuron(top, stack, state, pattern, one, two)
            elif state[top, 1] + 1 < n:
                state[top, 1] += 1
                state[top, 2] = 0
                preactivations(stack[top], state[top, 0], state[top, 1], w_hi, w_hh, z)
            else:
                m = state[top, 0]
                measure(stack[top], m, w_oh, labels[start], state[top, 3] == 1, one, two, out)
                for k in range(3):
                    measures[start, k] = measures[start, k] + out[k]
                if regions < sink_index.shape[0]:
                    sink_index[regions, 0] = start
                    sink_index[regions, 1] = m
                    for t in range(n):
                        for j in range(d):
                            sink_pattern[regions, t, j] = pattern[top, t, j]
                    for k in range(3):
                        sink_measures[regions, k] = out[k]
                    copy_corners(stack[top], m, RAY, sink_corners[regions])
                regions += 1
                top -= 1
    return regions


def walk_batch(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    starts: np.ndarray,
    sizes: np.ndarray,
    labels: np.ndarray,
    measures: np.ndarray,
) -> None:
    """:func:`walk` for each of a stack of models; ``measures`` is ``(models, cones, 3)``."""
    no_index = np.empty((0, 2), np.int64)
    no_pattern = np.empty((0, 1, 1), np.int8)
    no_measures = reals(0, 3)
    no_corners = reals(0, 1, 3)
    for b in range(w_hi.shape[0]):
        walk(
            w_hi[b], w_hh[b], w_oh[b], starts, sizes, labels, measures[b],
            no_index, no_pattern, no_measures, no_corners,
        )  # fmt: skip
