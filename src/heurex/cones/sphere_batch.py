"""Many cones in 3-space at once: every pair of planes of 128 cones in lock-step, without a branch.

A triple of planes has one determinant, and it says for each of its three pairs on which side of the
third plane their common ray lies; so the triples are gone through once and what they say is kept as
bits, two for each pair. A pair whose ray is not cut off on both of its ends is a corner. Triples are
taken in the order of their first two planes, so that all is known about a pair when its own turn is over,
and nothing need be stored of it. The exterior angles are added as complex numbers, as in
:mod:`heurex.cones.sphere`.

Cones where any determinant is within its rounding error, where two planes nearly agree for all that is
known, or where the fraction is tiny or nearly a half, are done again by the scalar kernel. So is
everything with less than three or more than eight planes.
"""

from __future__ import annotations

from math import pi, sqrt

import numpy as np

from heurex.cones.sphere import END_ERROR, GIRARD_ERROR
from heurex.cones.sphere import fractions as scalar_fractions

KERNEL = True
# No sign rests on what is left after rounding, so a product and a sum may be rounded together.
FUSED = True

LANES = 128
FEWEST = 3
MOST = 8  # two bits for each of 28 pairs
OVER_4PI = 1.0 / (4.0 * pi)
# Rows are scaled to a largest entry in [1, 2): the rounding error of a determinant is below 6^3 * 1e-15.
SURE = 2.2e-13
# Exterior angles this close to a full turn leave too few digits of the fraction (below 1.2e-6: 7e-10 of it)
# and are left to the scalar kernel; so are those that could be a full turn or none but for rounding.
CLOSE = 2.0**-16
ROUNDING = 2.0**-40
EXPONENT = 0x7FF0000000000000
TWICE_BIAS = 2046 << 52
# atan(x) = x + x^3 P(x^2) / Q(x^2) on [0, tan(pi/8)], relative error 2e-16. Source: Moshier (1989), Cephes.
P0, P1, P2, P3, P4 = (
    -8.750608600031904122785e-1,
    -1.615753718733365076637e1,
    -7.500855792314704667340e1,
    -1.228866684490136173410e2,
    -6.485021904942025371773e1,
)
Q0, Q1, Q2, Q3, Q4 = (
    2.485846490142306297962e1,
    1.650270098316988542046e2,
    4.328810604912902668951e2,
    4.853903996359136964868e2,
    1.945506571482613964425e2,
)
EIGHTH_TURN = pi / 4.0
QUARTER_TURN = pi / 2.0
TANGENT = 0.41421356237309503


def _load(block: np.ndarray, tiles: np.ndarray) -> None:
    """Transpose 128 cones into tiles (row; x, y, z; lane)."""
    for row in range(block.shape[1]):
        tile = tiles[row]
        for t in range(LANES):
            tile[t] = block[t, row, 0]
            tile[LANES + t] = block[t, row, 1]
            tile[2 * LANES + t] = block[t, row, 2]


def _scale(tile: np.ndarray, bits: np.ndarray, scale: np.ndarray) -> None:
    """Scale by the reversed exponent; a row out of the range of that becomes small and is found unsure."""
    for t in range(LANES):
        scale[t] = max(abs(tile[t]), max(abs(tile[LANES + t]), abs(tile[2 * LANES + t])))
    for t in range(LANES):
        bits[t] = TWICE_BIAS - (bits[t] & EXPONENT)
    for t in range(LANES):
        tile[t] *= scale[t]
        tile[LANES + t] *= scale[t]
        tile[2 * LANES + t] *= scale[t]


