"""The symmetric version for any number of neurons and under every switch: twins in numpy, sampling, partitions."""

from itertools import product

import numpy as np
import pytest
from models import hand_built, random_model

import heurex
from heurex import Rnn, RnnStack
from heurex.estimators import Exact, Status, Symmetric
from heurex.estimators.symmetric_cells import Switches, evaluate, prepare
from heurex.kernels import plain
from heurex.symmetry import best_pairing, pair_matrices

SIZES = ((2, 2), (2, 3), (3, 2), (3, 3), (5, 3), (6, 2), (6, 3), (8, 3))
LARGE = ((9, 3), (16, 2), (16, 3), (32, 3))
SWITCHES = [
    Switches(moments, dependence, condition, keep)
    for moments, dependence, condition, keep in product(
        ("half", "half-gaussian"), ("independent", "joint"), ("none", "last", "all"), ("none", "hh")
    )
]


def nearly_symmetric(d, n, sigma, seed=0):
    """A noisy copy of a symmetric network, with a lone neuron of no weight if d is odd."""
    rng = np.random.default_rng([7, seed, d, n])
    order, p = rng.permutation(d), d // 2
    pairing = tuple(sorted(tuple(sorted(int(i) for i in order[2 * r : 2 * r + 2])) for r in range(p)))
    u, v = pair_matrices(pairing, d)
    base = Rnn(u.T @ rng.normal(size=p), u.T @ rng.normal(size=(p, p)) @ u, rng.normal(size=(n, p)) @ v)
    return base.perturbed(sigma, rng), pairing


def slow_model(model, x, switches, pairing, rng):
    """Logits of the noise model as it is described, from matrices U and V, one input at a time in bulk."""
    d, n = model.hidden_size, model.seq_len
    u, v = pair_matrices(pairing, d)
    w_hi, w_hh, w_oh = u @ model.w_hi / 2, u @ model.w_hh @ u.T / 4, model.w_oh @ v.T / 2
    hi, hh, oh = u.T @ w_hi, u.T @ w_hh @ u, w_oh @ v
    e_hi, e_hh, e_oh = model.w_hi - hi, model.w_hh - hh, model.w_oh - oh
    if switches.keep == "hh":
        hh, e_hh = model.w_hh, np.zeros((d, d))
    h = e = np.zeros((len(x), d))
    gates = []
    for t in range(n):
        e_z = e @ model.w_hh.T + h @ e_hh.T + x[:, [t]] * e_hi
        z = h @ hh.T + x[:, [t]] * hi
        gate = np.where(z > 0, 1.0, 0.5 if switches.keep == "none" else 0.0)
        gate[z < 0] = 0.0
        h, e = np.maximum(z, 0), gate * e_z
        gates.append(gate)
    if switches.condition == "all":
        return h @ oh.T + h @ e_oh.T + e @ model.w_oh.T
    # the mean field that the noise sees: linear maps of x, and second moments about them
    z_map, e_map, h_map = np.zeros((d, n)), np.zeros((d, n)), np.zeros((d, n))
    big = np.zeros((2 * d, 2 * d))  # second moments of (e, h), all of it or without the linear part of e
    for t in range(n):
        e_map = model.w_hh @ (e_map / 2 if t else e_map) + e_hh @ h_map
        e_map[:, t] += e_hi
        z_map = hh @ h_map
        z_map[:, t] += hi
        step = np.hstack([model.w_hh, e_hh])
        before = step @ big @ step.T + np.outer(e_hi, e_hi)
        if switches.dependence == "joint":
            before = before - e_map @ e_map.T
        big = after_gates(z_map, e_map, before, switches, rng)
        h_map = z_map / 2
    state, linear = h @ oh.T, switches.dependence == "joint"
    if switches.condition == "last":
        rest = gaussian(before, len(x), rng) * gates[-1]
        return state + h @ e_oh.T + (rest + linear * (x @ e_map.T) * gates[-1]) @ model.w_oh.T
    step, line = np.hstack([model.w_oh, e_oh]), model.w_oh @ e_map / 2 + e_oh @ h_map
    cov = step @ big @ step.T - (line @ line.T if linear else 0)
    return state + linear * (x @ line.T) + gaussian(cov, len(x), rng)


def after_gates(z_map, e_map, rest, switches, rng):
    """Second moments of (gate * e, gate * z): by sampling 400,000 Gaussian inputs for positive parts."""
    n = z_map.shape[1]
    joint = switches.dependence == "joint"
    if switches.moments == "half":
        e_part = (rest + joint * e_map @ e_map.T) / 4
        cross = joint * e_map @ z_map.T / 4
        return np.block([[e_part, cross], [cross.T, z_map @ z_map.T / 4]])
    x = rng.normal(size=(200_000, n))
    x = np.vstack([x, -x])
    z = x @ z_map.T
    gate = (z > 0).astype(float)
    for i in np.flatnonzero(np.all(z_map == 0, axis=1)):
        gate[:, i] = rng.integers(0, 2, len(x))
    e = gate * (x @ e_map.T) * joint
    both = gate.T @ gate / len(x)
    e_part, cross = e.T @ e / len(x) + both * rest, e.T @ (gate * z) / len(x)
    return np.block([[e_part, cross], [cross.T, (gate * z).T @ (gate * z) / len(x)]])


