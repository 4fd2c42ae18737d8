"""Nested quadrature: planes by lines and slices, edges by mpmath and SciPy, means by exact and sampled accuracies."""

import math

import mpmath
import numpy as np
import pytest
import slices
from models import random_model
from scipy.integrate import dblquad, quad

import heurex
from heurex import NotApplicable, Rnn, RnnStack, Status, UsageError, kernels
from heurex.estimators import Exact, ExactLast, Nested, nested_circle_kernel, nested_nodes_kernel
from heurex.estimators.exact_last import last_shares
from heurex.estimators.nested import fejer, last_two_shares
from heurex.estimators.nested_polygon_kernel import arc
from heurex.estimators.sampler import sampled_accuracy


def directions(count, p, seed=0):
    x = np.random.default_rng([seed, p]).standard_normal((count, p))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def flux(corners, p):
    """The share of a polygon, (x, y, z) counterclockwise."""
    ops = np.zeros(5, np.int64)
    ends = [*corners[1:], corners[0]]
    return sum(arc(*one, *two, p, ops) for one, two in zip(corners, ends, strict=True)) / (2 * math.pi)


@pytest.mark.parametrize("p", [1, 2, 3])
def test_edges_add_up_to_the_share_of_a_polygon(p):
    def density(b, a):
        return p / (2 * math.pi) * (1 + a * a + b * b) ** (-(p + 2) / 2)

    for a, b, c in [((-0.3, -1.0), (2.0, 0.4), (0.5, 1.5)), ((0.7, 0.2), (3.0, 1.0), (0.9, 4.0))]:

        def low(x, a=a, b=b, c=c):
            return a[1] + (x - a[0]) / (b[0] - a[0]) * (b[1] - a[1])

        def high(x, a=a, b=b, c=c):
            one, two = (a, c) if x < c[0] else (c, b)
            return one[1] + (x - one[0]) / (two[0] - one[0]) * (two[1] - one[1])

        parts = [dblquad(density, x, y, low, high, epsabs=1e-11)[0] for x, y in [(a[0], c[0]), (c[0], b[0])]]
        assert flux([(*corner, 1) for corner in (a, b, c)], p) == pytest.approx(sum(parts), abs=1e-9)
    # a strip without end, and the whole plane in three sectors about a point that is not its middle
    strip = dblquad(density, 0.3, np.inf, -0.4, 1.1, epsabs=1e-11)[0]
    assert flux([(0.3, -0.4, 1), (1.0, 0.0, 0), (0.3, 1.1, 1)], p) == pytest.approx(strip, abs=1e-8)
    ways = [(1.0, 0.2, 0), (-0.5, 1.0, 0), (-0.1, -1.0, 0)]
    sectors = [flux([(0.4, -2.0, 1), ways[i], ways[(i + 1) % 3]], p) for i in range(3)]
    assert sum(sectors) == pytest.approx(1.0, abs=1e-14)
    assert min(sectors) > 0.01


@pytest.mark.parametrize("p", [1, 2, 3])
def test_an_edge_is_the_integral_of_the_radial_field(p):
    mpmath.mp.dps = 30
    for one, two in [((0.3, -1.2), (2.0, 0.7)), ((1e-3, 2.0), (-1e-3, 3.0)), ((50.0, 1.0), (-20.0, 1.5))]:
        step = [mpmath.mpf(two[k]) - one[k] for k in range(2)]
        up = one[0] * step[1] - one[1] * step[0]

        def part(t, one=one, step=step, up=up):
            square = sum((one[k] + t * step[k]) ** 2 for k in range(2))
            return up / square * (1 - (1 + square) ** (-mpmath.mpf(p) / 2))

        # cut where the edge passes the middle
        middle = -sum(one[k] * step[k] for k in range(2)) / sum(s * s for s in step)
        places = [0, *([middle] if 0 < middle < 1 else []), 1]
        expected = float(mpmath.quad(part, places))
        found = arc(*one, 1, *two, 1, p, np.zeros(5, np.int64))
        assert found == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize(("d", "n"), [(2, 4), (6, 4), (4, 5), (3, 3)])
def test_a_plane_agrees_with_the_lines_that_it_is_made_of(d, n):
    """Lines by exact-last, which share no code with planes, over an angle of the last input but one."""
    model = random_model(3, d, n)
    earlier = directions(2, n - 2) if n > 3 else np.array([[1.0], [-1.0]])
    found, error = last_two_shares(model, earlier)
    assert error < 1e-9
    angles = (np.arange(10_000) + 0.5) / 10_000 * math.pi - math.pi / 2
    weights = np.cos(angles) ** (n - 3)
    for direction, share in zip(earlier, found, strict=True):
        x = np.column_stack([np.tile(direction, (len(angles), 1)), np.tan(angles)])
        lines = last_shares(model, x / np.linalg.norm(x, axis=1, keepdims=True))[0]
        assert share == pytest.approx(float(lines @ weights / weights.sum()), abs=1e-4)


