"""The largest of normal inputs, against SciPy's truncated normal, mpmath and quadrature."""

from itertools import permutations

import mpmath
import numpy as np
import pytest
from scipy import integrate, stats

from heurex.estimators.order_statistics import (
    conditional_mean,
    conditional_variance,
    cube_points,
    placed,
    positions,
    top_values,
)


def test_conditional_moments_against_scipy_and_mpmath():
    bounds = np.array([-6.0, -3.0, -1.0, -0.2, 0.0, 0.7, 1.5, 4.0, 9.0])
    law = stats.truncnorm(-np.inf, bounds)
    np.testing.assert_allclose(conditional_mean(bounds), law.mean(), rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(conditional_variance(bounds), law.var(), rtol=1e-7)
    mpmath.mp.dps = 60
    for bound in (-100.0, -31.0, -30.0, -29.9, -12.0, -1.0, 0.3, 2.0, 8.0):
        m = mpmath.mpf(bound)
        ratio = mpmath.npdf(m) / mpmath.ncdf(m)
        exact = 1 - m * ratio - ratio**2
        assert abs(float(conditional_mean(np.array(bound)) / -ratio - 1)) < 1e-12
        assert abs(float(conditional_variance(np.array(bound)) / exact - 1)) < 1e-8


def test_positions_are_all_and_each_once():
    for n, k in ((3, 2), (5, 3), (5, 5), (10, 3)):
        assert [tuple(row) for row in positions(n, k)] == list(permutations(range(n), k))


@pytest.mark.parametrize(("n", "k"), [(3, 3), (5, 2), (10, 3), (4, 1), (12, 4)])
def test_values_have_the_law_of_order_statistics(n, k):
    """Means and squares of each against the integral over its density; the map is exact, so only the points err."""
    values = top_values(cube_points(2**17, k, np.full(k, 0.123)), n)
    assert np.all(np.diff(values, axis=-1) <= 0)
    for j in range(1, k + 1):
        above = stats.beta(j, n - j + 1)

        def weighed(x, power, above=above):
            return x**power * above.pdf(stats.norm.sf(x)) * stats.norm.pdf(x)

        for power in (1, 2):
            exact = integrate.quad(weighed, -9, 9, args=(power,), epsabs=1e-12)[0]
            assert abs(np.mean(values[:, j - 1] ** power) - exact) < 1e-3
    if k > 1:
        # neighbours depend on each other as those of sorted draws do
        drawn = -np.sort(-np.random.default_rng(0).standard_normal((200_000, n)), axis=1)
        product = drawn[:, 0] * drawn[:, k - 1]
        mine = np.mean(values[:, 0] * values[:, k - 1])
        assert abs(mine - product.mean()) < 4 * product.std() / len(drawn) ** 0.5


def test_points_are_spread_evenly():
    """Discrepancy far below that of random points, and every shift makes other points."""
    for dims in (1, 2, 3, 4):
        points = cube_points(512, dims, np.zeros((2, dims)) + np.array([[0.0], [0.3]]))
        assert points.shape == (2, 512, dims)
        assert 0 < points.min() < points.max() < 1
        np.testing.assert_allclose((points[0] + 0.3 - points[1] + 0.5) % 1, 0.5, atol=1e-12)
        drawn = np.random.default_rng(1).random((512, dims))
        spread = [stats.qmc.discrepancy(p, method="L2-star") for p in (points[0], drawn)]
        assert spread[0] < 0.5 * spread[1]


def test_inputs_stand_where_they_are_put():
    where = positions(4, 2)
    values = np.tile([2.0, 1.0], (12, 3, 1))
    inputs = placed(where, values, np.full((12, 3), -0.5), 4)
    for row, block in zip(where, inputs, strict=True):
        for x in block:
            assert x[row].tolist() == [2.0, 1.0]
            assert np.delete(x, row).tolist() == [-0.5, -0.5]
