"""The event of the symmetric explanation with exact noise: six half-spaces in five dimensions.

Two signs and two comparisons of the inputs are four rows in the first three coordinates; two logit
comparisons are rows in all five, the last two coordinates being the noise. So the only dependency is
one among the first four rows. The faces follow from its signs alone: a set of rows is active on a face
if the rest of the dependency has both signs. The two rows that do not take part get an infinitesimal
part, of the majority's sign, which leaves the fewest faces: Euler's relation then needs five or eight
four-dimensional fractions. Noise of lower rank, or none, is a limit in which every term is continuous,
so tiny noise needs no case of its own.
"""

from __future__ import annotations

from math import inf, pi
from typing import Any

import numpy as np

from heurex.cones.orthant4 import rows_that_bind
from heurex.cones.orthant56 import ROUNDING, angles_between, four_of, fraction_of_few
from heurex.cones.sides import NUDGE, NUDGED, side
from heurex.kernels import reals

KERNEL = True


def dependency_signs(rows: np.ndarray, signs: np.ndarray) -> int:
    """Signs of the dependency of the first four rows, which lie in the first three coordinates.

    Returns whether all are certain as the rows stand (1), for displaced rows only (2), or unknown (0).
    """
    first = reals(4, 3)
    for i in range(4):
        for c in range(3):
            first[i, c] = rows[i, c]
    chosen = np.empty(3, np.int64)
    certainty = 1
    for i in range(4):
        position = 0
        for j in range(4):
            if j != i:
                chosen[position] = j
                position += 1
        answer = side(first, chosen)
        if answer == 0:
            return 0
        if abs(answer) == NUDGED:
            certainty = 2
        signs[i] = (1 if answer > 0 else -1) * (1 if i % 2 == 0 else -1)
    return certainty


def is_face(signs: np.ndarray, subset: int) -> bool:
    """Whether the rows outside the subset (a bit mask) have both signs in the dependency."""
    positive = False
    negative = False
    for i in range(6):
        if subset >> i & 1 == 0:
            if signs[i] > 0:
                positive = True
            else:
                negative = True
    return positive and negative


def six_fraction(unit: np.ndarray, signs: np.ndarray) -> tuple[float, float]:
    """Euler's relation over the faces of six rows of length one with the given dependency signs."""
    angles: Any = angles_between(unit)
    members = np.empty(6, np.int64)
    halves = 0  # of 2 V, in units of 1/2
    turns = 0.0  # of 2 V, in units of 1/(4 pi)
    value = 0.0
    error = 4.0 * ROUNDING
    for subset in range(64):
        size = 0
        for i in range(6):
            if subset >> i & 1:
                members[size] = i
                size += 1
        if size > 4 or not is_face(signs, subset):
            continue
        a, b, c = members[0], members[1], members[2]
        if size == 0:
            halves += 2
        elif size == 1:
            halves -= 1
        elif size == 2:
            halves += 1
            turns -= 2.0 * angles[a, b]
        elif size == 3:
            halves -= 1
            turns += angles[a, b] + angles[a, c] + angles[b, c]
        else:
            part, part_error = four_of(unit, a, b, c, members[3])
            value += part
            error += part_error
    value = 0.5 * (value + 0.5 * halves + turns / (4.0 * pi))
    return (value if value > 0.0 else 0.0), 0.5 * error


def event_fraction(rows: np.ndarray) -> tuple[float, float]:
    """Fraction of one event, ``rows`` of shape ``(6, 5)``, and a bound on its error (infinite if unknown).

    The last two entries of the first four rows are zero; a zero row is no constraint. Error: absolute,
    about 3e-15. Cost: 15 angles and five or eight four-dimensional fractions.
    """
    unit = rows_that_bind(rows)
    if unit.shape[0] < 6:
        return fraction_of_few(unit)
    signs = np.empty(6, np.int64)
    certainty = dependency_signs(unit, signs)
    if certainty == 0:
        return 0.0, inf
    displaced = 16.0 * NUDGE if certainty == 2 else 0.0  # some 120 row places, each NUDGE / 6
    surplus = signs[0] + signs[1] + signs[2] + signs[3]
    if abs(surplus) == 4:
        return 0.0, displaced  # the first four half-spaces have no interior point in common
    signs[4] = 1 if surplus >= 0 else -1
    signs[5] = signs[4]
    value, error = six_fraction(unit, signs)
    return value, error + displaced


def event_fractions(normals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fractions and error bounds of a batch of events; ``(E, 6, 5)`` to two arrays ``(E,)``."""
    count = normals.shape[0]
    values = reals(count)
    errors = reals(count)
    for e in range(count):
        values[e], errors[e] = event_fraction(normals[e])
    return values, errors
