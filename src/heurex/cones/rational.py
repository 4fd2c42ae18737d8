"""Exact answers in rational arithmetic: does a cone have interior points, and what are the facets of a hull."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

import numpy as np

__all__ = ["facet_normals", "has_interior"]

Row = list[Fraction]


def _rational(rows: np.ndarray) -> list[Row]:
    return [[Fraction(float(x)) for x in row] for row in rows if np.any(row)]


def has_interior(normals: np.ndarray) -> bool:
    """Whether some x has normals @ x > 0 in every row that is not zero; shape (k, n).

    By Gordan's theorem, unless a combination of rows with weights >= 0, not all 0, vanishes: the first
    phase of the simplex method looks for one (Bland's rule, so that it ends).
    """
    rows = _rational(normals)
    if not rows:
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


def _pivot(table: list[Row], row: int, column: int) -> None:
    factor = table[row][column]
    table[row] = [x / factor for x in table[row]]
    for i, line in enumerate(table):
        if i != row and line[column] != 0:
            share = line[column]
            table[i] = [x - share * y for x, y in zip(line, table[row], strict=True)]


def _null_vector(rows: Sequence[Row], n: int) -> Row | None:
    """The vector on which n - 1 independent rows vanish; None if they are dependent."""
    table = [list(row) for row in rows]
    columns: list[int] = []
    for c in range(n):
        done = len(columns)
        pivot = next((i for i in range(done, len(table)) if table[i][c] != 0), None)
        if pivot is None:
            continue
        table[done], table[pivot] = table[pivot], table[done]
        _pivot(table, done, c)
        columns.append(c)
    if len(columns) < n - 1:
        return None
    free = next(c for c in range(n) if c not in columns)
    vector = [Fraction(0)] * n
    vector[free] = Fraction(1)
    for line, c in zip(table, columns, strict=False):
        vector[c] = -line[free]
    return vector


def facet_normals(rays: np.ndarray) -> np.ndarray | None:
    """Inward normals of the facets of the convex hull of rays, shape (facets, n); None if it has no interior.

    Each choice of n - 1 rays is tried, so that the cost grows as k^n; exact but for the rounding of the
    normals.
    """
    n = rays.shape[1]
    rows = _rational(rays)
    # The hull lies in a hyperplane if every n - 1 independent rays vanish on a vector on which all do.
    facets: dict[frozenset[int], np.ndarray] = {}
    spans = False
    for chosen in combinations(range(len(rows)), n - 1):
        if any(active.issuperset(chosen) for active in facets):
            continue
        vector = _null_vector([rows[i] for i in chosen], n)
        if vector is None:
            continue
        heights = [sum(x * y for x, y in zip(vector, row, strict=True)) for row in rows]
        if not any(heights):
            return None
        spans = True
        if min(heights) < 0 < max(heights):
            continue
        largest = max(abs(x) for x in vector) * (1 if max(heights) > 0 else -1)
        active = frozenset(i for i, height in enumerate(heights) if height == 0)
        facets[active] = np.array([float(x / largest) for x in vector])
    return np.array(list(facets.values())).reshape(len(facets), n) if spans else None
