"""Kernel: the presumption of independence inside a cell of a network of four inputs.

:mod:`heurex.estimators.gates_kernel` one dimension up. That kernel's functions which only read values at rays are
used as they are: its rays have three columns, so it is given views that begin at the second.

Source: Hilton (2024), "Original version".
"""

from math import sqrt
from typing import Any

import numpy as np

from heurex.cones.corners import clear_side, side
from heurex.cones.flux4 import fraction
from heurex.cones.polytope4 import ADDED, ONCE, SCALED, SHARED, split, tally
from heurex.estimators.cells4_kernel import combine, set_normal
from heurex.estimators.gates_kernel import gated_margin

KERNEL = True

RAY: Any = np.int64(4)
CORNERS: Any = np.int64(4)
ALL: Any = np.int64(-1)
UPPER: Any = np.bool_(False)
TOUCH = 1e-12
# A chance that is nearer to 1 than this is measured by what it lacks.
NEARLY = 1e-6
# What rounding does to a gate is below this, or it is not taken for rounding.
SHUT = 1e-9
ROOTS = np.array([4, 6, 4, 1, 0])


def part_fraction(
    here: np.ndarray, masks: np.ndarray, m: int, column: int, width: int, normals: np.ndarray, facets: int,
    floors: np.ndarray, other: np.ndarray, other_masks: np.ndarray, edges: np.ndarray,
    scratch: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray], ops: np.ndarray,
) -> float:  # fmt: skip
    """Fraction of the part of a cone in which a value is positive, whose normal is the one behind the others.

    Negative if its faces do not fit together.
    """
    bit = masks[0] & 0 | ONCE << facets
    kept, _ = split(
        here, masks, m, column, width, bit, floors, other, other_masks, other, other_masks, UPPER, ops
    )
    if kept < 4:
        return 0.0
    found, count = fraction(
        other, other_masks, kept, normals, facets + 1, ALL, edges, scratch[2], scratch[3], scratch[4], ops
    )
    return found if count >= 0 else -1.0


def minor_share(
    here: np.ndarray, masks: np.ndarray, m: int, whole: float, j: int, positive: bool, function: np.ndarray,
    columns: int, normals: np.ndarray, facets: int, floors: np.ndarray, other: np.ndarray, other_masks: np.ndarray,
    edges: np.ndarray, scratch: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray], ops: np.ndarray,
) -> float:  # fmt: skip
    """Share of a cell in which a preactivation is positive, or else negative, measured on that side; -1 if unknown."""
    set_normal(normals, facets, function, columns, ops)
    if not positive:
        for i in range(m):
            here[i, RAY + j] = -here[i, RAY + j]
        for c in range(CORNERS):
            normals[facets, c] = -normals[facets, c]
    found = part_fraction(
        here, masks, m, RAY + j, RAY + j + 1, normals, facets, floors, other, other_masks, edges, scratch, ops
    )
    tally(ops, SHARED, ONCE)
    if not positive:
        for i in range(m):
            here[i, RAY + j] = -here[i, RAY + j]
    return found / whole if found >= 0 else -1.0


def gate_probabilities(
    here: np.ndarray, masks: np.ndarray, m: int, whole: float, linear: np.ndarray, columns: int, normals: np.ndarray,
    facets: int, floors: np.ndarray, other: np.ndarray, other_masks: np.ndarray, edges: np.ndarray,
    scratch: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    chance: tuple[np.ndarray, np.ndarray, np.ndarray], ops: np.ndarray,
) -> bool:  # fmt: skip
    """Chance that each preactivation is positive within a cell, as in the gates' kernel; false if one is unknown."""
    probs, spreads, passed = chance
    for j in range(probs.shape[0]):
        s = clear_side(here, m, RAY + j)
        probs[j] = 1.0 if s == 1 else 0.0
        spreads[j] = 0.0
        passed[j] = 0.0
        if s != 2 and side(here, m, RAY + j) != 2:
            continue
        positive = s != 1
        share = minor_share(
            here, masks, m, whole, j, positive, linear[j], columns, normals, facets, floors, other, other_masks,
            edges, scratch, ops,
        )  # fmt: skip
        if share < 0:
            return False
        if s != 2:
            passed[j] = share
            continue
        rest = 1 - share
        if rest < NEARLY:
            rest = minor_share(
                here, masks, m, whole, j, not positive, linear[j], columns, normals, facets, floors, other,
                other_masks, edges, scratch, ops,
            )  # fmt: skip
            if rest < 0:
                return False
            share = 1 - rest
        if share > 0 and rest > 0:
            probs[j] = share
            spreads[j] = sqrt(share * rest)
        elif share > 0:
            probs[j] = 1.0
        tally(ops, ROOTS, ONCE)
    return True


