"""Kernel: the presumption of independence inside a cell, for any number of neurons and logits.

On a cell the preactivations are linear, so a pointed cone with their values at its corners says all. The last
ReLU is replaced by gates that are presumed independent of the preactivations: a gate has the mean and the
variance of "this neuron is on" over the cell, and all gates of a step share one latent variable. The logits are
then linear on the cell as well.

Columns of a corner: 0..2 the ray, 3.. the preactivations of one step.

Source: Hilton (2024), "Original version".
"""

from math import sqrt

import numpy as np

from heurex.cones.corners import clear_side, fraction, keep_positive, side

KERNEL = True

RAY = np.int64(3)
MINOR = True
# The gates change their form above p = 1/2, so that a p that is 1/2 by symmetry must not be above it by rounding.
HALF = 0.5 + 1e-12
# A margin is taken for zero when it is below this share of its largest term: rounding, not a value.
ROUNDING = 1e-15
# A chance that is nearer to 1 than this is measured by what it lacks.
NEARLY = 1e-6
# Variances below this cannot be told from none; and its square root.
SLIVER = 1e-16
SLIVER_ROOT = 1e-8
# No more is lost of a cell's fraction to rounding than this, times how badly its events are conditioned.
PRECISION = 2e-16


def latent_gates(probs: np.ndarray, variances: np.ndarray, shifts: np.ndarray, gates: np.ndarray) -> float:
    """Gate values for Z = 0 and Z = 1, rows of ``gates``; returns how well the worst of them is known.

    A gate that is open with probability p takes two values with mean p and variance p (1 - p), the rarer event
    at Z = 1. ``shifts`` are sqrt(q / (1 - q)) and its inverse for P(Z = 1) = q. What is returned times the
    error of a gate's standard deviation is the precision of a fraction; it is 1 where all gates are certain.
    """
    tightest = 1.0
    for j in range(probs.shape[0]):
        p = probs[j]
        if variances[j] == 0:
            gates[0, j] = p
            gates[1, j] = p
            continue
        sigma = sqrt(variances[j])
        # a rounding of 1e-16 in the variance moves its root by 1e-16 / sigma, but by no more than sigma
        tightest = min(tightest, sigma if sigma > SLIVER_ROOT else SLIVER / sigma)
        if p <= HALF:
            gates[0, j] = p - shifts[0] * sigma
            gates[1, j] = p + shifts[1] * sigma
        else:
            gates[0, j] = p + shifts[0] * sigma
            gates[1, j] = p - shifts[1] * sigma
    return tightest


def mean_gates(probs: np.ndarray, gates: np.ndarray) -> None:
    """Gates at their means, row 0 of ``gates``."""
    for j in range(probs.shape[0]):
        gates[0, j] = probs[j]


def minor_share(
    corners: np.ndarray, m: int, whole: float, column: int, positive: bool, one: np.ndarray
) -> float:
    """Share of a cell in which a value is positive, or else in which it is negative, measured on that side."""
    if not positive:
        for i in range(m):
            corners[i, column] = -corners[i, column]
    share = fraction(one, keep_positive(corners, m, column, RAY, one)) / whole
    if not positive:
        for i in range(m):
            corners[i, column] = -corners[i, column]
    return max(0.0, share)


def gate_probabilities(
    corners: np.ndarray, m: int, whole: float, one: np.ndarray, probs: np.ndarray, variances: np.ndarray
) -> float:
    """Chance p within a cell, of fraction ``whole``, that each preactivation is positive, and p (1 - p).

    p is 0 or 1 when no corner lies on the other side, never because a quotient rounds to it. Where little is
    left on the other side it is measured there: 1 - p would be all rounding, and its root decides the gates.
    Returns the largest share that was taken for none because it lies beyond zero by no more than rounding.
    """
    passed_over = 0.0
    for j in range(probs.shape[0]):
        s = clear_side(corners, m, RAY + j)
        probs[j] = 1.0 if s == 1 else 0.0
        variances[j] = 0.0
        if s != 2:
            if side(corners, m, RAY + j) == 2:
                passed_over = max(passed_over, minor_share(corners, m, whole, RAY + j, s == -1, one))
            continue
        p = minor_share(corners, m, whole, RAY + j, MINOR, one)
        rest = 1 - p
        if rest < NEARLY:
            rest = minor_share(corners, m, whole, RAY + j, not MINOR, one)
            p = 1 - rest
        if p > 0 and rest > 0:
            probs[j] = p
            variances[j] = p * rest
        elif p > 0:
            probs[j] = 1.0
    return passed_over


def leads(w_oh: np.ndarray, out: np.ndarray) -> None:
    """``out[label, rival]`` is row ``label`` minus row ``rival`` of the output weights, ``(n, n, d)``."""
    for label in range(w_oh.shape[0]):
        for rival in range(label):
            for j in range(w_oh.shape[1]):
                out[label, rival, j] = w_oh[label, j] - w_oh[rival, j]
                out[rival, label, j] = -out[label, rival, j]


def gated_margin(
    corners: np.ndarray, m: int, lead: np.ndarray, gates: np.ndarray, weights: np.ndarray,
    out: np.ndarray, column: int,
) -> tuple[float, bool]:  # fmt: skip
    """Write a margin of the gated logits at every corner to a column of ``out``.

    Returns its largest term over its largest value, how badly it is conditioned (infinite where no value is
    left), and whether it vanishes everywhere by rounding only.
    """
    largest, most = 0.0, 0.0
    rounded = False
    for j in range(lead.shape[0]):
        weights[j] = lead[j] * gates[j] if gates[j] != 0 and lead[j] != 0 else 0.0
    for i in range(m):
        total, top = 0.0, 0.0
        for j in range(lead.shape[0]):
            if weights[j] != 0 and corners[i, RAY + j] != 0:
                term = weights[j] * corners[i, RAY + j]
                total = total + term if top > 0 else term
                top = max(top, abs(term))
        if abs(total) <= ROUNDING * top:
            rounded = rounded or top > 0
            total = 0.0
        out[i, column] = total
        largest = max(largest, top)
        most = max(most, abs(total))
    if most == 0:
        return 1.0, rounded
    return largest / most, False


def label_fraction(
    corners: np.ndarray, m: int, whole: float, lead: np.ndarray, gates: np.ndarray, label: int,
    weights: np.ndarray, here: np.ndarray, one: np.ndarray, two: np.ndarray,
) -> tuple[float, float, bool]:  # fmt: skip
    """Fraction of a cell in which the label's logit, with these gates, is the first largest one.

    ``lead`` holds the label's row of :func:`leads`. Returns the fraction, how badly it is conditioned, and
    whether a tie was decided that rounding alone produced. A tie of exact zeros goes to the first index.
    """
    n = lead.shape[0]
    worst = 1.0
    doubtful = False
    for i in range(m):
        for w in range(3):
            here[i, w] = corners[i, w]
    for rival in range(n):
        if rival != label:
            condition, rounded = gated_margin(corners, m, lead[rival], gates, weights, here, RAY + rival)
            doubtful = doubtful or rounded
            worst = max(worst, condition)
        else:
            for i in range(m):
                here[i, RAY + rival] = 0.0
    cuts = 0
    for rival in range(n):
        if rival == label:
            continue
        s = clear_side(here, m, RAY + rival)
        if s == -1 or (s == 0 and rival < label):
            return 0.0, worst, doubtful
        if s == 2:
            there = one if cuts == 0 else two
            m = keep_positive(here, m, RAY + rival, RAY + n, there)
            here = there
            cuts += 1
    return whole if cuts == 0 else fraction(here, m), worst, doubtful