def gaussian(cov, count, rng):
    variances, axes = np.linalg.eigh((cov + cov.T) / 2)
    return rng.standard_normal((count, len(cov))) @ (axes * np.sqrt(np.maximum(variances, 0))).T


def slow_accuracy(model, switches, pairing, samples, seed=3):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((samples, model.seq_len))
    answers = np.argmax(slow_model(model, x, switches, pairing, rng), axis=1)
    p = (answers == np.argsort(-x, axis=1)[:, 1]).mean()
    return p, np.sqrt(max(p * (1 - p), 1 / samples) / samples)


@pytest.mark.parametrize("switches", SWITCHES, ids=lambda s: "-".join(str(v) for v in vars(s).values()))
def test_exact_noise_against_sampling_the_noise_model(switches, m43):
    """Samples of the model that the switches describe, written down anew with U and V."""
    models = [m43.perturbed(0.1, np.random.default_rng(5)), random_model(0, 5, 3), random_model(1, 3, 2)]
    # positive parts are sampled in the twin, which adds an error of its own
    slack = 1e-3 if switches.moments == "half-gaussian" else 0.0
    for i, model in enumerate(models):
        found = evaluate(model, switches, count=True)
        p, error = slow_accuracy(model, switches, found.pairing, 200_000 if i == 0 else 50_000)
        assert abs(found.value - p) < 4.5 * error + slack
        assert found.status is Status.OK
        assert found.error < 1e-8


@pytest.mark.parametrize("d,n", [*SIZES, *LARGE])
def test_answers_and_cells_sum_to_one(d, n):
    """For models of no symmetry at all, too: cells fill the space, and some answer wins in each."""
    for model in (random_model(0, d, n), nearly_symmetric(d, n, 0.1)[0]):
        for switches in (Switches(), Switches(dependence="joint", condition="last", moments="half-gaussian"),
                         Switches(condition="all"), Switches(keep="hh")):  # fmt: skip
            if d > 16 and switches.keep == "hh":
                continue
            found = [evaluate(model, switches, count=False, answer=answer) for answer in range(n)]
            assert abs(sum(one.value for one in found) - 1) < 1e-10
            assert abs(found[0].measures[:, 0].sum() - 1) < 1e-12
            assert all(one.status is Status.OK and one.error < 1e-8 for one in found)


@pytest.mark.parametrize("d,n", [*SIZES, *LARGE[:3]])
def test_sampled_noise_is_unbiased_at_every_size(d, n):
    for switches in ({}, {"dependence": "joint", "condition": "last"}, {"condition": "all"}):
        model = nearly_symmetric(d, n, 0.3)[0]
        exact = heurex.estimate(model, Symmetric(**switches))
        sampled = heurex.estimate(model, Symmetric(noise="sampled", samples=100_000, **switches))
        assert abs(exact.value - sampled.value) < 4.5 * sampled.standard_error
        by_name = {cell.name: cell for cell in exact.cells}
        assert len(by_name) == len(exact.cells)
        for cell in sampled.cells:
            p = by_name[cell.name].contribution
            assert abs(cell.contribution - p) < 5.5 * np.sqrt(p * (1 - p) / 200_000) + 1e-4


def test_the_general_way_gives_the_notes_case(reference):
    """d = 4, n = 3 has a way of its own (six half-spaces at once): triangles and events agree."""
    for record in reference:
        general = evaluate(record["model"], Switches(), count=False)
        special = heurex.estimate(record["model"], "symmetric")
        assert abs(general.value - special.value) < 1e-12
        without = evaluate(record["model"], Switches(noisy=False), count=False)
        assert abs(without.value - record["reduced"]) < 1e-12


@pytest.mark.parametrize("d,n", SIZES)
def test_covariances_against_dense_matrices(d, n):
    """Without sampling: the note's noise covariance in U and V, and the noiseless network itself."""
    model = random_model(3, d, n)
    ready = prepare(model, Switches(), count=True)
    part = best_pairing(model)
    assert ready.pairing == part.pairing
    ours, theirs = plain(ready.covariance), part.noise_covariance(model)
    np.testing.assert_allclose(ours, theirs, atol=1e-12 * np.abs(theirs).max())
    reduced = evaluate(model, Switches(noisy=False), count=True)
    assert abs(reduced.value - heurex.estimate(part.reduced()).value) < 1e-12


