"""Layerwise against an independent prototype, a slow twin, a closed form, sampling and forty digits."""

import json
import math
from itertools import product
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from digits import forty_digits
from models import hand_built, random_model

import heurex
from heurex import NotApplicable, Rnn, RnnStack, Status, UsageError
from heurex.estimators import Exact, Layerwise, layerwise_kernel
from heurex.estimators.exact import chambers
from heurex.tasks import ordering_normals, orderings, second_argmax

SWITCHES = Path(__file__).parent.parent / "data" / "reference" / "m43_switches.json"


def gate(p, z, q):
    """The note's latent gate, from its text."""
    s = math.sqrt(p * (1 - p))
    if p <= 0.5:
        return p + math.sqrt((1 - q) / q) * s if z else p - math.sqrt(q / (1 - q)) * s
    return p - math.sqrt((1 - q) / q) * s if z else p + math.sqrt(q / (1 - q)) * s


def share_right(logits, label, rows):
    rivals = [i for i in range(len(logits)) if i != label]
    margins = [logits[label] - logits[i] for i in rivals]
    if any(not margin.any() and i < label for margin, i in zip(margins, rivals, strict=True)):
        return 0.0
    return heurex.cone_fraction(np.vstack([rows, margins]), workers=1)


def slow_twin(model, steps, q=0.2, mean=False):
    """Cells by all sign patterns, every number a fraction of a cone given by its half-spaces."""
    d, n = model.hidden_size, model.seq_len
    unit = np.eye(n)
    total = 0.0

    def presumed(state, t, rows, label, whole):
        if t == n:
            return share_right(model.w_oh @ state, label, rows)
        z = model.w_hh @ state + np.outer(model.w_hi, unit[t])
        p = [heurex.cone_fraction(np.vstack([rows, row]), workers=1) / whole if row.any() else 0 for row in z]
        p = [round(x) if min(abs(x), abs(1 - x)) < 1e-12 else x for x in p]
        if mean:
            return presumed(np.array(p)[:, None] * z, t + 1, rows, label, whole)
        return sum(
            chance
            * presumed(np.array([gate(x, latent, q) for x in p])[:, None] * z, t + 1, rows, label, whole)
            for latent, chance in ((0, 1 - q), (1, q))
        )

    for order, sign in product(orderings(n), (1, -1)):
        regions = [(np.zeros((d, n)), np.vstack([ordering_normals(order), sign * unit[0]]))]
        for t in range(steps):
            found = []
            for state, rows in regions:
                z = model.w_hh @ state + np.outer(model.w_hi, unit[t])
                for on in product((0, 1), repeat=d):
                    more = np.vstack([rows, (2 * np.array(on) - 1)[:, None] * z])
                    if heurex.cone_fraction(more, workers=1) > 1e-14:
                        found.append((np.array(on)[:, None] * z, more))
            regions = found
        for state, rows in regions:
            whole = heurex.cone_fraction(rows, workers=1)
            total += presumed(state, steps, rows, order[1], whole)
    return total


def test_all_steps_but_the_last_is_the_refined_original(reference):
    switches = json.loads(SWITCHES.read_text())
    for record, values in zip(reference, switches, strict=True):
        assert abs(Layerwise().estimate(record["model"]).value - values["true+latent+gates"]) < 1e-12
        found = Layerwise(exact_steps=2, gates="mean").estimate(record["model"])
        assert abs(found.value - values["true+mean+gates"]) < 1e-12


@pytest.mark.parametrize(
    ("d", "n", "steps"), [(1, 2, 1), (3, 2, 1), (2, 3, 1), (3, 3, 1), (2, 3, 2), (3, 3, 2)]
)
@pytest.mark.parametrize("seed", [0, 1])
def test_against_the_slow_twin(d, n, steps, seed):
    model = random_model(seed, d, n)
    for mean, q in ((False, 0.2), (False, 0.6), (True, 0.2)):
        estimator = Layerwise(exact_steps=steps, latent_prob=q, gates="mean" if mean else "latent")
        found = estimator.estimate(model)
        assert abs(found.value - slow_twin(model, steps, q, mean)) < 1e-12


@pytest.mark.parametrize(("d", "n"), [(1, 2), (2, 2), (5, 2), (1, 3), (3, 3), (4, 3), (6, 3)])
def test_all_steps_exact_is_the_truth(d, n):
    for seed in range(3):
        model = random_model(seed, d, n)
        found, exact = Layerwise(exact_steps=n).estimate(model), Exact().estimate(model)
        assert abs(found.value - exact.value) < 1e-14
        assert len(found.cells) == len(exact.cells)


