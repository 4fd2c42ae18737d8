"""Kernel: what :mod:`heurex.estimators.line_kernel` reads of a model, and where it writes."""

import numpy as np

from heurex.estimators.line_kernel import INFINITE, LANES
from heurex.kernels import reals

KERNEL = True
MUL = 1


def comparators(count: int) -> np.ndarray:
    """Pairs of rows whose comparison, one after the other, sorts so many; Batcher's merge exchange, ``(pairs, 2)``."""
    most, top = 0, 1
    while 2 * top < count:
        top *= 2
    for fill in range(2):
        pairs = np.zeros((most, 2), np.int64)
        found, p = 0, top if count > 1 else 0
        while p > 0:
            q, r, apart = top, 0, p
            while True:
                for i in range(count - apart):
                    if i & p == r:
                        if fill == 1:
                            pairs[found, 0], pairs[found, 1] = i, i + apart
                        found += 1
                if q == p:
                    break
                apart, q, r = q - p, q // 2, p
            p //= 2
        most = found
    return pairs


def tables_for(w_hi: np.ndarray, w_oh: np.ndarray, ops: np.ndarray) -> tuple[np.ndarray, ...]:
    """What depends on the model only.

    How fast a neuron moves a logit, ``(n, d)``; by how much a slope grows where it goes on or off, last nothing,
    ``(n, d + 1)``; whether on the right it goes on (1) or off (-1), ``(d + 1,)``; the neurons that read the
    input; the sorter of places.
    """
    d, n = w_hi.shape[0], w_oh.shape[0]
    gains, steep, turns = reals(n, d), reals(n, d + 1), np.zeros(d + 1, np.int64)
    nothing = w_hi[0] * 0.0
    count = 0
    for j in range(d):
        if w_hi[j] != 0:
            turns[j] = 1 if w_hi[j] > 0 else -1
            count += 1
    reads = np.zeros(count, np.int64)
    count = 0
    for j in range(d):
        if w_hi[j] != 0:
            reads[count] = j
            count += 1
    for i in range(n):
        for j in range(d):
            gains[i, j] = w_oh[i, j] * w_hi[j]
            # outwards, on either side, a slope grows by this
            steep[i, j] = gains[i, j] if w_hi[j] > 0 else -gains[i, j]
        steep[i, d] = nothing
    ops[MUL] += n * d + 1
    return gains, steep, turns, reads, comparators(count + 2)


def memory(d: int, n: int, events: int) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """Numbers and whole numbers of LANES lines."""
    place, event = reals(events + 2, LANES), np.zeros((events + 2, LANES), np.int64)
    for t in range(LANES):
        place[0, t], place[events + 1, t] = -INFINITE, INFINITE
        event[0, t], event[events + 1, t] = d, d
    numbers = (
        reals(d, LANES), reals(n, LANES), reals(n, LANES), place, reals(LANES), reals(LANES), reals(LANES),
        reals(4, LANES), reals(n, LANES), reals(n, LANES), reals(n, LANES), reals(2, 4),
        reals(6 * LANES),
    )  # fmt: skip
    whole = np.zeros((12, LANES), np.int64)
    return numbers, (
        event, whole[0], whole[1], whole[2], whole[3], whole[4], whole[5], whole[6], whole[7], whole[8], whole[9],
        whole[10], np.zeros(6 * LANES, np.int64), whole[11],
    )  # fmt: skip
