"""Simplicial cones in four dimensions: how often four linear forms of a Gaussian vector are positive.

Everything starts from the rows, never from their correlations. Three rows span a hyperplane H; the
fourth, the *pivot*, is turned from the normal e of H to its place, p(psi) = cos(psi) e + sin(psi) u
with u in H. On the way the fraction changes by Schlaefli's formula,

    dP = 1/(4 pi^2) sum_j angle_j dbeta_j,        sin(beta_j) = (a_j . u) sin(psi),

where angle_j is the angle of the two-dimensional face on p and a_j. Put tan(psi) = sinh(tau). Then
the integrand is analytic for \\|Im tau\\| < pi/2, **whatever the cone**: its singularities are zeros
of squared lengths of projected rows, each a constant times 1 + m sinh(tau)^2 with 0 <= m <= 1, and
those lie on the lines Im tau = +-pi/2. A nearly singular cone therefore hides no step; its interval
is only longer (tau grows as the logarithm of the flatness), the integrand falls like exp(-tau), and
Gauss-Legendre panels of fixed length converge at one rate for all cones.

Source: Schlaefli (1858); Plackett (1954), Biometrika 41.
"""

from __future__ import annotations

from math import atan2, exp, log, pi, sqrt
from typing import Final

import numpy as np

from heurex.kernels import reals

KERNEL = True

TINY: Final = 1e-30  # stands for a vanishing length: an infinitesimal, and consistent, displacement
FARTHEST: Final = 38.0  # beyond it the integrand, below exp(-tau), adds nothing
# Of 240,000 cones, most of them nearly degenerate, none was off by more than 4e-16, rounding and quadrature
# together; displacing each row by a rounding alone may cost 1e-16. Sums of panels add little.
ROUNDING4: Final = 8e-16
PANEL_ROUNDING: Final = 4e-17

RULES: Final = (10, 12, 14, 20)
NODES: Final = np.array([np.pad(np.polynomial.legendre.leggauss(n)[0], (0, 20 - n)) for n in RULES])
WEIGHTS: Final = np.array([np.pad(np.polynomial.legendre.leggauss(n)[1], (0, 20 - n)) for n in RULES])


def normalised(rows: np.ndarray) -> np.ndarray:
    """Rows divided by their lengths; ``(k, m)``. A zero row stays zero."""
    k, m = rows.shape
    out = reals(k, m)
    for i in range(k):
        size = 0.0
        for c in range(m):
            if abs(rows[i, c]) > size:
                size = abs(rows[i, c])
        if size == 0.0:
            for c in range(m):
                out[i, c] = 0.0
            continue
        total = 0.0
        for c in range(m):
            out[i, c] = rows[i, c] / size
            total += out[i, c] * out[i, c]
        length = sqrt(total)
        for c in range(m):
            out[i, c] = out[i, c] / length
    return out


def rows_that_bind(rows: np.ndarray) -> np.ndarray:
    """The rows that are not zero, divided by their lengths; ``(k, m)``."""
    unit = normalised(rows)
    k, m = unit.shape
    count = 0
    for i in range(k):
        binds = False
        for c in range(m):
            if unit[i, c] != 0.0:
                binds = True
        if binds:
            for c in range(m):
                unit[count, c] = unit[i, c]
            count += 1
    return unit[:count]


def triangular(rows: np.ndarray) -> np.ndarray:
    """Coordinates of the rows in an orthonormal basis of their span, lower triangular; ``(k, k)``.

    Modified Gram-Schmidt: each row is represented exactly up to a few roundings of its own length.
    A row that depends on the ones before it gets the diagonal entry ``TINY``.
    """
    k, m = rows.shape
    low = reals(k, k)
    rest = reals(k, m)
    for i in range(k):
        for c in range(m):
            rest[i, c] = rows[i, c]
        for c in range(k):
            low[i, c] = 0.0
    for i in range(k):
        total = 0.0
        for c in range(m):
            total += rest[i, c] * rest[i, c]
        length = sqrt(total)
        if length < TINY:
            low[i, i] = TINY
            continue
        low[i, i] = length
        for c in range(m):
            rest[i, c] = rest[i, c] / length
        for j in range(i + 1, k):
            dot = 0.0
            for c in range(m):
                dot += rest[i, c] * rest[j, c]
            low[j, i] = dot
            for c in range(m):
                rest[j, c] = rest[j, c] - dot * rest[i, c]
    return low


def farthest_last(rows: np.ndarray) -> np.ndarray:
    """Triangular coordinates with the row farthest from the span of the others put last; ``(k, k)``.

    The distances are the inverse column lengths of the inverse. The farthest row as pivot gives the
    shortest path.
    """
    low = triangular(rows)
    k = low.shape[0]
    column = reals(k)
    pivot = k - 1
    smallest = 0.0
    for i in range(k):
        total = 0.0
        for r in range(i, k):
            entry = 1.0 if r == i else 0.0
            for q in range(i, r):
                entry = entry - low[r, q] * column[q]
            column[r] = entry / low[r, r]
            total += column[r] * column[r]
        if i == 0 or total < smallest:
            smallest = total
            pivot = i
    if pivot == k - 1:
        return low
    turned = reals(k, k)
    for i in range(k):
        source = i if i < pivot else i + 1
        if i == k - 1:
            source = pivot
        for c in range(k):
            turned[i, c] = low[source, c]
    return triangular(turned)


def panels(length: float) -> tuple[int, int]:
    """How many panels the path of that length in tau is cut into, and the rule for the first ones."""
    if length <= 3.0:
        rule = 3
        if length <= 2.0:
            rule = 2
        if length <= 1.5:
            rule = 1
        if length <= 1.0:
            rule = 0
        return 1, rule
    count = 2
    while 2.0 * count < length:
        count += 1
    return count, 2