@pytest.mark.parametrize(("q", "value"), [(0.2, 0.275), (0.5, 0.3125)])
def test_a_closed_form(q, value):
    """One neuron that reads x_1 only, with answer 1 where it is on: right on a quarter of the plane.

    x_1 = 0 crosses two cells, with p = 1/3 where x_0 > 0 > x_1 - x_0 and p = 2/3 where x_0 < 0 < x_1 - x_0; the
    standard deviation is sqrt(2) / 3 in both. A positive gate leaves an eighth of the plane right in each, a
    negative one a quarter. At q = 0.2 the gate 2/3 - 2 s is negative (given Z = 1), at q = 0.5 it is
    1/3 - s (given Z = 0).
    """
    last = Rnn([1.0], [[0.0]], [[0.0], [1.0]])
    assert Layerwise(latent_prob=q).estimate(last).value == pytest.approx(value, abs=1e-15)
    assert Layerwise(latent_prob=q, gates="mean").estimate(last).value == pytest.approx(0.25, abs=1e-15)


def test_ties_go_to_the_first_answer():
    silent = Rnn([1.0], [[1.0]], [[0.0], [0.0], [0.0]])
    for steps in (1, 2, 3):
        assert Layerwise(exact_steps=steps).estimate(silent).value == pytest.approx(1 / 3, abs=1e-15)
    blind = Rnn([0.0], [[0.0]], [[1.0], [2.0]])
    assert Layerwise().estimate(blind).value == pytest.approx(0.5, abs=1e-15)
    # where x_0 > 0 and x_0 > x_1 > 0 the only neuron is off throughout, and so is its gate
    rarely = Rnn([-1.0], [[-9.0]], [[1.0], [2.0]])
    assert abs(Layerwise().estimate(rarely).value - slow_twin(rarely, 1)) < 1e-14


@pytest.mark.parametrize("steps", [1, 2])
def test_against_sampling(m43, steps):
    """Cells, frequencies of z > 0 and the share answered rightly by the gated network, all from a million inputs."""
    x = np.random.default_rng(7).standard_normal((10**6, 3))
    order = np.argsort(-x, axis=1)
    state, keys = np.zeros((len(x), 4)), [order[:, 0], order[:, 1], x[:, 0] > 0]
    for t in range(steps):
        z = state @ m43.w_hh.T + x[:, t, None] * m43.w_hi
        keys += list((z > 0).T)
        state = np.maximum(z, 0)
    _, cell = np.unique(np.array(keys), axis=1, return_inverse=True)
    counts = np.bincount(cell)

    def right(state, t):
        if t == 3:
            return np.mean(np.argmax(state @ m43.w_oh.T, axis=1) == second_argmax(x))
        z = state @ m43.w_hh.T + x[:, t, None] * m43.w_hi
        p = np.array([np.bincount(cell, z[:, j] > 0) / counts for j in range(4)]).T
        s = np.sqrt(p * (1 - p))
        low, high = np.where(p <= 0.5, p - 0.5 * s, p + 0.5 * s), np.where(p <= 0.5, p + 2 * s, p - 2 * s)
        return 0.8 * right(low[cell] * z, t + 1) + 0.2 * right(high[cell] * z, t + 1)

    # two standard errors of a share, and as much again for the frequencies behind the gates
    assert abs(Layerwise(exact_steps=steps).estimate(m43).value - right(state, steps)) < 8e-4


@pytest.mark.parametrize(("n", "steps"), [(2, 1), (3, 1), (3, 2)])
def test_numerical_error_holds_and_is_not_far_off(n, steps):
    with mp.workdps(40):
        kernel = forty_digits(layerwise_kernel, {})
        number = np.frompyfunc(mp.mpf, 1, 1)
        cones = chambers(n)
        starts = number(np.array([cone.rays for cone in cones]))
        labels = np.array([cone.ordering[1] for cone in cones])
        for seed, d in product(range(4), (2, 3, 4)):
            model = random_model(seed, d, n)
            measures = number(np.zeros((len(cones), 4)))
            empty = (np.empty((0, 2), int), np.empty((0, 1, 1), int), np.zeros((0, 4)), np.zeros((0, 1, 3)))
            weights = (number(w) for w in (model.w_hi, model.w_hh, model.w_oh))
            kernel.layerwise(
                *weights, starts, np.full(len(cones), 3), labels, steps, True, 0.2, measures, *empty
            )
            value = measures[:, 1].sum() * (2 if n == 2 else 1)
            found = Layerwise(exact_steps=steps).estimate(model)
            assert abs(value - found.value) <= found.numerical_error < 1e-9


