"""Exact accuracy for four inputs against sign patterns, slices, sampling, closed forms and itself."""

import math
from dataclasses import astuple

import numpy as np
import pytest
import slices
import twins
from models import random_model

import heurex
from heurex import NotApplicable, Rnn, RnnStack, Status, kernels
from heurex.cones import polytope4
from heurex.estimators import Exact, regions4_kernel
from heurex.estimators.chambers4 import chambers4, label_chambers, starts
from heurex.estimators.exact4 import right_fractions4, walk4
from heurex.tasks import second_argmax


def dead_ends():
    """Models with ties, repeated and opposite hyperplanes, and neurons that do nothing."""
    rng = np.random.default_rng(8)
    for d in (1, 2, 3, 4, 5):
        yield Rnn(rng.integers(-1, 2, d), rng.integers(-1, 2, (d, d)), rng.integers(-1, 2, (4, d)))
    one = random_model(0, 2, 4)
    twice = np.ix_([0, 1, 0, 1], [0, 1, 0, 1])
    yield Rnn(np.tile(one.w_hi, 2), np.tile(one.w_hh, (2, 2)), np.tile(one.w_oh, 2))
    yield Rnn(np.tile(one.w_hi, 2) * [1, 1, 3, 3], np.tile(one.w_hh, (2, 2))[twice] / 3, np.tile(one.w_oh, 2))
    yield Rnn([1.0, -1.0], [[0, 0], [0, 0]], [[0, 0], [0, 0], [1, 0], [0, 1]])


@pytest.mark.parametrize(("d", "seed"), [(1, 0), (1, 1), (2, 3)])
def test_against_summing_all_sign_patterns(d, seed):
    model = random_model(seed, d, 4)
    found = Exact().estimate(model)
    assert abs(found.value - twins.exact(model)) < 1e-13
    assert found.numerical_error < 1e-11
    assert found.status is Status.OK


@pytest.mark.parametrize(
    ("d", "seed", "pieces", "tolerance"), [(1, 0, 4, 1e-9), (2, 0, 4, 1e-5), (3, 1, 3, 1e-5)]
)
def test_against_slices(d, seed, pieces, tolerance):
    model = random_model(seed, d, 4)
    assert abs(Exact().estimate(model).value - slices.accuracy(model, pieces, 5)) < tolerance


@pytest.mark.parametrize("d", [2, 4, 8])
def test_against_sampling(d):
    model = random_model(5, d, 4)
    x = np.random.default_rng(d).standard_normal((10**6, 4))
    p = np.mean(model.answer(x) == second_argmax(x))
    value = Exact().estimate_stack(RnnStack.of([model])).value[0]
    assert abs(value - p) < 4 * np.sqrt(p * (1 - p) / len(x))


def test_closed_forms():
    # one neuron that reads the last input only, with answer 3 where it is on and 0 elsewhere
    last = Rnn([1.0], [[0.0]], [[0.0], [0.0], [0.0], [1.0]])
    # right: x_3 > 0 and second of four: P(2 or more positive, x_3 the second) = sum_k C(4,k)/16 / 4 for k = 2, 3, 4
    on = (6 + 4 + 1) / 16 / 4
    # x_3 < 0 and x_0 second: of the k positive ones x_0 is the second, or (k = 1) the largest of the others
    off = sum(math.comb(3, k) for k in (2, 3)) / 16 / 3 + (3 / 16) * (2 / 3) / 3 + (1 / 16) / 4
    assert Exact().estimate(last).value == pytest.approx(on + off, abs=1e-15)
    silent = Rnn([1.0], [[1.0]], np.zeros((4, 1)))
    assert Exact().estimate(silent).value == pytest.approx(1 / 4, abs=1e-15)
    dead = Rnn([0.0, 0.0], np.zeros((2, 2)), [[1, 2], [3, 4], [5, 6], [7, 8]])
    assert Exact().estimate(dead).value == pytest.approx(1 / 4, abs=1e-15)
    assert Exact().estimate(dead).status is Status.OK


