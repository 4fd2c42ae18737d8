"""Exact answers in rational arithmetic: does a cone have interior points, and what are the facets of a hull."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations, islice
from typing import Final

import numpy as np

__all__ = ["facet_normals", "has_interior"]

Row = list[Fraction]

UNSURE: Final = 1e-12  # above the rounding error of determinants of rows of length one
BLOCK: Final = 20_000


def _rational(rows: np.ndarray) -> list[Row]:
    return [[Fraction(float(x)) for x in row] for row in rows if np.any(row)]


def has_interior(normals: np.ndarray) -> bool:
    """Whether some x has normals @ x > 0 in every row that is not zero; shape (k, n).

    By Gordan's theorem, unless a combination of rows with weights >= 0, not all 0, vanishes: the first
    phase of the simplex method looks for one (Bland's rule, so that it ends).
    """
    rows = _rational(normals)
    if not rows or _has_witness(normals, rows):
        return True
    # One equation for each coordinate, right side 0, and the sum of the weights is 1.
    table = [[row[c] for row in rows] + [Fraction(0)] for c in range(normals.shape[1])]
    table.append([Fraction(1)] * len(rows) + [Fraction(1)])
    basis = [-1] * len(table)  # -1: still artificial
    while True:
        cost = [
            sum(line[j] for line, b in zip(table, basis, strict=True) if b < 0) for j in range(len(rows) + 1)
        ]
        if cost[-1] == 0:
            return False
        entering = next((j for j in range(len(rows)) if cost[j] > 0 and j not in basis), None)
        if entering is None:
            return True
        ratios = [
            (line[-1] / line[entering], basis[i], i) for i, line in enumerate(table) if line[entering] > 0
        ]
        _, _, leaving = min(ratios)
        _pivot(table, leaving, entering)
        basis[leaving] = entering


def _has_witness(normals: np.ndarray, rows: list[Row]) -> bool:
    """Whether the float point nearest to all heights 1 is inside, judged exactly; the quick case."""
    bound = normals[normals.any(axis=1)]
    bound = bound / np.abs(bound).max(axis=1)[:, None]
    point = np.linalg.lstsq(bound, np.ones(len(bound)), rcond=1e-17)[0]
    if not np.isfinite(point).all():
        return False
    exact = [Fraction(float(x)) for x in point]
    return all(sum(x * y for x, y in zip(row, exact, strict=True)) > 0 for row in rows)


def _pivot(table: list[Row], row: int, column: int) -> None:
    factor = table[row][column]
    table[row] = [x / factor for x in table[row]]
    for i, line in enumerate(table):
        if i != row and line[column] != 0:
            share = line[column]
            table[i] = [x - share * y for x, y in zip(line, table[row], strict=True)]


def _integers(rows: np.ndarray) -> list[list[int]]:
    """The rows that are not zero, each times the power of two that makes its entries integers."""
    out: list[list[int]] = []
    for row in _rational(rows):
        scale = max(x.denominator for x in row)  # a power of two, so that the others divide it
        out.append([int(x * scale) for x in row])
    return out


def _null_vector(rows: Sequence[list[int]], n: int) -> list[int] | None:
    """An integer vector on which n - 1 independent rows vanish; None if they are dependent.

    Elimination without fractions (Bareiss 1968): every division is exact.
    """
    table = [list(row) for row in rows]
    columns: list[int] = []
    last = 1
    for c in range(n):
        done = len(columns)
        pivot = next((i for i in range(done, len(table)) if table[i][c] != 0), None)
        if pivot is None:
            if c > done:
                return None  # a second column without a pivot
            continue
        table[done], table[pivot] = table[pivot], table[done]
        line = table[done]
        for i, other in enumerate(table):
            if i != done:
                table[i] = [(line[c] * x - other[c] * y) // last for x, y in zip(other, line, strict=True)]
        last = line[c]
        columns.append(c)
    if len(columns) < n - 1:
        return None
    free = next(c for c in range(n) if c not in columns)
    vector = [0] * n
    vector[free] = last
    for line, c in zip(table, columns, strict=True):
        vector[c] = -line[free]
    return vector


def _may_bound(rays: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Which choices of n - 1 rays have no two others clearly on opposite sides of their hyperplane."""
    n = rays.shape[1]
    unit = rays / np.linalg.norm(rays, axis=1)[:, None]
    picked = unit[chosen]
    minors = [np.linalg.det(np.delete(picked, c, axis=2)) * (-1) ** c for c in range(n)]
    heights = np.stack(minors, axis=1) @ unit.T
    return ~((heights.min(axis=1) < -UNSURE) & (heights.max(axis=1) > UNSURE))


def facet_normals(rays: np.ndarray) -> np.ndarray | None:
    """Inward normals of the facets of the convex hull of rays, shape (facets, n); None if it has no interior.

    Exact but for the rounding of the normals. Cost: each choice of n - 1 rays is looked at in floating
    point, and those that may span a facet in integers.
    """
    n = rays.shape[1]
    rows = _integers(rays)
    if len(rows) < n:
        return None
    floats = np.array([[x / max(map(abs, row)) for x in row] for row in rows])
    facets: dict[frozenset[int], np.ndarray] = {}
    spans = False
    choices = combinations(range(len(rows)), n - 1)
    while block := list(islice(choices, BLOCK)):
        for chosen, possible in zip(block, _may_bound(floats, np.array(block)), strict=True):
            if not possible:
                spans = True
                continue
            if any(active.issuperset(chosen) for active in facets):
                continue
            vector = _null_vector([rows[i] for i in chosen], n)
            if vector is None:
                continue
            heights = [sum(x * y for x, y in zip(vector, row, strict=True)) for row in rows]
            if not any(heights):
                return None  # all rays lie in one hyperplane
            spans = True
            if min(heights) < 0 < max(heights):
                continue
            largest = max(abs(x) for x in vector) * (1 if max(heights) > 0 else -1)
            active = frozenset(i for i, height in enumerate(heights) if height == 0)
            facets[active] = np.array([x / largest for x in vector])
    return np.array(list(facets.values())).reshape(len(facets), n) if spans else None