def _corner(one: np.ndarray, two: np.ndarray, both: int, state: np.ndarray) -> None:
    """Multiply the exterior angle of two planes into the product wherever their pair is a corner.

    The state is four tiles: what is known of the pairs (bits), the least determinant, the product (two).
    """
    seen = state.view(np.int64)
    for t in range(LANES):
        x = one[LANES + t] * two[2 * LANES + t] - one[2 * LANES + t] * two[LANES + t]
        y = one[2 * LANES + t] * two[t] - one[t] * two[2 * LANES + t]
        z = one[t] * two[LANES + t] - one[LANES + t] * two[t]
        a = one[t] * two[t] + one[LANES + t] * two[LANES + t] + one[2 * LANES + t] * two[2 * LANES + t]
        b = sqrt(x * x + y * y + z * z)
        cut_off = (seen[t] & both) == both
        a = 1.0 if cut_off else a
        b = 0.0 if cut_off else b
        real = state[2 * LANES + t]
        imaginary = state[3 * LANES + t]
        state[2 * LANES + t] = real * a - imaginary * b
        state[3 * LANES + t] = real * b + imaginary * a


def _corner_and_one(
    one: np.ndarray, two: np.ndarray, third: np.ndarray, masks: tuple[int, int], both: int, state: np.ndarray
) -> None:
    """Note what the determinant with a third plane says about its three pairs; then :func:`_corner`."""
    above, below = masks
    seen = state.view(np.int64)
    for t in range(LANES):
        x = one[LANES + t] * two[2 * LANES + t] - one[2 * LANES + t] * two[LANES + t]
        y = one[2 * LANES + t] * two[t] - one[t] * two[2 * LANES + t]
        z = one[t] * two[LANES + t] - one[LANES + t] * two[t]
        height = x * third[t] + y * third[LANES + t] + z * third[2 * LANES + t]
        bits = seen[t] | (above if height > 0.0 else below)
        seen[t] = bits
        state[LANES + t] = min(state[LANES + t], abs(height))
        a = one[t] * two[t] + one[LANES + t] * two[LANES + t] + one[2 * LANES + t] * two[2 * LANES + t]
        b = sqrt(x * x + y * y + z * z)
        cut_off = (bits & both) == both
        a = 1.0 if cut_off else a
        b = 0.0 if cut_off else b
        real = state[2 * LANES + t]
        imaginary = state[3 * LANES + t]
        state[2 * LANES + t] = real * a - imaginary * b
        state[3 * LANES + t] = real * b + imaginary * a


def _corner_and_two(
    one: np.ndarray,
    two: np.ndarray,
    third: np.ndarray,
    fourth: np.ndarray,
    masks: tuple[int, int, int, int],
    both: int,
    state: np.ndarray,
) -> None:
    """:func:`_corner_and_one` with two third planes."""
    above, below, above_fourth, below_fourth = masks
    seen = state.view(np.int64)
    for t in range(LANES):
        x = one[LANES + t] * two[2 * LANES + t] - one[2 * LANES + t] * two[LANES + t]
        y = one[2 * LANES + t] * two[t] - one[t] * two[2 * LANES + t]
        z = one[t] * two[LANES + t] - one[LANES + t] * two[t]
        first = x * third[t] + y * third[LANES + t] + z * third[2 * LANES + t]
        second = x * fourth[t] + y * fourth[LANES + t] + z * fourth[2 * LANES + t]
        bits = seen[t] | (above if first > 0.0 else below) | (above_fourth if second > 0.0 else below_fourth)
        seen[t] = bits
        state[LANES + t] = min(state[LANES + t], min(abs(first), abs(second)))
        a = one[t] * two[t] + one[LANES + t] * two[LANES + t] + one[2 * LANES + t] * two[2 * LANES + t]
        b = sqrt(x * x + y * y + z * z)
        cut_off = (bits & both) == both
        a = 1.0 if cut_off else a
        b = 0.0 if cut_off else b
        real = state[2 * LANES + t]
        imaginary = state[3 * LANES + t]
        state[2 * LANES + t] = real * a - imaginary * b
        state[3 * LANES + t] = real * b + imaginary * a


