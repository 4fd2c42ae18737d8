"""Kernel: what is answered wrongly in a cell between thresholds, by its corners.

Used by :mod:`heurex.estimators.anytime_kernel`. ``scratch`` holds what is worked on: 0 a state, 1 preactivations,
2 the corners of a cell and 3 on which end of the wedge they are, 4 to 7 the same for parts of it, 8 squared
lengths of the wedge's rays, 9 the order of thresholds, 10 ray and threshold of each corner, 11 the sides of both
margins, 12 the order on the second ray, 13 crossings. A corner on the x_2 axis has ray -1 and threshold 0 up, 1 down.
"""

import numpy as np

from heurex.cones.wedge import AXIS, FIRST, INSIDE, LENGTH, SECOND, fraction, is_radial, keep_side, set_length
from heurex.estimators.anytime_rays_kernel import (
    NOISE,
    ROOT,
    THREE,
    find_margins,
    label_above,
    pair_of,
    pay,
    threshold,
)

KERNEL = True

# A cell where a margin nowhere exceeds this share of its terms is left undecided.
UNSURE = 1e-13
# Columns of a corner: 0..2 ray, 3 length, then the margins against both rivals.
MARGIN = np.int64(4)
WIDTH = np.int64(6)
# NumPy integers where they are passed on: numba compiles a callee anew for each plain literal.
ZERO, ONE = np.int64(0), np.int64(1)
WRONG, UNDECIDED = np.int64(0), np.int64(1)


def set_corners(
    m: int,
    a: int,
    b: int,
    every: bool,
    store: tuple[np.ndarray, ...],
    signs: np.ndarray,
    scratch: tuple[np.ndarray, ...],
    meter: np.ndarray,
) -> bool:
    """Write the corners of a cell, with the lengths of every one or of those with a margin below 0 or at 0.

    False if the budget stops it.
    """
    rays, levels, lengths = store[0], store[1], store[6]
    corners, ends, planar, places = scratch[2], scratch[3], scratch[8], scratch[10]
    for i in range(m):
        ray, event = places[i, 0], places[i, 1]
        if ray < 0:
            corners[i, 0], corners[i, 1] = 0.0, 0.0
            corners[i, 2], corners[i, LENGTH] = 1.0 - 2.0 * event, 1.0
            ends[i] = AXIS
            continue
        ends[i] = FIRST if ray == a else (SECOND if ray == b else INSIDE)
        corners[i, 0], corners[i, 1] = rays[ray, 0], rays[ray, 1]
        corners[i, 2] = threshold(ray, event, rays, levels, signs)
        corners[i, LENGTH] = lengths[ray, event]
        if lengths[ray, event] < 0 and (every or corners[i, MARGIN] <= 0 or corners[i, MARGIN + 1] <= 0):
            if not pay(meter, 2 + ROOT + (3 if ends[i] == INSIDE else 0)):
                return False
            set_length(corners, i, ends[i], planar)
            lengths[ray, event] = corners[i, LENGTH]
    return True


def set_cell_margins(
    m: int,
    label: int,
    store: tuple[np.ndarray, ...],
    model: tuple[np.ndarray, ...],
    scratch: tuple[np.ndarray, ...],
    sides: np.ndarray,
    strain: np.ndarray,
    meter: np.ndarray,
) -> bool:
    """The margins of the label at the corners of a cell, and the side of each; false if the budget stops it.

    ``sides``: for both rivals, +1 the label wins, -1 the rival wins, 2 both in places, 0 a tie decided by
    position, 3 a tie that may be rounding.
    """
    margins, largest, known = store[2], store[3], store[5]
    corners, places = scratch[2], scratch[10]
    first = 1 if label == 0 else 0
    second = 1 if label == 2 else 2
    wanted = (1 << pair_of(label, first)) | (1 << pair_of(label, second))
    for i in range(m):
        if places[i, 0] >= 0 and not find_margins(
            places[i, 0], places[i, 1], wanted, store, model, scratch[1], meter
        ):
            return False
    for k in range(2):
        rival = first if k == 0 else second
        pair = pair_of(label, rival)
        noise, above, below, most = False, 0.0, 0.0, 0.0
        for i in range(m):
            ray, event = places[i, 0], places[i, 1]
            value = model[4][event, pair] if ray < 0 else margins[ray, event, pair]
            size = model[5][event, pair] if ray < 0 else largest[ray, event, pair]
            state = model[6][event, pair] if ray < 0 else known[ray, event, pair]
            if label > rival:
                value = -value
            corners[i, MARGIN + k] = value
            noise = noise or state == NOISE
            above, below, most = max(above, value), max(below, -value), max(most, size)
        if above == 0 and below == 0:
            sides[k] = 3 if noise else (0 if label < rival else -1)
            continue
        if not pay(meter, ONE):
            return False
        if max(above, below) <= UNSURE * most:
            sides[k] = 3
            continue
        sides[k] = 2 if above > 0 and below > 0 else (1 if above > 0 else -1)
        if sides[k] == 2:
            if not pay(meter, THREE):
                return False
            strain[0] = strain[0] + extent(m, store, model[0], places) / max(above, below)
    return True


def extent(m: int, store: tuple[np.ndarray, ...], signs: np.ndarray, places: np.ndarray) -> float:
    """The extent of a cell in x_2, at most 1, which is also taken where it goes to infinity."""
    lowest, highest = 0.0, 0.0
    for i in range(m):
        if places[i, 0] < 0:
            return 1.0
        t = threshold(places[i, 0], places[i, 1], store[0], store[1], signs)
        lowest = t if i == 0 else min(lowest, t)
        highest = t if i == 0 else max(highest, t)
    return min(1.0, highest - lowest)


