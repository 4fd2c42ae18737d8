"""Simplicial cones in two, three, five and six dimensions, and the angles all of them are made of.

Odd dimensions need no quadrature of their own: Euler's relation for spherical simplices turns a
fraction into those of fewer forms (David 1953, Biometrika 40). Six dimensions repeat the turning of
one row of :mod:`heurex.cones.orthant4`, with a four-dimensional fraction in place of the angle; the
path variable and the strip in which the integrand is analytic are the same.
"""

from __future__ import annotations

from math import atan2, exp, pi, sqrt
from typing import Final

import numpy as np

from heurex.cones.doubled import triangular_doubled
from heurex.cones.orthant4 import (
    NODES,
    RULES,
    TINY,
    WEIGHTS,
    farthest_last,
    normalised,
    orthant4,
    panels,
    path_length,
)
from heurex.kernels import reals

KERNEL = True

ROUNDING: Final = 2e-16


def angle_between(rows: np.ndarray, i: int, j: int) -> float:
    """Angle of two rows of length one, in [0, pi], with an absolute error of a rounding (Kahan)."""
    apart = 0.0
    along = 0.0
    for c in range(rows.shape[1]):
        minus = rows[i, c] - rows[j, c]
        plus = rows[i, c] + rows[j, c]
        apart += minus * minus
        along += plus * plus
    return 2.0 * atan2(sqrt(apart), sqrt(along))


def angles_between(rows: np.ndarray) -> np.ndarray:
    """All angles of rows of length one; ``(k, k)``, symmetric, zero diagonal."""
    k = rows.shape[0]
    out = reals(k, k)
    for i in range(k):
        out[i, i] = 0.0
        for j in range(i):
            out[i, j] = angle_between(rows, i, j)
            out[j, i] = out[i, j]
    return out


def four_of(rows: np.ndarray, a: int, b: int, c: int, d: int) -> tuple[float, float]:
    """Fraction where the four given rows are positive, and its error bound."""
    m = rows.shape[1]
    chosen = reals(4, m)
    for x in range(m):
        chosen[0, x] = rows[a, x]
        chosen[1, x] = rows[b, x]
        chosen[2, x] = rows[c, x]
        chosen[3, x] = rows[d, x]
    return orthant4(chosen)


def orthant5(rows: np.ndarray) -> tuple[float, float]:
    """Fraction where five forms are positive, with an error bound; ``(5, m)``, any rank, no zero row.

    ``2 P5 = 1 - 5/2 + sum P2 - sum P3 + sum P4``. Cost: five four-dimensional fractions, ten angles.
    """
    unit = normalised(rows)
    total = 0.0
    for i in range(5):
        for j in range(i):
            total += angle_between(unit, i, j)
    value = total / (4.0 * pi) - 1.5
    error = 0.0
    for out in range(5):
        a = 0 if out > 0 else 1
        b = 1 if out > 1 else 2
        c = 2 if out > 2 else 3
        d = 3 if out > 3 else 4
        part, part_error = four_of(unit, a, b, c, d)
        value += part
        error += part_error
    value = 0.5 * value
    return (value if value > 0.0 else 0.0), 0.5 * error + 2.0 * ROUNDING


def fraction_of_few(rows: np.ndarray) -> tuple[float, float]:
    """Fraction where up to five forms are positive, with an error bound; rows of length one, any rank."""
    k = rows.shape[0]
    if k == 5:
        return orthant5(rows)
    if k == 4:
        return orthant4(rows)
    if k == 0:
        return 1.0, 0.0
    if k == 1:
        return 0.5, 0.0
    angles = angles_between(rows)
    if k == 2:
        return 0.5 - angles[0, 1] / (2.0 * pi), ROUNDING
    value = 0.5 - (angles[0, 1] + angles[0, 2] + angles[1, 2]) / (4.0 * pi)
    return (value if value > 0.0 else 0.0), ROUNDING


def conditional_rows(low: np.ndarray, j: int) -> tuple[np.ndarray, float, float]:
    """What the turning of the last row leaves of the others on the hyperplane of row j.

    ``low`` is ``(6, 6)`` with the pivot last. Returns the four other rows, ``(4, 5)``, in a basis of
    the complement of row j whose first axis is the pivot's direction u, and of row j the cosine with
    u and the squared sine. On the hyperplane of the turned pivot too, the first axis shrinks by
    1/sqrt(1 + squared sine sinh(tau)^2) and nothing else changes.
    """
    span = reals(6, 5)
    length = 0.0
    for c in range(5):
        span[0, c] = low[j, c]
        span[1, c] = low[5, c]
        length += low[5, c] * low[5, c]
    length = sqrt(length)
    for c in range(5):
        span[1, c] = span[1, c] / length
    position = 2
    for i in range(5):
        if i == j:
            continue
        for c in range(5):
            span[position, c] = low[i, c]
        position += 1
    coordinates = triangular_doubled(span, TINY)
    rest = reals(4, 5)
    for i in range(4):
        for c in range(5):
            rest[i, c] = coordinates[i + 2, c + 1]
    return rest, coordinates[1, 0], coordinates[1, 1] * coordinates[1, 1]


def face_integral(low: np.ndarray, j: int) -> tuple[float, float]:
    """Share of row j in the turning of the last row: integral of dbeta_j times the fraction on it."""
    rest, cosine, squared_sine = conditional_rows(low, j)
    end = path_length(low)
    count, first = panels(end)
    half = 0.5 * end / count
    shrunk = reals(4, 5)
    total = 0.0
    error = 0.0
    for panel in range(count):
        middle = (2.0 * panel + 1.0) * half
        rule = first if middle < 10.0 else 0
        part = 0.0
        for i in range(RULES[rule]):
            e = exp(middle + half * NODES[rule, i])
            inverse = 1.0 / e
            sinh = 0.5 * (e - inverse)
            stretch = sqrt(1.0 + squared_sine * sinh * sinh)
            for row in range(4):
                for c in range(5):
                    shrunk[row, c] = rest[row, c] / stretch if c == 0 else rest[row, c]
            inner, inner_error = orthant4(shrunk)
            rate = WEIGHTS[rule, i] / ((e + inverse) * stretch)
            part += rate * inner
            error += rate * inner_error
        total += part
    factor = cosine * half / pi
    return factor * total, abs(factor) * error


def orthant6(rows: np.ndarray) -> tuple[float, float]:
    """Fraction where six forms are positive, with an error bound; ``(6, m)``, any rank, no zero row, no
    two equal up to length.

    Half the fraction of the five rows off the pivot, plus five integrals of four-dimensional
    fractions. Cost: 50 to 100 four-dimensional fractions for most cones.
    """
    low = farthest_last(normalised(rows))
    others = reals(5, 5)
    for i in range(5):
        for c in range(5):
            others[i, c] = low[i, c]
    value, error = orthant5(others)
    value = 0.5 * value
    error = 0.5 * error + ROUNDING
    length = 0.0
    for c in range(5):
        length += low[5, c] * low[5, c]
    if sqrt(length) < TINY:
        return value, error
    for j in range(5):
        part, part_error = face_integral(low, j)
        value += part
        error += part_error
    return (value if value > 0.0 else 0.0), error
