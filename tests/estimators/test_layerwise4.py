"""Layerwise for four inputs against a slow twin, the exact accuracy and itself."""

import math

import numpy as np
import pytest
import twins
from models import random_model

import heurex
from heurex import NotApplicable, Rnn, RnnStack, Status, UsageError
from heurex.estimators import Exact, Layerwise


@pytest.mark.parametrize(("d", "steps", "seed"), [(1, 1, 0), (3, 1, 2), (2, 2, 0), (2, 3, 1)])
def test_against_the_slow_twin(d, steps, seed):
    model = random_model(seed, d, 4)
    for q, gates in ((0.23, "latent"), (0.2, "mean")):
        found = Layerwise(exact_steps=steps, latent_prob=q, gates=gates).estimate(model)
        assert abs(found.value - twins.layerwise(model, steps, q, gates == "mean")) < 2e-13
        assert found.numerical_error < 1e-4


@pytest.mark.parametrize("d", [1, 3])
def test_all_steps_exact_is_the_truth(d):
    model = random_model(d, d, 4)
    found, exact = Layerwise(exact_steps=4).estimate(model), Exact().estimate(model)
    assert abs(found.value - exact.value) < 1e-14
    assert [cell.name for cell in found.cells] == [cell.name for cell in exact.cells]


def test_cells_are_a_partition_and_add_up():
    model = random_model(1, 3, 4)
    for steps in (1, 2, 3):
        found = Layerwise(exact_steps=steps).estimate(model)
        assert abs(math.fsum(cell.fraction for cell in found.cells) - 1) < 1e-14
        assert abs(math.fsum(cell.contribution for cell in found.cells) - found.value) < 1e-14
        assert len({cell.name for cell in found.cells}) == len(found.cells)
        for cell in found.cells[::11]:
            assert heurex.cone_fraction(cell.normals) == pytest.approx(cell.fraction, abs=1e-15)
        if steps == 2:
            truth = heurex.true_contributions(model, found.cells)
            assert abs(truth.sum() - Exact().estimate(model).value) < 1e-13


def test_a_gate_that_is_zero_is_shut():
    """With no state left, z_4 is x_3 times a weight, and p = 1/5 by symmetry: at q = 1/5 a gate is exactly 0."""
    silent = Rnn([1.0], [[0.0]], [[0.0], [0.0], [0.0], [1.0]])
    found = Layerwise(exact_steps=3).estimate(silent)
    assert found.status is Status.OK
    assert found.numerical_error < 1e-9
    assert abs(found.value - twins.layerwise(silent, 3, 0.2)) < 1e-13
    assert abs(found.value - Layerwise(exact_steps=3, latent_prob=0.2 - 1e-6).estimate(silent).value) > 1e-3


def test_stack_equals_single_models_and_rescaling_leaves_it_unchanged():
    rng = np.random.default_rng(2)
    models = [random_model(seed, 3, 4) for seed in range(3)]
    others = [model.rescaled(np.exp(rng.normal(size=3))).permuted([2, 0, 1]) for model in models]
    for steps in (1, 3):
        one, two = (
            Layerwise(exact_steps=steps, latent_prob=0.3).estimate_stack(RnnStack.of(s))
            for s in (models, others)
        )
        assert (abs(one.value - two.value) <= one.numerical_error + two.numerical_error).all()
        alone = Layerwise(exact_steps=steps, latent_prob=0.3).estimate(models[0])
        assert abs(one.value[0] - alone.value) < 1e-13
        assert one.status[0] is alone.status


def test_it_says_what_it_does_not_take():
    with pytest.raises(UsageError, match="exact_steps is 5; this model has 4 steps"):
        Layerwise(exact_steps=5).estimate(random_model(0, 2, 4))
    with pytest.raises(NotApplicable, match="at most 18 neurons; this model has d = 19"):
        Layerwise().estimate(random_model(0, 19, 4))
