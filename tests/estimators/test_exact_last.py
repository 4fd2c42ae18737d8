"""Cubature that is exact in the last input: lines by bisection and SciPy, means by exact accuracies."""

import math

import numpy as np
import pytest
from models import random_model
from scipy import stats
from scipy.integrate import quad

import heurex
from heurex import NotApplicable, Rnn, RnnStack, Status, UsageError, kernels
from heurex.estimators import Exact, ExactLast, exact_last_kernel, line_law_kernel, line_tables_kernel
from heurex.estimators.cubature import GENERATOR, component_by_component, design_points, strata, worst_case
from heurex.estimators.exact_last import _Nodes, below, last_shares, scaled, series
from heurex.estimators.sampler import sampled_accuracy
from heurex.tasks import second_argmax


def share_by_bisection(model, earlier, grid=20_001):
    """From the model's own answers on a grid in the share by Student's t, then bisection."""
    n = model.seq_len

    def is_right(share):
        last = stats.t.ppf(share, n - 1) / math.sqrt(n - 1)
        x = np.column_stack([np.tile(earlier, (len(share), 1)), last])
        return model.answer(x) == second_argmax(x)

    changes = stats.t.cdf(np.sort(earlier)[-2:] * math.sqrt(n - 1), n - 1)
    near = (
        np.append(changes, [0.0, 0.5, 1.0])[:, None] + np.outer([-1, 0, 1], np.logspace(-13, -2, 100)).ravel()
    )
    shares = np.unique(np.concatenate([(np.arange(grid) + 0.5) / grid, near[(near > 0) & (near < 1)]]))
    right = is_right(shares)
    at = np.flatnonzero(right[1:] != right[:-1])
    low, high = shares[at], shares[at + 1]
    for _ in range(50):
        middle = (low + high) / 2
        same = is_right(middle) == right[at] if len(at) else np.zeros(0, bool)
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    ends = np.concatenate([[0.0], (low + high) / 2, [1.0]])
    return math.fsum(np.diff(ends)[0 if right[0] else 1 :: 2])


def earlier_directions(n, count, seed=0):
    x = np.random.default_rng([seed, n]).standard_normal((count, n - 1))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@pytest.mark.parametrize("n", [3, 4, 5, 6, 9, 10, 16])
def test_the_share_below_is_that_of_the_density_and_of_students_t(n):
    whole = quad(lambda t: (1 + t * t) ** (-n / 2), -np.inf, np.inf)[0]
    for t in (-30.0, -1.3, -1e-3, 0.0, 0.2, 1.0, 7.0):
        expected = quad(lambda t: (1 + t * t) ** (-n / 2), 0, t, epsabs=1e-14)[0] / whole
        ops = np.zeros(5, np.int64)
        assert below(np.array([t]), n)[0] == pytest.approx(expected, abs=1e-13)
        assert line_law_kernel.below(t, n, series(n), ops) == pytest.approx(expected, abs=1e-13)
        assert below(np.array([t]), n)[0] == pytest.approx(
            stats.t.cdf(t * math.sqrt(n - 1), n - 1) - 0.5, abs=1e-13
        )


@pytest.mark.parametrize(("d", "n"), [(1, 3), (4, 3), (2, 4), (6, 4), (8, 5), (16, 10)])
def test_a_line_agrees_with_bisection_of_the_models_answers(d, n):
    for seed in range(3):
        model = random_model(seed, d, n)
        earlier = earlier_directions(n, 4, seed)
        found, error = last_shares(model, earlier)
        expected = [share_by_bisection(model, one) for one in earlier]
        np.testing.assert_allclose(found, expected, atol=1e-11, rtol=0)
        # the bound grows with every step as sizes of weights do, here by 13 a step
        assert error < (1e-8 if n < 10 else 0.1)


def test_hand_built_models_with_known_accuracies():
    # one neuron that answers input 0 where it is on, and nothing, hence input 0 too, where it is off
    first = Rnn([1.0], [[1.0]], [[1.0], [0.0], [0.0], [0.0]])
    # where off the answer is still 0; where the neuron is on it is 1
    other = Rnn([1.0], [[0.0]], [[0.0], [1.0], [0.0], [0.0]])
    found = ExactLast(points=1024, shifts=4).estimate(first)
    assert abs(found.value - 0.25) < 4 * found.standard_error + 1e-12
    # given the sign of the last input, the label is 0 or 1: P(label = 0, x3 < 0) + P(label = 1, x3 > 0) = 1/4
    found = ExactLast(points=1024, shifts=4).estimate(other)
    assert abs(found.value - 0.25) < 4 * found.standard_error + 1e-12
    assert found.standard_error < 2e-3


