"""Kernel: an explanation with linear logits and Gaussian noise in each of many cells, summed over the cells.

A cell is a pointed cone of inputs on which the order of the inputs and the gates that are taken for known are
fixed: a spherical polygon, by its corners. In it the label's margins over its rivals are ``M x + L z``, linear in
the inputs and in n - 1 standard Gaussian variables z. With the polygon cut into triangles, the event that they
are all positive is a sum of cones of five half-spaces in R^5 (n = 3), or one of three in R^3 (n = 2).
"""

from math import sqrt

import numpy as np

from heurex.cones.corners import clear_side, fraction, keep_positive, side, split
from heurex.cones.orthant4 import rows_that_bind
from heurex.cones.orthant56 import fraction_of_few
from heurex.estimators.symmetric_noise_kernel import linear_response
from heurex.kernels import reals

KERNEL = True

# NumPy integers where they are passed on: numba compiles a callee anew for each plain literal.
VALUE = np.int64(3)
WIDTH = np.int64(4)
TRIANGLE = np.int64(3)
FIRST, SECOND = np.int64(0), np.int64(1)
# A variance below this share of the largest of the logits may be rounding.
NO_NOISE = 1e-13
# Cells and triangles of less than this share of space are left out, and added to the error.
NEGLIGIBLE = 1e-15
# A margin is taken for zero below this share of its terms.
ROUNDING = 1e-14

NONE, LAST, ALL = 0, 1, 2


def sign_cells(
    planes: np.ndarray,
    starts: np.ndarray,
    cells: np.ndarray,
    sizes: np.ndarray,
    owners: np.ndarray,
    signs: np.ndarray,
) -> int:
    """Cut cones by planes through the origin; return the number of cells.

    Parameters
    ----------
    planes
        Linear forms, ``(k, n)``.
    starts
        Triangular cones to begin with, ``(cones, 3, 3)``.
    cells, sizes, owners, signs
        Out, of length at least ``cones * (1 + k + k (k - 1) / 2)``: rays in order ``(cells, corners, 4)`` (the
        fourth entry is scratch), how many, which cone a cell is part of, and the sign of each form on it, 0
        where it vanishes, ``(cells, k)``.
    """
    k, n = planes.shape
    room = cells.shape[1]
    above, below = reals(room, 4), reals(room, 4)
    count = 0
    for start in range(starts.shape[0]):
        first = count
        sizes[count], owners[count] = 3, start
        for i in range(3):
            for t in range(3):
                cells[count, i, t] = starts[start, i, t]
        count += 1
        for plane in range(k):
            for cell in range(first, count):
                m = sizes[cell]
                for i in range(m):
                    total = planes[plane, 0] * cells[cell, i, 0]
                    for t in range(1, n):
                        total = total + planes[plane, t] * cells[cell, i, t]
                    cells[cell, i, 3] = total
                where = clear_side(cells[cell], m, VALUE)
                signs[cell, plane] = where
                if where != 2:
                    continue
                upper, lower = split(cells[cell], m, VALUE, WIDTH, above, below)
                signs[cell, plane] = 1
                for other in range(plane):
                    signs[count, other] = signs[cell, other]
                signs[count, plane] = -1
                sizes[cell], sizes[count], owners[count] = upper, lower, start
                for w in range(4):
                    for i in range(upper):
                        cells[cell, i, w] = above[i, w]
                    for i in range(lower):
                        cells[count, i, w] = below[i, w]
                count += 1
    return count


def gates_from_signs(signs: np.ndarray, pairing: np.ndarray, first_step: int, gates: np.ndarray) -> None:
    """Gates of the neurons from the signs of u_t, ``first_step`` and later; 1/2 where a sign is not known."""
    p = pairing.shape[0]
    for step in range(gates.shape[0]):
        for j in range(gates.shape[1]):
            gates[step, j] = 0.5
        if step < first_step:
            continue
        for r in range(p):
            sign = signs[(step - first_step) * p + r]
            if sign != 0:
                gates[step, pairing[r, 0]] = 1.0 if sign > 0 else 0.0
                gates[step, pairing[r, 1]] = 0.0 if sign > 0 else 1.0


