"""Designs of sampling: unbiased, with errors that are what they say, on inputs that are what they should be."""

from itertools import permutations
from math import factorial

import numpy as np
import pytest
from models import random_model

import heurex
from heurex import Rnn, RnnStack, UsageError
from heurex.estimators import Exact, Ops, Sampling
from heurex.estimators.designs import DESIGNS, directions, sample
from heurex.estimators.sampling import draws_for, ops_per_sample
from heurex.tasks import second_argmax

SEEDS = 1000
PERFECT = Rnn([1, -1], [[-1, 1], [1, -1]], [[1, -1], [-1, 1]])


def over_seeds(model, seeds, **settings):
    stack = RnnStack.of([model])
    found = [Sampling(seed=seed, **settings).estimate_stack(stack) for seed in range(seeds)]
    return np.array([one.value[0] for one in found]), np.array([one.standard_error[0] for one in found])


@pytest.mark.parametrize(
    ("design", "samples", "scramblings"),
    [
        ("plain", 256, 8),
        ("antithetic", 256, 8),
        ("stratified", 256, 8),
        ("sobol", 256, 2),
        ("sobol", 256, 4),
        ("sobol", 1024, 8),
    ],
)
def test_unbiased_and_the_error_is_what_is_reported(m43, design, samples, scramblings):
    """Over 1,000 seeds; 256 is no multiple of 6, so strata are unequal."""
    exact = Exact().estimate(m43).value
    values, errors = over_seeds(m43, SEEDS, samples=samples, design=design, scramblings=scramblings)
    measured = np.sqrt(np.mean((values - exact) ** 2))
    assert abs(np.mean(values) - exact) < 4 * np.std(values) / SEEDS**0.5
    assert abs(measured / np.sqrt(np.mean(errors**2)) - 1) < 0.1


@pytest.mark.parametrize("design", DESIGNS)
def test_any_number_of_inputs(design):
    """For n = 5 and 120 samples strata are the places of the two largest; means of designs agree with very many."""
    for d, n in ((3, 2), (4, 5)):
        model = random_model(1, d, n)
        truth = heurex.sampled_accuracy(model, 2_000_000, dtype="float64")
        values, errors = over_seeds(model, 200, samples=128, design=design)
        spread = np.hypot(np.std(values) / 200**0.5, truth.standard_error)
        assert abs(np.mean(values) - truth.value) < 4 * spread
        assert 0.85 < np.std(values) / np.sqrt(np.mean(errors**2)) < 1.15


def test_designs_that_help_and_one_that_does_not(m43):
    """Better than plain by what is claimed in the docs, at 1,024 samples on noisy copies."""
    copies = heurex.noisy_copies(m43, 0.05, 256, seed=21)
    truth = Exact().estimate_stack(copies).value
    rmse = {}
    for design in DESIGNS:
        found = Sampling(samples=1024, design=design, scramblings=4).estimate_stack(copies)
        rmse[design] = np.sqrt(np.mean((found.value - truth) ** 2))
    assert rmse["sobol"] < 0.7 * rmse["plain"]
    assert rmse["stratified"] < 1.05 * rmse["plain"] < rmse["antithetic"]


@pytest.mark.parametrize("design", DESIGNS)
def test_one_model_and_a_stack_agree(design, reference):
    models = [record["model"] for record in reference[:4]]
    for samples in (8, 48, 768):
        if design == "sobol" and samples == 48:
            continue
        estimator = Sampling(samples=samples, design=design, scramblings=8 if samples == 8 else 6)
        if design == "sobol" and samples == 768:
            estimator = Sampling(samples=samples, design=design, scramblings=3)
        together = estimator.estimate_stack(RnnStack.of(models))
        for i, model in enumerate(models):
            one = estimator.estimate(model)
            assert together.value[i] == one.value
            assert together.standard_error[i] == one.standard_error > 0


def test_plain_draws_stay_what_they_were(m43):
    """Frozen: values of plain sampling before it had designs."""
    values = [heurex.estimate(m43, "sampling", samples=100_000, seed=seed).value for seed in range(3)]
    assert values == [0.98539, 0.98582, 0.98644]
    x = draws_for(m43, 0).standard_normal((100_000, 3))
    assert values[0] == np.mean(m43.answer(x) == second_argmax(x))


