"""The canonical order: the same model whatever the order of the neurons, and the note's order where it applies."""

import numpy as np
import pytest
from models import hand_built, random_model

from heurex.estimators.order import canonical_order


@pytest.mark.parametrize(("d", "n"), [(1, 2), (2, 2), (3, 3), (4, 3), (5, 3), (6, 4), (8, 3), (16, 10)])
def test_permuting_the_neurons_changes_nothing(d, n):
    for seed in range(3):
        model = random_model(seed, d, n)
        ordered = model.permuted(canonical_order(model))
        shuffled = model.permuted(np.random.default_rng(seed).permutation(d).tolist())
        assert ordered.fingerprint() == shuffled.permuted(canonical_order(shuffled)).fingerprint()


def test_the_notes_order_where_its_checks_hold(reference_orders):
    for record in reference_orders:
        if record["original"] is not None:
            assert list(canonical_order(record["model"])) == record["best_order"]


def test_pairs_stand_at_mirrored_places():
    # pairs (0, 3) and (1, 2) of the hand-built model; in each the neuron with positive input weight comes first
    model = hand_built(1)
    shuffled = model.permuted([3, 1, 0, 2])
    ordered = shuffled.permuted(canonical_order(shuffled))
    np.testing.assert_allclose(ordered.w_hi, -ordered.w_hi[::-1])
    assert (ordered.w_hi[:2] > 0).all()


def test_pairs_in_larger_models():
    """Three pairs of opposite neurons, a little noise, shuffled: the pairs are found and put in order."""
    rng = np.random.default_rng(3)
    u = np.hstack([np.eye(3), -np.eye(3)[:, ::-1]])
    clean = (u.T @ [3.0, 1.0, 2.0], u.T @ rng.normal(size=(3, 3)) @ u, rng.normal(size=(3, 3)) @ abs(u))
    noisy = type(hand_built(1))(*(w + 0.01 * rng.normal(size=w.shape) for w in clean))
    ordered = noisy.permuted(canonical_order(noisy))
    assert np.abs(ordered.w_hi + ordered.w_hi[::-1]).max() < 0.1
    assert (ordered.w_hi[:3] > 0).all()
