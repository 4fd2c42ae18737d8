"""Determinants of input rows whose sign is certain and whose value is good to the last digits.

Three stages, each only where the one before cannot tell: a floating-point filter, double-double
arithmetic, and an exact sum of the products without any rounding (an expansion). The exact stage
needs entries that are neither huge nor tiny; :func:`scaled_rows` sees to it, or refuses.

Source: Dekker (1971) for exact products; Shewchuk (1997), "Adaptive precision floating-point
arithmetic and fast robust geometric predicates", for filters and expansions.
"""

from __future__ import annotations

import numpy as np

from heurex.kernels import reals

KERNEL = True

# Powers of two that bring any float into (1/16, 16); the first twice, because subnormals reach 2^-1074.
POWERS = (2.0**512, 2.0**512, 2.0**256, 2.0**128, 2.0**64, 2.0**32, 2.0**16, 2.0**8, 2.0**4)
# Below this (rows are below 16) a product of three entries could underflow in its last digits.
SMALLEST = 2.0**-300
# Rows within 16: the rounding error of a 3 x 3 determinant is below 6 * 16^3 * 1e-15 = 2.5e-11.
SURE = 2.5e-11
SPLITTER = 134217729.0  # 2^27 + 1


def scaled_rows(normals: np.ndarray, rows: np.ndarray) -> tuple[int, bool]:
    """Copy the rows that are not zero, each times a power of two, so that its largest entry is in (1/16, 16).

    Parameters
    ----------
    normals
        Finite, shape (k, n).
    rows
        Receives the rows; at least k of them.

    Returns
    -------
    How many rows are not zero, and whether signs of their determinants can be decided without rationals.

    Notes
    -----
    Error: none (unless refused). Cost: free for rows that are already in the range.
    """
    width = normals.shape[1]
    count = 0
    decidable = True
    for i in range(normals.shape[0]):
        largest = abs(normals[i, 0])
        for j in range(width):
            rows[count, j] = normals[i, j]
            largest = max(largest, abs(normals[i, j]))
        if largest == 0.0:
            continue
        for power in POWERS:
            if 0.0625 < largest < 16.0:
                break
            factor = 1.0
            if largest >= power:
                factor = 1.0 / power
            elif largest <= 1.0 / power:
                factor = power
            if factor != 1.0:
                largest = largest * factor
                for j in range(width):
                    rows[count, j] = rows[count, j] * factor
        for j in range(width):
            if normals[i, j] != 0.0 and abs(rows[count, j]) < SMALLEST:
                decidable = False
        count += 1
    return count, decidable


