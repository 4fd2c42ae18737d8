"""Exact accuracy against an independent prototype, a slow twin, closed forms and sampling."""

import json
import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import hand_built, random_model

import heurex
from heurex import NotApplicable, Rnn, RnnStack, Status
from heurex.estimators import Exact
from heurex.estimators.exact import chambers, right_fractions
from heurex.tasks import ordering_normals, orderings, second_argmax


def slow_twin(model):
    """Sum over all sign patterns of all steps: no polygons, no recursion, only fractions of cones."""
    d, n = model.hidden_size, model.seq_len
    signs = np.array(list(product((1.0, 0.0), repeat=d)))
    identity = np.eye(n)
    cones, keep = [], []
    steps = [(np.zeros((d, n)), np.zeros((0, n)))]
    for t in range(n):
        nxt = []
        for state, rows in steps:
            z = model.w_hh @ state + np.outer(model.w_hi, identity[t])
            for on in signs:
                more = np.vstack([rows, (2 * on - 1)[:, None] * z])
                if heurex.cone_fraction(more) > 0:
                    nxt.append((on[:, None] * z, more))
        steps = nxt
    for state, rows in steps:
        logits = model.w_oh @ state
        for ordering in orderings(n):
            label = ordering[1]
            margins = logits[label] - np.delete(logits, label, axis=0)
            rivals = [i for i in range(n) if i != label]
            lost = any(
                not margin.any() and rival < label for margin, rival in zip(margins, rivals, strict=True)
            )
            cones.append(np.vstack([rows, ordering_normals(ordering), margins]))
            keep.append(not lost)
    return math.fsum(heurex.cone_fraction(np.array(cones)[np.array(keep)], workers=1))


def test_against_the_prototype(reference):
    for record in reference:
        assert abs(heurex.estimate(record["model"], "exact").value - record["exact"]) < 1e-14


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("d", "n"), [(1, 2), (2, 2), (3, 2), (1, 3), (2, 3), (3, 3)])
def test_against_summing_all_sign_patterns(d, n, seed):
    model = random_model(seed, d, n)
    assert abs(Exact().estimate(model).value - slow_twin(model)) < 1e-13


def test_the_bundled_model_by_summing_all_sign_patterns(m43):
    assert abs(Exact().estimate(m43).value - slow_twin(m43)) < 1e-13


@pytest.mark.parametrize(("d", "n"), [(4, 2), (6, 2), (4, 3), (6, 3), (12, 3)])
def test_against_sampling(d, n):
    model = random_model(5, d, n)
    x = np.random.default_rng(9).standard_normal((10**6, n))
    p = np.mean(model.answer(x) == second_argmax(x))
    assert abs(Exact().estimate(model).value - p) < 4 * np.sqrt(p * (1 - p) / len(x))


def test_hand_built_models():
    two = Rnn([1, -1], [[-1, 1], [1, -1]], [[1, -1], [-1, 1]])
    assert Exact().estimate(two).value == 1.0
    published = {1: 0.87896228, 3: 0.97750615, 10: 0.99749966, 30: 0.99970367, 100: 0.99997271}
    for sharpness, accuracy in published.items():
        assert abs(Exact().estimate(hand_built(sharpness)).value - accuracy) < 1e-8


def test_arcs_m22(alg_zoo):
    found = heurex.estimate(heurex.load(alg_zoo / "2nd_argmax_2_2_1073741824_2.pth"))
    assert abs((1 - found.value) - 7.7431e-5) < 5e-10


