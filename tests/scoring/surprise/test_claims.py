"""What explanations state: the same fractions as their estimators, and how much hangs on each."""

import math

import numpy as np
import pytest
from models import random_model

import heurex
from heurex.estimators import Exact, Layerwise, Original
from heurex.scoring.surprise.account import derive
from heurex.scoring.surprise.effect import measured, proportional
from heurex.scoring.surprise.gated import GatedCell
from heurex.scoring.surprise.pricing import half_widths
from heurex.scoring.surprise.regions import _bits, _state_map
from heurex.scoring.surprise.stated import Stated


def label_fraction(model, normals, label, state):
    margins = (model.w_oh[label] - np.delete(model.w_oh, label, axis=0)) @ state
    return float(heurex.cone_fraction(np.vstack([normals, margins])))


def latent(p, q):
    """The two values of a gate that is open with probability p: mean p, variance p (1 - p), rarer at Z = 1."""
    sigma = np.sqrt(p * (1 - p))
    sign = np.where(p <= 0.5, 1, -1)
    return p - sign * np.sqrt(q / (1 - q)) * sigma, p + sign * np.sqrt((1 - q) / q) * sigma


def test_the_originals_fractions_computed_again(m43):
    """By cutting the subregions at their corners, the gates from the quotients."""
    found = heurex.estimate(m43, "original")
    tops = [cell for cell in found.cells if cell.parent is None and cell.likely]
    for cell in tops:
        events = [one for one in found.cells if one.parent == cell.name]
        z3 = np.array([event.normals[-1] for event in events[:4]])
        claims = GatedCell(m43, cell.rays, cell.fraction, cell.label, 0.2).claims_from(2, z3)
        assert [claim.event for claim in claims[1:]] == [
            e.name.removeprefix(f"{cell.name}, ") for e in events
        ]
        for claim, event in zip(claims[1:], events, strict=True):
            assert abs(claim.value - event.fraction) < 1e-13


@pytest.mark.parametrize("name, steps", [("m43", None), ("m43", 1), ("m22", 1)])
@pytest.mark.parametrize("gates", ["latent", "mean"])
def test_layerwise_label_events_add_up(name, steps, gates):
    model = heurex.load(name)
    estimator = Layerwise(exact_steps=steps, gates=gates)
    found = estimator.estimate(model)
    t = model.seq_len - 1 if steps is None else steps
    for cell in found.cells[:12]:
        q = 0.2 if gates == "latent" else None
        gated = GatedCell(model, cell.rays, cell.fraction, cell.label, q)
        claims = gated.claims(t, _state_map(model, _bits(cell)))
        total = math.fsum(
            claim.value * claim.effect.sensitivity for claim in claims if claim.event.startswith("label")
        )
        assert abs(total - cell.contribution) < 1e-12


def test_the_sum_of_stated_label_events_is_the_estimate(m43):
    for estimator in (Exact(), Original(), Layerwise(), heurex.estimators.Symmetric()):
        found = estimator.estimate(m43)
        stated = derive(m43, estimator, found).stated
        labels = [one for one in stated if "logit largest" in one.statement]
        thirds = sum(cell.fraction for cell in found.cells if not cell.likely) / 3
        total = math.fsum(one.value * one.effect.sensitivity for one in labels) + thirds
        assert abs(total - found.value) < 1e-12


def original_from_rounded(model, found, errors):
    """The note's estimate from fractions with given errors, label events measured behind the gates that follow."""
    total, i = 0.0, 0
    cells = list(found.cells)
    while i < len(cells):
        cell = cells[i]
        if not cell.likely:
            total += (cell.fraction + errors[i]) / 3
            i += 1
            continue
        size = cell.fraction + errors[i]
        gates = [cells[i + 1 + j] for j in range(4)]
        p = np.array([(gate.fraction + errors[i + 1 + j]) / size for j, gate in enumerate(gates)])
        for j, gate in enumerate(gates):
            if gate.fraction in (0.0, cell.fraction):
                p[j] = float(gate.fraction > 0)
        z3 = np.array([gate.normals[-1] for gate in gates])
        for z, (weight, gate) in enumerate(zip((0.8, 0.2), latent(np.clip(p, 0, 1), 0.2), strict=True)):
            right = label_fraction(model, cell.normals, cell.label, gate[:, None] * z3)
            whole = abs(right - cell.fraction) < 1e-13
            total += weight * (size if whole else right + errors[i + 5 + z])
        i += 7
    return total