def inputs_of(design, n, samples, scramblings=8, seed=0):
    drawn = []

    def right(x, mirrored):
        drawn.append(x.copy())
        if mirrored:
            drawn.append(-x)
        return np.zeros((2 if mirrored else 1, len(x)), bool)

    sample(design, np.random.default_rng(seed), n, samples, scramblings, right)
    return np.vstack(drawn)


@pytest.mark.parametrize(
    ("n", "samples", "settled"), [(3, 120, 3), (3, 13, 3), (4, 150, 4), (5, 100, 2), (10, 7, 0)]
)
def test_strata_are_orderings(n, samples, settled):
    """Numbers of samples in all (starts of) orderings differ by at most one; with no room for them all is plain."""
    x = inputs_of("stratified", n, samples)
    assert x.shape == (samples, n)
    starts = np.argsort(-x, axis=1)[:, : settled if settled < n else n - 1]
    counts = [np.sum(np.all(starts == p, axis=1)) for p in permutations(range(n), starts.shape[1])]
    assert sum(counts) == samples
    assert max(counts) - min(counts) <= 1
    if settled == 0:
        assert np.array_equal(x, np.random.default_rng(0).standard_normal((samples, n)))


@pytest.mark.parametrize("samples", [48, 49, 53])
def test_unequal_strata_weigh_the_same(samples):
    """A model that answers 0 whatever it reads is right in two orderings of six, and strata know it without error."""
    silent = Rnn([-1, -1], np.zeros((2, 2)), -np.ones((3, 2)) * [[0], [1], [1]])
    found = Sampling(samples=samples, design="stratified").estimate(silent)
    assert found.value == pytest.approx(1 / 3, abs=1e-15)
    assert found.standard_error < 0.05


@pytest.mark.parametrize("n", [3, 5])
def test_stratified_inputs_are_normal(n):
    x = inputs_of("stratified", n, 120 * factorial(5))
    for moment, exact, deviation in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert np.all(abs(np.mean(x**moment, axis=0) - exact) < 4 * (deviation / len(x)) ** 0.5)
    pairs = np.triu_indices(n, 1)
    assert np.all(abs((x.T @ x / len(x))[pairs]) < 4 / len(x) ** 0.5)


def test_strata_are_filled_at_random():
    """Beyond the largest the order is random: every ordering comes up as often as chance has it."""
    few = np.vstack([inputs_of("stratified", 4, 24, seed=seed) for seed in range(1000)])
    orders = np.argsort(-few, axis=1) @ 4 ** np.arange(4)
    counts = np.unique(orders, return_counts=True)[1]
    assert len(counts) == 24
    assert np.all(abs(counts - len(few) / 24) < 4.5 * (len(few) / 24) ** 0.5)


@pytest.mark.parametrize("n", [2, 3, 4, 10])
def test_sobol_directions_are_uniform(n):
    """Second and fourth moments of a uniform direction, with the small error of a quasi-random mean."""
    x = inputs_of("sobol", n, 8 * 2**11)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    np.testing.assert_allclose(unit.T @ unit / len(x), np.eye(n) / n, atol=2e-3)
    np.testing.assert_allclose(np.mean(unit**4, axis=0), 3 / (n * (n + 2)), atol=4e-3)
    np.testing.assert_allclose(np.mean(unit, axis=0), 0, atol=4e-3)


def test_heights_and_angles_keep_areas():
    """For n = 3 an ordering is a sixth of the angles, and the share above a height is (1 - height) / 2."""
    grid = (np.arange(60) + 0.5) / 60
    points = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    x = directions(points, 3)
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), 1, rtol=1e-14)
    orders = np.argsort(-x, axis=1) @ 3 ** np.arange(3)
    assert np.all(np.unique(orders, return_counts=True)[1] == 600)
    assert abs(np.mean(x.sum(axis=1) / 3**0.5 > 0.5) - 0.25) < 1e-12


