"""The top three: exact limits, a slow twin, the laws that the rule's points follow."""

from itertools import permutations

import numpy as np
import pytest
from scipy import integrate, stats

import heurex
from heurex import NotApplicable, RnnStack, UsageError
from heurex.estimators.top_three import TopThree, spread, top_three_inputs


@pytest.mark.parametrize(
    ("name", "within"), [("m43", "mean"), ("zoo:4,4", "mean"), ("zoo:6,4", "shift"), ("zoo:6,4", "pairs")]
)
def test_it_tends_to_exact_accuracy_where_nothing_is_assumed(name, within):
    model = heurex.load(name)
    found = heurex.estimate(model, TopThree(nodes=8192, within=within))
    exact = float(heurex.estimate(model))
    assert abs(found.value - exact) < found.numerical_error < 0.01
    assert abs(found.value - exact) < 1e-3


@pytest.mark.parametrize("within", ["shift", "pairs"])
def test_five_inputs_with_a_common_shift_or_pairs_have_their_exact_law(within):
    model = heurex.load("zoo:8,5")
    found = heurex.estimate(model, TopThree(nodes=8192, within=within))
    truth = heurex.estimate(model, "sampling", samples=2**20, seed=3)
    # 0.0004 is the sample's standard error; the mean of the parts in place of their law is off by 0.002 and more
    assert abs(found.value - truth.value) < 4 * float(truth.standard_error or 0.0)


def test_a_slow_twin():
    """The law that is assumed, drawn at random input by input: sort, and replace all but the four largest."""
    model, n = heurex.load("zoo:8,5"), 5
    rng = np.random.default_rng(5)
    right = 0
    draws = rng.standard_normal((40_000, n))
    inputs, labels = draws.copy(), np.argsort(-draws, axis=1)[:, 1]
    for x in inputs:
        level = np.sort(x)[1]
        x[np.argmin(x)] = -stats.norm.pdf(level) / stats.norm.cdf(level)
    right = float(np.mean(model.answer(inputs) == labels))
    found = heurex.estimate(model, TopThree(nodes=2048))
    assert abs(found.value - right) < 4 * np.sqrt(right * (1 - right) / len(inputs)) + 5e-4


def test_parts_are_taken_at_their_means():
    level, parts = 0.7, 3
    got = spread(np.array([level]), parts, None)[0]
    edges = stats.norm.ppf(level * np.arange(parts, -1, -1) / parts)
    for value, high, low in zip(got, edges, edges[1:], strict=False):
        mass = integrate.quad(stats.norm.pdf, low, high)[0]
        mean = integrate.quad(lambda z: z * stats.norm.pdf(z), low, high)[0] / mass
        assert abs(value - mean) < 1e-7
    shifted = spread(np.array([level]), parts, np.array([0.25]))[0]
    assert np.allclose(stats.norm.cdf(shifted), level * (np.array([2, 1, 0]) + 0.25) / 3)


def test_places_values_and_orders_have_their_laws():
    n, nodes = 7, 64
    x = top_three_inputs(n, nodes, "mean", 0)
    order = np.argsort(-x, axis=1)
    firsts, counts = np.unique(order[:, :3], axis=0, return_counts=True)
    assert firsts.tolist() == [list(places) for places in permutations(range(n), 3)]
    assert set(counts) == {nodes}
    values = np.sort(x, axis=1)[:, ::-1]
    for r in range(4):
        uniform = stats.beta(n - r, r + 1)
        assert stats.kstest(stats.norm.cdf(values[:, r]), uniform.cdf).statistic < 0.01
    # each of the others is as likely to hold the fourth, and the fifth, largest
    held = np.zeros((n, n))
    np.add.at(held, (order[:, 3], order[:, 4]), 1)
    off = held[~np.eye(n, dtype=bool)] * n * (n - 1) / len(x)
    assert np.all(abs(off - 1) < 0.2)
    below = stats.norm.cdf(values[:, 4:]) / stats.norm.cdf(values[:, 3:4])
    assert np.all((below * 3).astype(int) == [2, 1, 0])


def test_shifted_rest_has_its_exact_law_one_by_one():
    x = top_three_inputs(6, 128, "shift", 0)
    assert max(stats.kstest(column, "norm").statistic for column in x.T) < 0.01


def test_pairs_of_the_rest_are_independent_and_triples_are_not():
    n, nodes = 7, 512
    x = top_three_inputs(n, nodes, "pairs", 0)
    order = np.argsort(-x, axis=1)
    firsts, counts = np.unique(order[:, :3], axis=0, return_counts=True)
    assert len(firsts) == n * (n - 1) * (n - 2)
    assert set(counts) == {nodes}
    third = np.take_along_axis(x, order[:, 2:3], axis=1)
    assert stats.kstest(stats.norm.cdf(third[:, 0]), stats.beta(n - 2, 3).cdf).statistic < 0.01
    share = stats.norm.cdf(x) / stats.norm.cdf(third)
    largest = np.zeros(x.shape, bool)
    np.put_along_axis(largest, order[:, :3], True, axis=1)
    for i, j in permutations(range(n), 2):
        both = share[~largest[:, i] & ~largest[:, j]]
        cells = np.histogram2d(both[:, i], both[:, j], bins=4)[0] / len(both)
        assert np.all(abs(16 * cells - 1) < 0.1)
    three = share[~largest[:, :3].any(axis=1)]
    curve = (three[:, 0] - 2 * three[:, 1] + three[:, 2] + 0.5) % 1 - 0.5
    assert np.max(abs(curve)) < 1e-6


def test_batches_and_seeds():
    copies = RnnStack.of([heurex.load(f"zoo:16,10?seed={seed}") for seed in (1, 2)])
    rule = TopThree(nodes=2)
    together = rule.estimate_stack(copies)
    alone = [rule.estimate(model) for model in copies]
    assert together.value.tolist() == [one.value for one in alone]
    assert together.numerical_error.tolist() == [one.numerical_error for one in alone]
    assert TopThree(nodes=2, seed=1).estimate_stack(copies).value.tolist() != together.value.tolist()
    sampled = heurex.estimate(copies[0], "sampling", samples=1440)
    assert alone[0].ops == sampled.ops


@pytest.mark.parametrize("task", ["argmax", "argmedian"])
def test_other_tasks(task):
    weights = heurex.load("zoo:8,3")
    model = heurex.Rnn(weights.w_hi, weights.w_hh, weights.w_oh, task=task)
    found, truth = (
        heurex.estimate(model, TopThree(nodes=2048)),
        heurex.estimate(model, "sampling", samples=2**18),
    )
    assert abs(found.value - truth.value) < 4 * float(truth.standard_error or 0.0) + 1e-3
    assert (
        TopThree(nodes=8).estimate_stack(RnnStack.of([model])).value[0]
        == TopThree(nodes=8).estimate(model).value
    )


def test_refusals():
    with pytest.raises(UsageError, match="nodes is 0; expected a whole number, at least 1"):
        TopThree(nodes=0)
    with pytest.raises(UsageError, match="within is 'middle'; expected one of mean, shift, pairs"):
        TopThree(within="middle")
    with pytest.raises(UsageError, match="expected at most 6355 for 12 inputs"):
        heurex.estimate(heurex.Rnn(np.ones(1), np.ones((1, 1)), np.ones((12, 1))), TopThree(nodes=10**6))
    with pytest.raises(NotApplicable, match="reads 2 inputs; top-three is for 3 to 12"):
        heurex.estimate(heurex.load("m22"), "top-three")
    assert np.isnan(TopThree().estimate_stack(RnnStack.of([heurex.load("m22")])).value[0])