def test_ties_and_repeated_hyperplanes():
    for i, model in enumerate(dead_ends()):
        found = Exact().estimate(model)
        x = np.random.default_rng(i).standard_normal((4 * 10**5, 4))
        p = np.mean(model.answer(x) == second_argmax(x))
        spread = 4 * np.sqrt(max(p * (1 - p), 1e-6) / len(x))
        assert abs(found.value - p) < spread + found.numerical_error
        assert abs(math.fsum(cell.fraction for cell in found.cells) - 1) < 1e-13
        assert found.status is Status.OK or i < 5  # whole numbers cancel, which might be rounding
        if model.hidden_size <= 2:
            assert abs(found.value - twins.exact(model)) < 1e-13


def test_answers_that_hang_on_rounding_are_reported():
    noise = Rnn([0.1, 0.2, 0.3], np.zeros((3, 3)), [[1, 1, -1], [0, 0, 0], [0, 0, 0], [0, 0, 0]])
    found = Exact().estimate(noise)
    assert found.status is Status.ILL_CONDITIONED
    assert found.numerical_error > 0.2
    assert found.lower <= 0.25 <= found.upper


@pytest.mark.parametrize(("d", "seed"), [(1, 0), (3, 0), (4, 1)])
def test_cells_are_a_partition_and_tell_the_truth(d, seed):
    model = random_model(seed, d, 4)
    found = Exact().estimate(model)
    assert abs(math.fsum(cell.fraction for cell in found.cells) - 1) < 1e-14
    assert abs(math.fsum(cell.contribution for cell in found.cells) - found.value) < 1e-14
    assert len({cell.name for cell in found.cells}) == len(found.cells)
    for cell in found.cells[::9]:
        fraction, error = heurex.cone_fraction(cell.normals, return_error=True)
        assert abs(fraction - cell.fraction) < error + 1e-15
        x = (cell.rays / np.linalg.norm(cell.rays, axis=1, keepdims=True)).mean(axis=0)
        assert (cell.normals @ x > 0).all()
        assert tuple(np.argsort(-x)) == cell.ordering
        assert second_argmax(x) == cell.label
        if cell.answer is not None:
            assert model.answer(x) == cell.answer
    truth = heurex.true_contributions(model, found.cells[::5])
    assert np.abs(truth - [cell.contribution for cell in found.cells[::5]]).max() < 1e-15


def test_rescaling_and_permuting_leave_it_unchanged_within_its_error():
    rng = np.random.default_rng(3)
    models = [random_model(seed, 5, 4) for seed in range(12)]
    others = [
        model.rescaled(np.exp(3 * rng.normal(size=5))).permuted(rng.permutation(5).tolist())
        for model in models
    ]
    one, two = (Exact().estimate_stack(RnnStack.of(stack)) for stack in (models, others))
    assert (abs(one.value - two.value) <= one.numerical_error + two.numerical_error).all()
    assert one.numerical_error.max() < 1e-10


@pytest.mark.parametrize(("decades", "usual"), [(1, 1e-10), (3, 1.0)])
def test_numerical_error_holds_for_weights_far_apart(decades, usual):
    """Entries of 1e-3 to 1e3, known to a rounding of each: the value moves by less than its error says."""
    rng = np.random.default_rng(7)
    models, others = [], []
    for _ in range(200):
        scale = [10.0 ** rng.integers(-decades, decades + 1, s) for s in ((3,), (3, 3), (4, 3))]
        models.append(Rnn(*(rng.normal(size=s.shape) * s for s in scale)))
        others.append(models[-1].rescaled(np.exp(rng.normal(size=3))).permuted([1, 2, 0]))
    one, two = (Exact().estimate_stack(RnnStack.of(stack)) for stack in (models, others))
    assert (abs(one.value - two.value) <= one.numerical_error + two.numerical_error).all()
    assert np.median(one.numerical_error) <= usual
    assert all(
        (status is Status.OK) <= (error < 1e-9)
        for status, error in zip(one.status, one.numerical_error, strict=True)
    )