def test_shrinking_is_the_best_linear_rule():
    """Against simulated ensembles: its error is as reported, its weight the one that least squares finds."""
    rng = np.random.default_rng(0)
    for towards, spread, k in ((0.85, 0.05, 64), (0.5, 0.2, 10), (0.98, 0.01, 1000)):
        # accuracies of a beta distribution with this mean and deviation
        scale = towards * (1 - towards) / spread**2 - 1
        p = rng.beta(towards * scale, (1 - towards) * scale, 400_000)
        share = rng.binomial(k, p) / k
        least_squares = np.mean((share - towards) * (p - towards)) / np.mean((share - towards) ** 2)
        estimator = Sampling(samples=k, towards=towards, spread=spread)
        one = estimator.estimate(PERFECT)
        weight = (one.value - towards) / (1 - towards)
        assert weight == pytest.approx(least_squares, rel=0.01)
        value = towards + weight * (share - towards)
        assert one.standard_error == pytest.approx(np.sqrt(np.mean((value - p) ** 2)), rel=0.01)


def test_shrunk_on_noisy_copies(m43):
    """Mean and deviation from other copies; the error is as reported, and below plain sampling's."""
    others = Exact().estimate_stack(heurex.noisy_copies(m43, 0.05, 1024, seed=1)).value
    copies = heurex.noisy_copies(m43, 0.05, 1024, seed=2)
    truth = Exact().estimate_stack(copies).value
    settings = {"towards": float(others.mean()), "spread": float(others.std())}
    shrunk = Sampling(samples=64, **settings).estimate_stack(copies)
    plain = Sampling(samples=64).estimate_stack(copies)
    rmse = np.sqrt(np.mean((shrunk.value - truth) ** 2))
    assert rmse == pytest.approx(shrunk.standard_error[0], rel=0.1)
    assert rmse < 0.85 * np.sqrt(np.mean((plain.value - truth) ** 2))


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("samples", [2, 16, 512])
def test_a_perfect_score_still_has_an_error(design, samples):
    scramblings = 2 if samples == 2 else 8
    found = Sampling(samples=samples, design=design, scramblings=scramblings).estimate(PERFECT)
    assert found.value == 1
    assert 0.3 / samples < found.standard_error < 2.1 / samples


def test_operations(m43):
    """Forward passes and what a design adds; an opposite input saves the products of w_hi and x."""
    one = ops_per_sample(m43)

    def ops(**settings):
        return Sampling(**settings).estimate(m43).ops

    assert ops(samples=48) == one * 48
    assert ops(samples=48, design="stratified") == one * 48
    assert ops(samples=49, design="stratified") == Ops(add=49 * one.add + 5, mul=49 * one.mul, div=7)
    assert ops(samples=64, design="sobol") == one * 64
    assert ops(samples=48, design="antithetic") == Ops(add=48 * one.add, mul=48 * one.mul - 24 * 3 * 4)
    shrunk = ops(samples=48, towards=0.9, spread=0.1)
    assert shrunk == Ops(add=48 * one.add + 5, mul=48 * one.mul + 3, div=2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"design": "latin"}, "design is 'latin'; expected one of plain, antithetic, stratified, sobol"),
        ({"design": "antithetic", "samples": 7}, "samples is 7; expected an even number"),
        ({"design": "sobol", "samples": 1000}, "samples is 1000; expected 8 times a power of two"),
        ({"design": "sobol", "samples": 4}, "samples is 4; expected 8 times a power of two"),
        ({"design": "sobol", "samples": 96, "scramblings": 4}, "samples is 96; expected 4 times a power"),
        ({"scramblings": 1}, "scramblings is 1; expected a whole number, at least 2"),
        ({"samples": True}, "samples is True; expected a whole number, at least 1"),
        ({"towards": 0.9}, "spread is None; expected both towards and spread"),
        ({"spread": 0.1}, "towards is None; expected both towards and spread"),
        ({"towards": "high", "spread": 0.1}, "towards is 'high'; expected both"),
        ({"towards": 1.2, "spread": 0.1}, "towards is 1.2; expected a mean accuracy between 0 and 1"),
        (
            {"towards": 0.9, "spread": 0.3},
            "spread is 0.3; expected a standard deviation above 0 and below 0.3",
        ),
        ({"towards": 0.9, "spread": float("nan")}, "spread is nan; expected a standard deviation"),
        ({"towards": 0.9, "spread": 0.1, "design": "sobol"}, "design is 'sobol'; expected 'plain'"),
    ],
)
def test_refusals(settings, message):
    with pytest.raises(UsageError, match=message):
        Sampling(**settings)
