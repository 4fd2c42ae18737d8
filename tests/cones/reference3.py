"""Slow reference for cones in two and three dimensions: exact decisions, 60 digits of angle.

Every double is a rational number, so the rows are turned into integer vectors without rounding. Which
rows bound the cone, which rays span it and whether it has an interior are then decided in integers;
only the final angles are rounded. No tolerance appears anywhere, hence duplicates, opposites, common
axes, zero rows and rank-deficient cones need no special care: they are inputs like any other.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import gcd

import mpmath
import numpy as np

__all__ = ["exact_sign", "reference2", "reference3", "reference_fraction"]

Vector = tuple[int, int, int]

_DIGITS = 60


def reference_fraction(normals: np.ndarray) -> mpmath.mpf:
    """Fraction of the plane or of space in ``{x : normals @ x >= 0}``, to 60 significant digits.

    Parameters
    ----------
    normals
        Finite rows, shape (k, 2) or (k, 3), any k including 0; a zero row is no constraint.

    Returns
    -------
    A number in [0, 1]; exactly 0 where the interior is empty. Relative error below 1e-60.

    Notes
    -----
    Method: all rays by pairs of rows in integers, then the perimeter of the dual polygon.
    Cost: O(k^3) integer operations, about 1 ms for eight rows.
    Source: Girard's theorem in the form of exterior angles.
    """
    dimension = normals.shape[1]
    if dimension not in (2, 3):
        raise ValueError(f"normals has {dimension} columns; expected 2 or 3")
    rows = sorted({_primitive(row) for row in normals.tolist()} - {(0, 0, 0)})
    if not rows:
        return mpmath.mpf(1)
    if len(rows) == 1:
        return mpmath.mpf(1) / 2
    if all(not any(_cross(rows[0], row)) for row in rows[1:]):
        return mpmath.mpf(0)  # distinct directions on one line: opposite half-spaces
    if _rank_is_two(rows):
        return _wedge(rows)
    cycle = _facet_cycle(rows)
    return mpmath.mpf(0) if cycle is None else _polygon(cycle)


def reference2(normals: np.ndarray) -> mpmath.mpf:
    """:func:`reference_fraction` for rows of two numbers."""
    if normals.shape[1] != 2:
        raise ValueError(f"normals has shape {normals.shape}; expected (k, 2)")
    return reference_fraction(normals)


def reference3(normals: np.ndarray) -> mpmath.mpf:
    """:func:`reference_fraction` for rows of three numbers."""
    if normals.shape[1] != 3:
        raise ValueError(f"normals has shape {normals.shape}; expected (k, 3)")
    return reference_fraction(normals)


def exact_sign(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> int:
    """Sign of ``det(a, b, c)`` of three rows of doubles, without rounding."""
    determinant = _dot(_cross(_primitive(a.tolist()), _primitive(b.tolist())), _primitive(c.tolist()))
    return (determinant > 0) - (determinant < 0)


def _primitive(row: list[float]) -> Vector:
    """The shortest integer vector in the direction of a row of doubles."""
    fractions = [Fraction(x) for x in row] + [Fraction(0)] * (3 - len(row))
    denominator = max(f.denominator for f in fractions)  # powers of two: the largest is common
    return _shortest(*(f.numerator * (denominator // f.denominator) for f in fractions))


def _shortest(x: int, y: int, z: int) -> Vector:
    divisor = gcd(x, y, z) or 1
    return x // divisor, y // divisor, z // divisor


def _dot(a: Vector, b: Vector) -> int:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _rank_is_two(rows: list[Vector]) -> bool:
    """Whether rows of rank at least two, in which no two are equal, lie in one plane."""
    axis = next(cross for row in rows[1:] if any(cross := _cross(rows[0], row)))
    return all(_dot(axis, row) == 0 for row in rows)


def _wedge(rows: list[Vector]) -> mpmath.mpf:
    """Half-spaces with a common axis: the pair of rows that has all the others between them, if any."""
    for a, b in combinations(rows, 2):
        axis = _cross(a, b)
        if not any(axis):
            return mpmath.mpf(0)  # opposite rows
    for a, b in combinations(rows, 2):
        axis = _cross(a, b)
        if all(_dot(_cross(a, c), axis) >= 0 and _dot(_cross(c, b), axis) >= 0 for c in rows):
            return _polygon([a, b])
    return mpmath.mpf(0)


def _facet_cycle(rows: list[Vector]) -> list[Vector] | None:
    """Rows of rank three that bound the cone, in cyclic order; None where the interior is empty."""
    rays = set()
    for a, b in combinations(rows, 2):
        direction = _cross(a, b)
        signs = [_dot(direction, row) for row in rows]
        if min(signs) >= 0 and any(direction):
            rays.add(_shortest(*direction))
        if max(signs) <= 0 and any(direction):
            rays.add(_shortest(*(-x for x in direction)))
    inside = tuple(map(sum, zip(*rays, strict=True))) if rays else (0, 0, 0)
    if any(_dot(row, inside) <= 0 for row in rows):
        return None
    facets = {}
    for row in rows:
        touching = [ray for ray in rays if _dot(row, ray) == 0]
        if len(touching) == 2:  # one ray: the plane of a redundant row only grazes the cone
            facets[row] = touching
    row, (start, ray) = next(iter(facets.items()))
    cycle = [row]
    while ray != start:
        row, ends = next((r, e) for r, e in facets.items() if r != row and ray in e)
        ray = ends[0] if ends[1] == ray else ends[1]
        cycle.append(row)
    return cycle


def _polygon(cycle: list[Vector]) -> mpmath.mpf:
    """``1/2 - (sum of the exterior angles) / 4 pi``, with enough digits to survive the subtraction."""
    neighbours = list(zip(cycle, cycle[1:] + cycle[:1], strict=True))
    parts = [(_dot(cross, cross), _dot(a, b)) for a, b in neighbours for cross in [_cross(a, b)]]
    digits = 2 * _DIGITS
    while True:
        with mpmath.workdps(digits):
            angle = sum(mpmath.atan2(mpmath.sqrt(sine_squared), cosine) for sine_squared, cosine in parts)
            fraction = mpmath.mpf(1) / 2 - angle / (4 * mpmath.pi)
            if fraction > mpmath.mpf(10) ** (_DIGITS + 10 - digits):
                return fraction
        digits *= 2
