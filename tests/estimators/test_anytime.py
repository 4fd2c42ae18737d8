"""Bounds within a budget: they contain the exact accuracy, never widen, close, and cost what they say."""

import json

import numpy as np
import pytest
from models import hand_built, random_model

import heurex
from heurex import NotApplicable, Ops, Rnn, RnnStack, Status, UsageError, kernels
from heurex.estimators import Exact, anytime_kernel

BUDGETS = [0, 1, 100, 400, 700, 1000, 1300, 1700, 2200, 3000, 4000, 5500, 7500, 10_000, 12_000, 16_000, 10**6]


def ternary(seed, d):
    """Weights that are -1, 0 or 1: neurons that do not read, thresholds that meet, logits that tie."""
    rng = np.random.default_rng([seed, d])
    return Rnn(*(rng.integers(-1, 2, size).astype(float) for size in ((d,), (d, d), (3, d))))


def degenerate():
    noise = Rnn([0.1, 0.2, 0.3], np.zeros((3, 3)), [[1, 1, -1], [0, 0, 0], [0, 0, 0]])
    return [
        Rnn([1.0], [[1.0]], np.zeros((3, 1))),
        Rnn([0.0, 0.0], np.zeros((2, 2)), [[1, 2], [3, 4], [5, 6]]),
        Rnn([1.0, -1.0], np.eye(2), [[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]]),
        Rnn([1.0, 0.0], [[0.5, 1.0], [1.0, -1.0]], [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
        noise,
        *(hand_built(sharpness) for sharpness in (1.0, 3.0, 100.0)),
        # thresholds that coincide all over a wedge, in numbers that round differently
        Rnn(
            [-1.0, 1.0, -1.0, 0.0],
            [[1, 1, 0, -1], [-1, -1, 1, 1], [0, 1, 1, 1], [-1, -1, -1, 0]],
            [[-1, 1, 0, 1], [1, 1, 0, 0], [0, 1, 0, -1]],
        ),
    ]


@pytest.fixture(scope="module")
def curve(m43):
    """Lower and upper bounds of 1,000 noisy copies by budget, ``(budgets, models, 2)``, and the exact accuracies."""
    copies = heurex.noisy_copies(m43, 0.05, 1000, seed=41)
    kernel = kernels.compiled(anytime_kernel)
    bounds = np.zeros((len(BUDGETS), len(copies), 2))
    for budget, found in zip(BUDGETS, bounds, strict=True):
        spent, done = np.zeros(len(copies), np.int64), np.zeros(len(copies), np.bool_)
        kernel.anytime_batch(copies.w_hi, copies.w_hh, copies.w_oh, 1, budget, found, spent, done)
        assert spent.max() <= budget
    return bounds, Exact().estimate_stack(copies).value


def test_bounds_contain_the_exact_accuracy_of_1000_copies_at_every_budget(curve):
    bounds, truth = curve
    assert np.all(bounds[:, :, 0] <= truth)
    assert np.all(truth <= bounds[:, :, 1])
    assert np.all((bounds >= 0) & (bounds <= 1))


def test_more_budget_never_widens_the_bounds(curve):
    bounds, _ = curve
    assert np.all(np.diff(bounds[:, :, 0], axis=0) >= 0)
    assert np.all(np.diff(bounds[:, :, 1], axis=0) <= 0)
    widths = (bounds[:, :, 1] - bounds[:, :, 0]).mean(axis=1)
    assert widths[BUDGETS.index(3000)] < 0.4
    assert widths[BUDGETS.index(5500)] < 0.12


def test_bounds_close(curve):
    bounds, truth = curve
    for found in bounds[BUDGETS.index(16_000) :]:
        assert (found[:, 1] - found[:, 0]).max() < 1e-12
        assert np.abs(found.mean(axis=1) - truth).max() < 5e-15


@pytest.mark.parametrize("budget", [0, 1, 100])
def test_tiny_budgets_say_nothing(budget, m43):
    for model in (m43, heurex.load("m22"), random_model(0, 3, 3)):
        found = Exact(budget=budget).estimate(model)
        assert (found.lower, found.upper, found.value, found.numerical_error) == (0.0, 1.0, 0.5, 0.5)
        assert found.status is Status.BUDGET_REACHED
        assert found.ops.total() <= budget


@pytest.mark.parametrize("budget", [-1, 2.5, "100", True, 1e6])
def test_budgets_that_make_no_sense(budget):
    with pytest.raises(UsageError, match=r"expected a whole number of operations, 0 or more, or None"):
        Exact(budget=budget)


def test_degenerate_models():
    """Against exact regions; where an answer hangs on rounding both say how much."""
    for model in [*degenerate(), *(ternary(seed, 1 + seed % 5) for seed in range(40))]:
        truth, found = Exact().estimate(model), Exact(budget=10**6).estimate(model)
        assert found.lower <= truth.value + truth.numerical_error
        assert truth.value - truth.numerical_error <= found.upper
        assert found.status in (Status.OK, Status.ILL_CONDITIONED)
        if found.status is Status.OK and truth.status is Status.OK:
            assert abs(found.value - truth.value) < 1e-13
            assert found.upper - found.lower < 1e-10


@pytest.mark.parametrize("d", [1, 2, 3, 5, 7])
def test_any_number_of_neurons(d):
    for seed in range(3):
        model = random_model(seed, d, 3)
        truth = Exact().estimate(model).value
        for budget in (2000, 20_000, 10**6):
            found = Exact(budget=budget).estimate(model)
            assert found.lower <= truth <= found.upper
            assert found.ops.total() <= budget
        assert abs(found.value - truth) < 1e-13
        assert found.upper - found.lower < 1e-9


def test_neurons_in_uneven_units(m43):
    other = m43.rescaled([1e-6, 1e5, 1.0, 1e3])
    found = Exact(budget=10**6).estimate(other)
    assert found.lower <= Exact().estimate(m43).value <= found.upper
    assert found.upper - found.lower < 1e-12


def test_two_inputs_are_settled_at_once():
    for d in (1, 2, 4, 7):
        for seed in range(8):
            model = random_model(seed, d, 2)
            price = 6 * d * d + 60 * d + 100
            assert Exact(budget=price - 1).estimate(model).status is Status.BUDGET_REACHED
            found = Exact(budget=price).estimate(model)
            assert found.status is Status.OK
            assert 0 < found.ops.total() <= price
            assert found.lower <= Exact().estimate(model).value <= found.upper
            assert found.upper - found.lower < 1e-8
            assert abs(found.value - Exact().estimate(model).value) < 1e-13


def run(kernel, weights, budget, kind):
    bounds, meter = np.zeros(2, kind), np.zeros(2, np.int64)
    done = kernel.anytime(*weights.values(), 1, budget, bounds, meter)
    return [bool(done), *kernels.plain(bounds), int(meter[0])]


def test_interpreted_compiled_and_counted_agree_bit_for_bit_and_stay_within_what_is_paid(reference):
    """One source: same bounds, same prices; what is executed is never more than what is paid, nor much less."""
    models = [record["model"] for record in reference[:3]]
    models += [*degenerate(), ternary(3, 4), ternary(5, 5), random_model(0, 3, 3), random_model(1, 6, 3)]
    for i, model in enumerate(models):
        weights = {"w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh}
        for budget in (200, 1500, 3333, 10**6):
            counting, numbers, tally = kernels.counted(anytime_kernel, weights)
            counted = run(counting, numbers, budget, object)
            assert counted == run(kernels.compiled(anytime_kernel), weights, budget, np.float64)
            assert counted == run(anytime_kernel, weights, budget, np.float64)
            executed = Ops.of(tally).total()
            assert executed <= counted[3] <= budget
            if i < 3 and budget > 3000:
                assert executed > 0.9 * counted[3]


def test_a_stack_equals_single_models(m43):
    copies = heurex.noisy_copies(m43, 0.05, 6, seed=41)
    for budget in (2500, 10**6):
        together = Exact(budget=budget).estimate_stack(copies)
        for i, model in enumerate(copies):
            alone = Exact(budget=budget).estimate(model)
            assert (together.value[i], together.numerical_error[i]) == (alone.value, alone.numerical_error)
            assert together.status[i] is alone.status
    pair = RnnStack.of([heurex.load("m22")] * 2)
    assert Exact(budget=1000).estimate_stack(pair).status == [Status.OK] * 2


def test_what_it_says_of_itself(m43):
    found = Exact(budget=5000).estimate(m43)
    assert str(found).startswith("the exact accuracy lies between 0.9")
    assert str(found).endswith("(budget reached)")
    assert found.value == (found.lower + found.upper) / 2
    assert json.loads(json.dumps(found.settings)) == {"by": "strips", "budget": 5000}
    assert str(Exact(budget=10**6).estimate(m43)).startswith("the exact accuracy is 0.98600")


def test_it_says_where_it_does_not_apply():
    with pytest.raises(NotApplicable, match=r"needs? n = 2 or 3 inputs; this model has n = 4"):
        Exact(budget=1000).estimate(random_model(0, 4, 4))
