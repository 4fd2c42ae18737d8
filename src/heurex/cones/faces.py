"""Cones with more half-spaces than dimensions: sums over the rays, in terms of simplicial cones.

The rays are found from signs of determinants only (:mod:`heurex.cones.sides`), for rows in general
position or displaced into it; the cone is then simple, and every face is a set of rows that is part
of some ray's set.

*Odd dimension*: Euler's relation for spherical polytopes (Sommerville), ``2 V = sum over faces T of
(-1)^|T| P_T``, T the rows active on a face other than the apex; every P_T belongs to given rows, so no
sliver is ever made. *Even dimension*: the indicator of the cone is a signed sum of simplicial cones,
one for each ray (Lawrence 1991; Varchenko 1987): the tangent cone of the ray, its rows flipped so that
a generic direction increases along all edges, within the half-space of a row inside the dual cone.
"""

from __future__ import annotations

from math import pi
from typing import Final

import numpy as np

from heurex.cones.orthant4 import normalised, orthant4
from heurex.cones.orthant56 import ROUNDING, angle_between, angles_between, four_of, orthant6
from heurex.cones.sides import NUDGE, NUDGED, side
from heurex.kernels import reals

KERNEL = True

FINE: Final = 0
UNDECIDED: Final = 1
GENERIC: Final = np.array([0.5358979, -0.3217461, 0.4112358, 0.2871903, -0.4636476, 0.3723571])


def next_choice(chosen: np.ndarray, size: int, k: int) -> bool:
    """Step to the next increasing choice of ``size`` out of k indices, in place; False after the last."""
    i = size - 1
    while i >= 0 and chosen[i] == k - size + i:
        i -= 1
    if i < 0:
        return False
    chosen[i] += 1
    for j in range(i + 1, size):
        chosen[j] = chosen[j - 1] + 1
    return True


def rays(rows: np.ndarray, k: int, found: np.ndarray) -> tuple[int, int]:
    """The rays of {x : rows @ x >= 0} of the first k rows (length one, full rank n, k >= n).

    Writes into ``found``, ``(room, n)``: the n - 1 rows active on a ray, increasing, and the sign of
    determinants that end in any other row. Returns how many there are (-1 if a sign is unknown) and
    how many decisions hold for displaced rows only.
    """
    n = rows.shape[1]
    chosen = np.empty(n, np.int64)
    for i in range(n - 1):
        chosen[i] = i
    count = 0
    nudged = 0
    more = True
    while more:
        sign = 0
        last = n - 1
        for i in range(k):
            active = False
            for j in range(n - 1):
                if chosen[j] == i:
                    active = True
            if active:
                continue
            chosen[last] = i
            answer = side(rows, chosen)
            if answer == 0:
                return -1, nudged
            if abs(answer) == NUDGED:
                nudged += 1
            if sign == 0:
                sign = 1 if answer > 0 else -1
            elif answer * sign < 0:
                sign = 2
                break
        if sign != 2:
            if count == found.shape[0]:
                return -1, nudged
            for j in range(n - 1):
                found[count, j] = chosen[j]
            found[count, last] = sign
            count += 1
        more = next_choice(chosen, n - 1, k)
    return count, nudged


def room_for_rays(k: int, n: int) -> int:
    """How many rays a cone of k half-spaces in n <= 6 dimensions can have at most (upper bound theorem)."""
    if n <= 2:
        return 2
    if n == 3:
        return k
    if n == 4:
        return 2 * k
    return k * k


def circle_fraction(rows: np.ndarray, found: np.ndarray) -> tuple[float, float]:
    """A cone in the plane, from its two rays."""
    return 0.5 - angle_between(rows, found[0, 0], found[1, 0]) / (2.0 * pi), ROUNDING


