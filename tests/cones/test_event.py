"""The symmetric explanation's events: against six forms in six dimensions, three dimensions, partitions, sampling."""

from itertools import permutations, product

import numpy as np
import pytest
from scipy.stats import binom

from heurex.cones import event, orthant56, polyhedral
from heurex.kernels import compiled, counted


def model(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two forms of the inputs, three logits of their absolute values, and a covariance of the noise."""
    rng = np.random.default_rng(seed)
    factor = 0.3 * rng.standard_normal((3, 3))
    return rng.standard_normal((2, 3)), rng.standard_normal((3, 2)), factor @ factor.T


def events(forms: np.ndarray, readout: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """All signs, orderings and winners, ``(72, 6, 5)``: a partition of space."""
    eye = np.eye(3)
    out = []
    for signs in product((1, -1), repeat=2):
        logits = readout @ (np.array(signs)[:, None] * forms)
        for order, winner in product(permutations(range(3)), range(3)):
            differences = np.array([eye[winner] - eye[j] for j in range(3) if j != winner])
            rows = np.zeros((6, 5))
            rows[:2, :3] = np.array(signs)[:, None] * forms
            rows[2, :3] = eye[order[0]] - eye[order[1]]
            rows[3, :3] = eye[order[1]] - eye[order[2]]
            rows[4:, :3] = differences @ logits
            rows[4:, 3:] = factor(differences @ noise @ differences.T)
            out.append(rows)
    return np.array(out)


def factor(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.clip(values, 0, None))


NOISES = {
    "full": lambda noise: noise,
    "small": lambda noise: 1e-12 * noise,
    "tiny": lambda noise: 1e-24 * noise,
    "rank 1": lambda noise: np.outer([1, -2, 0.5], [1, -2, 0.5]) * noise[0, 0],
    "small rank 1": lambda noise: 1e-24 * np.outer([1, -2, 0.5], [1, -2, 0.5]) * noise[0, 0],
    "common": lambda noise: np.ones((3, 3)) * noise[0, 0],
    "none": lambda noise: 0 * noise,
}


@pytest.mark.parametrize("kind", NOISES)
@pytest.mark.parametrize("seed", range(6))
def test_the_events_of_a_model_fill_space(kind, seed):
    forms, readout, noise = model(seed)
    values, errors = compiled(event).event_fractions(events(forms, readout, NOISES[kind](noise)))
    assert abs(values.sum() - 1) <= min(1e-11, errors.sum())
    assert errors.max() < 1e-13


@pytest.mark.parametrize("kind", NOISES)
def test_each_event_is_a_limit_of_six_forms_in_six_dimensions(kind):
    """No combinatorics on that side; a partition alone would not see errors that cancel."""
    forms, readout, noise = model(7)
    cones = events(forms, readout, NOISES[kind](noise))[::5]
    values, errors = compiled(event).event_fractions(cones)
    for rows, value, error in zip(cones, values, errors, strict=True):
        expected, expected_error = compiled(orthant56).orthant6(rows)
        assert abs(value - expected) <= error + expected_error
    assert values.max() > 0.05


@pytest.mark.parametrize("kind", ["full", "rank 1", "none"])
def test_each_event_as_any_other_cone(kind):
    forms, readout, noise = model(8)
    cones = events(forms, readout, NOISES[kind](noise))
    values, errors = compiled(event).event_fractions(cones)
    for rows, value, error in zip(cones, values, errors, strict=True):
        expected, expected_error, status = compiled(polyhedral).fraction(rows)
        assert status == 0
        assert abs(value - expected) <= error + expected_error


@pytest.mark.parametrize("scale", [1e-1, 1e-6, 1e-12, 1e-16, 1e-100])
def test_noise_moves_a_model_no_further_than_its_size(scale):
    forms, readout, noise = model(3)
    values, _ = compiled(event).event_fractions(events(forms, readout, scale**2 * noise))
    without, _ = compiled(event).event_fractions(events(forms, readout, 0 * noise))
    assert np.abs(values - without).max() <= scale + 1e-14


def test_events_agree_with_samples():
    forms, readout, noise = model(5)
    cones = events(forms, readout, noise)
    values, _ = compiled(event).event_fractions(cones)
    points = np.random.default_rng(5).standard_normal((10**6, 5))
    counts = np.array([(points @ rows.T > 0).all(axis=1).sum() for rows in cones])
    chance = np.minimum(binom.cdf(counts, 10**6, values), binom.sf(counts - 1, 10**6, values))
    assert chance.min() * 2 * len(values) > 1e-3


def test_rows_that_say_nothing_or_the_same():
    forms, readout, noise = model(2)
    rows = events(forms, readout, noise)[0]
    kernel, general = compiled(event), compiled(polyhedral)
    for drop in ([0], [5], [1, 4], [0, 1, 5], [2, 3, 4, 5], range(6)):
        fewer = rows.copy()
        fewer[list(drop)] = 0
        value, error = kernel.event_fraction(fewer)
        expected, expected_error, _ = general.fraction(fewer)
        assert abs(value - expected) <= error + expected_error
    for i, j in ((0, 1), (1, 3), (4, 5)):
        for sign in (1, -1):
            same = rows.copy()
            same[j] = sign * same[i]
            value, error = kernel.event_fraction(same)
            expected, expected_error, _ = general.fraction(same)
            assert abs(value - expected) <= error + expected_error


def test_interpreted_and_counted():
    cones = events(*model(1))[:12]
    values, errors = compiled(event).event_fractions(cones)
    plain_values, plain_errors = event.event_fractions(cones)
    assert np.array_equal(values, plain_values)
    assert np.array_equal(errors, plain_errors)
    counting, arrays, tally = counted(event, {"normals": cones})
    counted_values, _ = counting.event_fractions(arrays["normals"])
    assert [getattr(v, "value", v) for v in counted_values] == values.tolist()
    assert tally.atan2 > 100
