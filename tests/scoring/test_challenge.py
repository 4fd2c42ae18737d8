"""The challenge's statistics against errors whose law is known."""

import numpy as np
import pytest

from heurex.errors import UsageError
from heurex.scoring.challenge import standing

MODELS, OPS, UNIT = 17, 1000.0, 0.01


def draw(rng, by_model, by_seed, rest, seeds):
    shape = [(MODELS, 1), (1, seeds), (MODELS, seeds)]
    return UNIT * sum(
        s * rng.standard_normal(k) for s, k in zip((by_model, by_seed, rest), shape, strict=True)
    )


@pytest.mark.parametrize(
    "parts, seeds, truth_error, least",
    [
        ((0, 0, 1), 3, 0.0, 0.93),
        ((1, 0, 0), 1, 0.0, 0.90),
        ((1, 0, 0.3), 3, 0.7, 0.91),
        ((1, 1, 1), 3, 0.7, 0.90),
        (
            (0, 1, 0.5),
            3,
            0.0,
            0.82,
        ),  # three seeds that decide all: the mean of three squares is far from normal
    ],
)
def test_intervals_cover_and_truth_variance_is_taken_off(parts, seeds, truth_error, least):
    """300 repetitions; ``least`` is the share measured on 600 less three standard errors."""
    rng = np.random.default_rng(7)
    spread, te = np.full(MODELS, 0.5), UNIT * truth_error
    mse = UNIT**2 * sum(s**2 for s in parts)
    ratio = np.sqrt(0.25 / OPS / mse)
    repetitions, covered, unbiased, squares = 300, 0, 0, []
    for _ in range(repetitions):
        errors = draw(rng, *parts, seeds) - te * rng.standard_normal((MODELS, 1))
        found = standing(errors, spread, np.full(MODELS, te), OPS, 1.0)
        covered += found.ratio.low <= ratio <= found.ratio.high
        unbiased += found.bias.low <= 0 <= found.bias.high
        squares.append(found.rmse.value**2)
    assert covered / repetitions > least
    assert unbiased / repetitions > 0.88
    error = np.std(squares) / np.sqrt(repetitions)
    assert abs(np.mean(squares) - mse) < 3.5 * error
    if te and not parts[1]:
        assert te**2 > 6 * error, "so that the test sees whether the variance is taken off"


def test_an_error_below_the_truths_own_is_not_resolved():
    rng = np.random.default_rng(3)
    te = np.full(MODELS, UNIT)
    resolved = 0
    for _ in range(400):
        found = standing(UNIT * rng.standard_normal((MODELS, 1)), np.full(MODELS, 0.5), te, OPS, 1.0)
        resolved += found.resolved
        assert found.resolved or (found.rmse.low == 0 and found.rmse.high > 0 and found.ratio.high == np.inf)
    assert 1 <= resolved <= 22  # 2.5% of 400, and four standard errors


def test_no_error_at_all_and_unknown_operations():
    half = np.full(4, 0.5)
    found = standing(np.zeros((4, 2)), half, np.zeros(4), OPS, 1.0)
    assert (found.rmse.value, found.rmse.high, found.ratio.value, found.ratio.low) == (0, 0, np.inf, np.inf)
    assert not found.resolved
    assert np.isnan(standing(np.full((4, 2), 0.1), half, np.zeros(4), None, 1.0).ratio.value)
    rounding = standing(np.full((4, 1), 1e-12), half, np.zeros(4), OPS, 1.0, numerical_error=1e-11)
    assert rounding.rmse.value == 0
    assert not rounding.resolved


def test_shapes_are_checked():
    with pytest.raises(UsageError, match="expected \\(models, seeds\\)"):
        standing(np.zeros((4, 1)), np.zeros(3), np.zeros(3), OPS, 1.0)
