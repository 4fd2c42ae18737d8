"""The compiled sampler: the answers of the model itself, the operations of what runs, draws that nothing disturbs."""

from itertools import product

import numpy as np
import pytest
from models import hand_built, random_model

import heurex
from heurex import count_right, kernels, sampled_accuracy
from heurex.estimators import sampling_kernel
from heurex.estimators.sampler import outcomes
from heurex.tasks import second_argmax

SIZES = [(1, 2), (2, 2), (3, 3), (4, 3), (5, 4), (7, 3), (11, 6), (16, 10)]


@pytest.mark.parametrize(("d", "n"), SIZES)
@pytest.mark.parametrize("count", [1, 255, 1000])
def test_answers_are_the_models_own(d, n, count):
    """Blocks that are full and blocks that are not, rows of neurons in fours and the rest."""
    model = random_model(3, d, n)
    x = np.random.default_rng([d, n]).standard_normal((count, n))
    right = model.answer(x) == second_argmax(x)
    opposite = model.answer(-x) == second_argmax(-x)
    assert np.array_equal(outcomes(model, x, mirrored=True), [right, opposite])
    assert np.array_equal(outcomes(model, x), [right])
    assert count_right(model, x) == right.sum()
    assert count_right(model, np.ascontiguousarray(x.T).T) == right.sum()
    assert count_right(model, x, model.answer(x)) == count
    assert count_right(model, x, (model.answer(x) + 1) % n) == 0


