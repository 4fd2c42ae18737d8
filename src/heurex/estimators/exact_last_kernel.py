"""Kernel: many directions of the earlier inputs, and for each the share of the last one that is answered rightly.

Forward passes to the last preactivations, of length 1, side by side as in :mod:`heurex.estimators.sampling_kernel`;
the last input is gone through by :mod:`heurex.estimators.line_kernel`. ``ops`` counts what is executed, beside whatever
numbers are used: additions, multiplications, divisions, square roots, arctangents. Bounds on rounding are not counted.
"""

import numpy as np

from heurex.estimators.line_kernel import LANES, line_shares
from heurex.estimators.line_tables_kernel import memory, tables_for
from heurex.estimators.sampling_kernel import drive, rectify, step, weigh
from heurex.kernels import reals

KERNEL = True
ADD, MUL = 0, 1


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
    tables = tables_for(w_hi, w_oh, ops)
    numbers, counts = memory(d, n, tables[3].shape[0] + 2)
    preactivation, state, levels = reals(d, LANES), reals(d, LANES), reals(d, LANES)
    pair, heights, where = reals(2, LANES), reals(2, LANES), np.zeros((2, LANES), np.int64)
    shared, unsure, doubt = reals(LANES), np.zeros(LANES), 0.0
    for start in range(0, total, LANES):
        lanes = min(LANES, total - start)
        for i in range(n - 1):
            drive(w_hi, points[i, start:], lanes, False, preactivation)
            if i > 0:
                step(w_hh, state, preactivation, lanes)
            rectify(preactivation, state, lanes, 0.0)
        for j in range(d):
            weigh(w_hh[j], state, levels[j], lanes)
        for t in range(lanes):
            for k in range(2):
                pair[k, t], heights[k, t], where[k, t] = (
                    tops[start + t, k],
                    known[start + t, k],
                    places[start + t, k],
                )
        line_shares(
            levels, pair, where, heights, w_hi, w_oh, tables, series, rounding, numbers, counts, lanes, shared, unsure,
            ops,
        )  # fmt: skip
        for t in range(lanes):
            found[start + t] = shared[t]
            doubt += unsure[t]
    ops[ADD] += total * ((n - 2) * d * d + d * (d - 1))
    ops[MUL] += total * ((n - 1) * d + (n - 1) * d * d)
    return doubt
