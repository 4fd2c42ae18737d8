"""Determinants against integer arithmetic, down to matrices of 50-bit integers whose determinant is 1."""

from fractions import Fraction

import numpy as np
import pytest

from heurex.cones import signs


def unimodular(seed):
    """Integers of about 50 bits with determinant 1: a product of shears."""
    rng = np.random.default_rng(seed)
    matrix = [[int(i == j) for j in range(3)] for i in range(3)]
    while True:
        i, j = rng.choice(3, 2, replace=False)
        factor = int(rng.integers(-9, 10))
        row = [x + factor * y for x, y in zip(matrix[i], matrix[j], strict=True)]
        if max(map(abs, row)) > 2**51:
            return matrix
        matrix[i] = row


def exact(rows):
    (a, b, c), (d, e, f), (g, h, i) = [[Fraction(float(x)) for x in row] for row in rows]
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)


def scaled(rows):
    result = np.empty((3, 3))
    count, decided = signs.scaled_rows(np.array(rows, float), result)
    assert (count, decided) == (3, True)
    return result


@pytest.mark.parametrize("seed", range(50))
def test_sign_and_value_of_the_smallest_determinants(seed):
    rows = scaled(unimodular(seed))
    truth = exact(rows)
    assert truth > 0
    assert signs.unsure_sign(rows, 0, 1, 2) == 1
    assert signs.unsure_sign(rows, 1, 0, 2) == -1
    assert signs.unsure_sign(rows, 0, 0, 2) == 0
    for value in (signs.exact_determinant(rows, 0, 1, 2), signs.sharp_determinant(rows, 2, 0, 1)):
        assert abs(Fraction(value) / truth - 1) < 1e-15


@pytest.mark.parametrize("seed", range(50))
def test_double_double_keeps_its_bound(seed):
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((3, 3))
    rows[2] = rng.standard_normal(2) @ rows[:2] + 10.0 ** rng.integers(-16, 0) * rng.standard_normal(3)
    truth = exact(rows)
    norms = float(np.prod(np.abs(rows).sum(axis=1)))
    assert abs(Fraction(signs.double_double_determinant(rows, 0, 1, 2)) - truth) <= max(
        1e-29 * norms, abs(truth) * Fraction(2.3e-16)
    )
    assert abs(Fraction(signs.sharp_determinant(rows, 0, 1, 2)) - truth) <= abs(truth) * Fraction(1e-15)


def test_cross_product_of_neighbours_cancels_to_the_last_bit():
    ulp = 2.0**-52
    rows = np.array([[1 + ulp, 1.0, 0.0], [1 + 2 * ulp, 1 + ulp, 0.0]])
    assert signs.sharp_cross(rows, 0, 1) == (0.0, 0.0, ulp * ulp)
    assert signs.sharp_turn(rows, 1, 0) == -ulp * ulp
    assert (signs.turn_sign(rows, 0, 1), signs.turn_sign(rows, 1, 0), signs.turn_sign(rows, 1, 1)) == (
        1,
        -1,
        0,
    )


def test_scaling_is_exact_from_the_smallest_to_the_largest_float():
    rows = np.array([[5e-324, 0, -1e-323], [1.7e308, -1.0e308, 0], [0, 0, 0], [3.0, 0.2, -15.0]])
    result = np.empty((4, 3))
    assert signs.scaled_rows(rows, result) == (3, True)
    for row, original in zip(result[:3], rows[[0, 1, 3]], strict=True):
        ratios = {Fraction(float(x)) / Fraction(float(y)) for x, y in zip(row, original, strict=True) if y}
        assert len(ratios) == 1
        assert 1 / 16 <= np.abs(row).max() <= 16
    assert signs.scaled_rows(np.array([[1.0, 1e-200, 0.0]]), result) == (1, False)
