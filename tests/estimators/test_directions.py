"""Quadrature over one angle, against bisection along lines, quadrature by SciPy and exact accuracies."""

import json
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import hand_built, random_model
from scipy.integrate import quad

import heurex
from heurex import NotApplicable, Rnn, RnnStack, Status, UsageError, kernels
from heurex.estimators import Directions, Exact, directions_kernel
from heurex.estimators.directions import _table, nodes_and_weights
from heurex.tasks import second_argmax


def share_by_bisection(model, earlier, grid=20_001):
    """Share of the last input answered rightly, from the model's own answers: a grid in the share, then bisection.

    The grid is finer where the label changes and at both ends, since thin stretches of wrong answers lie there.
    """

    def is_right(share):
        if model.seq_len == 2:
            last = np.tan(np.pi * (share - 0.5))
        else:
            height = 2 * share - 1
            last = height / np.sqrt((1 - height) * (1 + height))
        x = np.column_stack([np.tile(earlier, (len(share), 1)), last])
        return model.answer(x) == second_argmax(x)

    earlier = np.asarray(earlier, float)
    changes = (
        (1 + earlier / np.sqrt(1 + earlier**2)) / 2
        if model.seq_len == 3
        else 0.5 + np.arctan(earlier) / np.pi
    )
    near = np.append(changes, [0.0, 1.0])[:, None] + np.outer([-1, 0, 1], np.logspace(-15, -2, 200)).ravel()
    shares = np.unique(np.concatenate([(np.arange(grid) + 0.5) / grid, near[(near > 0) & (near < 1)]]))
    right = is_right(shares)
    at = np.flatnonzero(right[1:] != right[:-1])
    low, high = shares[at], shares[at + 1]
    for _ in range(55):
        middle = (low + high) / 2
        same = is_right(middle) == right[at] if len(at) else np.zeros(0, bool)
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    ends = np.concatenate([[0.0], (low + high) / 2, [1.0]])
    return math.fsum(np.diff(ends)[0 if right[0] else 1 :: 2])


def by_bisection(model, directions):
    angles, weights = nodes_and_weights(directions)
    return math.fsum(
        w * share_by_bisection(model, [np.cos(a), np.sin(a)]) for a, w in zip(angles, weights, strict=True)
    )


def ternary(seed, d):
    """Weights that are -1, 0 or 1: neurons that do not read, thresholds that meet, logits that tie."""
    rng = np.random.default_rng([seed, d])
    return Rnn(*(rng.integers(-1, 2, size).astype(float) for size in ((d,), (d, d), (3, d))))


@pytest.mark.parametrize("directions", [2, 4, 6, 12])
def test_against_bisection_along_the_same_lines(directions, m43):
    copies = heurex.noisy_copies(m43, 0.05, 4, seed=31)
    for model in [m43, *copies, hand_built(3.0), random_model(1, 3, 3), random_model(2, 6, 3)]:
        found = Directions(directions).estimate(model)
        assert abs(found.value - by_bisection(model, directions)) < 1e-12
        assert found.numerical_error < 1e-8


@pytest.mark.parametrize("seed", range(12))
def test_ties_and_neurons_that_do_not_read(seed):
    model = ternary(seed, 1 + seed % 5)
    found = Directions(6).estimate(model)
    assert abs(found.value - by_bisection(model, 6)) < 1e-12 + found.numerical_error