def test_a_plane_agrees_with_another_way_of_cutting_it():
    for d in (1, 2, 4):
        model = random_model(1, d, 4)
        angles = [0.3, 1.0, 2.0, -1.0, -2.5]
        expected = [slices.right_share(model, angle) for angle in angles]
        earlier = np.column_stack([np.cos(angles), np.sin(angles)])
        np.testing.assert_allclose(last_two_shares(model, earlier)[0], expected, atol=1e-10)


def test_for_three_inputs_it_is_exact():
    for model in [heurex.load("m43"), random_model(0, 5, 3), random_model(1, 8, 3)]:
        found, exact = Nested().estimate(model), Exact().estimate(model)
        assert abs(found.value - exact.value) < 1e-13
        assert found.lower <= exact.value <= found.upper
    first = Nested().estimate(Rnn([1.0], [[0.5]], [[1.0], [0.0], [0.0]], task="argmax"))
    assert first.value == pytest.approx(1 / 3, abs=1e-14)


def odd(seed, **change):
    weights = {name: getattr(random_model(seed, 4, 4), name).copy() for name in ("w_hi", "w_hh", "w_oh")}
    return Rnn(**(weights | {name: make(weights[name]) for name, make in change.items()}))


def without_input(w):
    return w * np.array([1.0, 0.0, 1.0, 0.0])


HAND_BUILT = {
    "one neuron": Rnn([1.0], [[1.0]], [[1.0], [0.0], [0.0], [0.0]]),
    "ties": Rnn([-1.0], [[2.0]], [[2.0], [0.0], [2.0], [0.0]]),
    "ties of two": Rnn(
        [1.0, -1.0], [[1.0, 2.0], [0.0, 1.0]], [[1.0, 1.0], [1.0, 1.0], [0.0, 2.0], [1.0, 0.0]]
    ),
    "silent": Rnn([1.0], [[-5.0]], np.zeros((4, 1))),
    "twins": Rnn(np.ones(2), np.ones((2, 2)), [[0.0, 1.0], [1.0, -1.0], [0.5, 0.2], [0.1, 0.0]]),
    "neurons that do not read the input": odd(3, w_hi=without_input),
    "whole numbers": odd(5, w_hi=np.round, w_hh=np.round, w_oh=np.round),
    "nothing passed on": odd(6, w_hh=np.zeros_like),
    "positive": odd(7, w_hi=abs, w_hh=abs),
    "mirrored": odd(8, w_hi=lambda w: -abs(w)),
    "large": odd(9, w_hh=lambda w: 30 * w),
    "rank one": odd(10, w_hh=lambda w: np.outer(w[0], w[1])),
}


@pytest.mark.parametrize("name", list(HAND_BUILT))
def test_hand_built_models_agree_with_exact_accuracies_within_the_error_told(name):
    exact = Exact().estimate(HAND_BUILT[name])
    found = Nested(nodes=256).estimate(HAND_BUILT[name])
    assert abs(found.value - exact.value) < found.numerical_error + exact.numerical_error
    assert abs(found.value - exact.value) < 2e-4
    # where logits tie up to rounding no more is claimed than what decides it
    vague = name in ("ties of two", "whole numbers")
    assert (found.status is Status.ILL_CONDITIONED) == vague
    assert found.numerical_error < (1.1 if vague else 0.02)


@pytest.mark.parametrize(("size", "most"), [("4,4", 2e-4), ("6,4", 1e-3)])
def test_the_zoos_models_and_noisy_copies(size, most):
    model = heurex.load(f"zoo:{size}")
    stack = RnnStack.of([model, *heurex.noisy_copies(model, sigma=0.05, count=8)])
    exact = Exact().estimate_stack(stack)
    found = Nested(nodes=128).estimate_stack(stack)
    errors = abs(found.value - exact.value)
    assert (errors < found.numerical_error).all()
    assert errors.max() < most
    # four times the nodes, an eighth of the error or less
    assert abs(Nested(nodes=512).estimate_stack(stack).value - exact.value).mean() < errors.mean() / 8
    one = Nested(nodes=128).estimate(model)
    assert one.value == found.value[0]
    assert one.lower is None
    assert "error estimated at" in str(one)


def test_argmax_agrees_with_its_exact_accuracy():
    base = random_model(4, 5, 4)
    model = Rnn(base.w_hi, base.w_hh, base.w_oh, task="argmax")
    found = Nested(nodes=256).estimate(model)
    assert abs(found.value - Exact().estimate(model).value) < min(1e-4, found.numerical_error)