@pytest.mark.parametrize("width", [1e-3, 1e-2])
def test_rounded_fractions_give_the_estimate_to_its_width(m43, width):
    """Uniform errors within the stated half-widths move the estimate by width / sqrt(12), root mean square."""
    estimator = Original()
    found = estimator.estimate(m43)
    stated = derive(m43, estimator, found).stated
    halves = half_widths(stated, width)
    assert abs(original_from_rounded(m43, found, np.zeros(102)) - found.value) < 1e-12
    # what is not stated is not rounded here: its place in the budget is an upper bound
    halves = np.where(np.isfinite(halves), halves, 0.0)
    assert np.count_nonzero(halves) > 40
    rng = np.random.default_rng(0)
    moved = [
        original_from_rounded(m43, found, halves * rng.uniform(-1, 1, 102)) - found.value for _ in range(120)
    ]
    # a relative standard error of 1/sqrt(240), 6%, and second-order terms
    assert 0.7 < np.sqrt(np.mean(np.square(moved))) / (width / math.sqrt(12)) < 1.25


def test_half_widths_use_up_the_budget():
    def number(whole, slope, value=None):
        effect = proportional(slope, whole)
        return Stated("c", "s", whole / 3 if value is None else value, whole, 3, 3, np.eye(3), 1, effect)

    numbers = [number(0.1, 1.0), number(0.2, 2.0), number(1e-4, 1.0), number(0.3, 0.0), number(0.2, 1.0, 0.2)]
    halves = half_widths(numbers, 0.01)
    assert np.isinf(halves[2:]).all()
    products = halves[:2] * np.array([1.0, 2.0])
    assert products[0] == pytest.approx(products[1])
    assert np.sum(products**2) + 1e-8 == pytest.approx(0.005**2)
    assert np.isinf(half_widths(numbers, 1.0)).all()
    assert half_widths([], 0.5).shape == (0,)


def test_effects_are_the_greatest_moves():
    def moved(error):
        return 3 * max(0.0, error - 0.01) - 0.5 * error

    effect = measured(moved, 0.25)
    assert effect.sensitivity == pytest.approx(0.5)
    for half in effect.half_widths[1:]:
        greatest = max(abs(moved(t)) for t in np.linspace(-half, half, 2001))
        assert effect.moves[np.flatnonzero(effect.half_widths == half)[0]] == pytest.approx(
            greatest, rel=1e-9
        )
    for move in (1e-9, 1e-4, 0.1):
        half = effect.half_width(move)
        assert np.interp(half, effect.half_widths, effect.moves) == pytest.approx(move)
    assert effect.half_width(1.0) == math.inf
    flat = measured(lambda error: max(0.0, abs(error) - 0.125), 0.25)
    assert flat.sensitivity == 0
    assert 0.125 <= flat.half_width(1e-3) < 0.15


def test_every_region_of_the_exact_accuracy_is_claimed_once():
    for model in (heurex.load("m22"), random_model(3, 3, 3)):
        found = Exact().estimate(model)
        derivation = derive(model, Exact(), found)
        assert len(derivation.stated) == 2 * len(found.cells)
        # a neuron is decided by the checks: walking down from a chamber they leave as many regions as there are
        outcomes = [entry for entry in derivation.entries if entry.cell != entry.statement.split()[0]]
        cuts = sum(entry.statement.endswith("in a part") for entry in outcomes)
        chambers = 2 * math.factorial(model.seq_len)
        assert chambers + cuts == len(found.cells)