@pytest.mark.parametrize(("d", "n"), [(3, 3), (4, 3), (6, 4)])
def test_compiled_interpreted_and_counted_agree_bit_for_bit(d, n):
    model = random_model(5, d, n)
    x = np.random.default_rng(7).standard_normal((n, 300))
    weights = {"w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh}
    counting, counted, tally = kernels.counted(sampling_kernel, {**weights, "x": x[:, :20]})
    shown = []
    for kernel, arguments, size in (
        (kernels.compiled(sampling_kernel), (*weights.values(), x), 300),
        (sampling_kernel, (*weights.values(), x), 300),
        (counting, counted.values(), 20),
    ):
        right, answers = np.zeros((1, size), np.bool_), np.zeros((1, size), np.int64)
        kernel.outcomes(*arguments, right, answers)
        shown.append((right, answers))
    assert np.array_equal(shown[0], shown[1])
    assert np.array_equal([a[:, :20] for a in shown[0]], shown[2])
    assert tally.mul == 20 * (d + (n - 1) * d * (d + 1) + n * d)


def test_inner_numbers_are_the_same_compiled():
    """Preactivations, not answers alone: sums in the same order, no product fused into one."""
    model = random_model(6, 7, 4)
    state = np.random.default_rng(0).standard_normal((7, 300))
    start = np.random.default_rng(1).standard_normal((7, 300))
    sums = []
    for kernel in (sampling_kernel, kernels.compiled(sampling_kernel)):
        out = start.copy()
        kernel.step(model.w_hh, state, out, 300)
        sums.append(out)
    assert np.array_equal(*sums)
    np.testing.assert_allclose(sums[0], start + model.w_hh @ state, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_ties(kind):
    """All neurons off: all logits are 0, and the first is the answer. Equal inputs: the earlier is the larger."""
    silent = heurex.Rnn([-1, -1], np.zeros((2, 2)), np.ones((3, 2)))
    x = np.array([[2, 3, 1], [3, 2, 1], [2, 1, 3], [1, 1, 1], [3, 3, 3], [0, 2, 2], [2, 1, 2]], kind)
    assert count_right(silent, x, np.zeros(7)) == 7
    assert count_right(silent, x) == 2
    assert np.array_equal(outcomes(silent, x)[0], second_argmax(x) == 0)
    ties = np.array(list(product([1, 2, 3], repeat=4)), kind)
    for place in range(4):
        always = heurex.Rnn([1, -1], np.zeros((2, 2)), np.eye(4)[:, [place, place]])
        assert np.array_equal(outcomes(always, ties)[0], second_argmax(ties) == place)


def test_float32_is_close_and_float64_is_not_rounded(m43):
    x = np.random.default_rng(1).standard_normal((400_000, 3)).astype(np.float32)
    single, double = outcomes(m43, x)[0], outcomes(m43, x.astype(np.float64))[0]
    assert np.count_nonzero(single != double) <= 8
    assert np.array_equal(double, m43.answer(x) == second_argmax(x))
    model = hand_built(1.0 + 1e-9)
    assert abs(count_right(model, x) - count_right(model, x.astype(np.float64))) <= 8


def test_a_share_against_the_exact_accuracy(m43, reference):
    exact = heurex.estimate(m43).value
    for kind in ("float32", "float64"):
        found = sampled_accuracy(m43, 1_000_000, dtype=kind)
        assert abs(found.value - exact) < 4 * found.standard_error
        assert found.standard_error == pytest.approx((exact * (1 - exact) / 1e6) ** 0.5, rel=0.02)
    z = []
    for record in reference:
        found = sampled_accuracy(record["model"], 100_000, seed=1)
        z.append((float(found) - record["exact"]) / found.standard_error)
    assert abs(np.mean(z)) < 4 / len(z) ** 0.5
    assert 0.4 < np.std(z) < 1.7


def test_draws_depend_on_seed_weights_and_type_only(m43):
    one = sampled_accuracy(m43, 100_000)
    assert [sampled_accuracy(m43, 100_000, threads=k) for k in (2, 3, 50)] == 3 * [one]
    assert sampled_accuracy(m43, 100_000, seed=1) != one
    first = sampled_accuracy(m43, 40_000)
    x = []
    for chunk in range(3):
        key = np.array([0, int(m43.fingerprint(), 16)], np.uint64)
        stream = np.random.Philox(key=key, counter=np.array([0, 0, 0, chunk], np.uint64))
        x.append(np.random.Generator(stream).standard_normal((3, 2**14), np.float32).T)
    assert first.right == count_right(m43, np.vstack(x)[:40_000])


def test_large_and_small_numbers(m43):
    x = np.random.default_rng(0).standard_normal((1000, 3)).astype(np.float32)
    plain = count_right(m43, x)
    for power in (-130, 130):
        scaled = heurex.Rnn(m43.w_hi * 2.0**power, m43.w_hh, m43.w_oh * 2.0**-power)
        assert count_right(scaled, x) == plain
    steep = heurex.Rnn(m43.w_hi, m43.w_hh * 1e25, m43.w_oh)
    with pytest.raises(heurex.ModelError, match="too large for float32; use float64"):
        count_right(steep, x)
    with pytest.raises(heurex.ModelError, match="too large for float32; use float64"):
        sampled_accuracy(steep, 10)
    assert 0 < sampled_accuracy(steep, 1000, dtype="float64").value < 1
    with pytest.raises(heurex.ModelError, match="too large for float32"):
        count_right(m43, np.full((1, 3), 1e38, np.float32))


def test_refusals(m43):
    with pytest.raises(heurex.UsageError, match=r"x has shape \(2, 4\) and type float64; expected \(k, 3\)"):
        count_right(m43, np.zeros((2, 4)))
    with pytest.raises(heurex.UsageError, match="type int64; expected"):
        count_right(m43, np.zeros((2, 3), np.int64))
    with pytest.raises(heurex.UsageError, match="not finite"):
        count_right(m43, np.array([[0, np.nan, 1]]))
    with pytest.raises(heurex.UsageError, match=r"labels have shape \(3,\); expected \(2,\)"):
        count_right(m43, np.zeros((2, 3)), np.zeros(3))
    for name, value in (("samples", 0), ("samples", 1.5), ("seed", -1), ("threads", 0), ("seed", 2**70)):
        with pytest.raises(heurex.UsageError, match=f"{name} is .*; expected a whole number"):
            sampled_accuracy(m43, **{"samples": 10, name: value})
    with pytest.raises(heurex.UsageError, match="dtype is 'half'; expected 'float32' or 'float64'"):
        sampled_accuracy(m43, 10, dtype="half")
    assert count_right(m43, np.zeros((0, 3))) == 0