def area(
    corners: np.ndarray, ends: np.ndarray, m: int, out: np.ndarray, place: int, meter: np.ndarray
) -> bool:
    """Add a polygon's share of space to ``out``; false if the budget stops it."""
    if m < 3:
        return True
    arcs = 0
    for i in range(m):
        if not is_radial(ends[i], ends[i + 1 if i + 1 < m else 0]):
            arcs += 1
    if arcs == 0:
        return True
    if not pay(meter, 16 * arcs + 6):
        return False
    # The pole that a corner may be, and never its opposite; else the nearer one.
    lowest, highest = corners[0, 2], corners[0, 2]
    for i in range(1, m):
        lowest, highest = min(lowest, corners[i, 2]), max(highest, corners[i, 2])
    up = highest > -lowest
    for i in range(m):
        if ends[i] == AXIS:
            up = corners[i, 2] > 0
    out[place] = out[place] + fraction(corners, ends, m, up)
    return True


def clip(
    source: tuple[np.ndarray, np.ndarray],
    m: int,
    column: int,
    positive: bool,
    past: int,
    planar: np.ndarray,
    target: tuple[np.ndarray, np.ndarray],
    meter: np.ndarray,
) -> int:
    """The part of a cell where a margin has one sign, and margins up to a column; its corners, -1 if stopped."""
    corners, ends = source
    price = 0
    for i in range(m):
        j = i + 1 if i + 1 < m else 0
        if not (
            (corners[i, column] > 0 and corners[j, column] < 0)
            or (corners[i, column] < 0 and corners[j, column] > 0)
        ):
            continue
        price += 2 + 2 + ROOT
        if ends[i] == AXIS or ends[j] == AXIS:
            price += 2 * (past - column - 1)
            if ends[i] == INSIDE or ends[j] == INSIDE:
                price += 3
            continue
        price += 3 * (past - column - 1)
        for w in range(3):
            if corners[i, w] != corners[j, w]:
                price += 3
        if not is_radial(ends[i], ends[j]):
            price += 3
    if not pay(meter, price):
        return -1
    return keep_side(corners, ends, m, column, positive, column, past, planar, target[0], target[1])


def side_of(corners: np.ndarray, m: int, column: int) -> int:
    """On which side of zero a value is: +1, -1, 0 throughout, or 2 both."""
    above, below = False, False
    for i in range(m):
        if corners[i, column] > 0:
            above = True
        elif corners[i, column] < 0:
            below = True
    if above and below:
        return 2
    return 1 if above else (-1 if below else 0)


def measure_wrong(
    m: int, sides: np.ndarray, scratch: tuple[np.ndarray, ...], out: np.ndarray, meter: np.ndarray
) -> bool:
    """Add the part of a cell that is answered wrongly to ``out[0]``; false if the budget stops it."""
    corners, ends, kept, kept_ends, rest, rest_ends, planar = scratch[2:9]
    if sides[0] == -1 or sides[1] == -1:
        return area(corners, ends, m, out, WRONG, meter)
    column = MARGIN if sides[0] == 2 else MARGIN + 1
    size = clip((corners, ends), m, column, False, column + 1, planar, (kept, kept_ends), meter)
    if size < 0 or not area(kept, kept_ends, size, out, WRONG, meter):
        return False
    if sides[0] != 2 or sides[1] != 2:
        return True
    size = clip((corners, ends), m, column, True, WIDTH, planar, (kept, kept_ends), meter)
    if size < 0:
        return False
    where = side_of(kept, size, MARGIN + 1)
    if where == -1:
        return area(kept, kept_ends, size, out, WRONG, meter)
    if where != 2:
        return True
    size = clip((kept, kept_ends), size, MARGIN + 1, False, WIDTH, planar, (rest, rest_ends), meter)
    return size >= 0 and area(rest, rest_ends, size, out, WRONG, meter)


def close_cell(
    piece: int,
    a: int,
    b: int,
    chains: tuple[np.ndarray, ...],
    store: tuple[np.ndarray, ...],
    model: tuple[np.ndarray, ...],
    scratch: tuple[np.ndarray, ...],
    out: np.ndarray,
    meter: np.ndarray,
) -> bool:
    """Add what is wrong or undecided in a cell whose corners are all known; false if the budget stops it."""
    signs, order, places = model[0], scratch[9], scratch[10]
    lower, upper, sizes = chains
    passed = ZERO
    for i in range(piece):
        if order[i] >= signs.shape[0]:
            passed += 1
    m = ZERO
    for i in range(sizes[0, piece]):
        places[m, 0], places[m, 1] = lower[piece, i, 0], lower[piece, i, 1]
        m += 1
    for i in range(sizes[1, piece] - 1, -1, -1):
        place = upper[piece, i]
        if (place[0] == places[0, 0] and place[1] == places[0, 1]) or (
            place[0] == places[m - 1, 0] and place[1] == places[m - 1, 1]
        ):
            continue
        places[m, 0], places[m, 1] = place[0], place[1]
        m += 1
    sides = scratch[11]
    label = label_above(store[0], a, b, passed, model[7][0])
    if not set_cell_margins(m, label, store, model, scratch, sides, out[2:], meter):
        return False
    lost = sides[0] == -1 or sides[1] == -1
    vague = store[4][a, 1] == NOISE or store[4][b, 1] == NOISE
    unsure = sides[0] == 3 or sides[1] == 3 or (vague and (sides[0] == 0 or sides[1] == 0 or lost))
    if not unsure and not lost and sides[0] != 2 and sides[1] != 2:
        return True
    if not set_corners(m, a, b, unsure or lost, store, signs, scratch, meter):
        return False
    if unsure:
        return area(scratch[2], scratch[3], m, out, UNDECIDED, meter)
    return measure_wrong(m, sides, scratch, out, meter)