def shut(here: np.ndarray, m: int, gates: np.ndarray, wobble: np.ndarray) -> None:
    """Shut gates that are 0 up to rounding: p = q makes them so, and order statistics make p = 1/5."""
    for j in range(gates.shape[1]):
        reach = 0.0
        for i in range(m):
            reach = max(reach, abs(here[i, RAY + j]))
        for which in range(2):
            slip = wobble[which, j]
            if slip <= SHUT * reach and abs(gates[which, j]) * reach <= 4.0 * slip:
                gates[which, j] = 0.0
                wobble[which, j] = 0.0


def label_fraction(
    here: np.ndarray, masks: np.ndarray, m: int, whole: float, lead: np.ndarray, gates: np.ndarray,
    wobble: np.ndarray, label: int, linear: np.ndarray, function: np.ndarray, weights: np.ndarray,
    every: np.ndarray, normals: np.ndarray, facets: int, floors: np.ndarray, one: np.ndarray, one_masks: np.ndarray,
    two: np.ndarray, two_masks: np.ndarray, edges: np.ndarray,
    scratch: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray], ops: np.ndarray,
) -> tuple[float, float, bool]:  # fmt: skip
    """Fraction of a cell in which the label's logit, with these gates, is the first largest one.

    Returns it (negative if it is unknown), its error relative to the cell, and whether a tie was decided that
    rounding alone produced.
    """
    n, d = lead.shape[0], lead.shape[1]
    worst, doubtful = 0.0, False
    for i in range(m):
        for c in range(CORNERS):
            one[i, c] = here[i, c]
        one_masks[i] = masks[i]
    for rival in range(n):
        floors[rival] = 0.0
        if rival != label:
            error, rounded = gated_margin(
                here[:, 1:], m, lead[rival], gates, wobble, weights, one, RAY + rival
            )
            tally(ops, ADDED, m * d)
            tally(ops, SCALED, d + m * (d + 1))
            tally(ops, SHARED, ONCE)
            doubtful = doubtful or rounded
            worst = max(worst, error)
            for i in range(m):
                floors[rival] = max(floors[rival], TOUCH * abs(one[i, RAY + rival]))
    second = False
    first = facets
    for rival in range(n):
        if rival == label:
            continue
        part, part_masks = (two, two_masks) if second else (one, one_masks)
        s = clear_side(part, m, RAY + rival)
        if s == -1 or (s == 0 and rival < label):
            return 0.0, worst, doubtful
        if s == 2:
            other, other_masks = (one, one_masks) if second else (two, two_masks)
            bit = masks[0] & 0 | ONCE << facets
            m, _ = split(
                part, part_masks, m, RAY + rival, RAY + n, bit, floors, other, other_masks, other, other_masks,
                UPPER, ops,
            )  # fmt: skip
            for j in range(d):
                weights[j] = lead[rival, j] * gates[j]
            tally(ops, SCALED, d)
            combine(weights, every, d, linear, CORNERS, function, ops)
            set_normal(normals, facets, function, CORNERS, ops)
            facets += 1
            second = not second
    if facets == first:
        return whole, worst, doubtful
    part, part_masks = (two, two_masks) if second else (one, one_masks)
    if m < 4:
        return 0.0, worst, doubtful
    found, count = fraction(
        part, part_masks, m, normals, facets, ALL, edges, scratch[2], scratch[3], scratch[4], ops
    )
    return (found if count >= 0 else -1.0), worst, doubtful