def test_closed_forms():
    # one neuron that reads the last input only: on where x_1 > 0; answer 1 there, 0 elsewhere by the tie rule
    last = Rnn([1.0], [[0.0]], [[0.0], [1.0]])
    # right: x_1 > 0 and x_0 > x_1 (an eighth), or x_1 < 0 and x_1 > x_0 (an eighth)
    assert Exact().estimate(last).value == pytest.approx(0.25, abs=1e-15)
    # all logits tie everywhere: the answer is 0, right in a third of the orderings
    silent = Rnn([1.0], [[1.0]], [[0.0], [0.0], [0.0]])
    assert Exact().estimate(silent).value == pytest.approx(1 / 3, abs=1e-15)
    dead = Rnn([0.0, 0.0], np.zeros((2, 2)), [[1, 2], [3, 4], [5, 6]])
    assert Exact().estimate(dead).value == pytest.approx(1 / 3, abs=1e-15)


def test_answers_that_hang_on_rounding_are_reported():
    # z = 0.1 x0 + 0.2 x0 - 0.3 x0 is zero in the reals and 5e-17 in floating point
    noise = Rnn([0.1, 0.2, 0.3], np.zeros((3, 3)), [[1, 1, -1], [0, 0, 0]])
    found = Exact().estimate(noise)
    assert found.status is Status.ILL_CONDITIONED
    assert found.numerical_error > 0.2
    assert found.lower <= 0.25 <= found.upper


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([(2, 2), (3, 3), (4, 3)]))
def test_permuting_and_rescaling_leave_it_unchanged(seed, size):
    model = random_model(seed, *size)
    rng = np.random.default_rng(seed)
    value = Exact().estimate(model).value
    order = rng.permutation(size[0]).tolist()
    assert abs(Exact().estimate(model.permuted(order)).value - value) < 1e-14
    assert abs(Exact().estimate(model.rescaled(rng.uniform(0.01, 100, size[0]))).value - value) < 1e-12


@pytest.mark.parametrize("name", ["m43", "m22"])
def test_cells_are_a_partition_and_tell_the_truth(name):
    model = heurex.load(name)
    found = heurex.estimate(model)
    assert abs(math.fsum(cell.fraction for cell in found.cells) - 1) < 1e-14
    assert abs(math.fsum(cell.contribution for cell in found.cells) - found.value) < 1e-14
    assert (
        np.abs(heurex.true_contributions(model, found.cells) - [c.contribution for c in found.cells]).max()
        < 1e-15
    )
    for cell in found.cells[::7]:
        assert heurex.cone_fraction(cell.normals) == pytest.approx(cell.fraction, abs=1e-15)
        x = cell.rays.mean(axis=0)[: model.seq_len]
        assert second_argmax(x) == cell.label
        if cell.answer is not None:
            assert model.answer(x) == cell.answer


def test_bounds_hold_and_are_tight(reference):
    for record in reference:
        for by, width in (("regions", 1e-14), ("strips", 2e-11)):
            found = Exact(by=by).estimate(record["model"])
            assert found.lower <= record["exact"] <= found.upper
            assert found.upper - found.lower < width


def test_stack_equals_single_models_bit_for_bit(reference):
    stack = RnnStack.of([record["model"] for record in reference])
    together = Exact().estimate_stack(stack)
    for i, record in enumerate(reference):
        alone = Exact().estimate(record["model"])
        assert abs(together.value[i] - alone.value) <= 2.3e-16
        assert together.status[i] is alone.status


def test_right_fractions_inside_given_cones(m43):
    rays = [chamber.rays for chamber in chambers(3)]
    labels = [chamber.ordering[1] for chamber in chambers(3)]
    found = right_fractions(m43, rays, labels)
    assert found[:, 0].sum() == pytest.approx(1, abs=1e-14)
    assert found[:, 1].sum() == pytest.approx(heurex.estimate(m43).value, abs=1e-14)


def test_it_says_where_it_does_not_apply():
    with pytest.raises(NotApplicable, match=r"needs n = 2, 3 or 4 inputs; this model has n = 5"):
        Exact().estimate(random_model(0, 4, 5))


def test_settings_are_json(m43):
    assert json.loads(json.dumps(Exact().estimate(m43).settings)) == {"by": "strips", "budget": None}