def label_factor(cov: np.ndarray, label: int, out: np.ndarray, doubt: np.ndarray) -> None:
    """Triangular factor of the covariance of the label's margins, ``(n - 1, n - 1)``; n = 2 or 3.

    A variance that rounding can make out of larger ones is taken for none; its square root, which would
    stand on the diagonal, goes to ``doubt``.
    """
    n = cov.shape[0]
    j = 0 if label != 0 else 1
    own = cov[label, label] - cov[label, j]
    var_j = own - (cov[label, j] - cov[j, j])
    largest = cov[0, 0] if cov[0, 0] > cov[1, 1] else cov[1, 1]
    for i in range(n - 1):
        for k in range(n - 1):
            out[i, k] = 0.0
    if n == 3 and cov[2, 2] > largest:
        largest = cov[2, 2]
    keep_root(var_j, largest, FIRST, out, doubt)
    if n == 2:
        return
    k = 3 - label - j
    mixed = own - (cov[label, k] - cov[j, k])
    var_k = (cov[label, label] - cov[label, k]) - (cov[label, k] - cov[k, k])
    if out[0, 0] != 0:
        out[1, 0] = mixed / out[0, 0]
    keep_root(var_k - out[1, 0] * out[1, 0], largest, SECOND, out, doubt)


def keep_root(variance: float, largest: float, place: int, out: np.ndarray, doubt: np.ndarray) -> None:
    """Put the root of a variance on the diagonal, or into ``doubt`` if it may be rounding."""
    out[place, place] = 0.0
    doubt[place] = 0.0
    if variance > NO_NOISE * largest:
        out[place, place] = sqrt(variance)
    elif variance != 0:
        doubt[place] = sqrt(abs(variance))


def margin_rows(
    logits: np.ndarray, scales: np.ndarray, factor: np.ndarray, label: int, rows: np.ndarray
) -> bool:
    """Rows ``[M | L]`` of a label's margins, ``(n - 1, 3 + n - 1)``; false if a tie decides against the label.

    A margin that is zero throughout is a tie, which the first of the equal logits wins: then its row is zero.
    """
    n = logits.shape[0]
    row = 0
    for rival in range(n):
        if rival == label:
            continue
        vanishes = True
        for t in range(3):
            rows[row, t] = 0.0
        for t in range(n):
            rows[row, t] = logits[label, t] - logits[rival, t]
            if abs(rows[row, t]) <= ROUNDING * (scales[label, t] + scales[rival, t]):
                rows[row, t] = 0.0
            if rows[row, t] != 0:
                vanishes = False
        for t in range(n - 1):
            rows[row, 3 + t] = factor[row, t]
            if factor[row, t] != 0:
                vanishes = False
        if vanishes and rival < label:
            return False
        row += 1
    return True


def edge(a: np.ndarray, b: np.ndarray, inside: float, out: np.ndarray) -> None:
    """Normal of the plane through two rays, times a sign."""
    out[0] = inside * (a[1] * b[2] - a[2] * b[1])
    out[1] = inside * (a[2] * b[0] - a[0] * b[2])
    out[2] = inside * (a[0] * b[1] - a[1] * b[0])


