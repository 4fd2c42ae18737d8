"""Kernel: the symmetric version's events as cones in five dimensions, from weights to value.

An event is a sign pattern of u_3, an ordering of the inputs, and the label's logit being the largest once
Gaussian noise is added. The noise enters through the label's two margins only, so two standard normal
variables z with margins ``m(x) + L z`` stand for it, and the event is a cone of six half-spaces in (x, z).
Changing the sign of x maps the events onto each other, so half of them are measured.

Source: Hilton (2024), "Version based on George's approach".
"""

from math import sqrt

import numpy as np

from heurex.cones.event import event_fraction
from heurex.kernels import reals
from heurex.symmetry_kernel import last_state_map, least_asymmetric, noise_covariance

KERNEL = True

# A variance below this share of the sum that it is the rest of is rounding, and no noise.
NO_NOISE = 1e-15


def margin_factor(cov: np.ndarray, label: int, out: np.ndarray) -> None:
    """Lower triangular L with L L^T the covariance of the label's margins over its two rivals."""
    j = 0 if label != 0 else 1
    k = 3 - label - j
    own = cov[label, label] - cov[label, j]
    var_j = own - (cov[label, j] - cov[j, j])
    mixed = own - (cov[label, k] - cov[j, k])
    var_k = (cov[label, label] - cov[label, k]) - (cov[label, k] - cov[k, k])
    out[0, 0] = out[0, 1] = out[1, 0] = out[1, 1] = 0.0
    if var_j > 0:
        out[0, 0] = sqrt(var_j)
        out[1, 0] = mixed / out[0, 0]
    rest = var_k - out[1, 0] * out[1, 0]
    if rest > NO_NOISE * var_k:
        out[1, 1] = sqrt(rest)


def event_normals(
    state_map: np.ndarray,
    w_oh_sym: np.ndarray,
    factors: np.ndarray,
    signs: np.ndarray,
    ordering: np.ndarray,
    out: np.ndarray,
) -> None:
    """The six half-spaces of an event, ``(6, 5)``: two signs, two for the ordering, two margins."""
    label = ordering[1]
    for row in range(6):
        for column in range(5):
            out[row, column] = 0.0
    for r in range(2):
        for t in range(3):
            out[r, t] = state_map[r, t] if signs[r] > 0 else -state_map[r, t]
        out[2 + r, ordering[r]] = 1.0
        out[2 + r, ordering[r + 1]] = -1.0
    row = 4
    for rival in range(3):
        if rival != label:
            first = w_oh_sym[label, 0] - w_oh_sym[rival, 0]
            second = w_oh_sym[label, 1] - w_oh_sym[rival, 1]
            for t in range(3):
                out[row, t] = first * out[0, t] + second * out[1, t]
            out[row, 3] = factors[label, row - 4, 0]
            out[row, 4] = factors[label, row - 4, 1]
            row += 1


def symmetric(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    pairings: np.ndarray,
    orderings: np.ndarray,
    fractions: np.ndarray,
    errors: np.ndarray,
) -> tuple[int, float, float]:
    """The symmetric version's estimate for d = 4, n = 3.

    Parameters
    ----------
    w_hi, w_hh, w_oh
        Weights, shapes ``(4,)``, ``(4, 4)``, ``(3, 4)``.
    pairings
        The pairings to choose from by least asymmetry, ``(pairings, 2, 2)``.
    orderings
        All orderings of the inputs, ``(6, 3)``.
    fractions, errors
        Out, ``(2, 6)``: fraction and error of each event with u_0 > 0, by the sign of u_1 and the ordering.

    Returns
    -------
    Which pairing was used, the estimate, and its numerical error.
    """
    sym = (reals(2), reals(2, 2), reals(3, 2))
    eps = (reals(4), reals(4, 4), reals(3, 4))
    best = least_asymmetric(w_hi, w_hh, w_oh, pairings, sym, eps)
    state_map, cov, factors, normals = reals(2, 3), reals(3, 3), reals(3, 2, 2), reals(6, 5)
    last_state_map(sym, state_map)
    noise_covariance(w_hh, w_oh, pairings[best], sym, eps, cov)
    for label in range(3):
        margin_factor(cov, label, factors[label])
    signs = np.ones(2, np.int64)
    value, error = 0.0, 0.0
    for s in range(2):
        signs[1] = 1 - 2 * s
        for i in range(orderings.shape[0]):
            event_normals(state_map, sym[2], factors, signs, orderings[i], normals)
            fractions[s, i], errors[s, i] = event_fraction(normals)
            value = value + 2 * fractions[s, i]
            error = error + 2 * errors[s, i]
    return best, value, error


def symmetric_batch(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    pairings: np.ndarray,
    orderings: np.ndarray,
    values: np.ndarray,
    errors: np.ndarray,
) -> None:
    """:func:`symmetric` for each of a stack of models."""
    event_fractions, event_errors = reals(2, 6), reals(2, 6)
    for b in range(w_hi.shape[0]):
        _, values[b], errors[b] = symmetric(
            w_hi[b], w_hh[b], w_oh[b], pairings, orderings, event_fractions, event_errors
        )