def _two_more(
    one: np.ndarray,
    two: np.ndarray,
    third: np.ndarray,
    fourth: np.ndarray,
    masks: tuple[int, int, int, int],
    state: np.ndarray,
) -> None:
    """Only note what two determinants say."""
    above, below, above_fourth, below_fourth = masks
    seen = state.view(np.int64)
    for t in range(LANES):
        x = one[LANES + t] * two[2 * LANES + t] - one[2 * LANES + t] * two[LANES + t]
        y = one[2 * LANES + t] * two[t] - one[t] * two[2 * LANES + t]
        z = one[t] * two[LANES + t] - one[LANES + t] * two[t]
        first = x * third[t] + y * third[LANES + t] + z * third[2 * LANES + t]
        second = x * fourth[t] + y * fourth[LANES + t] + z * fourth[2 * LANES + t]
        seen[t] |= (above if first > 0.0 else below) | (above_fourth if second > 0.0 else below_fourth)
        state[LANES + t] = min(state[LANES + t], min(abs(first), abs(second)))


def _slopes(product: np.ndarray, slopes: np.ndarray) -> None:
    """Numerator and denominator of a tangent in [0, tan(pi/8)] up to sign, for each lane."""
    for t in range(LANES):
        tall = abs(product[LANES + t])
        wide = abs(product[t])
        high = max(tall, wide)
        high = high if high > 0.0 else 1.0  # a lane with zero rows, to be done again
        low = min(tall, wide)
        steep = low > TANGENT * high
        slopes[t] = low - high if steep else low
        slopes[LANES + t] = low + high if steep else high


def _arctangents(slopes: np.ndarray) -> None:
    """Numerator and denominator of atan(x) / x - 1, for the x that are the first tile."""
    for t in range(LANES):
        z = slopes[t] * slopes[t]
        slopes[LANES + t] = ((((P0 * z + P1) * z + P2) * z + P3) * z + P4) * z
        slopes[2 * LANES + t] = ((((z + Q0) * z + Q1) * z + Q2) * z + Q3) * z + Q4


def _fractions(product: np.ndarray, slopes: np.ndarray) -> None:
    """The fraction, into the first tile."""
    for t in range(LANES):
        real = product[t]
        imaginary = product[LANES + t]
        tall = abs(imaginary)
        wide = abs(real)
        high = max(tall, wide)
        low = min(tall, wide)
        angle = slopes[t] + slopes[t] * slopes[LANES + t]
        angle = angle + (EIGHTH_TURN if low > TANGENT * high else 0.0)
        angle = QUARTER_TURN - angle if tall > wide else angle
        # The angle is now between the product and the nearer end of the real axis.
        share = OVER_4PI * angle
        upper = 0.5 - share if real >= 0.0 else 0.25 + share
        lower = share if real >= 0.0 else 0.25 - share
        value = upper if imaginary >= 0.0 else lower
        slopes[t] = value if tall + abs(real - 1.0) > 0.0 else 0.0  # still 1: no corner at all


def _margins(product: np.ndarray, least: np.ndarray, slopes: np.ndarray) -> None:
    """Into the second tile, a number that is not positive if the scalar kernel has to do the lane again."""
    for t in range(LANES):
        imaginary = product[LANES + t]
        margin = abs(imaginary) - (ROUNDING if imaginary > 0.0 else CLOSE) * product[t]
        margin = margin if slopes[t] > 0.0 else 1.0
        slopes[LANES + t] = min(margin, least[t] - SURE)


def _store(
    slopes: np.ndarray, error: float, values: np.ndarray, errors: np.ndarray, undecided: np.ndarray
) -> None:
    for t in range(values.shape[0]):
        values[t] = slopes[t]
        errors[t] = error if slopes[t] > 0.0 else 0.0
        undecided[t] = False


def _bit(i: int, j: int, k: int) -> int:
    """Position of the pair i < j among the pairs of k planes."""
    return i * (2 * k - i - 1) // 2 + j - i - 1


