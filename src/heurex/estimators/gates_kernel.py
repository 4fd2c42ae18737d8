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
# Rounding of a fraction, or of a preactivation relative to its size.
SLIVER = 1e-16


def latent_gates(probs: np.ndarray, spreads: np.ndarray, shifts: np.ndarray, gates: np.ndarray) -> bool:
    """Gate values for Z = 0 and Z = 1, rows of ``gates``; returns whether any of them differ.

    A gate that is open with probability p takes two values with mean p and standard deviation ``spreads``,
    the rarer event at Z = 1. ``shifts`` are sqrt(q / (1 - q)) and its inverse for P(Z = 1) = q.
    """
    differ = False
    for j in range(probs.shape[0]):
        p, sigma = probs[j], spreads[j]
        if sigma == 0:
            gates[0, j] = p
            gates[1, j] = p
            continue
        differ = True
        if p <= HALF:
            gates[0, j] = p - shifts[0] * sigma
            gates[1, j] = p + shifts[1] * sigma
        else:
            gates[0, j] = p + shifts[0] * sigma
            gates[1, j] = p - shifts[1] * sigma
    return differ


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
    corners: np.ndarray, m: int, whole: float, one: np.ndarray,
    probs: np.ndarray, spreads: np.ndarray, passed: np.ndarray,
) -> None:  # fmt: skip
    """Chance p within a cell, of fraction ``whole``, that each preactivation is positive, and sqrt(p (1 - p)).

    p is 0 or 1 when no corner lies on the other side, never because a quotient rounds to it. Where little is
    left on the other side it is measured there: 1 - p would be all rounding, and its root decides the gates.
    ``passed`` is the share that was taken for none because it lies beyond zero by no more than rounding.
    """
    for j in range(probs.shape[0]):
        s = clear_side(corners, m, RAY + j)
        probs[j] = 1.0 if s == 1 else 0.0
        spreads[j] = 0.0
        passed[j] = 0.0
        if s != 2:
            if side(corners, m, RAY + j) == 2:
                passed[j] = minor_share(corners, m, whole, RAY + j, s == -1, one)
            continue
        p = minor_share(corners, m, whole, RAY + j, MINOR, one)
        rest = 1 - p
        if rest < NEARLY:
            rest = minor_share(corners, m, whole, RAY + j, not MINOR, one)
            p = 1 - rest
        if p > 0 and rest > 0:
            probs[j] = p
            spreads[j] = sqrt(p * rest)
        elif p > 0:
            probs[j] = 1.0


def wobbles(
    corners: np.ndarray, m: int, whole: float, spreads: np.ndarray, passed: np.ndarray, drift: np.ndarray,
    gates: np.ndarray, shifts: np.ndarray, latent: bool, out: np.ndarray,
) -> None:  # fmt: skip
    """By how much rounding can move each gated preactivation anywhere on a cell; rows as those of ``gates``.

    ``drift`` is the relative error that the preactivations bring along. An error e in p (1 - p) moves its root
    by e over it; what rounding alone does to a share that was measured by itself stays below that share.
    """
    noise = SLIVER / whole
    for j in range(spreads.shape[0]):
        reach = 0.0
        for i in range(m):
            reach = max(reach, abs(corners[i, RAY + j]))
        sigma, mean = spreads[j], passed[j]
        slip = sqrt(mean) if mean > 0 and latent else 0.0
        if sigma > 0:
            mean = noise + drift[j]
            if latent:
                slip = min(noise / sigma, sigma)
                if drift[j] > 0:
                    slip = slip + min(drift[j] / sigma, sqrt(drift[j]))
        for which in range(2 if latent else 1):
            loose = (1 + shifts[which]) * slip if latent else mean
            out[which, j] = reach * (loose + abs(gates[which, j]) * (SLIVER + drift[j]))


def drifts(corners: np.ndarray, m: int, w_hh: np.ndarray, wobble: np.ndarray, out: np.ndarray) -> None:
    """The relative error of each preactivation of the next step, from that of the gated ones before it."""
    most = 0.0
    for j in range(wobble.shape[0]):
        most = max(most, wobble[j])
    for k in range(wobble.shape[0]):
        reach, weight = 0.0, 0.0
        for i in range(m):
            reach = max(reach, abs(corners[i, RAY + k]))
        for j in range(wobble.shape[0]):
            weight = max(weight, abs(w_hh[k, j]))
        out[k] = most * weight / reach if reach > 0 else 0.0


def leads(w_oh: np.ndarray, out: np.ndarray) -> None:
    """``out[label, rival]`` is row ``label`` minus row ``rival`` of the output weights, ``(n, n, d)``."""
    for label in range(w_oh.shape[0]):
        for rival in range(label):
            for j in range(w_oh.shape[1]):
                out[label, rival, j] = w_oh[label, j] - w_oh[rival, j]
                out[rival, label, j] = -out[label, rival, j]


def gated_margin(
    corners: np.ndarray, m: int, lead: np.ndarray, gates: np.ndarray, wobble: np.ndarray,
    weights: np.ndarray, out: np.ndarray, column: int,
) -> tuple[float, bool]:  # fmt: skip
    """Write a margin of the gated logits at every corner to a column of ``out``.

    Returns its error relative to its largest value, and whether it vanishes everywhere by rounding only.
    """
    slack, most = 0.0, 0.0
    rounded = False
    for j in range(lead.shape[0]):
        weights[j] = lead[j] * gates[j] if gates[j] != 0 and lead[j] != 0 else 0.0
        slack = max(slack, abs(lead[j]) * wobble[j])
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
        most = max(most, abs(total))
    if most == 0:
        return 1.0 if slack > 0 else 0.0, rounded
    return slack / most, False


def label_fraction(
    corners: np.ndarray, m: int, whole: float, lead: np.ndarray, gates: np.ndarray,
    wobble: np.ndarray, label: int, weights: np.ndarray, here: np.ndarray, one: np.ndarray, two: np.ndarray,
) -> tuple[float, float, bool]:  # fmt: skip
    """Fraction of a cell in which the label's logit, with these gates, is the first largest one.

    ``lead`` holds the label's row of :func:`leads`. Returns the fraction, its error relative to the cell,
    and whether a tie was decided that rounding alone produced. A tie of exact zeros goes to the first index.
    """
    n = lead.shape[0]
    worst = 0.0
    doubtful = False
    for i in range(m):
        for w in range(3):
            here[i, w] = corners[i, w]
    for rival in range(n):
        if rival != label:
            error, rounded = gated_margin(corners, m, lead[rival], gates, wobble, weights, here, RAY + rival)
            doubtful = doubtful or rounded
            worst = max(worst, error)
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