def path_length(low: np.ndarray) -> float:
    """Where the path of the last row ends in tau: asinh of its height over its share of the span."""
    k = low.shape[0]
    total = 0.0
    for c in range(k - 1):
        total += low[k - 1, c] * low[k - 1, c]
    slope = sqrt(total) / low[k - 1, k - 1]
    if slope > 1e16:
        return FARTHEST
    return log(slope + sqrt(1.0 + slope * slope))


def turning(low: np.ndarray, faces: np.ndarray) -> tuple[float, float]:
    """What the turning of the last row needs to know, from triangular coordinates, ``(4, 4)``.

    For each other row j one line of ``faces``, ``(3, 4)``: its cosine with the direction u of the turning,
    the squared sine, and where the angle of its face starts and how it moves. Returns the fraction of
    space where the three others are positive, and the volume that they span.
    """
    a11, a21, a22 = low[0, 0], low[1, 0], low[1, 1]
    a31, a32, a33 = low[2, 0], low[2, 1], low[2, 2]
    u1, u2, u3 = low[3, 0], low[3, 1], low[3, 2]
    length = sqrt(u1 * u1 + u2 * u2 + u3 * u3)
    if length > 0.0:
        u1, u2, u3 = u1 / length, u2 / length, u3 / length
    # Cross products of the three rows. If the second and third are nearly parallel, their product is
    # uncertain; it turns the angles of their two faces by opposite amounts at nearly equal rates.
    z12 = a11 * a22
    y13, z13 = -a11 * a33, a11 * a32
    x23, y23, z23 = a22 * a33, -a21 * a33, a21 * a32 - a22 * a31
    n13 = y13 * y13 + z13 * z13
    n23 = x23 * x23 + y23 * y23 + z23 * z23
    d12, d13, d23 = u3 * z12, u2 * y13 + u3 * z13, u1 * x23 + u2 * y23 + u3 * z23
    faces[0, 0], faces[0, 1] = u1, u2 * u2 + u3 * u3
    faces[0, 2], faces[0, 3] = z12 * z13, d12 * d13
    size = a21 * a21 + a22 * a22
    cross = a21 * u2 - a22 * u1
    faces[1, 0], faces[1, 1] = (a21 * u1 + a22 * u2) / sqrt(size), (size * u3 * u3 + cross * cross) / size
    faces[1, 2], faces[1, 3] = -z12 * z23, -d12 * d23
    size = a31 * a31 + a32 * a32 + a33 * a33
    cx, cy, cz = a32 * u3 - a33 * u2, a33 * u1 - a31 * u3, a31 * u2 - a32 * u1
    faces[2, 0] = (a31 * u1 + a32 * u2 + a33 * u3) / sqrt(size)
    faces[2, 1] = (cx * cx + cy * cy + cz * cz) / size
    faces[2, 2], faces[2, 3] = y13 * y23 + z13 * z23, d13 * d23
    angles = atan2(z12, a11 * a21) + atan2(sqrt(n13), a11 * a31) + atan2(sqrt(n23), a21 * a31 + a22 * a32)
    return 0.5 - angles / (4.0 * pi), z12 * a33


def sweep(faces: np.ndarray, volume: float, end: float) -> tuple[float, int]:
    """Integral of sum_j angle_j dbeta_j from 0 to ``end`` in tau, and the number of panels."""
    s1, g1, far1, slow1 = faces[0, 0], faces[0, 1], faces[0, 2], faces[0, 3]
    s2, g2, far2, slow2 = faces[1, 0], faces[1, 1], faces[1, 2], faces[1, 3]
    s3, g3, far3, slow3 = faces[2, 0], faces[2, 1], faces[2, 2], faces[2, 3]
    count, first = panels(end)
    half = 0.5 * end / count
    total = 0.0
    for panel in range(count):
        middle = (2.0 * panel + 1.0) * half
        rule = first if middle < 10.0 else 0
        part = 0.0
        for i in range(RULES[rule]):
            e = exp(middle + half * NODES[rule, i])
            inverse = 1.0 / e
            sinh = 0.5 * (e - inverse)
            square = sinh * sinh
            r1, r2, r3 = sqrt(1.0 + g1 * square), sqrt(1.0 + g2 * square), sqrt(1.0 + g3 * square)
            rate = s1 / r1 * atan2(volume * r1, -(far1 + square * slow1))
            rate += s2 / r2 * atan2(volume * r2, -(far2 + square * slow2))
            rate += s3 / r3 * atan2(volume * r3, -(far3 + square * slow3))
            part += WEIGHTS[rule, i] * rate / (e + inverse)
        total += part
    return 2.0 * total * half, count


def orthant4(rows: np.ndarray) -> tuple[float, float]:
    """Fraction of space where four linear forms are positive, and a bound on its error.

    ``rows`` is ``(4, m)``, of any lengths but zero, m >= 1 and any rank: a set of dependent rows is
    the limit of independent ones. Error: absolute, below the second number, about 1e-15. Cost: 10 to
    20 nodes of 3 square roots and 3 arctangents for most cones, up to 230 for flat ones.
    """
    low = farthest_last(normalised(rows))
    faces = reals(3, 4)
    three, volume = turning(low, faces)
    swept, count = sweep(faces, volume, path_length(low))
    value = 0.5 * three + swept / (4.0 * pi * pi)
    return (value if value > 0.0 else 0.0), ROUNDING4 + PANEL_ROUNDING * count