def test_cells_are_a_partition_and_add_up():
    for model in (heurex.load("m43"), heurex.load("m22"), random_model(1, 5, 3)):
        for steps in range(1, model.seq_len + 1):
            found = Layerwise(exact_steps=steps).estimate(model)
            assert abs(math.fsum(cell.fraction for cell in found.cells) - 1) < 1e-14
            assert abs(math.fsum(cell.contribution for cell in found.cells) - found.value) < 1e-14
            assert len({cell.name for cell in found.cells}) == len(found.cells)
            truth = heurex.true_contributions(model, found.cells)
            assert abs(truth.sum() - heurex.estimate(model).value) < 1e-13
            for cell in found.cells[::5]:
                assert heurex.cone_fraction(cell.normals) == pytest.approx(cell.fraction, abs=1e-15)
                assert second_argmax(cell.rays.mean(axis=0)[: model.seq_len]) == cell.label


def test_a_gate_that_is_all_but_certain():
    """At sharpness 30 and 100 the quotient of two fractions comes out above 1 by rounding."""
    for sharpness, value in {3: 0.969, 10: 0.819, 30: 0.669, 100: 0.573}.items():
        found = Layerwise().estimate(hand_built(sharpness))
        assert abs(found.value - value) < 6e-4
        assert found.status is Status.OK
        together = Layerwise().estimate_stack(RnnStack.of([hand_built(sharpness)] * 2))
        np.testing.assert_allclose(together.value, found.value, rtol=0, atol=found.numerical_error)


def test_permuting_and_rescaling_leave_it_unchanged():
    """Weights of -1, 0 and 1, where preactivations and margins vanish and p is a half by symmetry."""
    doubtful = 0
    for seed, d, n in product(range(10), (2, 4), (2, 3)):
        rng = np.random.default_rng([seed, d, n])
        model = Rnn(rng.integers(-1, 2, d), rng.integers(-1, 2, (d, d)), rng.integers(-1, 2, (n, d)))
        other = model.rescaled(np.exp(rng.normal(size=d))).permuted(rng.permutation(d).tolist())
        for steps in range(1, n):
            one, two = (Layerwise(exact_steps=steps).estimate(m) for m in (model, other))
            assert abs(one.value - two.value) <= one.numerical_error + two.numerical_error
            doubtful += two.status is not Status.OK
    assert doubtful < 20


def test_numerical_error_holds_for_weights_far_apart():
    """Weights of 1e-4 to 1e4: gates of 1e-6 in front of large preactivations, known to few digits only."""
    rng = np.random.default_rng(5)
    models, others = [], []
    for _ in range(2000):
        w_hi, w_hh, w_oh = (
            rng.normal(size=shape) * 10.0 ** rng.integers(-4, 5, shape) for shape in (2, (2, 2), (2, 2))
        )
        models.append(Rnn(w_hi, w_hh, w_oh))
        others.append(models[-1].rescaled(np.exp(rng.normal(size=2))).permuted([1, 0]))
    one, two = (Layerwise().estimate_stack(RnnStack.of(stack)) for stack in (models, others))
    assert np.isfinite(one.value).all()
    assert (abs(one.value - two.value) <= one.numerical_error + two.numerical_error).all()
    assert abs(one.value - two.value).max() > 1e-9
    assert np.median(one.numerical_error) < 1e-11


def test_stack_equals_single_models():
    for d, n in ((1, 3), (2, 2), (4, 3), (9, 3)):
        models = [random_model(seed, d, n) for seed in range(4)]
        for steps in range(1, n + 1):
            together = Layerwise(exact_steps=steps).estimate_stack(RnnStack.of(models))
            for i, model in enumerate(models):
                alone = Layerwise(exact_steps=steps).estimate(model)
                assert abs(together.value[i] - alone.value) < 1e-13
                assert together.status[i] is alone.status
                assert together.numerical_error[i] == pytest.approx(alone.numerical_error, rel=0.1)


def test_larger_models(m43):
    wide = Layerwise().estimate(random_model(0, 32, 3))
    assert wide.ops is None
    assert wide.status is Status.OK
    assert abs(math.fsum(cell.fraction for cell in wide.cells) - 1) < 1e-13
    assert Layerwise().estimate(m43).ops.total() > 10_000


def test_it_says_what_it_does_not_take(m43):
    with pytest.raises(NotApplicable, match="needs n = 2, 3 or 4 inputs; this model has n = 5"):
        Layerwise().estimate(random_model(0, 4, 5))
    with pytest.raises(UsageError, match="exact_steps is 4; this model has 3 steps"):
        Layerwise(exact_steps=4).estimate(m43)
    for settings, message in (
        ({"exact_steps": 0}, "exact_steps is 0; expected a whole number"),
        ({"latent_prob": 1}, "latent_prob is 1; expected a probability"),
        ({"gates": "exact"}, "gates is 'exact'; expected one of latent, mean"),
    ):
        with pytest.raises(UsageError, match=message):
            Layerwise(**settings)
