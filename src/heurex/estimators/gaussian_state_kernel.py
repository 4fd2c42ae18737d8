"""Kernel: mean and covariance of a Gaussian state through ReLU steps, and how surely one logit is then the largest."""

from math import asin, erfc, exp, sin, sqrt

import numpy as np

from heurex.kernels import reals

KERNEL = True

ROOT_HALF = 0.7071067811865476
ROOT_TWO_PI = 2.5066282746310002
TWO_PI = 6.283185307179586
# Variances below this share of the second moment are rounding.
FLAT = 1e-13


def phi(t: float) -> float:
    """Distribution function of the standard normal law."""
    return 0.5 * erfc(-ROOT_HALF * t)


def density(t: float) -> float:
    """Density of the standard normal law."""
    return exp(-0.5 * t * t) / ROOT_TWO_PI


def both_below(a: float, b: float, r: float, rule: np.ndarray) -> float:
    """P(x < a, y < b) for standard normals of correlation r; absolute error below 1e-14. Source: Genz (2004)."""
    h, k = -a, -b
    product = h * k
    total = 0.0
    if abs(r) < 0.925:
        half = (h * h + k * k) / 2
        angle = asin(r)
        for i in range(rule.shape[1]):
            s = sin(angle * (rule[0, i] + 1) / 2)
            total = total + rule[1, i] * exp((s * product - half) / (1 - s * s))
        return total * angle / (2 * TWO_PI) + phi(-h) * phi(-k)
    if r < 0:
        k, product = -k, -product
    if abs(r) < 1:
        square = (1 - r) * (1 + r)
        width = sqrt(square)
        gap = (h - k) * (h - k)
        c, e = (4 - product) / 8, (12 - product) / 16
        power = -(gap / square + product) / 2
        if power > -100:
            total = (
                width
                * exp(power)
                * (1 - c * (gap - square) * (1 - e * gap / 5) / 3 + c * e * square * square / 5)
            )
        if -product < 100:
            far = sqrt(gap)
            total = total - exp(-product / 2) * ROOT_TWO_PI * phi(-far / width) * far * (
                1 - c * gap * (1 - e * gap / 5) / 3
            )
        width = width / 2
        for i in range(rule.shape[1]):
            x = width * (rule[0, i] + 1)
            x = x * x
            power = -(gap / x + product) / 2
            if power > -100:
                root = sqrt(1 - x)
                total = total + width * rule[1, i] * exp(power) * (
                    exp(-product * (1 - root) / (2 * (1 + root))) / root - (1 + c * x * (1 + e * x))
                )
        total = -total / TWO_PI
    if r > 0:
        return total + phi(-max(h, k))
    total = -total
    return total + (phi(k) - phi(h)) if k > h else total


def side(gap: float, width: float) -> float:
    """Phi(gap / width), also where the width is 0."""
    if width > 0:
        return phi(gap / width)
    return 1.0 if gap > 0 else (0.0 if gap < 0 else 0.5)


def both_positive_parts(a: float, b: float, r: float, rule: np.ndarray) -> float:
    """E[x+ y+] for normals of unit variance, means a and b, correlation r."""
    square = (1 - r) * (1 + r)
    if square <= FLAT:
        r = 1.0 if r > 0 else -1.0
        square = 0.0
    width = sqrt(square)
    found = (a * b + r) * both_below(a, b, r, rule)
    found = found + a * density(b) * side(a - r * b, width) + b * density(a) * side(b - r * a, width)
    if square > 0:
        found = found + width * exp(-0.5 * (a * a - 2 * r * a * b + b * b) / square) / TWO_PI
    return max(found, 0.0)


def rectify(mean: np.ndarray, cov: np.ndarray, rule: np.ndarray, scaled: np.ndarray, sd: np.ndarray) -> None:
    """Mean and covariance of a Gaussian vector to those of its positive parts, in place."""
    d = mean.shape[0]
    for j in range(d):
        if cov[j, j] > FLAT * (mean[j] * mean[j] + cov[j, j]):
            sd[j] = sqrt(cov[j, j])
            scaled[j] = mean[j] / sd[j]
        else:
            sd[j] = 0.0
            scaled[j] = mean[j]
    for j in range(d):
        a = scaled[j]
        if sd[j] == 0:
            mean[j] = a if a > 0 else 0.0
        else:
            mean[j] = max(sd[j] * (a * phi(a) + density(a)), 0.0)
    for j in range(d):
        for k in range(j):
            found = 0.0
            if sd[j] > 0 and sd[k] > 0:
                r = min(max(cov[j, k] / (sd[j] * sd[k]), -1.0), 1.0)
                found = sd[j] * sd[k] * both_positive_parts(scaled[j], scaled[k], r, rule) - mean[j] * mean[k]
            cov[j, k] = found
            cov[k, j] = found
        if sd[j] > 0:
            a = scaled[j]
            square = sd[j] * sd[j] * ((a * a + 1) * phi(a) + a * density(a))
            cov[j, j] = max(square - mean[j] * mean[j], 0.0)
        else:
            cov[j, j] = 0.0


