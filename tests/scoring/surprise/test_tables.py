"""Distributions of fractions: closed forms, counts that are known exactly, the same bits for the same seed."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import heurex
from heurex.scoring.surprise.distribution import Ends, from_draws, knot_ranks, uniform
from heurex.scoring.surprise.priors import CHAINED_DRAWS, chained
from heurex.scoring.surprise.tables import (
    BUNDLED,
    DRAWS,
    Family,
    _kept,
    draw_fractions,
    load_table,
    make_tables,
    random_half_spaces,
)


def mean_of(table):
    """Mean of the fraction, its density constant between knots."""
    middles = (table.values[1:] + table.values[:-1]) / 2
    return float(np.sum(middles * np.diff(table.cumulative))) + table.top * (table.at_top or 0.0)


@pytest.mark.parametrize("family", [one for one in BUNDLED if not one.ordered], ids=lambda one: one.key)
def test_how_often_nothing_is_left(family):
    """Cover (1965): k half-spaces in general position leave something with chance 2^(1-k) sum_{i<n} C(k-1, i)."""
    n, k = family.dimension, family.added
    empty = 1 - 2 * sum(math.comb(k - 1, i) for i in range(n)) / 2**k
    found = load_table(family)
    if k <= n:
        assert empty == 0
        assert found.at_zero is None
    else:
        assert abs(found.at_zero - empty) < 5 * math.sqrt(empty * (1 - empty) / DRAWS)


@pytest.mark.parametrize("family", BUNDLED, ids=lambda one: one.key)
def test_mean_fraction(family):
    """A fixed point is in all k random half-spaces with chance 2^-k."""
    expected = (1 / 6 if family.ordered else 1.0) / 2**family.added
    found = load_table(family)
    # V <= top, so that its standard deviation is at most sqrt(top * mean)
    assert abs(mean_of(found) - expected) < 5 * math.sqrt(found.top * expected / DRAWS)


def test_two_half_spaces_in_closed_form():
    """The angle between two uniform normals has a uniform cosine: P(V <= v) = (1 - cos 2 pi v) / 2."""
    found = random_half_spaces(3, 2)
    for low, high in ((0.0, 0.01), (0.1, 0.12), (0.2, 0.3), (0.24, 0.25), (0.45, 0.5)):
        exact = (math.cos(2 * math.pi * low) - math.cos(2 * math.pi * high)) / 2
        near = found.window((low + high) / 2, (high - low) / 2)
        assert abs(near - exact) < 5 * math.sqrt(exact / DRAWS) + 0.03 * exact**2


def test_two_half_planes_are_uniform():
    found = random_half_spaces(2, 2)
    for value in (0.01, 0.2, 0.45):
        assert abs(found.window(value, 0.01) / 0.04 - 1) < 0.03


def test_same_seed_same_bits():
    family = Family(3, 4)
    first = draw_fractions(family, 25_000, 7)
    assert np.array_equal(first, draw_fractions(family, 25_000, 7))
    assert np.array_equal(first[:12_000], draw_fractions(family, 12_000, 7))
    assert not np.array_equal(first, draw_fractions(family, 25_000, 8))


def test_bundled_tables_are_what_the_command_makes(tmp_path):
    families = (Family(2, 3), Family(3, 5))
    make_tables(tmp_path / "again.npz", families=families)
    with np.load(tmp_path / "again.npz") as again:
        for key in again:
            if key.endswith("counts"):
                assert np.array_equal(again[key], _kept()[key])
            else:
                np.testing.assert_allclose(again[key], _kept()[key], rtol=1e-6)


def test_six_dimensions_are_what_the_command_makes():
    """The first draws lie in the kept table as often as they should (a whole run takes minutes)."""
    for family in (Family(6, 6), Family(6, 4, ordered=True)):
        fresh, table = np.sort(draw_fractions(family, 150, 0)), load_table(family)
        below = np.interp(fresh, table.values, table.cumulative)
        # Kolmogorov and Smirnov: above 1.63 with chance 1%
        gap = np.max(np.abs(below - (np.arange(150) + 0.5) / 150)) * math.sqrt(150)
        assert gap < 1.63


@given(st.floats(1e-6, 0.4), st.floats(1e-9, 0.5), st.integers(3, 8))
def test_windows_grow_and_are_possible(value, half_width, k):
    table = random_half_spaces(3, k)
    small, large = table.window(value, half_width), table.window(value, 2 * half_width)
    assert 0 < small <= large <= 1


def test_windows_at_the_ends_hold_the_atoms():
    table = from_draws(1000, Ends(zeros=300, tops=100), 0.5, np.linspace(0.1, 0.4, 600)[knot_ranks(600)])
    assert table.window(0.25, 0.25) == pytest.approx(1.0, abs=1e-3)
    assert table.window(0.01, 0.02) == pytest.approx(0.3, abs=2e-3)
    assert table.window(0.49, 0.02) == pytest.approx(0.1, abs=2e-3)
    assert table.window(0.25, 0.05) == pytest.approx(0.2, abs=2e-3)
    assert uniform(0.25).window(0.1, 0.01) == pytest.approx(0.08, rel=1e-12)


def test_a_random_cut_of_an_octant():
    """It leaves all where its normal is in the dual cone, the octant itself, nothing opposite, on average half."""
    found = chained(np.eye(3), 0.125, 1)
    error = 5 * math.sqrt(0.125 * 0.875 / CHAINED_DRAWS)
    assert abs(found.at_top - 0.125) < error
    assert abs(found.at_zero - 0.125) < error
    assert abs(mean_of(found) - 0.0625) < 5 * 0.0625 / math.sqrt(CHAINED_DRAWS)


def test_a_random_cut_of_any_cone():
    """The chance of leaving all is the fraction of the cone's dual, whose half-spaces are the cone's rays."""
    rays = np.array([[1.0, 0.2, 0.1], [0.1, 1.0, -0.3], [0.2, -0.4, 1.0], [1.0, -0.5, 0.6]])
    hull = [
        np.cross(a, b)
        for a, b in ((rays[0], rays[1]), (rays[1], rays[2]), (rays[2], rays[3]), (rays[3], rays[0]))
    ]
    inside = rays.mean(axis=0)
    normals = np.array([row * np.sign(row @ inside) for row in hull])
    assert np.all(rays @ normals.T > -1e-12)
    found = chained(normals, float(heurex.cone_fraction(normals)), 1)
    dual = float(heurex.cone_fraction(rays))
    assert abs(found.at_top - dual) < 5 * math.sqrt(dual / CHAINED_DRAWS)


def test_refusals(tmp_path):
    with pytest.raises(heurex.UsageError, match="no table of 5 half-spaces in 6 dimensions"):
        random_half_spaces(6, 5)
    with pytest.raises(heurex.ResultsError, match="cannot be written"):
        make_tables(tmp_path / "no" / "where.npz", draws=10, families=(Family(2, 2),))
    with pytest.raises(heurex.UsageError, match="draws is 0"):
        draw_fractions(Family(2, 2), 0, 0)
