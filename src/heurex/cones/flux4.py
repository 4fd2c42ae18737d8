"""Kernel: how much of R^4 is in a pointed cone on one side of x_0 = 0, given by rays and facets.

On the sphere S^3 let r be the distance from the pole e = (+-1, 0, 0, 0). The field (r - sin r cos r) / (2 sin(r)^2)
along r has divergence 1, so the volume is its flux through the facets. On a facet whose normal makes an angle
pi/2 - delta with the pole, the flux density depends on the distance rho from the pole's foot p only, cos r =
cos(delta) cos(rho), and is once more a divergence, of a field along rho. What is left are integrals along the edges
of the facet, over the azimuth psi about p:

    volume = sum over facets, sum over edges of a facet: integral of (delta - tan(delta) r / tan(r)) / 2 dpsi.

The integrand is analytic where the cone's rays have r <= pi/2: the zero of sin(rho)^2 in dpsi is cancelled, and
the next singularity is r = pi. Gauss-Legendre rules along the chord of an edge converge at a rate that depends on
the edge's length only. Facets through the pole contribute nothing; the facet x_0 = 0 contributes pi/4 of its area.
"""

from __future__ import annotations

from math import atan2, pi, sqrt
from typing import Any, Final

import numpy as np

from heurex.cones.polytope4 import ADDED, ONCE, SCALED, SHARED, find_edges, real_facets, tally

KERNEL = True

# Rules with their number of nodes, and the squared tangent of half the edge's angle up to which each is exact:
# the chord's singularities lie at +-i over that tangent, in units of half the chord.
ORDERS: Final = np.array([5, 7, 9, 12, 16])
REACH: Final = np.array([0.0027, 0.02, 0.052, 0.12, 0.25])
NODES: Final = np.array(
    [np.pad(np.polynomial.legendre.leggauss(n)[0], (0, 16 - n)) for n in (5, 7, 9, 12, 16)]
)
WEIGHTS: Final = np.array(
    [np.pad(np.polynomial.legendre.leggauss(n)[1], (0, 16 - n)) for n in (5, 7, 9, 12, 16)]
)
LAST: Final = 4
POLE_FACET: Final = 0
WHOLE: Final = 2.0 * pi * pi
# Nearer to the foot than this, in squared tangents, the edge's integrand is taken from r - delta.
NEAR: Final = 1e-4
# Additions, multiplications, divisions, square roots and arctangents of each piece of the calculation.
FRAME: Final = np.array([6, 14, 5, 2, 1])
PART: Final = np.array([8, 6, 0, 0, 0])
NODE: Final = np.array([7, 14, 2, 1, 1])
FOOT_NODE: Final = np.array([12, 24, 7, 2, 1])
HALFWAY: Final = np.array([6, 3, 3, 1, 0])
HALVED: Final = np.array([2, 1, 1, 1, 0])
EDGE: Final = np.array([52, 37, 1, 0, 0])
TRIANGLE: Final = np.array([15, 19, 0, 0, 1])
RAY: Final = np.array([4, 4, 4, 1, 0])
ENDS: Final[Any] = np.int64(4)


def frame(normal: np.ndarray, sign: float, basis: np.ndarray, ops: np.ndarray) -> None:
    """An orthonormal basis of a facet's hyperplane, the pole's foot first, to rows 0..2 of ``basis``, ``(4, 4)``.

    ``normal`` has length one and is not the pole, which has first coordinate ``sign``. The last row becomes
    sin(delta), cos(delta), delta.
    """
    tally(ops, FRAME, ONCE)
    s = normal[0] if sign > 0 else -normal[0]
    c = sqrt(normal[1] * normal[1] + normal[2] * normal[2] + normal[3] * normal[3])
    x, y, z = normal[1] / c, normal[2] / c, normal[3] / c
    basis[0, 0], basis[0, 1], basis[0, 2], basis[0, 3] = c, -s * x, -s * y, -s * z
    if abs(x) <= abs(y) and abs(x) <= abs(z):
        t = sqrt(y * y + z * z)
        u, v, w = 0.0, z / t, -y / t
    elif abs(y) <= abs(z):
        t = sqrt(x * x + z * z)
        u, v, w = -z / t, 0.0, x / t
    else:
        t = sqrt(x * x + y * y)
        u, v, w = y / t, -x / t, 0.0
    basis[1, 0], basis[1, 1], basis[1, 2], basis[1, 3] = 0.0, u, v, w
    basis[2, 0], basis[2, 1], basis[2, 2], basis[2, 3] = 0.0, y * w - z * v, z * u - x * w, x * v - y * u
    basis[3, 0], basis[3, 1], basis[3, 2] = s, c, atan2(s, c)


