"""Exact accuracy by strips against the walk through the regions, forty digits and closed forms."""

import math

import mpmath as mp
import numpy as np
import pytest
from digits import forty_digits
from models import hand_built, random_model

import heurex
from heurex import Rnn, RnnStack, Status, UsageError
from heurex.estimators import Exact, exact_arcs_kernel, exact_circle_kernel, exact_strips_kernel
from heurex.estimators.exact_strips import corner_angles, right_share, right_shares

STRIPS, REGIONS = Exact(), Exact(by="regions")


def agree(stack, tolerance=1e-12):
    """Both ways, where neither says that an answer hangs on rounding; else their bounds must meet."""
    ours, theirs = STRIPS.estimate_stack(stack), REGIONS.estimate_stack(stack)
    apart = np.abs(ours.value - theirs.value)
    assert (apart <= ours.numerical_error + theirs.numerical_error).all()
    sure = np.array([status is Status.OK for status in ours.status])
    assert apart[sure].max(initial=0) < tolerance
    return sure


def test_ten_thousand_noisy_copies(m43):
    stack = heurex.noisy_copies(m43, 0.05, 10_000, seed=91)
    assert agree(stack).all()
    assert right_shares(stack).is_unsettled.sum() <= 10


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("d", [1, 2, 3, 4, 5, 6, 7, 8, 16, 32])
def test_other_sizes(d, n):
    count = 60 if d < 9 else (4 if d == 16 else 1)
    assert agree(RnnStack.of([random_model(seed, d, n) for seed in range(count)])).all()


def small_numbers(seed, count, values, d, n):
    rng = np.random.default_rng([seed, d, n])
    return [
        Rnn(*(rng.choice(values, shape).astype(float) for shape in (d, (d, d), (n, d)))) for _ in range(count)
    ]


@pytest.mark.parametrize("values", [(-1, 0, 1), (-2, -1, 0, 1, 2), (-1, 0, 0, 0, 1), (0.1, 0.2, -0.3, 0.3)])
@pytest.mark.parametrize(("d", "n"), [(1, 2), (3, 2), (1, 3), (2, 3), (3, 3), (4, 3)])
def test_ties_dead_neurons_and_equal_neurons(values, d, n):
    """Few different weights: zeros that coincide, logits that tie on whole regions, neurons that never fire."""
    sure = agree(RnnStack.of(small_numbers(5, 150, values, d, n)))
    assert sure.mean() > 0.3


def test_the_strips_alone_settle_most_ties():
    """The comparison above is not one of the regions with themselves."""
    stack = RnnStack.of(small_numbers(5, 300, (-1, 0, 1), 3, 3))
    assert right_shares(stack).is_unsettled.mean() < 0.3


def test_equal_neurons_are_one(m43):
    twice = [[0, 1, 2, 3, 3]]
    w_hh = m43.w_hh[np.ix_([0, 1, 2, 3, 3], [0, 1, 2, 3, 3])].copy()
    w_hh[:, 3:] /= 2
    w_oh = m43.w_oh[:, twice[0]].copy()
    w_oh[:, 3:] /= 2
    doubled = Rnn(m43.w_hi[twice[0]], w_hh, w_oh)
    assert abs(STRIPS.estimate(doubled).value - REGIONS.estimate(m43).value) < 1e-13


def test_neurons_that_do_not_read_the_input():
    models = [random_model(seed, 4, 3) for seed in range(40)]
    still = [Rnn(np.where(np.arange(4) < 1 + i % 4, 0, m.w_hi), m.w_hh, m.w_oh) for i, m in enumerate(models)]
    assert agree(RnnStack.of(still)).mean() > 0.95


def test_very_different_scales():
    """Zeros far out: an idle neuron, or the regions, keep the answer within its bound."""
    rng = np.random.default_rng(8)
    models = []
    for seed in range(60):
        m = random_model(seed, 3, 3)
        models.append(Rnn(m.w_hi * 10.0 ** rng.integers(-7, 1, 3), m.w_hh, m.w_oh))
    agree(RnnStack.of(models))
    agree(RnnStack.of([Rnn([1e-200, 1.0], [[1.0, 1.0], [1.0, -1.0]], np.arange(6.0).reshape(3, 2))]))


def test_relabelled_answers_cover_the_whole_range(m43):
    """Accuracies near 0 and near 1: no full turn is lost, and those of the three shifts of the answers differ."""
    sharp = hand_built(100)
    shifts = [Rnn(sharp.w_hi, sharp.w_hh, np.roll(sharp.w_oh, k, axis=0)) for k in range(3)]
    values = [STRIPS.estimate(model).value for model in shifts]
    assert values[0] > 0.9999
    assert max(values[1:]) < 1e-4
    assert agree(RnnStack.of([*shifts, *(hand_built(x) for x in (1, 3, 10, 30, 100))])).all()