@pytest.mark.parametrize("design", ["strata", "sobol", "lattice"])
def test_five_inputs_agree_with_samples_and_with_exact_last(design):
    model = random_model(1, 4, 5)
    found = Nested(design=design, points=64, shifts=8).estimate(model)
    truth = ExactLast(points=512, shifts=8).estimate(model)
    sampled = sampled_accuracy(model, 2_000_000)
    assert abs(truth.value - sampled.value) < 4 * sampled.standard_error
    assert abs(found.value - truth.value) < 4.5 * math.hypot(found.standard_error, truth.standard_error)
    assert found.standard_error < 1.5e-3
    assert found.numerical_error < 1e-7


@pytest.mark.parametrize(("d", "n"), [(3, 3), (4, 4), (5, 5)])
def test_operations_counted_beside_the_numbers_are_those_of_counting_numbers(d, n):
    model = random_model(7, d, n)
    x = directions(3, n - 2)
    places = np.argsort(-x, axis=1)[:, [0, min(1, n - 3)]]
    arrays = {
        "w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh, "points": x,
        "tops": np.take_along_axis(x, places, axis=1), "unit": np.array([0.0, 1.0, -1.0]),
    }  # fmt: skip

    def run(kernel, numbers, found, rounding, ops):
        kernel.shares(
            numbers["w_hi"], numbers["w_hh"], numbers["w_oh"], numbers["points"], numbers["tops"], places,
            numbers["unit"], 1, False, rounding, found, np.zeros(3), ops,
        )  # fmt: skip

    kernel, numbers, tally = kernels.counted(nested_nodes_kernel, arrays)
    found, ops = np.zeros(3, object), np.zeros(5, np.int64)
    run(kernel, numbers, found, 0.0, ops)
    assert ops.tolist() == [tally.add, tally.mul, tally.div, tally.sqrt, tally.atan2]
    same, again = np.zeros(3), np.zeros(5, np.int64)
    run(kernels.compiled(nested_nodes_kernel), arrays, same, 1e-13, again)
    assert again.tolist() == ops.tolist()
    np.testing.assert_allclose(same, kernels.plain(found), atol=1e-12)


def test_operations_on_the_circle_are_counted_too():
    model = random_model(2, 4, 4)
    kernel, numbers, tally = kernels.counted(nested_circle_kernel, {"w_hi": model.w_hi, "w_hh": model.w_hh})
    ops, places = np.zeros(5, np.int64), np.zeros(13, object)
    count = kernel.breaks(numbers["w_hi"], numbers["w_hh"], places, ops)
    assert ops.tolist() == [tally.add, tally.mul, tally.div, tally.sqrt, tally.atan2]
    plain = kernels.plain(places[:count])
    assert (np.diff(plain) >= 0).all()
    # at each of them a preactivation of the second step vanishes, or the inputs tie or change sign
    for angle in plain:
        x = math.cos(angle), math.sin(angle)
        second = model.w_hh @ np.maximum(model.w_hi * x[0], 0) + model.w_hi * x[1]
        assert min(abs(second).min(), abs(x[0]), abs(x[0] - x[1])) < 1e-12


def test_fejers_rule_is_exact_for_polynomials_and_nested():
    for nodes in (1, 3, 5, 9, 21):
        x, weights, coarse = fejer(nodes).T
        for power in range(nodes):
            expected = quad(lambda t, power=power: t**power, -1, 1)[0]
            assert (weights * x**power).sum() == pytest.approx(expected, abs=1e-14)
            if nodes > 1 and power < nodes // 2:
                assert (coarse * x**power).sum() == pytest.approx(expected, abs=1e-14)
        assert (weights > 0).all()


def test_rounding_is_bounded_where_logits_nearly_tie_and_numbers_are_huge():
    w_oh = np.array([[1.0], [1.0 + 2.0**-52], [0.0], [0.0]])
    assert Nested(nodes=8).estimate(Rnn([1.0], [[0.7]], w_oh)).numerical_error > 0.1
    base = random_model(1, 3, 4)
    found = Nested(nodes=8).estimate(Rnn(base.w_hi, base.w_hh * 1e200, base.w_oh))
    assert found.status is Status.ILL_CONDITIONED
    assert found.numerical_error == 1.0


def test_what_is_refused():
    for settings, said in [
        ({"design": "halton"}, "design is 'halton'"),
        ({"points": 12}, "points is 12; expected a power of two"),
        ({"nodes": 0}, "nodes is 0; expected a whole number, at least 1"),
        ({"shifts": True}, "shifts is True"),
    ]:
        with pytest.raises(UsageError, match=said):
            Nested(**settings)
    with pytest.raises(NotApplicable, match="needs n = 3, 4 or 5 inputs"):
        Nested().estimate(heurex.load("m22"))
    base = random_model(0, 3, 5)
    with pytest.raises(NotApplicable, match="does argmax and 2nd argmax"):
        Nested().estimate(Rnn(base.w_hi, base.w_hh, base.w_oh, task="argmedian"))
    with pytest.raises(NotApplicable, match="at most 24 neurons"):
        Nested().estimate(random_model(0, 25, 4))
