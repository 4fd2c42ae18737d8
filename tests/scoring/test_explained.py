"""Parts by answer against the kernels' contributions, which see no such polygon, and against the network itself."""

import numpy as np
import pytest

import heurex
from heurex.estimators import Layerwise, Original, Pieces, Symmetric
from heurex.scoring.disagreement import disagreements
from heurex.scoring.explained import area, explained_cells, true_parts


def models():
    dead = heurex.load("m43")
    w_hh = dead.w_hh.copy()
    w_hh[1] = -np.abs(w_hh[1])
    w_hi = dead.w_hi.copy()
    w_hi[1] = 0.0
    return {
        "m43": dead,
        "copy": heurex.noisy_copies(dead, 0.05, 1, 3)[0],
        "dead neuron": heurex.Rnn(w_hi, w_hh, dead.w_oh),
        "sharp": heurex.load("hand:2nd_argmax_3?sharpness=10"),
        "m22": heurex.load("m22"),
    }


@pytest.mark.parametrize("name", models())
def test_true_parts_are_the_network(name):
    model = models()[name]
    n = model.seq_len
    parts = [(part, one.cell) for one in true_parts(model) for part in one.parts]
    assert abs(sum(area(part.rays, n) for part, _ in parts) - 1) < 1e-12
    right = sum(area(part.rays, n) for part, cell in parts if part.answer == cell.label)
    assert abs(right - heurex.estimate(model, "exact").value) < 1e-12
    rng = np.random.default_rng(0)
    for part, _ in parts:
        if area(part.rays, n) > 1e-8:
            unit = part.rays / np.linalg.norm(part.rays, axis=1, keepdims=True)
            x = rng.dirichlet(np.ones(len(unit)), 5) @ unit
            assert np.all(model.answer(x[:, :n]) == part.answer)


@pytest.mark.parametrize(
    ("name", "estimator", "within"),
    [
        ("m43", Original(), 1e-13),
        ("copy", Original(), 1e-12),
        ("copy", Original(gates="mean", regions="signed"), 1e-13),
        ("copy", Original(regions="true", gates="exact", unlikely="gates"), 1e-13),
        ("sharp", Original(), 1e-10),
        ("m43", Layerwise(), 1e-13),
        ("copy", Layerwise(gates="mean"), 1e-13),
        ("m22", Layerwise(), 1e-13),
        ("copy", Symmetric(noise="none"), 1e-13),
        ("m22", Pieces(), 1e-13),
    ],
)
def test_areas_of_right_answers_are_the_contributions(name, estimator, within):
    model = models()[name]
    n = model.seq_len
    cells = explained_cells(model, estimator, estimator.estimate(model))
    assert abs(sum(area(rays, n) for one in cells for rays in one.pieces) - 1) < 1e-11
    named = 0
    for one in cells:
        if one.values:
            named += 1
            label = one.cell.label
            claim = sum(q * area(p.rays, n) for q, parts in one.values for p in parts if p.answer == label)
            assert abs(claim - one.cell.contribution) < within, one.cell.name
    assert named > len(cells) / 2


def test_an_explanation_without_approximations_disagrees_nowhere(m43):
    estimator = Original(regions="true", gates="exact", unlikely="gates")
    said = explained_cells(m43, estimator, estimator.estimate(m43))
    found = disagreements(true_parts(m43), said)
    assert sum(area(part.rays, 3) for _, part, _ in found) < 1e-13


def test_disagreements_by_sampling(m43):
    """The share by polygons against counting inputs, gates estimated from the same inputs."""
    estimator = Layerwise(gates="mean")
    said = explained_cells(m43, estimator, estimator.estimate(m43))
    share = sum(area(part.rays, 3) for _, part, _ in disagreements(true_parts(m43), said))
    x = np.random.default_rng(1).standard_normal((20_000, 3))
    differs = np.zeros(len(x), bool)
    pattern = [np.zeros((len(x), 4), bool) for _ in range(3)]
    state = np.zeros((len(x), 4))
    for t in range(3):
        z = state @ m43.w_hh.T + x[:, t, None] * m43.w_hi
        pattern[t], state = z > 0, np.maximum(z, 0)
    key = np.hstack([pattern[0], pattern[1], np.argsort(-x, axis=1)]).astype(int)
    _, group = np.unique(key, axis=0, return_inverse=True)
    for g in range(group.max() + 1):
        mine = group == g
        differs[mine] = np.argmax(
            (z[mine] * pattern[2][mine].mean(axis=0)) @ m43.w_oh.T, axis=1
        ) != m43.answer(x[mine])
    spread = np.sqrt(share * (1 - share) / len(x))
    # the gates' probabilities are themselves estimated from the same inputs, hence one standard error more
    assert abs(differs.mean() - share) < 5 * spread