def edge_part(
    ends: np.ndarray, i: int, j: int, s: float, c: float, delta: float, tangent: float, ops: np.ndarray
) -> float:
    """Integral over a part of an edge, between two rows of ``ends``: of length one, along and across the foot.

    ``tangent`` is the square of that of half the part's angle. Near the foot, where the integrand is 0 / 0, the
    difference is taken from r - delta, whose sine is known without a loss.
    """
    which = 0
    while which < LAST and tangent > REACH[which]:
        which += 1
    nodes = ORDERS[which]
    near_foot = 0
    p0, u0, v0 = (
        0.5 * (ends[i, 0] + ends[j, 0]),
        0.5 * (ends[i, 1] + ends[j, 1]),
        0.5 * (ends[i, 2] + ends[j, 2]),
    )
    p1, u1, v1 = ends[j, 0] - p0, ends[j, 1] - u0, ends[j, 2] - v0
    total = 0.0
    for k in range(ORDERS[which]):
        t = NODES[which, k]
        p, u, v = p0 + t * p1, u0 + t * u1, v0 + t * v1
        across = u * u + v * v
        sine = sqrt(s * s * p * p + across)
        if across > NEAR * p * p:
            part = (delta - s * p * atan2(sine, c * p) / sine) / across
        elif across == 0.0:
            part = 0.0
            nodes -= 1
        else:
            near_foot += 1
            length = sqrt(p * p + across)
            rise = abs(s)
            gap = (c * c / (sine + rise * length) + rise / (length + p)) / length
            lead = c * across * gap
            ratio = atan2(lead, (c * c * p + sine * rise) / length) / lead
            part = gap * length / sine * (delta - s * c * p / length * ratio)
        total += WEIGHTS[which, k] * part
    tally(ops, PART, ONCE)
    tally(ops, NODE, nodes - near_foot)
    tally(ops, FOOT_NODE, near_foot)
    return abs(u0 * v1 - u1 * v0) * total


def halfway(ends: np.ndarray, i: int, j: int, out: int, ops: np.ndarray) -> None:
    """The direction halfway between two rows of length one, to a third row."""
    tally(ops, HALFWAY, ONCE)
    total = 0.0
    for k in range(3):
        ends[out, k] = ends[i, k] + ends[j, k]
        total += ends[out, k] * ends[out, k]
    length = sqrt(total)
    for k in range(3):
        ends[out, k] = ends[out, k] / length


def halved(tangent: float, ops: np.ndarray) -> float:
    """The squared tangent of half an angle from that of the angle."""
    tally(ops, HALVED, ONCE)
    root = 1.0 + sqrt(1.0 + tangent)
    return tangent / (root * root)


def flag(a: np.ndarray, b: np.ndarray, basis: np.ndarray, ends: np.ndarray, ops: np.ndarray) -> float:
    """What an edge between rays a and b, of length one, adds to the flux through a facet; its size, signed as delta.

    ``ends`` is scratch, ``(5, 3)``. Long edges are cut in two or four.
    """
    far, near = 0.0, 0.0
    for w in range(4):
        far += (a[w] - b[w]) * (a[w] - b[w])
        near += (a[w] + b[w]) * (a[w] + b[w])
    for k in range(3):
        start, end = 0.0, 0.0
        for w in range(4):
            start += basis[k, w] * a[w]
            end += basis[k, w] * b[w]
        ends[0, k], ends[4, k] = start, end
    s, c, delta = basis[3, 0], basis[3, 1], basis[3, 2]
    tangent = far / near
    stride = ENDS
    while tangent > REACH[LAST] and stride > 1:
        half = stride // 2
        for i in range(ONCE - 1, ENDS, stride):
            halfway(ends, i, i + stride, i + half, ops)
        stride = half
        tangent = halved(tangent, ops)
    total = 0.0
    for i in range(ONCE - 1, ENDS, stride):
        total += edge_part(ends, i, i + stride, s, c, delta, tangent, ops)
    return total


