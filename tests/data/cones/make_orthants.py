"""Frozen table of orthant probabilities in 4, 5 and 6 dimensions, each found by two routes.

    python -m pip install python-flint
    python tests/data/cones/make_orthants.py orthants 4        # writes orthants_4.json beside this file
    python tests/data/cones/make_orthants.py traps 4           # traps_4.json: nearly degenerate in other ways

Everything is computed in ball arithmetic (python-flint) with at least 60 digits: rounding errors are
enclosed, and the truncation of the quadrature is checked by a second route through the problem. A value
is stored only if both agree to 28 significant digits; otherwise the precision is raised, and in the end
the script fails. Rows already in the progress file are kept, so a killed run resumes.

Method. Plackett (1954), which for cones is Schlaefli's formula (1858), along the path on which the
covariances of one row (the pivot) with the others grow from 0 to their value, as ``t * cov``:

    P_n = P_{n-1}(others) / 2 + int_0^1 sum_j cov_pj / (2 pi sqrt(det_pj(t))) P_{n-2}(given j = p = 0) dt

Every covariance minor on this path is ``const * (1 - t^2 M_S^2)`` with M_S the multiple correlation of the
pivot with the rows S, and no M_S exceeds that of all other rows, M. With ``t = sin(psi) / M`` all
singularities of the integrand, real or complex, therefore lie on the line ``Re psi = pi/2``, and in terms
of ``y = log cot psi`` outside the strip ``|Im y| < pi/2``. Gauss-Legendre quadrature in psi (which is
even) and, close to pi/2, in y thus converges at a known rate however flat the cone is.
"""

from __future__ import annotations

import json
import math
import sys
from functools import cache
from pathlib import Path

from flint import arb, ctx
from orthant_inputs import SEED, random_and_flat, traps

Matrix = list[list[arb]]

HERE = Path(__file__).parent
DIGITS = 28  # significant digits that are stored, and on which both routes agree


@cache
def gauss(count: int, precision: int) -> list[tuple[arb, arb]]:
    """Nodes and weights of Gauss-Legendre quadrature on [-1, 1]."""
    assert ctx.prec == precision
    return [arb.legendre_p_root(count, i, weight=True) for i in range(count)]


def node_count(rho: float, digits: int) -> int:
    """Even number of nodes for an error of 10^-digits, the integrand being analytic in the ellipse rho."""
    return 2 * math.ceil(digits * math.log(10) / (4 * math.log(rho)) + 2)


def path(start: arb, digits: int) -> list[tuple[arb, arb, arb]]:
    """Nodes ``sin^2 psi``, ``cos psi`` and weights of the integral of f d(sin psi), up to cot psi = start."""
    end = (1 / start).atan()
    single = float(end) < 1.35
    half = end if single else arb.pi() / 4
    ratio = math.pi / 2 / float(half)
    nodes = []
    for x, w in gauss(node_count(ratio + math.sqrt(ratio**2 - 1), digits), ctx.prec):
        if x > 0:  # the integrand is even
            sine, cosine = (half * x).sin_cos()
            nodes.append((sine * sine, cosine, w * half * cosine))
    if single:
        return nodes
    length = -start.log()
    pieces = math.ceil(float(length) / 12)
    width = length / pieces
    ratio = math.pi / float(width)
    rule = gauss(node_count(ratio + math.sqrt(ratio**2 + 1), digits), ctx.prec)
    for piece in range(pieces):
        for x, w in rule:
            square = (-2 * width * (piece + (1 + x) / 2)).exp()  # cot^2 psi
            sine2 = 1 / (1 + square)
            sine = sine2.sqrt()
            nodes.append((sine2, (square * sine2).sqrt(), w * width / 2 * square * sine2 * sine))
    return nodes


def orthant2(s: Matrix) -> arb:
    return arb(1) / 4 + arcsine(s, 0, 1) / (2 * arb.pi())


def orthant3(s: Matrix) -> arb:
    return arb(1) / 8 + (arcsine(s, 0, 1) + arcsine(s, 0, 2) + arcsine(s, 1, 2)) / (4 * arb.pi())


