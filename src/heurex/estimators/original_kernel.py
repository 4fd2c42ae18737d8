"""Kernel: the note's original estimator for M_{4,3}, from weights to value.

First the order of the neurons is found in which the note's sixteen inequalities hold; then the plane of
(x_0, x_1) is cut into strips on which h_2 is taken for linear; then every subregion is measured
(:mod:`heurex.estimators.strips_kernel`).

Source: Hilton (2024), "Original version".
"""

import numpy as np

from heurex.estimators.step_two_kernel import (
    MAX_RAYS,
    MAX_STRIPS,
    MERGED,
    SIGNED,
    merged_strips,
    signed_strips,
    true_strips,
)
from heurex.estimators.strips_kernel import add_up_strips, latent_shifts
from heurex.kernels import reals

KERNEL = True

CHECKS = 16
# Relative difference below which two orders count as equally asymmetric.
EQUAL = 1e-12


def responses(w_hi: np.ndarray, w_hh: np.ndarray, sums: np.ndarray) -> None:
    """``sums[p, q, j]``: what neuron j receives from neurons p < q after one unit of input, for all pairs."""
    products = reals(4, 4)
    for p in range(4):
        for j in range(4):
            products[p, j] = w_hh[j, p] * w_hi[p]
    for p in range(4):
        for q in range(p + 1, 4):
            for j in range(4):
                sums[p, q, j] = products[p, j] + products[q, j]


def pair_responses(w_hi: np.ndarray, sums: np.ndarray, order: np.ndarray, out: np.ndarray) -> None:
    """Rows of ``out``: a_j, b_j and c_j in the given order of the neurons."""
    for j in range(4):
        out[0, j] = sums[min(order[0], order[1]), max(order[0], order[1]), order[j]]
        out[1, j] = sums[min(order[2], order[3]), max(order[2], order[3]), order[j]]
        out[2, j] = w_hi[order[j]]


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


def sixteen_checks(abc: np.ndarray, holds: np.ndarray, wanted: int) -> int:
    """Decide the note's sixteen inequalities; return how many hold.

    The four slopes are left undecided where fewer than ``wanted`` could hold in any case.
    """
    a, b, c = abc[0], abc[1], abc[2]
    signed = (a[3], -a[0], a[2], -a[1], b[3], -b[0], b[2], -b[1], c[0], -c[3], c[1], -c[2])
    count = 0
    for i in range(12):
        holds[i] = signed[i] > 0
        if holds[i]:
            count += 1
    if count + 4 < wanted:
        return count
    gamma_0, gamma_1 = c[0] - c[3], c[1] - c[2]
    holds[12] = is_less(gamma_0, a[3] - a[0])
    holds[13] = is_less(gamma_0, b[3] - b[0])
    holds[14] = is_more(gamma_1, a[2] - a[1])
    holds[15] = is_more(gamma_1, b[2] - b[1])
    for i in range(12, CHECKS):
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
    sums: np.ndarray,
    orders: np.ndarray,
    abc: np.ndarray,
    holds: np.ndarray,
) -> tuple[int, int]:
    """The best of the 24 orders: most checks, then least asymmetry, then the first in ``orders``.

    Returns its index and how many checks hold in it.
    """
    best, best_count = np.int64(-1), np.int64(-1)
    best_asymmetry = 0.0
    known = False
    for i in range(orders.shape[0]):
        pair_responses(w_hi, sums, orders[i], abc)
        count = sixteen_checks(abc, holds, best_count)
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


def original(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    orders: np.ndarray,
    switches: np.ndarray,
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
    switches
        Which approximations are made, ``(3,)``: regions 0 merged, 1 signed, 2 true; gates 0 latent, 1 mean,
        2 exact; unlikely subregions 0 a third, 1 like the others.
    latent_prob
        q, the chance that the latent variable is 1.
    sink, sink_corners
        Out, or of length 0: every computed fraction and each subregion's rays, as in
        :func:`heurex.estimators.strips_kernel.add_up_strips`.

    Returns
    -------
    The estimate (0 unless all sixteen checks hold), the smallest positive standard deviation of a gate, the
    index of the best order, how many checks hold in it, how many fractions were computed.
    """
    abc, sums = reals(3, 4), reals(4, 4, 4)
    holds = np.zeros(CHECKS, np.bool_)
    responses(w_hi, w_hh, sums)
    best, count = find_order(w_hi, w_hh, w_oh, sums, orders, abc, holds)
    if count < CHECKS:
        return 0.0, 1.0, best, count, 0
    order = orders[best]
    pair_responses(w_hi, sums, order, abc)
    w_hh_ordered, w_oh_ordered = reals(4, 4), reals(3, 4)
    for j in range(4):
        for k in range(4):
            w_hh_ordered[j, k] = w_hh[order[j], order[k]]
        for i in range(3):
            w_oh_ordered[i, j] = w_oh[i, order[j]]
    rays, states, shifts = reals(MAX_RAYS, 2), reals(MAX_STRIPS, 2, 4), reals(2)
    between, regions = np.zeros((MAX_STRIPS, 2), np.int64), np.zeros((MAX_STRIPS, 2), np.int64)
    for i in range(MAX_RAYS):
        rays[i, 0] = rays[i, 1] = 0.0
    if switches[0] == MERGED:
        strips = merged_strips(abc, rays, between, states, regions)
    elif switches[0] == SIGNED:
        strips = signed_strips(abc, rays, between, states, regions)
    else:
        strips = true_strips(abc, rays, between, states, regions)
    latent_shifts(latent_prob, shifts)
    value, tightest, fractions = add_up_strips(
        abc[2], w_hh_ordered, w_oh_ordered, rays, between, states, regions, strips,
        switches, latent_prob, shifts, sink, sink_corners,
    )  # fmt: skip
    return value, tightest, best, count, fractions


def original_batch(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    orders: np.ndarray,
    switches: np.ndarray,
    latent_prob: float,
    values: np.ndarray,
    tightest: np.ndarray,
    counts: np.ndarray,
) -> None:
    """:func:`original` for each of a stack of models; ``counts`` is ``(models, 3)``: order, checks, fractions."""
    no_sink, no_corners = reals(0, 5), reals(0, 1, 3)
    for b in range(w_hi.shape[0]):
        value, tight, best, holding, fractions = original(
            w_hi[b], w_hh[b], w_oh[b], orders, switches, latent_prob, no_sink, no_corners
        )
        values[b] = value
        tightest[b] = tight
        counts[b, 0], counts[b, 1], counts[b, 2] = best, holding, fractions