def _masks(i: int, j: int, m: int, k: int) -> tuple[int, int]:
    """What a positive and what a negative determinant of planes i < j < m says.

    If positive, m is above i x j and i above j x m, but j below i x m. For each pair there is a bit for
    "something is above", and further up one for "something is below".
    """
    shift = k * (k - 1) // 2
    one = _bit(i, j, k)
    two = _bit(j, m, k)
    three = _bit(i, m, k)
    above = (1 << one) | (1 << two) | (1 << (shift + three))
    below = (1 << (shift + one)) | (1 << (shift + two)) | (1 << three)
    return above, below


def _block(tiles: np.ndarray, state: np.ndarray) -> None:
    """All pairs in an order in which everything about a pair is known when its turn comes."""
    k = tiles.shape[0]
    shift = k * (k - 1) // 2
    seen = state.view(np.int64)
    for t in range(LANES):
        seen[t] = 0
        state[LANES + t] = 1.0
        state[2 * LANES + t] = 1.0
        state[3 * LANES + t] = 0.0
    for i in range(k):
        one = tiles[i]
        for j in range(i + 1, k):
            two = tiles[j]
            pair = _bit(i, j, k)
            both = (1 << pair) | (1 << (shift + pair))
            m = j + 1
            while m + 2 < k:
                masks = _masks(i, j, m, k) + _masks(i, j, m + 1, k)
                _two_more(one, two, tiles[m], tiles[m + 1], masks, state)
                m += 2
            if m + 1 < k:
                masks = _masks(i, j, m, k) + _masks(i, j, m + 1, k)
                _corner_and_two(one, two, tiles[m], tiles[m + 1], masks, both, state)
            elif m < k:
                _corner_and_one(one, two, tiles[m], _masks(i, j, m, k), both, state)
            else:
                _corner(one, two, both, state)


def fractions(normals: np.ndarray, values: np.ndarray, errors: np.ndarray, undecided: np.ndarray) -> None:
    """Fraction of 3-space in each of a batch of cones, a bound on each error, and which are undecided.

    Parameters
    ----------
    normals
        Finite, shape (B, k, 3); a zero row is no constraint.
    values, errors, undecided
        Receive the results; shape (B,).

    Notes
    -----
    A cone's result depends on that cone only, not on its neighbours or its place. Error: absolute, below
    7.7e-17 k + 1.2e-16; relative below 7e-10.
    Cost: about 25 operations a pair and 9 a triple of planes, one arctangent.
    """
    count = normals.shape[0]
    k = normals.shape[1]
    if k < FEWEST or k > MOST:
        scalar_fractions(normals, values, errors, undecided)
        return
    tiles = np.empty((k, 3 * LANES))
    state = np.empty(4 * LANES)
    least = state[LANES : 2 * LANES]
    product = state[2 * LANES :]
    slopes = np.empty(3 * LANES)
    scale = np.empty(LANES)
    padded = np.empty((LANES, k, 3))
    bits = scale.view(np.int64)
    for start in range(0, count, LANES):
        block = normals[start : start + LANES]
        if len(block) < LANES:  # the last cone again and again
            for t in range(LANES):
                padded[t] = block[min(t, len(block) - 1)]
            block = padded
        _load(block, tiles)
        for row in range(k):
            _scale(tiles[row], bits, scale)
        _block(tiles, state)
        _slopes(product, slopes)
        # Whole-array division: in a loop numba would test every divisor for zero, one lane at a time.
        np.divide(slopes[:LANES], slopes[LANES : 2 * LANES], slopes[:LANES])
        _arctangents(slopes)
        np.divide(slopes[LANES : 2 * LANES], slopes[2 * LANES :], slopes[LANES : 2 * LANES])
        _fractions(product, slopes)
        _margins(product, least, slopes)
        size = min(LANES, count - start)
        here = slice(start, start + size)
        _store(slopes, GIRARD_ERROR * k + END_ERROR, values[here], errors[here], undecided[here])
        for t in range(size):
            if not slopes[LANES + t] > 0.0:
                one = slice(start + t, start + t + 1)
                scalar_fractions(normals[one], values[one], errors[one], undecided[one])