def test_ties_in_closed_form():
    # the answer is always 0; along a line the share of label 0 is (1 - height of x_0) / 2 where x_0 > x_1
    silent = Rnn([1.0], [[1.0]], np.zeros((3, 1)))
    angles, weights = nodes_and_weights(6)
    height = np.cos(angles) / np.sqrt(1 + np.cos(angles) ** 2)
    expected = np.where(np.cos(angles) > np.sin(angles), 1 - height, 1 + height) / 2 @ weights
    assert Directions(6).estimate(silent).value == pytest.approx(expected, abs=1e-15)
    dead = Rnn([0.0, 0.0], np.zeros((2, 2)), [[1, 2], [3, 4], [5, 6]])
    assert Directions(6).estimate(dead).value == pytest.approx(expected, abs=1e-15)
    # rows 0 and 1 alike and never below row 2: the answer is 0, the first of both
    alike = Rnn([1.0, -1.0], np.eye(2), [[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    assert Directions(6).estimate(alike).value == pytest.approx(expected, abs=1e-15)


def test_two_inputs_are_exact():
    for seed in range(6):
        for d in (1, 2, 5):
            model = random_model(seed, d, 2)
            found = Directions().estimate(model)
            assert abs(found.value - Exact().estimate(model).value) < 1e-14 + found.numerical_error
            assert found.lower <= Exact().estimate(model).value <= found.upper
    two = Rnn([1, -1], [[-1, 1], [1, -1]], [[1, -1], [-1, 1]])
    assert Directions().estimate(two).value == 1.0
    assert str(Directions().estimate(two)).startswith("the exact accuracy is 1.00000")


def test_the_rule():
    """Weights sum to 1, and powers of the angle in each half are integrated exactly up to the rule's degree."""
    for directions in (2, 4, 6, 8, 20):
        angles, weights = nodes_and_weights(directions)
        assert len(angles) == directions
        assert math.fsum(weights) == pytest.approx(1, abs=1e-15)
        half = directions // 2
        s = (angles[:half] - np.pi / 4) / np.pi
        assert np.all(np.diff(angles) > 0)
        assert np.allclose(angles[half:] - angles[:half], np.pi)
        degree = 2 * half - 1 if directions <= 4 else (2 * half - 3) // 3
        for power in range(degree + 1):
            assert 2 * weights[:half] @ s**power == pytest.approx(1 / (power + 1), abs=1e-14)
        assert abs(2 * weights[:half] @ s ** (degree + 2) - 1 / (degree + 3)) > 1e-14 or directions > 8


def test_many_directions_agree_with_quadrature_by_scipy(m43):
    """The integrand by SciPy's adaptive rule, split where x_0 = x_1 and at the bends that step 2 makes."""
    model = heurex.noisy_copies(m43, 0.05, 1, seed=31)[0]
    bends = [np.pi / 4, 5 * np.pi / 4, np.pi / 2, 3 * np.pi / 2]
    for sign in (1.0, -1.0):
        first = model.w_hh @ np.maximum(model.w_hi * sign, 0)
        bends += [np.arctan2(-z / w, sign) % (2 * np.pi) for z, w in zip(first, model.w_hi, strict=True)]
    ends = np.unique(np.concatenate([bends, [0, 2 * np.pi]]))
    found = np.zeros((1, 1 + 7 * 2))
    kernel = kernels.compiled(directions_kernel)

    def integrand(angle):
        c, s = np.cos(angle), np.sin(angle)
        node = np.array([[c, s, c / np.sqrt(1 + c * c), s / np.sqrt(1 + s * s), 0.5]])
        return kernel.directions(model.w_hi, model.w_hh, model.w_oh, 1, node, found)[0]

    whole = math.fsum(quad(integrand, a, b, epsabs=1e-7, limit=30)[0] for a, b in pairwise(ends))
    assert whole / (2 * np.pi) == pytest.approx(Exact().estimate(model).value, abs=1e-6)
    assert Directions(1000).estimate(model).value == pytest.approx(Exact().estimate(model).value, abs=2e-5)


def test_it_converges_to_the_exact_accuracy(m43):
    copies = heurex.noisy_copies(m43, 0.05, 32, seed=31)
    truth = Exact().estimate_stack(copies).value
    rmse = [
        np.sqrt(np.mean((Directions(k).estimate_stack(copies).value - truth) ** 2)) for k in (2, 12, 48, 400)
    ]
    assert rmse[0] > 3 * rmse[1] > 9 * rmse[2] > 40 * rmse[3]
    assert rmse[3] < 3e-5


def test_interpreted_compiled_and_counted_agree_bit_for_bit(reference):
    models = [record["model"] for record in reference[:3]]
    models += [ternary(3, 4), random_model(0, 3, 3), random_model(0, 3, 2)]
    for model in models:
        weights = {"w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh}
        table = _table(6, model.seq_len)
        shape = (len(table), 1 + (model.hidden_size + 3) * (model.seq_len - 1))
        counting, numbers, tally = kernels.counted(directions_kernel, weights)
        ways = []
        for kernel, arguments, kind in (
            (directions_kernel, weights, np.float64),
            (kernels.compiled(directions_kernel), weights, np.float64),
            (counting, numbers, object),
        ):
            found = np.full(shape, 1e300, kind)
            value, doubt = kernel.directions(*arguments.values(), 1, table, found)
            ways.append([kernels.uncounted(value), kernels.uncounted(doubt), *kernels.plain(found).flat])
        assert ways[0] == ways[1] == ways[2]
        assert Directions(6).estimate(model).ops == heurex.Ops.of(tally)
        one = Directions(6).estimate_stack(RnnStack.of([model]))
        assert one.value[0] == pytest.approx(Directions(6).estimate(model).value, abs=1e-15)
        assert one.numerical_error[0] == pytest.approx(
            Directions(6).estimate(model).numerical_error, rel=1e-12
        )


def test_the_bound_on_rounding_holds_where_weights_are_uneven():
    """Against the same model with neurons in other units, in which every number rounds differently."""
    for seed in range(20):
        model = random_model(seed, 4, 3)
        rng = np.random.default_rng(seed)
        other = model.rescaled(10.0 ** rng.uniform(-6, 6, 4))
        one, two = Directions(6).estimate(model), Directions(6).estimate(other)
        assert abs(one.value - two.value) <= one.numerical_error + two.numerical_error
        assert one.numerical_error < 1e-7


def test_answers_that_hang_on_rounding_are_reported():
    noise = Rnn([0.1, 0.2, 0.3], np.zeros((3, 3)), [[1, 1, -1], [0, 0, 0]])
    found = Directions().estimate(noise)
    assert found.status is Status.ILL_CONDITIONED
    assert abs(found.value - 0.25) <= found.numerical_error


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([(2, 2), (3, 3), (5, 3)]))
def test_permuting_neurons_leaves_it_unchanged(seed, size):
    model = random_model(seed, *size)
    order = np.random.default_rng(seed).permutation(size[0]).tolist()
    one, two = Directions(4).estimate(model), Directions(4).estimate(model.permuted(order))
    assert abs(one.value - two.value) <= one.numerical_error + two.numerical_error


def test_what_it_says_of_itself(m43):
    found = Directions(12).estimate(m43)
    assert str(found) == "quadrature over one angle (12 directions) gives 0.98723; its error is not bounded"
    assert found.lower is None
    assert found.upper is None
    assert Directions.kind == "quadrature"
    assert json.loads(json.dumps(found.settings)) == {"directions": 12}


def test_operations_of_a_few_directions(m43):
    """A setting below 300 operations, and a price for each direction that does not grow."""
    copies = list(heurex.noisy_copies(m43, 0.05, 12, seed=31))
    ops = [np.mean([Directions(k).estimate(c).ops.total() for c in copies]) for k in (2, 10, 20)]
    assert ops[0] < 300
    assert 90 < (ops[1] - ops[0]) / 8 < 115
    assert 90 < (ops[2] - ops[1]) / 10 < 115


@pytest.mark.parametrize("directions", [0, 1, 3, -2, 2.0, True, "4"])
def test_settings_that_make_no_sense(directions):
    with pytest.raises(UsageError, match=r"expected an even whole number, at least 2"):
        Directions(directions)


def test_it_says_where_it_does_not_apply():
    with pytest.raises(NotApplicable, match=r"needs n = 2 or 3 inputs.*this model has n = 4"):
        Directions().estimate(random_model(0, 4, 4))
