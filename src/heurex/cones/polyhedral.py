"""One cone of any number of half-spaces, any rank, in up to six dimensions: clean the rows, then dispatch.

Repeated rows are merged, opposite rows empty the cone, and rows that span fewer dimensions are written
in a basis of their span: the fraction is that of the pointed cone there.
"""

from __future__ import annotations

from math import sqrt
from typing import Final

import numpy as np

from heurex.cones.faces import FINE, UNDECIDED, polyhedral_fraction
from heurex.cones.orthant4 import normalised, rows_that_bind
from heurex.cones.orthant56 import fraction_of_few, orthant6
from heurex.kernels import reals

KERNEL = True

SAME: Final = 4e-16  # entries of rows of length one that differ by less are equal up to rounding
DEPENDENT: Final = 3e-15  # a row this close to the span of others is in it, at the price of that much error
TILT: Final = 0.25  # a row of length one displaced by t changes the fraction by less than t / sqrt(2 pi) / 2


def merge_repeated(unit: np.ndarray) -> tuple[int, float]:
    """Drop repeated rows in place: how many remain (-1 if two are opposite) and what the merging may cost."""
    k, n = unit.shape
    count = 0
    error = 0.0
    for i in range(k):
        repeated = False
        for j in range(count):
            apart = 0.0
            along = 0.0
            for c in range(n):
                if abs(unit[i, c] - unit[j, c]) > apart:
                    apart = abs(unit[i, c] - unit[j, c])
                if abs(unit[i, c] + unit[j, c]) > along:
                    along = abs(unit[i, c] + unit[j, c])
            if along <= SAME:
                return -1, SAME if along > 0.0 else 0.0
            if apart <= SAME:
                repeated = True
                if apart > 0.0:
                    error += SAME
                break
        if not repeated:
            for c in range(n):
                unit[count, c] = unit[i, c]
            count += 1
    return count, error


def span_coordinates(unit: np.ndarray) -> tuple[np.ndarray, float]:
    """Coordinates of the rows in an orthonormal basis of their span, ``(k, r)``, and what was left out.

    Gram-Schmidt, the row with the largest rest next, until all rests are negligible.
    """
    k, n = unit.shape
    rest = reals(k, n)
    coordinates = reals(k, n)
    sizes = reals(k)
    for i in range(k):
        for c in range(n):
            rest[i, c] = unit[i, c]
            coordinates[i, c] = 0.0
    rank = 0
    left_out = 0.0
    while True:
        best = 0
        left_out = 0.0
        for i in range(k):
            total = 0.0
            for c in range(n):
                total += rest[i, c] * rest[i, c]
            sizes[i] = total
            left_out += total
            if total > sizes[best]:
                best = i
        if rank == n or sizes[best] <= DEPENDENT * DEPENDENT:
            break
        length = sqrt(sizes[best])
        for c in range(n):
            rest[best, c] = rest[best, c] / length
        for i in range(k):
            if i == best:
                continue
            dot = 0.0
            for c in range(n):
                dot += rest[best, c] * rest[i, c]
            coordinates[i, rank] = dot
            for c in range(n):
                rest[i, c] = rest[i, c] - dot * rest[best, c]
        coordinates[best, rank] = length
        for c in range(n):
            rest[best, c] = 0.0
        rank += 1
    return coordinates[:, :rank], DEPENDENT * TILT * k if left_out > 0.0 else 0.0


def fraction(normals: np.ndarray) -> tuple[float, float, int]:
    """Fraction of the cone {x : normals @ x >= 0}, a bound on its error, and a status.

    ``normals`` is ``(k, n)``, finite, n <= 6. An empty interior gives exactly 0 wherever floating point
    recognises it; UNDECIDED comes with an infinite error.
    """
    unit = rows_that_bind(normals)
    count, merged = merge_repeated(unit)
    if count < 0:
        return 0.0, merged, FINE
    unit = unit[:count]
    if count == 0:
        return 1.0, 0.0, FINE
    coordinates, left_out = span_coordinates(unit)
    rank = coordinates.shape[1]
    if rank < unit.shape[1]:
        unit = normalised(coordinates)
    else:
        left_out = 0.0
    if count == rank and rank < 6:
        value, error = fraction_of_few(unit)
        return value, error + merged + left_out, FINE
    if count == rank:
        value, error = orthant6(unit)
        return value, error + merged + left_out, FINE
    if rank == 1:  # nearly equal or nearly opposite rows
        value = 0.5
        for i in range(1, count):
            if unit[i, 0] * unit[0, 0] < 0.0:
                value = 0.0
        return value, merged + left_out, FINE
    room = reals(count + 2, rank)
    for i in range(count):
        for c in range(rank):
            room[i, c] = unit[i, c]
    value, error, status = polyhedral_fraction(room, count)
    if status == UNDECIDED:
        return 0.0, np.inf, status
    return value, error + merged + left_out, status


def fractions(normals: np.ndarray, values: np.ndarray, errors: np.ndarray, statuses: np.ndarray) -> None:
    """Fractions, error bounds and statuses of a batch ``(B, k, n)``, written into three arrays ``(B,)``."""
    for b in range(normals.shape[0]):
        values[b], errors[b], statuses[b] = fraction(normals[b])