def two_sum(a: float, b: float) -> tuple[float, float]:
    """The rounded sum and what the rounding lost, exactly. Cost: 6 additions."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def two_product(a: float, b: float) -> tuple[float, float]:
    """The rounded product and what the rounding lost, exactly (unless it underflows). Cost: 17."""
    product = a * b
    t = SPLITTER * a
    a_high = t - (t - a)
    a_low = a - a_high
    t = SPLITTER * b
    b_high = t - (t - b)
    b_low = b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def minor_sign(a: float, b: float, c: float, d: float) -> int:
    """Sign of a d - b c. Rounding is monotone, so unequal rounded products already tell. Error: none."""
    left = a * d
    right = b * c
    if left > right:
        return 1
    if left < right:
        return -1
    left, left_rest = two_product(a, d)
    right, right_rest = two_product(b, c)
    if left_rest > right_rest:
        return 1
    if left_rest < right_rest:
        return -1
    return 0


def minor(a: float, b: float, c: float, d: float) -> tuple[float, float]:
    """a d - b c as a double-double; relative error below 4e-16, whatever cancels. Cost: 60 operations."""
    left, left_rest = two_product(a, d)
    right, right_rest = two_product(b, c)
    high, low = two_sum(left, -right)
    rest, tail = two_sum(left_rest, -right_rest)
    high, more = two_sum(high, rest)
    return two_sum(high, (low + tail) + more)


def cross_sign(rows: np.ndarray, i: int, j: int, axis: int) -> int:
    """Sign of one component of the cross product of two rows in 3-space. Error: none."""
    y = (axis + 1) % 3
    z = (axis + 2) % 3
    return minor_sign(rows[i, y], rows[i, z], rows[j, y], rows[j, z])


def turn_sign(rows: np.ndarray, i: int, j: int) -> int:
    """Sign of the cross product of two rows in the plane: is row j to the left of row i. Error: none."""
    return minor_sign(rows[i, 0], rows[i, 1], rows[j, 0], rows[j, 1])


def sharp_turn(rows: np.ndarray, i: int, j: int) -> float:
    """Cross product of two rows in the plane, to a relative 4e-16 even for nearly parallel rows."""
    value, _ = minor(rows[i, 0], rows[i, 1], rows[j, 0], rows[j, 1])
    return value


def sharp_cross(rows: np.ndarray, i: int, j: int) -> tuple[float, float, float]:
    """Cross product of two rows, each component to a relative 4e-16 even for nearly parallel rows."""
    x, _ = minor(rows[i, 1], rows[i, 2], rows[j, 1], rows[j, 2])
    y, _ = minor(rows[i, 2], rows[i, 0], rows[j, 2], rows[j, 0])
    z, _ = minor(rows[i, 0], rows[i, 1], rows[j, 0], rows[j, 1])
    return x, y, z


def double_double_determinant(rows: np.ndarray, i: int, j: int, k: int) -> float:
    """Determinant of three rows; absolute error below 1e-29 times the product of their 1-norms."""
    total = 0.0
    rest = 0.0
    for axis in range(3):
        y = (axis + 1) % 3
        z = (axis + 2) % 3
        high, low = minor(rows[i, y], rows[i, z], rows[j, y], rows[j, z])
        product, lost = two_product(high, rows[k, axis])
        total, carry = two_sum(total, product)
        rest = rest + (carry + (lost + low * rows[k, axis]))
    return total + rest


def _grow(parts: np.ndarray, size: int, value: float) -> None:
    for p in range(size):
        value, parts[p] = two_sum(value, parts[p])
    parts[size] = value


def _leading(parts: np.ndarray, size: int) -> float:
    total = parts[size - 1]
    for p in range(size - 2, -1, -1):
        total, lost = two_sum(total, parts[p])
        if lost != 0.0:
            break
    return total


def exact_determinant(rows: np.ndarray, i: int, j: int, k: int) -> float:
    """Determinant of three rows, summed without rounding: the sign is exact, the value to 3e-16 of itself.

    Cost: about 1,900 operations. Source: Shewchuk (1997), Grow-Expansion.
    """
    parts = reals(24)
    size = i - i  # not a literal 0: numba would compile for that, too
    for axis in range(3):
        y = (axis + 1) % 3
        z = (axis + 2) % 3
        for turn in range(2):
            if turn == 0:
                high, low = two_product(rows[i, y], rows[j, z])
            else:
                high, low = two_product(-rows[i, z], rows[j, y])
            product, lost = two_product(low, rows[k, axis])
            _grow(parts, size, lost)
            _grow(parts, size + 1, product)
            product, lost = two_product(high, rows[k, axis])
            _grow(parts, size + 2, lost)
            _grow(parts, size + 3, product)
            size += 4
    return _leading(parts, size)


def _one_norm(rows: np.ndarray, i: int) -> float:
    return abs(rows[i, 0]) + abs(rows[i, 1]) + abs(rows[i, 2])


def sharp_determinant(rows: np.ndarray, i: int, j: int, k: int) -> float:
    """Determinant of three rows to a relative 1e-15, however much cancels; exactly 0.0 where it is zero."""
    scale = _one_norm(rows, i) * _one_norm(rows, j) * _one_norm(rows, k)
    value = double_double_determinant(rows, i, j, k)
    if abs(value) > 1e-14 * scale:
        return value
    return exact_determinant(rows, i, j, k)


def unsure_sign(rows: np.ndarray, i: int, j: int, k: int) -> int:
    """Sign of a determinant that the floating-point filter could not decide. Error: none."""
    scale = _one_norm(rows, i) * _one_norm(rows, j) * _one_norm(rows, k)
    value = double_double_determinant(rows, i, j, k)
    if abs(value) <= 1e-29 * scale:
        value = exact_determinant(rows, i, j, k)
    if value > 0.0:
        return 1
    if value < 0.0:
        return -1
    return 0