def test_keeping_everything_is_exact(m43):
    """No asymmetry but eps_hh, and that is kept: nothing is left to be noise."""
    part = best_pairing(m43)
    base = part.reduced()
    for model in (Rnn(base.w_hi, m43.w_hh, base.w_oh), hand_built(3)):
        truth = heurex.estimate(model).value
        for dependence, condition in product(("independent", "joint"), ("none", "last", "all")):
            found = heurex.estimate(model, "symmetric", keep="hh", dependence=dependence, condition=condition)
            assert abs(found.value - truth) < 1e-7
    assert abs(heurex.estimate(hand_built(3), "symmetric", condition="all").value - truth) < 1e-12


def test_linear_response_is_right_to_first_order():
    """With all gates known the error of the estimate falls as the square of the asymmetry, or there is none."""
    model, _ = nearly_symmetric(6, 3, 0.0)
    noise = random_model(9, 6, 3)
    gaps = []
    for scale in (1e-2, 1e-3):
        near = Rnn(
            model.w_hi + scale * noise.w_hi, model.w_hh + scale * noise.w_hh, model.w_oh + scale * noise.w_oh
        )
        gaps.append(
            abs(heurex.estimate(near, "symmetric", condition="all").value - heurex.estimate(near).value)
        )
    assert gaps[0] < 1e-2
    assert gaps[1] < 0.03 * gaps[0] + 1e-9


def test_two_inputs_and_independent_noise_give_one_half():
    for d in (2, 3, 8):
        assert abs(heurex.estimate(random_model(0, d, 2), "symmetric").value - 0.5) < 1e-12


@pytest.mark.parametrize("d", [2, 3, 5, 6, 8])
def test_permuting_neurons_changes_nothing(d):
    model = random_model(4, d, 3)
    order = np.random.default_rng(d).permutation(d).tolist()
    for switches in (Switches(), Switches(condition="all"), Switches(keep="hh", dependence="joint")):
        one, other = (evaluate(m, switches, count=False) for m in (model, model.permuted(order)))
        assert abs(one.value - other.value) < 1e-11


def test_stack_equals_single_models():
    stack = RnnStack.of([random_model(seed, 6, 3) for seed in range(3)])
    for settings in ({}, {"condition": "all"}, {"keep": "hh"}, {"noise": "none"}):
        together = Symmetric(**settings).estimate_stack(stack)
        for i, model in enumerate(stack):
            assert abs(together.value[i] - heurex.estimate(model, "symmetric", **settings).value) < 1e-13


def test_dead_weights_are_no_trouble():
    """Zero logits tie, and the first wins; zero hidden weights leave nothing to cut."""
    for d, n in ((4, 3), (5, 2), (6, 3)):
        model = random_model(0, d, n)
        for dead in (Rnn(0 * model.w_hi, model.w_hh, model.w_oh), Rnn(model.w_hi, 0 * model.w_hh, model.w_oh),
                     Rnn(model.w_hi, model.w_hh, 0 * model.w_oh)):  # fmt: skip
            for settings in ({"condition": "all"}, {"dependence": "joint"}, {"keep": "hh"}):
                found = heurex.estimate(dead, "symmetric", **settings)
                assert 0 <= found.value <= 1
                assert np.isfinite(found.numerical_error)
        silent = Rnn(0 * model.w_hi, 0 * model.w_hh, 0 * model.w_oh)
        assert heurex.estimate(silent, "symmetric", condition="all").value == pytest.approx(1 / n, abs=1e-12)


def test_settings_and_refusals(m43):
    found = heurex.estimate(random_model(0, 9, 2), "symmetric")
    assert found.settings["pairing_by"] == "local search from eight starts"
    assert heurex.estimate(m43, "symmetric").settings["pairing"] == ((0, 3), (1, 2))
    for field in ("moments", "dependence", "condition", "keep"):
        with pytest.raises(heurex.UsageError, match=f"{field} is 'odd'; expected one of "):
            Symmetric(**{field: "odd"})
    with pytest.raises(heurex.NotApplicable, match="this one has d = 1 and n = 2"):
        heurex.estimate(Rnn([1.0], [[1.0]], [[1.0], [2.0]]), "symmetric")
    with pytest.raises(heurex.NotApplicable, match="this one has d = 4 and n = 4"):
        heurex.estimate(random_model(0, 4, 4), "symmetric")


def test_better_than_the_note_on_noisy_copies(m43):
    """The variants that the table of docs/symmetric-variants.md calls winners win."""
    stack = heurex.noisy_copies(m43, 0.05, 32, 1)
    truth = Exact().estimate_stack(stack).value
    error = {}
    for key, settings in (("note", {}), ("all", {"condition": "all"}), ("hh", {"keep": "hh"}),
                          ("both", {"keep": "hh", "condition": "all"})):  # fmt: skip
        error[key] = np.sqrt(((Symmetric(**settings).estimate_stack(stack).value - truth) ** 2).mean())
    assert error["both"] < 1e-3 < error["all"] < 0.012
    assert error["hh"] < 0.012
    assert 0.035 < error["note"] < 0.06