@pytest.mark.parametrize("name", ["zoo:4,4", "zoo:6,4", "zoo:8,4"])
def test_bundled_models(name):
    model = heurex.load(name)
    found = Exact().estimate_stack(RnnStack.of([model]))
    x = np.random.default_rng(3).standard_normal((10**6, 4))
    p = np.mean(model.answer(x) == second_argmax(x))
    assert abs(found.value[0] - p) < 4 * np.sqrt(p * (1 - p) / len(x))
    assert found.numerical_error[0] < 1e-10
    assert found.status[0] is Status.OK


def test_both_ways_of_adding_up_agree():
    """All facets of every cell, or only those through which the flux does not cancel; 48 chambers or 24."""
    for model in (random_model(0, 2, 4), random_model(1, 4, 4), *dead_ends()):
        values = [
            walk4(model, starts(cones), whole).measures[:, 1].sum()
            for cones in (chambers4(), label_chambers())
            for whole in (True, False)
        ]
        assert np.ptp(values) < 2e-15


def test_parts_of_given_cones_add_up():
    model = random_model(4, 3, 4)
    cones = chambers4()
    by_answer = [right_fractions4(model, cones, [answer] * 48)[:, 1] for answer in range(4)]
    assert np.abs(np.sum(by_answer, axis=0) - right_fractions4(model, cones, [0] * 48)[:, 0]).max() < 1e-15
    found = heurex.confusion(model)
    assert abs(found.accuracy - Exact().estimate(model).value) < 1e-14
    assert np.abs(found.matrix.sum(axis=1) - 0.25).max() < 1e-14
    x = np.random.default_rng(1).standard_normal((10**6, 4))
    counts = np.zeros((4, 4))
    np.add.at(counts, (second_argmax(x), model.answer(x)), 1e-6)
    assert (abs(found.matrix - counts) < 5 * np.sqrt(counts.clip(1e-6) / 1e6)).all()


def test_stack_equals_single_models():
    models = [random_model(seed, 4, 4) for seed in range(4)]
    together = Exact().estimate_stack(RnnStack.of(models))
    for i, model in enumerate(models):
        alone = Exact().estimate(model)
        assert abs(together.value[i] - alone.value) < 1e-15
        assert together.status[i] is alone.status
        assert together.numerical_error[i] <= alone.numerical_error < 2 * together.numerical_error[i]


def test_operations_are_those_executed():
    model = random_model(1, 3, 4)
    begin = starts(label_chambers())
    numbers = {
        "w_hi": model.w_hi,
        "w_hh": model.w_hh,
        "w_oh": model.w_oh,
        "rays": begin.rays,
        "walls": begin.walls,
    }
    kernel, given, tally = kernels.counted(regions4_kernel, numbers)
    ops = np.zeros(polytope4.COUNTERS, np.int64)
    empty = (
        np.empty((0, 4), int),
        np.empty((0, 4, 3), int),
        np.empty((0, 5)),
        np.empty((0, 1, 4)),
        np.empty((0, 1, 4)),
    )
    kernel.walk(
        given["w_hi"], given["w_hh"], given["w_oh"], given["rays"], begin.masks, begin.sizes, given["walls"],
        begin.labels, False, np.zeros((24, 5), object), *empty, ops,
    )  # fmt: skip
    assert astuple(Exact().estimate(model).ops) == tuple(ops[:5])
    # multiplications by coefficients that are zero are counted, which the counting numbers do not see
    for executed, told in zip(astuple(tally), ops[:5], strict=True):
        assert executed <= told <= 1.005 * executed


def test_it_says_where_it_does_not_apply():
    with pytest.raises(NotApplicable, match="at most 18 neurons; this model has d = 19"):
        Exact().estimate(random_model(0, 19, 4))
    with pytest.raises(NotApplicable, match=r"needs n = 2, 3 or 4 inputs; this model has n = 5"):
        Exact().estimate(random_model(0, 4, 5))
