"""Sampling: its errors are what it says, its operations are those of the forward pass."""

import numpy as np
import pytest
from models import random_model

import heurex
from heurex.estimators import Ops
from heurex.estimators.sampling import note_ops_per_sample, ops_per_sample


def test_errors_are_standard(reference):
    z = []
    for record in reference:
        found = heurex.estimate(record["model"], "sampling", samples=50_000)
        z.append((found.value - record["exact"]) / found.standard_error)
    assert abs(np.mean(z)) < 4 / np.sqrt(len(z))
    assert 0.4 < np.std(z) < 1.7


def test_draws_depend_on_seed_and_model_only(reference, m43):
    values = [heurex.estimate(m43, "sampling", samples=1000, seed=seed).value for seed in (0, 0, 1)]
    assert values[0] == values[1] != values[2]
    few, many = (heurex.estimate(m43, "sampling", samples=k) for k in (100, 10_000))
    assert few.standard_error > 3 * many.standard_error


def test_a_perfect_score_still_has_an_error():
    perfect = heurex.Rnn([1, -1], [[-1, 1], [1, -1]], [[1, -1], [-1, 1]])
    found = heurex.estimate(perfect, "sampling", samples=100)
    assert found.value == 1
    assert 0.003 < found.standard_error < 0.02


@pytest.mark.parametrize(("d", "n", "printed"), [(2, 2, 16), (4, 3, 72), (16, 10, 2880)])
def test_operations(d, n, printed):
    assert note_ops_per_sample(d, n) == printed
    # by hand: the first step multiplies only, later ones are full, then n logits
    mul = d + (n - 1) * d * (d + 1) + n * d
    add = (n - 1) * d * d + n * (d - 1)
    assert ops_per_sample(random_model(0, d, n)) == Ops(add=add, mul=mul)


def test_refusals(m43):
    with pytest.raises(heurex.UsageError, match="samples is 0; expected a whole number, at least 1"):
        heurex.estimate(m43, "sampling", samples=0)
