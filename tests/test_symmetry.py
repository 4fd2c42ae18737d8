"""Pairings: counted, least by brute force, and planted ones found again."""

from math import prod

import numpy as np
import pytest
from models import random_model

from heurex import NotApplicable, Rnn, symmetry
from heurex.symmetry import best_pairing, pair_matrices, pairings, symmetric_part


@pytest.mark.parametrize("d", range(2, 10))
def test_all_pairings(d):
    found = pairings(d)
    odd = d if d % 2 else 1
    assert len(found) == len(set(found)) == odd * prod(range(1, d - d % 2, 2))
    for pairing in found:
        neurons = [neuron for pair in pairing for neuron in pair]
        assert len(set(neurons)) == len(neurons) == d - d % 2


@pytest.mark.parametrize("d,n", [(3, 2), (5, 3), (6, 3), (7, 2), (8, 3)])
def test_parts_against_dense_matrices(d, n):
    """Projections with U and V; what is left of a lone neuron's weights is all of them."""
    model = random_model(0, d, n)
    for pairing in pairings(d)[:7]:
        u, v = pair_matrices(pairing, d)
        part = symmetric_part(model, pairing)
        w_hi, w_hh, w_oh = u @ model.w_hi / 2, u @ model.w_hh @ u.T / 4, model.w_oh @ v.T / 2
        np.testing.assert_allclose(part.eps_hi, model.w_hi - u.T @ w_hi, atol=1e-14)
        np.testing.assert_allclose(part.eps_hh, model.w_hh - u.T @ w_hh @ u, atol=1e-14)
        np.testing.assert_allclose(part.eps_oh, model.w_oh - w_oh @ v, atol=1e-14)
        assert (part.lone is None) == (d % 2 == 0)
        if part.lone is not None:
            assert part.eps_hi[part.lone] == model.w_hi[part.lone]
            np.testing.assert_array_equal(part.eps_hh[part.lone], model.w_hh[part.lone])
            np.testing.assert_array_equal(part.eps_hh[:, part.lone], model.w_hh[:, part.lone])
            np.testing.assert_array_equal(part.eps_oh[:, part.lone], model.w_oh[:, part.lone])


def planted(d, n, sigma, seed):
    rng = np.random.default_rng([seed, d])
    order, p = rng.permutation(d).tolist(), d // 2
    pairing = tuple(
        sorted((min(pair), max(pair)) for pair in zip(order[: 2 * p : 2], order[1 : 2 * p : 2], strict=True))
    )
    u, v = pair_matrices(pairing, d)
    model = Rnn(u.T @ rng.normal(size=p), u.T @ rng.normal(size=(p, p)) @ u, rng.normal(size=(n, p)) @ v)
    return model.perturbed(sigma, rng), pairing


@pytest.mark.parametrize("d", [2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 31, 32])
def test_a_planted_pairing_is_found(d):
    """Symmetric networks with noise of a tenth of the weights, neurons shuffled, a lone one where d is odd."""
    for seed in range(3):
        model, pairing = planted(d, 3, 0.1, seed)
        assert tuple(sorted(best_pairing(model).pairing)) == pairing


def test_local_search_against_all_pairings(monkeypatch):
    """Where all can be tried the local search finds the best one, in most models of no symmetry at all."""
    hits = 0
    for seed in range(20):
        model = random_model(seed, 7 + seed % 2, 3)
        least = min(symmetric_part(model, pairing).asymmetry for pairing in pairings(model.hidden_size))
        assert best_pairing(model).asymmetry == pytest.approx(least, rel=1e-12)
        with monkeypatch.context() as patch:
            patch.setattr(symmetry, "ALL_PAIRINGS", 0)
            searched = best_pairing(model).asymmetry
        assert searched >= least * (1 - 1e-12)
        hits += searched <= least * (1 + 1e-9)
    assert hits >= 18


def test_one_neuron_has_no_partner():
    with pytest.raises(NotApplicable, match="pairs neurons; this model has d = 1"):
        best_pairing(Rnn([1.0], [[1.0]], [[1.0], [1.0]]))