def odd_fraction(rows: np.ndarray, k: int, found: np.ndarray, count: int) -> tuple[float, float]:
    """Euler's relation in three or five dimensions, from the rays."""
    n = rows.shape[1]
    angles = angles_between(rows[:k])
    row_seen = np.zeros(k, np.bool_)
    pairs = np.zeros((k, k), np.int64)  # 1 + the number of triples above a pair
    triples = np.zeros((k, k, k), np.bool_) if n == 5 else np.zeros((1, 1, 1), np.bool_)
    halves = 2
    fours = 0.0
    error = 0.0
    for r in range(count):
        for x in range(n - 1):
            a = found[r, x]
            if not row_seen[a]:
                row_seen[a] = True
                halves -= 1
            for y in range(x + 1, n - 1):
                b = found[r, y]
                if pairs[a, b] == 0:
                    pairs[a, b] = 1
                    halves += 1
                for z in range(y + 1, n - 1):
                    c = found[r, z]
                    if not triples[a, b, c]:
                        triples[a, b, c] = True
                        halves -= 1
        if n == 5:
            part, part_error = four_of(rows, found[r, 0], found[r, 1], found[r, 2], found[r, 3])
            fours += part
            error += part_error
    for a in range(k):
        for b in range(a + 1, k):
            for c in range(b + 1, k):
                if n == 5 and triples[a, b, c]:
                    pairs[a, b] += 1
                    pairs[a, c] += 1
                    pairs[b, c] += 1
    turns = 0.0
    for a in range(k):
        for b in range(a + 1, k):
            if pairs[a, b] > 0:
                turns += (pairs[a, b] - 3) * angles[a, b]  # (triples - 2) / (4 pi)
                error += ROUNDING
    return 0.5 * (0.5 * halves + fours + turns / (4.0 * pi)), 0.5 * error + ROUNDING


def even_fraction(rows: np.ndarray, k: int, found: np.ndarray, count: int) -> tuple[float, float, int]:
    """The signed sum over the rays in four or six dimensions; a third number is 0 if a sign is unknown.

    ``rows`` has two rows to spare after the first k.
    """
    n = rows.shape[1]
    inside = reals(1, n)
    for c in range(n):
        inside[0, c] = 0.0
        for i in range(k):
            inside[0, c] = inside[0, c] + rows[i, c]
    inside = normalised(inside)
    for c in range(n):
        rows[k, c] = inside[0, c]
        rows[k + 1, c] = GENERIC[c]
    chosen = np.empty(n, np.int64)
    simplex = reals(n, n)
    total = 0.0
    error = 0.0
    for r in range(count):
        sign = 1
        for c in range(n):
            simplex[n - 1, c] = rows[k, c]
        for j in range(n - 1):
            for i in range(n - 1):
                chosen[i] = found[r, i]
            chosen[j] = k + 1
            chosen[n - 1] = k
            answer = side(rows, chosen)
            if answer == 0:
                return 0.0, 0.0, 0
            flip = answer * found[r, n - 1] < 0
            if flip:
                sign = -sign
            for c in range(n):
                entry = rows[found[r, j], c]
                simplex[j, c] = -entry if flip else entry
        part, part_error = orthant4(simplex) if n == 4 else orthant6(simplex)
        total += part if sign > 0 else -part
        error += part_error
    return total, error + ROUNDING, 1


def polyhedral_fraction(rows: np.ndarray, k: int) -> tuple[float, float, int]:
    """Fraction of {x : rows @ x >= 0}, the first k of the rows, which have length one and full rank.

    ``rows`` is ``(k + 2, n)`` with two rows to spare, n = 2..6. Returns value, error bound and status;
    an empty interior that floating point recognises gives exactly 0. Cost: a determinant or a few for
    each choice of n - 1 rows, then one simplicial cone of n (even n) or n - 1 (n = 5) rows for each ray.
    """
    n = rows.shape[1]
    found = np.empty((room_for_rays(k, n), n), np.int64)
    count, nudged = rays(rows, k, found)
    if count < 0:
        return 0.0, 0.0, UNDECIDED
    displaced = 0.5 * NUDGE * (k + n * count) if nudged > 0 else 0.0
    if count == 0:
        return 0.0, displaced, FINE
    if n == 2:
        value, error = circle_fraction(rows, found)
    elif n % 2 == 1:
        value, error = odd_fraction(rows, k, found, count)
    else:
        value, error, known = even_fraction(rows, k, found, count)
        if known == 0:
            return 0.0, 0.0, UNDECIDED
    return (value if value > 0.0 else 0.0), error + displaced, FINE
