"""Fractions of simplicial cones in 4, 5 and 6 dimensions against the frozen tables."""

import numpy as np
import pytest
from tables import OrthantTable, orthant_table, trap_table

from heurex.cones import cone_fraction

DIMENSIONS = (4, 5, 6)


@pytest.fixture(scope="module", params=DIMENSIONS, ids=lambda n: f"n={n}")
def measured(request: pytest.FixtureRequest) -> tuple[OrthantTable, np.ndarray, np.ndarray]:
    """The table, the estimated errors, and the true ones."""
    table = orthant_table(request.param)
    values, errors = cone_fraction(table.normals, return_error=True)
    assert values.shape == errors.shape == (len(table.normals),)
    return table, errors, table.errors_of(values)


def test_every_value_is_within_its_own_error(measured):
    table, errors, true_errors = measured
    outside = np.flatnonzero(~(true_errors <= errors))  # a NaN is outside
    shown = [(int(i), table.columns["flatness"][i], true_errors[i], errors[i]) for i in outside[:5]]
    assert not outside.size, f"{outside.size} values outside, first (row, flatness, true, own): {shown}"


def test_error_of_random_cones_is_below_1e_12_for_99_percent(measured):
    table, errors, _ = measured
    assert np.mean(errors[table.columns["flatness"] == 1.0] <= 1e-12) >= 0.99


def test_error_is_below_1e_9_down_to_flatness_1e_6(measured):
    table, errors, _ = measured
    expected_small = errors[table.columns["flatness"] >= 0.9e-6]
    assert np.max(expected_small) <= 1e-9


@pytest.mark.parametrize("random_only", [True, False], ids=["random", "all"])
def test_error_is_at_most_1000_times_the_true_one_in_the_median(measured, random_only):
    table, errors, true_errors = measured
    chosen = table.columns["flatness"] == 1.0 if random_only else np.full(errors.shape, True)
    assert np.median(errors[chosen]) <= 1000 * np.median(true_errors[chosen])


@pytest.mark.parametrize("n", DIMENSIONS)
def test_traps_are_within_their_own_error(n):
    table = trap_table(n)
    values, errors = cone_fraction(table.normals, return_error=True)
    true_errors = table.errors_of(values)
    rows = zip(table.columns["family"], table.columns["amount"], true_errors, errors, strict=True)
    outside = [row for row in rows if not row[2] <= row[3]]
    assert not outside, f"{len(outside)} outside, first (family, amount, true, own): {outside[:5]}"


@pytest.mark.parametrize("n", DIMENSIONS)
def test_one_cone_at_a_time_gives_the_same_as_a_batch(n):
    table = orthant_table(n)
    some = np.linspace(0, len(table.normals) - 1, 12).astype(int)
    batch, batch_errors = cone_fraction(table.normals[some], return_error=True)
    for i, value, error in zip(some, batch, batch_errors, strict=True):
        single, single_error = cone_fraction(table.normals[i], return_error=True)
        assert abs(single - value) <= single_error + error
