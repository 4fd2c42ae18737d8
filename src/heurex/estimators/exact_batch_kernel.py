"""Kernel: exact accuracies of a stack of models by strips, in room that is made once."""

import numpy as np

from heurex.estimators.exact_arcs_kernel import (
    COUNTS,
    DOUBT,
    MARK_COLUMNS,
    POINT_COLUMNS,
    SLACK,
    TROUBLE,
)
from heurex.estimators.exact_circle_kernel import right_angle
from heurex.estimators.exact_faces_kernel import CHANGES
from heurex.estimators.exact_rays_kernel import SLOTS
from heurex.estimators.exact_strips_kernel import right_share
from heurex.kernels import reals

KERNEL = True


def share_batch(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, idle: int, meets: np.ndarray, bound: bool,
    values: np.ndarray, slacks: np.ndarray, flags: np.ndarray,
) -> None:  # fmt: skip
    """Accuracies for three inputs.

    Parameters
    ----------
    w_hi, w_hh, w_oh
        Weights, shapes ``(models, d)``, ``(models, d, d)``, ``(models, 3, d)``.
    idle
        1 to add a neuron that reads x_2 only and tells nothing, else 0.
    meets
        See :func:`heurex.estimators.exact_strips_kernel.right_share`.
    bound
        Whether the error is to be bounded; the values do not depend on it.
    values, slacks, flags
        Out: accuracies; bounds on their errors, times 2 pi; ``(models, 2)``, trouble and doubt.
    """
    d = w_hi.shape[1]
    all_neurons = d + idle
    # a strip has at most a (a - 1) / 2 crossings of lines, and a face at most 8 changes
    room = SLOTS * (3 * all_neurons + 4) + 2 + 8 * all_neurons * all_neurons + 64 * all_neurons + 100
    kinds, on = np.zeros(all_neurons, np.int64), np.zeros(all_neurons, np.int64)
    weights, leads, sums = reals(all_neurons, d), reals(2, all_neurons), reals(2, all_neurons)
    points, marks = reals(room, POINT_COLUMNS), np.zeros((room, MARK_COLUMNS), np.int64)
    total, count = reals(3), np.zeros(COUNTS, np.int64)
    zeros, order = reals(SLOTS, all_neurons), np.zeros((SLOTS, all_neurons), np.int64)
    scales, cuts = reals(2, SLOTS, all_neurons), np.zeros((SLOTS * (all_neurons + 1) + 1, 7), np.int64)
    z, loud, now = reals(all_neurons), reals(all_neurons), np.zeros((2, all_neurons), np.int64)
    found = np.zeros((all_neurons + 1, CHANGES, 3), np.int64)
    counts, bits, rest = (
        np.zeros(all_neurons + 1, np.int64),
        np.zeros(all_neurons + 1, np.int64),
        np.zeros(3, np.int64),
    )
    shares, hidden, received = reals(all_neurons), reals(d), reals(all_neurons)
    for b in range(w_hi.shape[0]):
        values[b] = right_share(
            w_hi[b], w_hh[b], w_oh[b], kinds, weights, leads, sums, points, marks, total, count, zeros, order,
            scales, cuts, on, z, loud, now, found, counts, bits, rest, shares, hidden, received, meets, bound,
        )  # fmt: skip
        slacks[b] = total[SLACK]
        flags[b, 0], flags[b, 1] = count[TROUBLE], count[DOUBT]


def angle_batch(
    w_hi: np.ndarray, w_hh: np.ndarray, w_oh: np.ndarray, bound: bool,
    values: np.ndarray, slacks: np.ndarray, flags: np.ndarray,
) -> None:  # fmt: skip
    """Accuracies for two inputs; arguments as for :func:`share_batch`."""
    d = w_hi.shape[1]
    kinds, count = np.zeros(d, np.int64), np.zeros(COUNTS, np.int64)
    leads, sums, total = reals(d), reals(2, d), reals(3)
    for b in range(w_hi.shape[0]):
        values[b] = right_angle(w_hi[b], w_hh[b], w_oh[b], kinds, leads, sums, total, count, bound)
        slacks[b] = total[SLACK]
        flags[b, 0], flags[b, 1] = 0, count[DOUBT]
