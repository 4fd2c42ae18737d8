"""Residuals against SciPy's truncated normal and quadrature, and where they are known."""

import math

import pytest
from scipy import integrate, stats

import heurex
from heurex.scoring.surprise.baselines import no_explanation, rounded, weight_precision
from heurex.scoring.surprise.residual import Errors, kl_bits, per_observation, predictive, slid


@pytest.mark.parametrize("estimate", [0.985, 0.95, 0.3, 0.9999])
@pytest.mark.parametrize("width", [0.5, 0.1, 0.01, 0.001])
def test_predictive_by_scipy(estimate, width):
    truth, errors = 0.986, Errors(0.0276, 0.0329, "somewhere")
    entries = predictive(estimate, truth, width, 0.001, errors)
    mean, spread = estimate - 0.0276, math.sqrt(0.0329**2 - 0.0276**2)
    normal = stats.truncnorm((0 - mean) / spread, (1 - mean) / spread, mean, spread)
    low, high = slid(truth, width)
    chance = normal.sf(low) - normal.sf(high)
    if chance > 1e-12:
        assert entries[0].bits == pytest.approx(-math.log2(chance), rel=1e-6, abs=1e-9)
    assert entries[1].bits == pytest.approx(math.log2(width / 0.001), abs=1e-12)


def test_an_estimate_far_off_costs_finitely_many_bits():
    errors = Errors(0.0, 1e-3, "somewhere")
    entries = predictive(0.5, 0.986, 0.001, 0.001, errors)
    far = (0.986 - 0.0005 - 0.5) / 1e-3
    assert entries[0].bits == pytest.approx(-stats.norm.logsf(far) / math.log(2), rel=1e-5)


def test_saying_nothing_is_the_uniform_prior():
    entries = predictive(0.985, 0.986, 1.0, 0.001, Errors(0.02, 0.03, "somewhere"))
    assert [entry.bits for entry in entries] == [0.0, pytest.approx(math.log2(1000))]
    assert no_explanation(0.986, 3, 0.001, None)[0] == pytest.approx(math.log2(1000))


def test_exact_leaves_nothing():
    entries = predictive(0.986, 0.986, 0.001, 0.001, Errors(0.0, 0.0, "exact"))
    assert [entry.bits for entry in entries] == [0.0, 0.0]
    assert math.copysign(1, entries[0].bits) == 1


@pytest.mark.parametrize("truth", [0.986, 0.5, 1.0, 0.0, 0.9999])
@pytest.mark.parametrize("interval", [(0.97, 0.99), (0.0, 1.0), (0.9, 1.0), (0.4999, 0.5001)])
def test_divergence_by_quadrature(truth, interval):
    def divergence(e):
        return sum(x * math.log2(x / y) for x, y in ((truth, e), (1 - truth, 1 - e)) if x > 0)

    low, high = interval
    exact = integrate.quad(divergence, low, high, limit=200)[0] / (high - low)
    assert kl_bits(truth, low, high) == pytest.approx(exact, rel=1e-7, abs=1e-10)


def test_divergence_at_a_point():
    assert kl_bits(0.75, 0.5, 0.5) == pytest.approx(0.75 * math.log2(3) - 1, abs=1e-12)
    assert kl_bits(1.0, 1 / 3, 1 / 3) == pytest.approx(math.log2(3))
    assert kl_bits(0.986, 0.986, 0.986) < 1e-15
    assert per_observation(0.5, 1.0, 1e-9, 256)[0].bits == pytest.approx(256)


def test_intervals_stay_in_range():
    assert slid(0.99, 0.1) == (0.9, 1.0)
    assert slid(0.01, 0.1) == (0.0, 0.1)
    assert slid(0.5, 1.0) == (0.0, 1.0)


def test_rounded_weights_take_few_values(m43):
    import numpy as np

    for bits in (1, 3, 6):
        small = rounded(m43, bits)
        values = np.unique(np.concatenate([small.w_hi, small.w_hh.ravel(), small.w_oh.ravel()]).round(12))
        assert len(values) <= 2**bits
    fine = rounded(m43, 30)
    assert np.allclose(fine.w_hh, m43.w_hh, atol=1e-7)


@pytest.mark.parametrize("name", ["m22", "m43"])
def test_weight_precision_is_just_enough(name):
    model = heurex.load(name)
    truth, tolerance = heurex.estimate(model).value, 1e-3
    bits = weight_precision(model, tolerance)
    assert abs(heurex.estimate(rounded(model, bits - 1)).value - truth) > tolerance / 2
    for more in range(bits, bits + 4):
        assert abs(heurex.estimate(rounded(model, more)).value - truth) <= tolerance / 2
    assert weight_precision(model, tolerance / 16) > bits
