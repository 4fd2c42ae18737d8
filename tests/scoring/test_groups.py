"""Sums by block against scores of plain arrays, and the bootstrap over blocks against theory."""

import numpy as np
import pytest

from heurex.scoring.advantage import advantage
from heurex.scoring.comparison import rms_spread, score
from heurex.scoring.groups import BLOCKS, Tallies, score_record


def ensemble(models, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.3, 0.9, models)
    values = truth + rng.normal([[0.02], [-0.01], [0.0]], [[0.03], [0.05], [0.01]], (3, models))
    values[0, rng.random(models) < 0.3] = np.nan
    values[1, rng.random(models) < 0.2] = np.nan
    return values, truth


def tallied(values, truth, cuts):
    tallies = Tallies(len(values))
    for part in np.split(np.arange(len(truth)), cuts):
        tallies.add(values[:, part], truth[part], np.full((len(values), len(part)), 1e-12))
    return tallies


@pytest.mark.parametrize("models", [1, 7, 500, 5000])
def test_scores_are_those_of_plain_arrays(models):
    values, truth = ensemble(models)
    tallies = tallied(values, truth, [models // 3, models // 2])
    common = np.all(np.isfinite(values[np.isfinite(values).any(axis=1)]), axis=0)
    for method in range(3):
        plain = score(values[method], truth)
        found = score_record(tallies.covered(method), ops=50.0, ops_per_sample=97.0)
        assert (found["covered"], tallies.models) == (plain.covered, plain.models)
        if not plain.covered:
            assert found["rmse"] is None
            continue
        assert found["rmse"] == pytest.approx(plain.rmse, rel=1e-12)
        assert found["bias"] == pytest.approx(plain.bias, abs=1e-15)
        there = np.isfinite(values[method])
        gain = advantage(rms_spread(truth[there]), 97.0, plain.rmse, 50.0)
        assert found["advantage"] == pytest.approx(gain, rel=1e-11)
        shared = score(values[method][common], truth[common])
        same = score_record(tallies.common(method))
        assert same["covered"] == shared.covered == common.sum()
        if shared.covered:
            assert same["rmse"] == pytest.approx(shared.rmse, rel=1e-12)
        if models > 7:
            # two bootstraps of 2,000 resamples: their ends differ by a few hundredths of the width
            for key in ("rmse", "bias"):
                ours, theirs = np.array(found[f"{key}_interval"]), np.array(getattr(plain, f"{key}_interval"))
                assert np.max(np.abs(ours - theirs)) < 0.08 * np.ptp(theirs)


def test_intervals_of_blocks_have_the_width_of_theory():
    models = 40 * BLOCKS
    rng = np.random.default_rng(3)
    truth = rng.uniform(0.4, 0.6, models)
    values = truth[None] + rng.normal(0.01, 0.02, (1, models))
    found = score_record(tallied(values, truth, [1000]).covered(0))
    width = 2 * 1.96 * 0.02 / np.sqrt(models)
    assert np.ptp(found["bias_interval"]) == pytest.approx(width, rel=0.1)


def test_a_method_that_applies_nowhere_does_not_empty_the_common_subset():
    values, truth = ensemble(100)
    values[0] = np.nan
    tallies = tallied(values, truth, [50])
    assert tallies.covered(0)[:, 0].sum() == 0
    assert tallies.common(2)[:, 0].sum() == np.isfinite(values[1]).sum()


def test_exact_methods_have_no_advantage_and_one_model_no_interval():
    truth = np.array([0.5, 0.7])
    found = score_record(tallied(truth[None] + 1e-15, truth, []).covered(0), ops=10.0, ops_per_sample=97.0)
    assert found["exact"]
    assert found["advantage"] is None
    one = score_record(tallied(np.array([[0.6]]), np.array([0.5]), []).covered(0))
    assert one["rmse"] == pytest.approx(0.1)
    assert one["rmse_interval"] is None
