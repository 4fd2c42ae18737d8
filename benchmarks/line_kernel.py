"""Kernel: a network along a line of inputs, exactly.

Inputs are linear functions of one number, so that the network is linear on intervals. States are carried at their ends:
one forward step each, and a new end is an interpolation. ``ops`` prices what is executed beside the numbers, as
sampling is priced: a matrix times a state in full, also where neurons are off. Its entries are those of
``plane_kernel``.
"""

import numpy as np

from heurex.estimators.mean_field_kernel import phi
from heurex.kernels import reals

KERNEL = True
STEPS, CUTS, LOGITS, MASSES, CELLS, LEAVES = 0, 1, 2, 3, 5, 7
FUNCTION = 10
"""What a value of Phi counts."""


def forward(
    w_hi: np.ndarray, w_hh: np.ndarray, h: np.ndarray, x: float, z: np.ndarray, ops: np.ndarray
) -> None:
    """Preactivations after one more input; ``h`` is an earlier state."""
    d = w_hi.shape[0]
    for j in range(d):
        z[j] = w_hi[j] * x
    for k in range(d):
        if h[k] > 0:
            for j in range(d):
                z[j] = z[j] + w_hh[j, k] * h[k]
    ops[STEPS] += d + 2 * d * d


def line(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, state: np.ndarray, base: np.ndarray, slope: np.ndarray,
    first: int, low: float, high: float, bounds: np.ndarray, labels: np.ndarray, ops: np.ndarray,
) -> float:  # fmt: skip
    """Phi(b) - Phi(a), summed over the stretches (a, b) of a line that are answered rightly; -1 if it bends too often.

    Input i is ``base[i] + slope[i] t`` with t from ``low`` to ``high``; ``state`` is that after the first ``first``
    inputs, which do not depend on t. The right answer is ``labels[k]`` up to ``bounds[k]``, the last label beyond.
    """
    d, n = w_hi.shape[0], w_oh.shape[0]
    most = 256
    t, h = reals(most), reals(most, d)
    z, t_new, z_new = reals(most, d), reals(most), reals(most, d)
    zero, who, logit = reals(d), np.zeros(d, np.int64), reals(most, n)
    count = 2
    t[0], t[1] = low, high
    for k in range(d):
        h[0, k] = state[k]
        h[1, k] = state[k]
    for i in range(first, n):
        for b in range(count):
            if i == first and b > 0:
                # the earlier state is common: only the input differs
                for j in range(d):
                    z[b, j] = z[0, j] + w_hi[j] * (slope[i] * (t[b] - t[0]))
                ops[STEPS] += 2 * d + 2
            else:
                forward(w_hi, w_hh, h[b], base[i] + slope[i] * t[b], z[b], ops)
                if i == 0:
                    ops[STEPS] -= 2 * d * d
                if slope[i] != 0:
                    ops[STEPS] += 2
        made = 0
        for b in range(count):
            t_new[made] = t[b]
            z_new[made] = z[b]
            made += 1
            if b + 1 == count:
                break
            crossings = 0
            for j in range(d):
                if (z[b, j] > 0) != (z[b + 1, j] > 0) and z[b, j] != 0 and z[b + 1, j] != 0:
                    place = z[b, j] / (z[b, j] - z[b + 1, j])
                    ops[CUTS] += 2
                    k = crossings
                    while k > 0 and zero[k - 1] > place:
                        zero[k] = zero[k - 1]
                        who[k] = who[k - 1]
                        k -= 1
                    zero[k] = place
                    who[k] = j
                    crossings += 1
            for k in range(crossings):
                if made + count >= most:
                    return -1.0
                t_new[made] = t[b] + zero[k] * (t[b + 1] - t[b])
                for j in range(d):
                    z_new[made, j] = z[b, j] + zero[k] * (z[b + 1, j] - z[b, j])
                z_new[made, who[k]] = 0.0
                ops[CUTS] += 3 + 3 * (d - 1)
                made += 1
        count = made
        for b in range(count):
            t[b] = t_new[b]
            for j in range(d):
                h[b, j] = z_new[b, j] if z_new[b, j] > 0 else 0.0
    ops[CELLS] += count - 1
    ops[LEAVES] += 1
    for b in range(count):
        for i in range(n):
            logit[b, i] = 0.0
        for k in range(d):
            if h[b, k] > 0:
                for i in range(n):
                    logit[b, i] = logit[b, i] + w_oh[i, k] * h[b, k]
        ops[LOGITS] += 2 * n * d
    total, begun, end = 0.0, high, high
    for b in range(count - 1):
        width = t[b + 1] - t[b]
        if not width > 0:
            continue
        for piece in range(labels.shape[0]):
            left = max(t[b], bounds[piece - 1]) if piece > 0 else t[b]
            right = min(t[b + 1], bounds[piece]) if piece + 1 < labels.shape[0] else t[b + 1]
            if not left < right:
                continue
            mine = labels[piece]
            for i in range(n):
                if i == mine:
                    continue
                before, after = logit[b, mine] - logit[b, i], logit[b + 1, mine] - logit[b + 1, i]
                ops[LOGITS] += 2
                if before >= 0 and after >= 0:
                    continue
                if before <= 0 and after <= 0:
                    right = left
                    break
                cross = t[b] + width * (before / (before - after))
                ops[LOGITS] += 4
                if before > 0:
                    right = min(right, cross)
                else:
                    left = max(left, cross)
            if not left < right:
                continue
            if end == left:
                end = right
                continue
            if begun < high:
                total = total + (phi(end) - phi(begun))
                ops[MASSES] += 2 * FUNCTION + 2
            begun, end = left, right
    if begun < high:
        total = total + (phi(end) - phi(begun))
        ops[MASSES] += 2 * FUNCTION + 2
    return total


def many_lines(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, x: np.ndarray, at: np.ndarray, low: np.ndarray,
    bounds: np.ndarray, labels: np.ndarray, share: np.ndarray, ops: np.ndarray,
) -> None:  # fmt: skip
    """For rows of x the share of right answers as input ``at`` goes through the normal law above ``low``."""
    d, n = w_hi.shape[0], w_oh.shape[0]
    state, z, slope, base = reals(d), reals(d), np.zeros(n), np.zeros(n)
    for row in range(x.shape[0]):
        i = at[row]
        for j in range(d):
            state[j] = 0.0
        for t in range(i):
            forward(w_hi, w_hh, state, x[row, t], z, ops)
            if t == 0:
                ops[STEPS] -= 2 * d * d
            for j in range(d):
                state[j] = z[j] if z[j] > 0 else 0.0
        for t in range(n):
            base[t] = x[row, t]
            slope[t] = 0.0
        base[i] = 0.0
        slope[i] = 1.0
        mass = line(w_hi, w_hh, w_oh, state, base, slope, i, low[row], 9.0, bounds[row], labels[row], ops)
        share[row] = mass / phi(-low[row])
        ops[MASSES] += 1