def noisy_part(corners: np.ndarray, m: int, rows: np.ndarray, n: int) -> tuple[float, float]:
    """Chance that an input is in a polygon and the margins ``rows`` are positive, and its error bound."""
    value, error = 0.0, 0.0
    cone = reals(2 * n - 1, 2 * n - 1)
    triangle = reals(3, 4)
    for i in range(2 * n - 1):
        for c in range(2 * n - 1):
            cone[i, c] = 0.0
    for row in range(n - 1):
        for c in range(2 * n - 1):
            cone[n + row, c] = rows[row, c] if c < n else rows[row, 3 + c - n]
    if n == 2:
        sector_rows(corners, m, cone)
        return fraction_of_few(rows_that_bind(cone))
    for k in range(1, m - 1):
        for t in range(3):
            triangle[0, t], triangle[1, t], triangle[2, t] = corners[0, t], corners[k, t], corners[k + 1, t]
        area = fraction(triangle, TRIANGLE)
        if area < NEGLIGIBLE:
            error = error + area
            continue
        a, b, c = triangle[0], triangle[1], triangle[2]
        edge(a, b, 1.0, cone[0])
        inside = 1.0 if cone[0, 0] * c[0] + cone[0, 1] * c[1] + cone[0, 2] * c[2] > 0 else -1.0
        edge(a, b, inside, cone[0])
        edge(b, c, inside, cone[1])
        edge(c, a, inside, cone[2])
        part, part_error = fraction_of_few(rows_that_bind(cone))
        value, error = value + part, error + part_error
    return value, error


def sector_rows(corners: np.ndarray, m: int, cone: np.ndarray) -> None:
    """The two half-planes of a sector from the rays of its cone, of which the third is the idle axis."""
    first, last = -1, -1
    for i in range(m):
        if corners[i, 2] == 0:
            if first < 0:
                first = i
            last = i
    a, b = corners[first], corners[last]
    inside = 1.0 if a[0] * b[1] - a[1] * b[0] > 0 else -1.0
    cone[0, 0], cone[0, 1] = -inside * a[1], inside * a[0]
    cone[1, 0], cone[1, 1] = inside * b[1], -inside * b[0]


def sure_part(
    corners: np.ndarray, m: int, rows: np.ndarray, n: int, here: np.ndarray, there: np.ndarray
) -> float:
    """Fraction of a polygon in which the margins, without noise, are positive."""
    for i in range(m):
        for t in range(3):
            here[i, t] = corners[i, t]
    for row in range(n - 1):
        for i in range(m):
            total = rows[row, 0] * here[i, 0]
            for t in range(1, n):
                total = total + rows[row, t] * here[i, t]
            here[i, 3] = total
        where = side(here, m, VALUE)
        if where == -1:
            return 0.0
        if where == 2:
            m = keep_positive(here, m, VALUE, WIDTH, there)
            here, there = there, here
    return fraction(here, m)