def arcsine(s: Matrix, i: int, j: int) -> arb:
    """Arcsine of the correlation of i and j."""
    return (s[i][j] / (s[i][i] * s[j][j] - s[i][j] ** 2).sqrt()).atan()


def determinant(s: Matrix) -> arb:
    """Determinant of a positive definite matrix, by elimination."""
    s = [row[:] for row in s]
    product = arb(1)
    for i in range(len(s)):
        product *= s[i][i]
        for j in range(i + 1, len(s)):
            factor = s[j][i] / s[i][i]
            for k in range(i + 1, len(s)):
                s[j][k] -= factor * s[i][k]
    return product


def without(s: Matrix, *left_out: int) -> Matrix:
    kept = [i for i in range(len(s)) if i not in left_out]
    return [[s[i][j] for j in kept] for i in kept]


class PivotPath:
    """The path of one pivot: ``det(t) = s_pp det_rest (1 - t^2 M^2)`` and where it ends."""

    def __init__(self, s: Matrix, pivot: int) -> None:
        self.s, self.pivot = s, pivot
        self.others = [i for i in range(len(s)) if i != pivot]
        self.det_start = s[pivot][pivot] * determinant(without(s, pivot))
        self.is_point = all(s[pivot][j] == 0 for j in self.others)  # nothing to move
        det_end = determinant(s)
        self.multiple = ((self.det_start - det_end) / self.det_start).sqrt()  # M
        self.cot_end = (det_end / (self.det_start - det_end)).sqrt()

    def nodes(self, digits: int) -> list[tuple[arb, arb, arb]]:
        """t^2, square root of det(t), and weights of the integral over t."""
        if self.is_point:
            return []
        root = self.det_start.sqrt()
        inverse = 1 / self.multiple
        inverse2 = inverse * inverse
        return [(s2 * inverse2, root * c, w * inverse) for s2, c, w in path(self.cot_end, digits)]


def paths(s: Matrix) -> list[PivotPath]:
    """The paths of all pivots, shortest first."""
    return sorted(
        (PivotPath(s, pivot) for pivot in range(len(s))), key=lambda p: (not p.is_point, -float(p.cot_end))
    )


def conditional(s: Matrix, pivot: int, j: int, t2: arb) -> Matrix:
    """Covariance of the other rows given that the pivot and row j vanish, where t^2 = t2."""
    p = s[pivot]
    det = p[pivot] * s[j][j] - t2 * p[j] ** 2
    kept = [i for i in range(len(s)) if i not in (pivot, j)]
    a, b, c = t2 * s[j][j] / det, t2 * p[j] / det, p[pivot] / det
    out = [[arb(0)] * len(kept) for _ in kept]
    for row, k in enumerate(kept):
        x, y = a * p[k] - b * s[j][k], c * s[j][k] - b * p[k]
        for column in range(row, len(kept)):
            m = kept[column]
            out[row][column] = out[column][row] = s[k][m] - x * p[m] - y * s[j][m]
    return out


def orthant4(s: Matrix, digits: int, route: int = 0) -> arb:
    """Four rows: one integral of arctangents."""
    way = paths(s)[route]
    p, pi = s[way.pivot], arb.pi()
    closed = orthant3(without(s, way.pivot)) / 2
    terms = []
    for j in way.others:
        k, m = (i for i in way.others if i != j)
        closed += arcsine(s, way.pivot, j) / (8 * pi)
        constant = p[way.pivot] * (s[k][m] * s[j][j] - s[j][k] * s[j][m])
        slope = p[j] * (p[k] * s[j][m] + p[m] * s[j][k]) - s[k][m] * p[j] ** 2 - p[k] * p[m] * s[j][j]
        terms.append((p[j], p[way.pivot] * s[j][j], p[j] ** 2, constant, slope))
    total = arb(0)
    for t2, root, weight in way.nodes(digits):
        value = arb(0)
        for covariance, start, square, constant, slope in terms:
            root2 = (start - t2 * square).sqrt()
            value += covariance / root2 * ((constant + slope * t2) / (root2 * root)).atan()
        total += weight * value
    return closed + total / (4 * pi**2)


