"""Scores against hand calculation, intervals against theory."""

import numpy as np
import pytest

import heurex
from heurex.scoring import null_scores, rms_spread, sampling_rmse, score


def test_score_by_hand():
    s = score(np.array([0.5, 0.8, np.nan, 0.6]), np.array([0.4, 0.9, 0.1, 0.6]))
    assert (s.models, s.covered) == (4, 3)
    assert s.rmse == pytest.approx(np.sqrt(0.02 / 3))
    assert s.bias == pytest.approx(0)
    assert s.correlation == pytest.approx(np.corrcoef([0.5, 0.8, 0.6], [0.4, 0.9, 0.6])[0, 1])


def test_bootstrap_intervals_have_the_width_of_theory():
    rng = np.random.default_rng(0)
    truth, n = rng.uniform(0.6, 0.9, 2000), 2000
    s = score(truth + 0.02 + 0.03 * rng.standard_normal(n), truth)
    low, high = s.bias_interval
    assert low < s.bias < high
    assert high - low == pytest.approx(2 * 1.96 * 0.03 / np.sqrt(n), rel=0.1)
    assert s.rmse_interval[0] < s.rmse < s.rmse_interval[1]


def test_intervals_cover():
    """The 95% interval of the RMS error holds the true one in about 95 of 100 ensembles of 256."""
    held = 0
    for seed in range(200):
        error = 0.03 * np.random.default_rng(seed).standard_normal(256)
        low, high = score(0.5 + error, np.full(256, 0.5), seed=seed).rmse_interval
        held += low < 0.03 < high
    assert 176 <= held <= 199


def test_degenerate_ensembles():
    none = score(np.full(3, np.nan), np.full(3, 0.5))
    assert none.covered == 0
    assert np.isnan(none.rmse)
    constant = score(np.full(3, 0.5), np.array([0.4, 0.5, 0.6]))
    assert np.isnan(constant.correlation)
    with pytest.raises(heurex.UsageError, match="expected equal vectors"):
        score(np.zeros(3), np.zeros(4))


def test_guesses():
    truth = np.array([0.7, 0.8, 0.9])
    guesses = null_scores(truth, 0.9)
    assert guesses["ensemble mean"].rmse == pytest.approx(truth.std())
    assert guesses["clean accuracy"].bias == pytest.approx(0.1)


def test_sampling_error_is_that_of_real_sampling():
    truth = np.array([0.9, 0.5])
    assert rms_spread(truth) == pytest.approx(np.sqrt((0.09 + 0.25) / 2))
    rng = np.random.default_rng(0)
    k = 200
    errors = np.concatenate([rng.binomial(k, p, 20_000) / k - p for p in truth])
    assert sampling_rmse(truth, 72, 72 * k) == pytest.approx(np.sqrt(np.mean(errors**2)), rel=0.02)


def test_noisy_copies(m43):
    copies = heurex.noisy_copies(m43, 0.05, 300, seed=4)
    assert len(copies) == 300
    again = heurex.noisy_copies(m43, 0.05, 2, seed=4, first=298)
    assert again[1].fingerprint() == copies[299].fingerprint()
    assert copies[0].fingerprint() != heurex.noisy_copies(m43, 0.05, 1, seed=5)[0].fingerprint()
    noise = np.concatenate([(copies.w_hi - m43.w_hi).ravel(), (copies.w_hh - m43.w_hh).ravel(),
                            (copies.w_oh - m43.w_oh).ravel()]) / 0.05  # fmt: skip
    assert abs(noise.mean()) < 4 / np.sqrt(noise.size)
    assert abs(noise.std() - 1) < 4 / np.sqrt(2 * noise.size)
    for bad in ({"count": 0}, {"sigma": -1.0}, {"sigma": np.nan}, {"seed": -1}):
        arguments = {"sigma": 0.05, "count": 1, "seed": 0} | bad
        with pytest.raises(heurex.UsageError, match="expected"):
            heurex.noisy_copies(m43, **arguments)


def test_compare_scores_callables_beside_estimators(m43):
    copies = heurex.noisy_copies(m43, 0.05, 12)
    found = heurex.compare(copies, ["original", lambda model: 0.9])
    assert found.scores["original"].covered == 12
    assert found.scores["<lambda>"].rmse == pytest.approx(np.sqrt(np.mean((0.9 - found.truth) ** 2)))
    assert len(found.rows) == 36
    with pytest.raises(heurex.UsageError, match="expected different names"):
        heurex.compare(copies, ["original", "original"])
    with pytest.raises(heurex.UsageError, match="unknown method"):
        heurex.compare(copies, ["nothing"])


def test_models_to_which_an_explanation_does_not_apply_are_left_out(m43, reference_orders):
    models = [record["model"] for record in reference_orders]
    found = heurex.compare(heurex.RnnStack.of(models), ["original", "symmetric"])
    assert found.scores["original"].covered == 4
    assert found.scores["symmetric"].covered == 8
    assert found.common["symmetric"].models == found.common["symmetric"].covered == 4
    shared = np.isfinite(found.values["original"])
    expected = score(found.values["symmetric"][shared], found.truth[shared])
    assert found.common["symmetric"] == expected != found.scores["symmetric"]
    m22 = heurex.noisy_copies(heurex.load("m22"), 0.01, 3)
    assert heurex.compare(m22, ["original", "symmetric"]).scores["original"].covered == 0
