"""Kernel: how a Gaussian vector is spread inside a cone: mean and second moments of spherical polygons.

By parts, E[x_i f] = E[d f / d x_i]. With f = x_j on the cone and 0 outside, the derivative of the indicator lives
on the faces, and what a face adds is elementary: for a face with unit inward normal v between unit rays a and b,
the integral of the direction along the arc from a to b is v x (a - b). So the second moments need the cone's
fraction and no other arctangent.
"""

from math import atan2, sqrt

import numpy as np

from heurex.cones.corners import fraction
from heurex.kernels import reals

KERNEL = True

TWO_PI = 6.283185307179586
# Rounding of one entry, relative to the terms that are added up.
ROUNDING = 4e-16


def orientation(corners: np.ndarray, m: int) -> float:
    """1.0 if unit corners go round counterclockwise as seen from outside, else -1.0."""
    total = 0.0
    sx, sy, sz = 0.0, 0.0, 0.0
    for i in range(m):
        sx, sy, sz = sx + corners[i, 0], sy + corners[i, 1], sz + corners[i, 2]
    for i in range(m):
        j = i + 1 if i + 1 < m else 0
        nx = corners[i, 1] * corners[j, 2] - corners[i, 2] * corners[j, 1]
        ny = corners[i, 2] * corners[j, 0] - corners[i, 0] * corners[j, 2]
        nz = corners[i, 0] * corners[j, 1] - corners[i, 1] * corners[j, 0]
        total = total + nx * sx + ny * sy + nz * sz
    return 1.0 if total > 0 else -1.0


def second_moments(corners: np.ndarray, m: int, out: np.ndarray) -> tuple[float, float]:
    """E[x x^T; x in the cone] for a standard Gaussian x in R^3, to ``out``, ``(3, 3)``.

    ``corners`` are unit rays in order, ``(m, >= 3)``. Returns the cone's fraction and a bound on the absolute
    error of an entry. The trace is three times the fraction.
    """
    share = fraction(corners, m)
    for i in range(3):
        for j in range(3):
            out[i, j] = 0.0
    if m < 3:
        return 0.0, 0.0
    turn = orientation(corners, m)
    extent = 0.0
    v, w = reals(3), reals(3)
    for i in range(m):
        k = i + 1 if i + 1 < m else 0
        v[0] = corners[i, 1] * corners[k, 2] - corners[i, 2] * corners[k, 1]
        v[1] = corners[i, 2] * corners[k, 0] - corners[i, 0] * corners[k, 2]
        v[2] = corners[i, 0] * corners[k, 1] - corners[i, 1] * corners[k, 0]
        square = v[0] * v[0] + v[1] * v[1] + v[2] * v[2]
        if square == 0:
            continue
        scale = turn / (2 * TWO_PI * square)
        dx, dy, dz = (
            corners[i, 0] - corners[k, 0],
            corners[i, 1] - corners[k, 1],
            corners[i, 2] - corners[k, 2],
        )
        w[0], w[1], w[2] = v[1] * dz - v[2] * dy, v[2] * dx - v[0] * dz, v[0] * dy - v[1] * dx
        extent = max(extent, max(abs(dx), max(abs(dy), abs(dz))))
        for a in range(3):
            for b in range(3):
                out[a, b] = out[a, b] + scale * v[a] * w[b]
    for a in range(3):
        for b in range(a):
            mean = 0.5 * (out[a, b] + out[b, a])
            out[a, b] = mean
            out[b, a] = mean
        out[a, a] = out[a, a] + share
    return share, ROUNDING * (share + m * extent / (2 * TWO_PI))


def mean_direction(corners: np.ndarray, m: int, out: np.ndarray) -> None:
    """A positive multiple of E[x; x in the cone], to ``out``; ``corners`` are unit rays in order."""
    turn = orientation(corners, m)
    out[0], out[1], out[2] = 0.0, 0.0, 0.0
    for i in range(m):
        k = i + 1 if i + 1 < m else 0
        nx = corners[i, 1] * corners[k, 2] - corners[i, 2] * corners[k, 1]
        ny = corners[i, 2] * corners[k, 0] - corners[i, 0] * corners[k, 2]
        nz = corners[i, 0] * corners[k, 1] - corners[i, 1] * corners[k, 0]
        size = sqrt(nx * nx + ny * ny + nz * nz)
        if size == 0:
            continue
        along = corners[i, 0] * corners[k, 0] + corners[i, 1] * corners[k, 1] + corners[i, 2] * corners[k, 2]
        weight = turn * atan2(size, along) / size
        out[0], out[1], out[2] = out[0] + weight * nx, out[1] + weight * ny, out[2] + weight * nz


def factorise(matrix: np.ndarray, n: int, lower: np.ndarray) -> float:
    """Cholesky factor of the leading n x n block, and its smallest squared pivot; 0.0 if it is not positive."""
    least = matrix[0, 0]
    for i in range(n):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total = total - lower[i, k] * lower[j, k]
            if i == j:
                if total <= 0:
                    return 0.0
                least = min(least, total)
                lower[i, i] = sqrt(total)
            else:
                lower[i, j] = total / lower[j, j]
    return least


def solve(lower: np.ndarray, n: int, right: np.ndarray, out: np.ndarray) -> None:
    """Solve with a Cholesky factor."""
    for i in range(n):
        total = right[i]
        for k in range(i):
            total = total - lower[i, k] * out[k]
        out[i] = total / lower[i, i]
    for back in range(n):
        i = n - 1 - back
        total = out[i]
        for k in range(i + 1, n):
            total = total - lower[k, i] * out[k]
        out[i] = total / lower[i, i]