def orthant5(s: Matrix, digits: int, route: int = 0) -> arb:
    """Five rows, route 0: David (1953), in terms of fewer rows; route 1: Plackett's integral of P3."""
    if route == 1:
        return plackett(s, paths(s)[0], digits, orthant3, lambda r: orthant4(r, digits, 1))
    total = arb(1) - arb(5) / 2
    for i in range(5):
        total += orthant4(without(s, i), digits)
        for j in range(i):
            total += orthant2([[s[i][i], s[i][j]], [s[i][j], s[j][j]]]) - orthant3(without(s, i, j))
    return total / 2


def orthant6(s: Matrix, digits: int, route: int = 0) -> arb:
    """Six rows: Plackett's integral of P4; the two routes move different rows."""
    way = paths(s)[route]
    return plackett(s, way, digits, lambda c: orthant4(c, digits), lambda r: orthant5(r, digits, route))


def plackett(s: Matrix, way: PivotPath, digits: int, inner, start) -> arb:
    """Plackett's formula along a path, given the functions for n - 2 and n - 1 rows."""
    p = s[way.pivot]
    total = arb(0)
    for t2, _, weight in way.nodes(digits):
        value = arb(0)
        for j in way.others:
            root2 = (p[way.pivot] * s[j][j] - t2 * p[j] ** 2).sqrt()
            value += p[j] / root2 * inner(conditional(s, way.pivot, j, t2))
        total += weight * value
    return start(without(s, way.pivot)) / 2 + total / (2 * arb.pi())


ORTHANTS = {4: orthant4, 5: orthant5, 6: orthant6}


def covariance(normals: list[list[float]]) -> Matrix:
    rows = [[arb(x) for x in row] for row in normals]
    return [[sum((x * y for x, y in zip(a, b, strict=True)), arb(0)) for b in rows] for a in rows]


def two_routes(normals: list[list[float]]) -> tuple[arb, float]:
    """Fraction of a simplicial cone and the relative difference of two routes to it."""
    n = len(normals)
    digits, bits = 33, 330
    while bits < 3000:
        ctx.prec = bits
        try:
            first, second = (ORTHANTS[n](covariance(normals), digits, route) for route in (0, 1))
            rounding = float(first.rad() + second.rad())
            value, difference = float(first), abs(float(first - second))
        except (ZeroDivisionError, ValueError):
            rounding = math.inf
        if not rounding < 10.0**-digits:  # also where a ball reached infinity
            bits += 200
            continue
        if value > 0 and difference < 10.0 ** -(DIGITS + 1) * value:
            return first, difference / value
        missing = DIGITS + 3 - math.log10(value) if value > 10 * difference else digits + 20
        digits = max(digits + 8, math.ceil(missing))
        bits += 30
    raise RuntimeError(f"no agreement to {DIGITS} digits: {normals}")


def main(kind: str, n: int) -> None:
    cones = {"orthants": random_and_flat, "traps": traps}[kind](n)
    progress = HERE / f"{kind}_{n}.progress"
    done = progress.read_text().splitlines() if progress.exists() else []
    with progress.open("a") as log:
        for i, cone in enumerate(cones[len(done) :], len(done)):
            value, difference = two_routes(cone["normals"])
            done.append(f"{value.str(DIGITS, radius=False)} {difference:.1e}")
            print(done[-1], file=log, flush=True)
            if i % 20 == 0:
                print(i, *list(cone.values())[:2], done[-1], flush=True)
    write(HERE / f"{kind}_{n}.json", cones, done)
    progress.unlink()


def write(path: Path, cones: list[dict], done: list[str]) -> None:
    """The table, one cone a line."""
    lines = [
        json.dumps([*cone.values(), line.split()[0]], separators=(",", ":"))
        for cone, line in zip(cones, done, strict=True)
    ]
    head = {
        "dimension": len(cones[0]["normals"]),
        "seed": SEED,
        "worst_relative_difference": max(float(line.split()[1]) for line in done),
        "columns": [*cones[0], "fraction"],
    }
    path.write_text(json.dumps(head)[:-1] + ', "rows": [\n' + ",\n".join(lines) + "\n]}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