def test_a_network_without_anything_on_answers_the_first_input_and_ties_go_to_the_earlier():
    earlier = np.array([[0.6, 0.0, -0.8], [0.0, -0.6, 0.8], [-0.8, 0.6, 0.0], [0.6, -0.8, 0.0]])
    silent = Rnn(np.array([1.0]), np.array([[-5.0]]), np.zeros((4, 1)))
    expected = [share_by_bisection(silent, one) for one in earlier]
    np.testing.assert_allclose(last_shares(silent, earlier)[0], expected, atol=1e-12)
    # in the first the label is 0 beyond t = 0.6, and between 0 and 0.6 it is the last
    assert expected[0] == pytest.approx(1 - (0.5 + below(np.array([0.6]), 4)[0]), abs=1e-12)
    # logits 1 and 2 tie wherever something is on
    tied = Rnn(np.array([1.0]), np.array([[0.5]]), np.array([[0.0], [1.0], [1.0], [0.0]]))
    expected = [share_by_bisection(tied, one) for one in earlier]
    np.testing.assert_allclose(last_shares(tied, earlier)[0], expected, atol=1e-12)


@pytest.mark.parametrize("zeros", [[0], [0, 2], [0, 1, 2, 3]])
def test_neurons_that_do_not_read_the_input_have_no_place(zeros):
    base = random_model(3, 4, 4)
    w_hi = base.w_hi.copy()
    w_hi[zeros] = 0.0
    model = Rnn(w_hi, base.w_hh, base.w_oh)
    earlier = earlier_directions(4, 5)
    expected = [share_by_bisection(model, one) for one in earlier]
    np.testing.assert_allclose(last_shares(model, earlier)[0], expected, atol=1e-11)


@pytest.mark.parametrize(("d", "n"), [(3, 3), (4, 4), (5, 5), (6, 10)])
def test_operations_counted_beside_the_numbers_are_those_of_counting_numbers(d, n):
    model = random_model(7, d, n)
    nodes = _Nodes.of(earlier_directions(n, 6))
    weights = dict(zip(("w_hi", "w_hh", "w_oh"), scaled(model), strict=True))
    tops = {"tops": nodes.tops, "known": nodes.known}
    kernel, numbers, tally = kernels.counted(exact_last_kernel, weights | tops)
    ops, found = np.zeros(5, np.int64), np.zeros(6, object)
    at = [numbers[name] for name in weights]
    kernel.shares(
        *at, nodes.points, numbers["tops"], nodes.places, numbers["known"], series(n), np.zeros(3), found, ops
    )
    assert ops.tolist() == [tally.add, tally.mul, tally.div, tally.sqrt, tally.atan2]
    again, same = np.zeros(5, np.int64), np.zeros(6)
    with_bound = np.array([1.0, 1e-12, 1e-12])
    kernels.compiled(exact_last_kernel).shares(
        *scaled(model), *nodes.arguments(), series(n), with_bound, same, again
    )
    assert again.tolist() == ops.tolist()
    np.testing.assert_allclose(same, kernels.plain(found), atol=1e-13)


@pytest.mark.parametrize(
    ("seed", "d", "n", "design", "value"),
    [
        (0, 4, 3, "sobol", 0.4485360733906003),
        (1, 6, 4, "strata", 0.3439033033122154),
        (2, 8, 5, "lattice", 0.1959320771009142),
        (3, 5, 6, "sobol", 0.18367175220448334),
        (4, 16, 10, "strata", 0.07995524676447187),
    ],
)
def test_values_are_those_that_lines_gave_one_after_the_other(seed, d, n, design, value):
    """Kept from a kernel that took lines one by one, with branches."""
    points = 4 if design == "strata" else 64
    found = ExactLast(design=design, points=points, shifts=2, seed=3).estimate(random_model(seed, d, n))
    assert found.value == pytest.approx(value, abs=1e-12)


def test_comparators_sort_every_row_of_noughts_and_ones():
    for count in range(1, 12):
        pairs = line_tables_kernel.comparators(count)
        rows = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
        for a, b in pairs:
            rows[:, [a, b]] = np.sort(rows[:, [a, b]], axis=1)
        assert (np.diff(rows, axis=1) >= 0).all()


def test_places_that_coincide_and_equal_inputs():
    # two neurons of one place, and both largest earlier inputs equal
    w_hh = np.array([[0.3, 0.3], [0.6, 0.6]])
    model = Rnn([1.0, 2.0], w_hh, [[1.0, -1.0], [-1.0, 2.0], [2.0, -1.5], [0.5, 0.2]])
    earlier = np.array([[0.6, 0.6, -0.3], [-0.5, -0.5, -0.7], [0.0, -0.6, -0.8], [0.0, 0.0, -1.0]])
    earlier /= np.linalg.norm(earlier, axis=1, keepdims=True)
    expected = [share_by_bisection(model, one) for one in earlier]
    np.testing.assert_allclose(last_shares(model, earlier)[0], expected, atol=1e-11)


def test_a_lane_does_not_depend_on_its_neighbours():
    model = random_model(4, 6, 5)
    earlier = earlier_directions(5, 300)
    together = last_shares(model, earlier)[0]
    assert together[[5, 130, 299]].tolist() == [last_shares(model, earlier[[k]])[0][0] for k in (5, 130, 299)]