def add_up(
    carrier: tuple[np.ndarray, np.ndarray, np.ndarray],
    weights: tuple[np.ndarray, np.ndarray, np.ndarray],
    eps: tuple[np.ndarray, np.ndarray, np.ndarray],
    before: np.ndarray,
    noise_cov: np.ndarray,
    condition: int,
    joint: bool,
    cells: np.ndarray,
    sizes: np.ndarray,
    labels: np.ndarray,
    gates: np.ndarray,
    measures: np.ndarray,
) -> None:
    """Fraction of each cell, its share in which the label wins, and the error of that share.

    Parameters
    ----------
    carrier, weights, eps
        Weights that are kept, the model's own, and what the first leave of the second.
    before, noise_cov
        Covariances from :func:`heurex.estimators.symmetric_noise_kernel.spread`.
    condition
        Which gates the noise knows: NONE, those of the LAST step, or ALL.
    joint
        Whether the part of the noise that is linear in the inputs moves the logits.
    cells, sizes, labels, gates
        Rays in order ``(cells, corners, >= 3)``, how many, the label in each, and the carrier's gates
        ``(cells, n, d)``.
    measures
        Out, ``(cells, 3)``.
    """
    n, d = weights[2].shape
    state, noise, mean_state = reals(d, n), reals(d, n), reals(d, n)
    noise_gates, logits, scales = reals(n, d), reals(n, n), reals(n, n)
    cov, passed, factor, rows = reals(n, n), reals(d, d), reals(n - 1, n - 1), reals(n - 1, 2 + n)
    doubt = reals(n - 1)
    here, there = reals(cells.shape[1] + n, 4), reals(cells.shape[1] + n, 4)
    for i in range(n):
        for j in range(n):
            cov[i, j] = noise_cov[i, j] if condition == NONE else 0.0
    scale = 2.0 if n == 2 else 1.0
    for cell in range(sizes.shape[0]):
        linear_response(carrier, weights[1], eps, gates[cell], state, noise)
        if condition != ALL:
            for i in range(d):
                for t in range(n):
                    unknown = condition == NONE or t < n - 1
                    noise_gates[t, i] = 0.5 if unknown else gates[cell, t, i]
            linear_response(carrier, weights[1], eps, noise_gates, mean_state, noise)
        known = state if condition != NONE else mean_state
        cell_logits(carrier[2], weights[2], eps[2], state, noise, known, condition, joint, logits, scales)
        if condition == LAST:
            pass_last(weights[2], before, gates[cell, n - 1], passed, cov)
        label_factor(cov, labels[cell], factor, doubt)
        m = sizes[cell]
        area = scale * fraction(cells[cell], m)
        measures[cell, 0], measures[cell, 1], measures[cell, 2] = area, 0.0, 1e-16
        if area < NEGLIGIBLE:
            measures[cell, 2] = area
            continue
        if not margin_rows(logits, scales, factor, labels[cell], rows):
            continue
        value, error = winning_part(cells[cell], m, rows, n, here, there)
        measures[cell, 1] = value
        measures[cell, 2] = measures[cell, 2] + error
        doubtful = False
        for i in range(n - 1):
            if doubt[i] != 0:
                rows[i, 3 + i] = doubt[i]
                doubtful = True
        if doubtful:  # the error is what the doubtful noise would change
            other, error = winning_part(cells[cell], m, rows, n, here, there)
            measures[cell, 2] = measures[cell, 2] + abs(other - value)


def winning_part(
    corners: np.ndarray, m: int, rows: np.ndarray, n: int, here: np.ndarray, there: np.ndarray
) -> tuple[float, float]:
    """Chance that an input is in a polygon and the margins are positive, noise or no noise, and its error."""
    for i in range(n - 1):
        for j in range(n - 1):
            if rows[i, 3 + j] != 0:
                return noisy_part(corners, m, rows, n)
    scale = 2.0 if n == 2 else 1.0
    return scale * sure_part(corners, m, rows, n, here, there), 0.0


def cell_logits(
    carrier_oh: np.ndarray, w_oh: np.ndarray, eps_oh: np.ndarray, state: np.ndarray, noise: np.ndarray,
    known: np.ndarray, condition: int, joint: bool, logits: np.ndarray, scales: np.ndarray,
) -> None:  # fmt: skip
    """Logits in a cell as linear forms of the inputs, ``(n, n)``, and the sums of sizes of their terms."""
    n, d = w_oh.shape
    for i in range(n):
        for t in range(n):
            total, size = 0.0, 0.0
            for k in range(d):
                if state[k, t] != 0:
                    term = carrier_oh[i, k] * state[k, t]
                    total = total + term
                    size = max(size, abs(term))
                if joint or condition == ALL:
                    total = total + w_oh[i, k] * noise[k, t]
                if (joint or condition != NONE) and known[k, t] != 0:
                    total = total + eps_oh[i, k] * known[k, t]
            logits[i, t] = total
            scales[i, t] = size


def pass_last(
    w_oh: np.ndarray, before: np.ndarray, gates: np.ndarray, passed: np.ndarray, cov: np.ndarray
) -> None:
    """Covariance of the logits' noise when the last gates are known."""
    n, d = w_oh.shape
    for i in range(d):
        for j in range(d):
            passed[i, j] = gates[i] * before[i, j] * gates[j]
    for i in range(n):
        for j in range(i + 1):
            total = 0.0
            for k in range(d):
                for m in range(d):
                    total = total + w_oh[i, k] * passed[k, m] * w_oh[j, m]
            cov[i, j] = total
            cov[j, i] = total
