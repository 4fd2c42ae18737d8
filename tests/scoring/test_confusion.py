"""The confusion matrix against the exact accuracy, sampling, a slow twin and a closed form."""

from itertools import product

import numpy as np
import pytest
from models import random_model

import heurex
from heurex import NotApplicable, Rnn, Status
from heurex.scoring.confusion import confusion
from heurex.tasks import ordering_normals, orderings, second_argmax


@pytest.mark.parametrize(("d", "n"), [(1, 2), (2, 2), (4, 2), (1, 3), (3, 3), (4, 3), (8, 3)])
def test_sums_and_trace(d, n):
    for seed in range(3):
        model = random_model(seed, d, n)
        found = confusion(model)
        assert abs(found.matrix.sum() - 1) < 1e-14
        assert np.abs(found.matrix.sum(axis=1) - 1 / n).max() < 1e-14
        assert abs(found.accuracy - heurex.estimate(model).value) < 1e-14
        assert abs(np.mean(list(found.accuracy_by_ordering.values())) - found.accuracy) < 1e-14
        assert (found.by_ordering >= 0).all()
        assert found.status is Status.OK
        assert 0 < found.numerical_error < 1e-13


@pytest.mark.parametrize("name", ["m43", "m22"])
def test_against_sampling(name):
    model = heurex.load(name)
    n, count = model.seq_len, 10**6
    x = np.random.default_rng(5).standard_normal((count, n))
    order, answer = np.argsort(-x, axis=1), model.answer(x)
    found = confusion(model)
    for ordering, row in zip(found.orderings, found.by_ordering, strict=True):
        inside = (order == ordering).all(axis=1)
        for i in range(n):
            share = row[i]
            spread = max(np.sqrt(share * (1 - share) / count), 1e-6)
            assert abs(np.mean(inside & (answer == i)) - share) < 4.5 * spread
    assert (second_argmax(x) == order[:, 1]).all()


def test_against_summing_all_sign_patterns():
    """No polygons: every entry a sum of fractions of cones given by half-spaces."""
    model = random_model(4, 2, 3)
    found = confusion(model)
    unit = np.eye(3)
    expected = np.zeros((6, 3))
    regions = [(np.zeros((2, 3)), np.zeros((0, 3)))]
    for t in range(3):
        regions = [
            (np.array(on)[:, None] * z, np.vstack([rows, (2 * np.array(on) - 1)[:, None] * z]))
            for state, rows in regions
            for z in [model.w_hh @ state + np.outer(model.w_hi, unit[t])]
            for on in product((0, 1), repeat=2)
        ]
    for (state, rows), (place, ordering) in product(regions, enumerate(orderings(3))):
        cell = np.vstack([rows, ordering_normals(ordering)])
        logits = model.w_oh @ state
        for answer in range(3):
            rivals = [i for i in range(3) if i != answer]
            margins = np.array([logits[answer] - logits[i] for i in rivals])
            if any(i < answer and not row.any() for i, row in zip(rivals, margins, strict=True)):
                continue
            expected[place, answer] += heurex.cone_fraction(np.vstack([cell, margins]), workers=1)
    np.testing.assert_allclose(found.by_ordering, expected, rtol=0, atol=1e-14)


def test_ties_go_to_the_first_answer():
    silent = confusion(Rnn([1.0], [[1.0]], [[0.0], [0.0], [0.0]]))
    np.testing.assert_allclose(silent.matrix, np.outer([1, 1, 1], [1, 0, 0]) / 3, atol=1e-15)
    # answer 1 where x_1 > 0 and 0 elsewhere; label 1 is x_0 > x_1
    last = confusion(Rnn([1.0], [[0.0]], [[0.0], [1.0]]))
    np.testing.assert_allclose(last.matrix, [[1 / 8, 3 / 8], [3 / 8, 1 / 8]], atol=1e-15)
    assert last.accuracy_by_ordering == pytest.approx({(0, 1): 0.25, (1, 0): 0.25})


def test_doubt_is_reported():
    # z = 0.1 x0 + 0.2 x0 - 0.3 x0 is zero in the reals and 5e-17 in floating point
    noise = confusion(Rnn([0.1, 0.2, 0.3], np.zeros((3, 3)), [[1, 1, -1], [0, 0, 0]]))
    assert noise.status is Status.ILL_CONDITIONED
    assert noise.numerical_error > 0.2


def test_it_says_where_it_does_not_apply():
    with pytest.raises(
        NotApplicable, match="confusion matrix needs n = 2, 3 or 4 inputs; this model has n = 5"
    ):
        confusion(random_model(0, 4, 5))