def as_digits(array):
    return np.frompyfunc(mp.mpf, 1, 1)(array)


def many_digits(model):
    """The same kernel over numbers of forty digits."""
    angles = np.zeros((2, 2, 2), object)
    for i, half in enumerate((1, -1)):
        for j, side in enumerate((1, -1)):
            for k, pole in enumerate((mp.mpf(1), mp.sqrt(2) + side)):
                angles[i, j, k] = mp.atan2(1, (mp.sqrt(3) + half) * pole + side * half) / (2 * mp.pi)
    weights = [as_digits(w[None]) for w in (model.w_hi, model.w_hh, model.w_oh)]
    values, slacks, flags = as_digits(np.zeros(1)), as_digits(np.zeros(1)), np.zeros((1, 2), np.int64)
    if model.seq_len == 2:
        kernel = forty_digits(exact_circle_kernel, {})
        kernel.angle_batch(*weights, False, values, slacks, flags)
    else:
        kernel = forty_digits(exact_strips_kernel, {})
        root = forty_digits(exact_arcs_kernel, {})
        assert root is not None
        kernel.share_batch(*weights, 0, angles, False, values, slacks, flags)
    return values[0]


def test_numerical_error_holds(m43):
    with mp.workdps(40):
        for model in [
            *heurex.noisy_copies(m43, 0.1, 5, seed=5),
            *(random_model(seed, 4, 3) for seed in range(4)),
            *(random_model(seed, 3, 2) for seed in range(4)),
            hand_built(30),
            hand_built(100),
        ]:
            found = STRIPS.estimate(model)
            error = abs(many_digits(model) - found.value)
            assert error <= found.numerical_error
            assert error < 1e-13


def test_three_ways_agree_bit_for_bit(m43):
    models = [*heurex.noisy_copies(m43, 0.05, 4, seed=2), *(random_model(seed, 5, 3) for seed in range(3))]
    models += [random_model(seed, 3, 2) for seed in range(3)]
    for model in models:
        one = right_share(model)  # raises if the counted and the interpreted kernel disagree
        many = right_shares(RnnStack.of([model]))
        assert one.value[0] == many.value[0]
        assert one.error[0] == many.error[0]


def test_operations(m43):
    """Below 4,000 weighted operations, on average over noisy copies and for the clean model."""
    copies = [STRIPS.estimate(model).ops.total() for model in heurex.noisy_copies(m43, 0.05, 20, seed=17)]
    assert np.mean(copies) < 3_500
    assert STRIPS.estimate(m43).ops.total() < 4_000
    assert STRIPS.estimate(heurex.load("m22")).ops.total() < 200
    assert STRIPS.estimate(m43).ops.atan2 == 1


def test_full_turns_are_counted():
    rng = np.random.default_rng(0)
    total, count = np.array([1.0, 0.0, 0.0]), np.zeros(exact_arcs_kernel.COUNTS, np.int64)
    angles = rng.uniform(-0.7 * math.pi, 0.7 * math.pi, 400)
    for angle in angles:
        size = 10 ** rng.uniform(0, 3)
        exact_arcs_kernel.turn(total, count, size * math.cos(angle), size * math.sin(angle))
    whole = math.atan2(total[1], total[0]) + 2 * math.pi * count[exact_arcs_kernel.TURNS]
    assert whole == pytest.approx(math.fsum(angles), abs=1e-10)


def test_constants_of_the_corners():
    """The arc from (1, 1, 1) to (0, 1, 0): the solid angle of that triangle with the pole (0, 0, 1)."""
    triangle = np.array([[1.0, 0, 0], [-1, 1, 0], [-1, 0, 1]])
    assert corner_angles()[0, 0, 0] == pytest.approx(heurex.cone_fraction(triangle), abs=1e-15)


def test_cells_add_up_to_the_value(m43):
    for model in [m43, heurex.load("m22"), random_model(3, 5, 3)]:
        found = STRIPS.estimate(model)
        assert abs(math.fsum(cell.contribution for cell in found.cells) - found.value) < 1e-13


def test_answers_that_hang_on_rounding_are_reported():
    noise = Rnn([0.1, 0.2, 0.3], np.zeros((3, 3)), [[1, 1, -1], [0, 0, 0], [0, 0, 0]])
    found = STRIPS.estimate(noise)
    assert found.status is Status.ILL_CONDITIONED
    assert STRIPS.estimate_stack(RnnStack.of([noise])).status == [Status.ILL_CONDITIONED]
    assert found.ops.total() > REGIONS.estimate(noise).ops.total()


def test_an_unknown_way_is_refused():
    with pytest.raises(UsageError, match="expected one of strips, regions"):
        Exact(by="luck")