def first_state(w_hi: np.ndarray, node: np.ndarray, mean: np.ndarray, cov: np.ndarray) -> None:
    """The state after a first input below the second largest value; node[4:] are moments of its x+ and x-."""
    d = w_hi.shape[0]
    for j in range(d):
        mean[j] = w_hi[j] * node[4] if w_hi[j] > 0 else -w_hi[j] * node[6]
    for j in range(d):
        for k in range(j + 1):
            product = 0.0
            if w_hi[j] * w_hi[k] > 0:
                product = w_hi[j] * w_hi[k] * (node[5] if w_hi[j] > 0 else node[7])
            cov[j, k] = product - mean[j] * mean[k] if j != k else max(product - mean[j] * mean[k], 0.0)
            cov[k, j] = cov[j, k]


def read_input(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    centre: float,
    variance: float,
    mean: np.ndarray,
    cov: np.ndarray,
    half: np.ndarray,
    z: np.ndarray,
) -> None:
    """State to preactivations, mean and covariance in place; a known input has variance 0."""
    d = w_hi.shape[0]
    for j in range(d):
        total = w_hi[j] * centre
        for k in range(d):
            total = total + w_hh[j, k] * mean[k]
        z[j] = total
        for m in range(d):
            total = w_hh[j, 0] * cov[0, m]
            for k in range(1, d):
                total = total + w_hh[j, k] * cov[k, m]
            half[j, m] = total
    for j in range(d):
        mean[j] = z[j]
        for k in range(j + 1):
            total = half[j, 0] * w_hh[k, 0]
            for m in range(1, d):
                total = total + half[j, m] * w_hh[k, m]
            if variance > 0:
                total = total + variance * w_hi[j] * w_hi[k]
            cov[j, k] = total
            cov[k, j] = total


def all_positive(mean: np.ndarray, cov: np.ndarray, label: int) -> float:
    """P(all margins > 0) of a Gaussian vector, one after the other, each conditioned on those before by two moments.

    A margin that is known to be 0 is a tie: lost to the logits before the label.
    """
    share = 1.0
    for k in range(mean.shape[0]):
        if not cov[k, k] > FLAT * (mean[k] * mean[k]):
            if mean[k] < 0 or (mean[k] == 0 and k < label):
                return 0.0
            continue
        sd = sqrt(cov[k, k])
        a = mean[k] / sd
        p = phi(a)
        share = share * p
        if share < 1e-12:
            return 0.0
        hazard = density(a) / p
        shrink = hazard * (hazard + a)
        for i in range(k + 1, mean.shape[0]):
            c = cov[i, k] / sd
            mean[i] = mean[i] + c * hazard
            for j in range(k + 1, i + 1):
                cov[i, j] = cov[i, j] - c * shrink * (cov[j, k] / sd)
        for i in range(k + 1, mean.shape[0]):
            for j in range(k + 1, i):
                cov[j, i] = cov[i, j]
    return share


def shares(
    w_hi: np.ndarray,
    w_hh: np.ndarray,
    w_oh: np.ndarray,
    where: np.ndarray,
    nodes: np.ndarray,
    rule: np.ndarray,
    share: np.ndarray,
) -> None:
    """How surely the label's logit is the largest, for each node.

    Parameters
    ----------
    where
        Places of the largest and second largest input, ``(k, 2)``.
    nodes
        Their values; mean and variance of the others; first and second moments of the others' positive and negative
        parts: ``(k, 8)``.
    rule
        Gauss-Legendre nodes and weights, ``(2, 20)``.
    share
        Out, ``(k,)``.
    """
    d, n = w_hi.shape[0], w_oh.shape[0]
    mean, cov, half, z, sd = reals(d), reals(d, d), reals(d, d), reals(d), reals(d)
    margin, spread, weights = reals(n - 1), reals(n - 1, n - 1), reals(n - 1, d)
    for at in range(where.shape[0]):
        node = nodes[at]
        label = where[at, 1]
        for t in range(n):
            known = t == where[at, 0] or t == label
            centre = node[0] if t == where[at, 0] else (node[1] if t == label else node[2])
            if t > 0:
                read_input(w_hi, w_hh, centre, 0.0 if known else node[3], mean, cov, half, z)
                rectify(mean, cov, rule, z, sd)
            elif known:
                for j in range(d):
                    value = w_hi[j] * centre
                    mean[j] = value if value > 0 else 0.0
                    for k in range(d):
                        cov[j, k] = 0.0
            else:
                first_state(w_hi, node, mean, cov)
        row = 0
        for i in range(n):
            if i != label:
                total = 0.0
                for j in range(d):
                    weights[row, j] = w_oh[label, j] - w_oh[i, j]
                    total = total + weights[row, j] * mean[j]
                margin[row] = total
                row += 1
        for i in range(n - 1):
            for k in range(d):
                total = 0.0
                for j in range(d):
                    total = total + weights[i, j] * cov[j, k]
                z[k] = total
            for j in range(i + 1):
                total = 0.0
                for k in range(d):
                    total = total + z[k] * weights[j, k]
                spread[i, j] = total
                spread[j, i] = total
        share[at] = all_positive(margin, spread, label)