@pytest.mark.parametrize("design", ["sobol", "lattice", "strata"])
@pytest.mark.parametrize("n", [3, 4, 5, 10])
def test_designs_are_uniform_on_average_over_seeds(design, n):
    points = 4 if design == "strata" else 32
    moments = []
    for seed in range(200):
        x = design_points(design, n - 1, points, np.random.default_rng([seed, n]))
        assert np.allclose((x * x).sum(axis=1), 1)
        top = np.sort(x, axis=1)
        moments.append(
            [*x.mean(axis=0), *(x * x).mean(axis=0), (x[:, 0] * x[:, 1]).mean(), *top.mean(axis=0)]
        )
    moments = np.array(moments)
    reference = np.sort(earlier_directions(n, 400_000, 5), axis=1)
    expected = np.concatenate([np.zeros(n - 1), np.full(n - 1, 1 / (n - 1)), [0.0], reference.mean(axis=0)])
    noise = np.concatenate([np.zeros(2 * n - 1), reference.std(axis=0) / math.sqrt(len(reference))])
    error = np.hypot(moments.std(axis=0, ddof=1) / math.sqrt(200), noise) + 1e-12
    assert (abs(moments.mean(axis=0) - expected) < 4.5 * error).all()


def test_every_stratum_has_its_place_of_the_top_two():
    x = design_points("strata", 5, 8, np.random.default_rng(0))
    places = np.argsort(-x, axis=1)[:, :2]
    assert (places == np.repeat(strata(5), 8, axis=0)).all()
    assert len(strata(9)) == 72


def test_the_lattice_is_what_its_construction_gives_and_beats_random_vectors():
    assert component_by_component(4) == GENERATOR[:4]
    rng = np.random.default_rng(1)
    for size in (256, 4096):
        others = [worst_case((1, *(2 * rng.integers(0, size, 8) + 1)), size) for _ in range(40)]
        assert worst_case(GENERATOR[:9], size) < np.quantile(others, 0.25)


@pytest.mark.parametrize("design", ["sobol", "lattice", "strata"])
@pytest.mark.parametrize(("d", "n"), [(4, 3), (4, 4)])
def test_means_converge_to_the_exact_accuracy(design, d, n):
    model = random_model(11, d, n) if n == 4 else heurex.load("m43")
    exact = Exact().estimate(model).value
    found = ExactLast(design=design, points=2048, shifts=8).estimate(model)
    assert abs(found.value - exact) < 5 * found.standard_error
    assert found.standard_error < 2e-4
    assert found.numerical_error < 1e-9


@pytest.mark.parametrize(("d", "n"), [(8, 5), (16, 10)])
def test_means_converge_to_sampled_accuracies(d, n):
    model = random_model(2, d, n)
    truth = sampled_accuracy(model, 4_000_000)
    found = ExactLast(points=256, shifts=8).estimate(model)
    error = math.hypot(truth.standard_error, found.standard_error)
    assert abs(found.value - truth.value) < 4 * error
    assert error < 1e-3


def test_standard_errors_hold_on_average():
    model = random_model(5, 4, 3)
    exact = Exact().estimate(model).value
    found = [ExactLast(points=4, shifts=8, seed=seed).estimate(model) for seed in range(60)]
    z = np.array([(one.value - exact) / one.standard_error for one in found])
    assert 0.6 < float(np.sqrt(np.mean(z * z))) < 1.6
    assert ExactLast(points=4).estimate(model).standard_error is None


def test_one_model_and_a_stack_agree_and_seeds_differ():
    stack = RnnStack.of([random_model(seed, 5, 4) for seed in range(3)])
    together = ExactLast(points=8).estimate_stack(stack)
    apart = [ExactLast(points=8).estimate(model) for model in stack]
    assert together.value.tolist() == [one.value for one in apart]
    assert apart[0].value != ExactLast(points=8, seed=1).estimate(stack[0]).value


def test_scaling_of_the_way_in_and_out_changes_nothing_and_huge_numbers_are_said_to_be_so():
    model = random_model(1, 4, 4)
    scaled = Rnn(model.w_hi * 2.0**200, model.w_hh, model.w_oh * 2.0**-300)
    earlier = earlier_directions(4, 5)
    assert last_shares(model, earlier)[0].tolist() == last_shares(scaled, earlier)[0].tolist()
    huge = Rnn(model.w_hi, model.w_hh * 1e200, model.w_oh)
    found = ExactLast(points=2).estimate(huge)
    assert found.status is Status.ILL_CONDITIONED
    assert found.numerical_error == 1.0


def test_rounding_is_bounded_where_logits_nearly_tie():
    # logits 0 and 1 differ by one unit in the last place
    w_oh = np.array([[1.0], [1.0 + 2.0**-52], [0.0], [0.0]])
    found = ExactLast(points=8).estimate(Rnn([1.0], [[0.7]], w_oh))
    assert found.numerical_error > 0.1


def test_what_is_refused():
    with pytest.raises(UsageError, match="design is 'halton'"):
        ExactLast(design="halton")
    with pytest.raises(UsageError, match="points is 12; expected a power of two"):
        ExactLast(points=12)
    with pytest.raises(UsageError, match="shifts is 0"):
        ExactLast(shifts=0)
    with pytest.raises(NotApplicable, match="needs n = 3 inputs or more"):
        ExactLast().estimate(heurex.load("m22"))