def triangle(p: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """Solid angle of three rays of length one with first coordinate 0 (van Oosterom and Strackee 1983)."""
    volume = (
        p[1] * (a[2] * b[3] - a[3] * b[2])
        + p[2] * (a[3] * b[1] - a[1] * b[3])
        + p[3] * (a[1] * b[2] - a[2] * b[1])
    )
    pa = p[1] * a[1] + p[2] * a[2] + p[3] * a[3]
    ab = a[1] * b[1] + a[2] * b[2] + a[3] * b[3]
    bp = b[1] * p[1] + b[2] * p[2] + b[3] * p[3]
    return 2.0 * atan2(abs(volume), 1.0 + pa + ab + bp)


def toward_pole(rays: np.ndarray, m: int, sign: float, rows: np.ndarray, ops: np.ndarray) -> None:
    """Copy rays to ``rows`` with length one, mirrored to the side of the pole (1, 0, 0, 0)."""
    tally(ops, RAY, m)
    for i in range(m):
        total = 0.0
        for w in range(4):
            total += rays[i, w] * rays[i, w]
        length = sqrt(total)
        for w in range(4):
            rows[i, w] = rays[i, w] / length
        if sign < 0:
            rows[i, 0] = -rows[i, 0]


def facet_flux(
    f: int, rows: np.ndarray, edges: np.ndarray, count: int, normals: np.ndarray, sign: float,
    basis: np.ndarray, ends: np.ndarray, ops: np.ndarray,
) -> float:  # fmt: skip
    """Flux through one facet that is neither the pole's own nor contains it."""
    frame(normals[f], sign, basis, ops)
    total = 0.0
    for k in range(count):
        pair = edges[k, 2]
        if pair >> f & 1 == 0:
            continue
        other = 0
        while other == f or pair >> other & 1 == 0:
            other += 1
        tally(ops, EDGE, ONCE)
        toward = sign * basis[0, 0] * normals[other, 0]
        for w in range(1, 4):
            toward += basis[0, w] * normals[other, w]
        part = flag(rows[edges[k, 0]], rows[edges[k, 1]], basis, ends, ops)
        total = total + part if toward > 0 else total - part
    tally(ops, SCALED, ONCE)
    return 0.5 * total


def pole_flux(rows: np.ndarray, edges: np.ndarray, count: int, ops: np.ndarray) -> float:
    """Flux through the facet x_0 = 0: pi/4 of its area, a fan of triangles about one of its rays."""
    total = 0.0
    first = -1
    for k in range(count):
        if edges[k, 2] >> POLE_FACET & 1:
            i, j = edges[k, 0], edges[k, 1]
            if first < 0:
                first = i
            if i != first and j != first:
                total += triangle(rows[first], rows[i], rows[j])
                tally(ops, TRIANGLE, ONCE)
    tally(ops, SCALED, ONCE)
    return 0.25 * pi * total


def fraction(
    rays: np.ndarray, masks: np.ndarray, m: int, normals: np.ndarray, facets: int, wanted: int,
    edges: np.ndarray, rows: np.ndarray, basis: np.ndarray, ends: np.ndarray, ops: np.ndarray,
) -> tuple[float, int]:  # fmt: skip
    """Share of R^4 in a pointed cone on one side of x_0 = 0, and its number of edges (-1: its faces do not fit).

    Parameters
    ----------
    rays, masks, m
        Extreme rays, of any length, the facets of each, and how many there are.
    normals, facets
        Inward normals of length one, one for each bit, ``(facets, 4)``. Bit 0 is x_0 = 0.
    wanted
        The bits of the facets whose flux is added up; -1 for all, else the first number is a share of a sum.
    edges, rows, basis, ends
        Scratch, ``(3 m, 3)`` of integers, ``(m, 4)``, ``(4, 4)``, ``(5, 3)``. The first two are left filled.
    ops
        Operations executed; those of this call are added.

    Notes
    -----
    Error: absolute, some 1e-17 an edge. Cost: for each facet that does not contain the pole, 5 to 16 nodes of a
    square root and an arctangent an edge.
    """
    real = real_facets(masks, m)
    count = find_edges(masks, m, real, edges)
    if count < 0:
        return 0.0, -1
    sign = normals[POLE_FACET, 0]
    toward_pole(rays, m, sign, rows, ops)
    total = 0.0
    if real & wanted == 0:
        return total, count
    for f in range(facets):
        if (real & wanted) >> f & 1 == 0:
            continue
        if f == POLE_FACET:
            total += pole_flux(rows, edges, count, ops)
            tally(ops, ADDED, ONCE)
        elif normals[f, 0] != 0.0:
            total += facet_flux(f, rows, edges, count, normals, sign, basis, ends, ops)
            tally(ops, ADDED, ONCE)
    tally(ops, SHARED, ONCE)
    return total / WHOLE, count
