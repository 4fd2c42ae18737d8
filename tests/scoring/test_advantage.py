"""Advantage, fronts and flips against hand calculation and slow twins."""

import math

import numpy as np
import pytest

from heurex.scoring import sampling_rmse
from heurex.scoring.advantage import Curve, Priced, advantage, flips, pareto


def test_advantage_is_the_ratio_of_operations_for_the_same_error():
    truth = np.array([0.9, 0.6, 0.8])
    spread = math.sqrt((0.09 + 0.24 + 0.16) / 3)
    found = advantage(spread, 97, 0.02, 5_000)
    assert sampling_rmse(truth, 97, found * 5_000) == pytest.approx(0.02, rel=1e-12)
    # the note's own figures: 3% at 71,000 operations, 24% a sample of 72 operations
    assert advantage(0.24, 72, 0.03, 71_000) == pytest.approx(1 / 15.4, rel=0.01)
    assert advantage(0.24, 72, 0.0, 100) is None
    assert advantage(0.24, 72, 0.1, None) is None
    assert advantage(0.24, 72, 0.1, 0) is None
    assert advantage(0.24, 72, math.nan, 100) is None


def test_pareto_against_its_definition():
    rng = np.random.default_rng(0)
    points = [(float(o), float(e)) for o, e in rng.integers(1, 12, (60, 2))]
    found = pareto(points)
    assert any(found)
    assert not all(found)
    for (ops, rmse), on in zip(points, found, strict=True):
        beaten = any((o < ops and e <= rmse) or (o <= ops and e < rmse) for o, e in points)
        assert on != beaten
    assert pareto([(None, 0.0), (5, math.nan), (7, 0.1)]) == [False, False, True]


def test_curves_follow_power_laws():
    plain = Curve("plain", tuple((k, 0.3 / math.sqrt(k)) for k in (10, 100, 1000)))
    for rmse in (0.5, 0.09, 0.05, 0.02, 0.001):
        assert plain.ops_for(rmse) == pytest.approx((0.3 / rmse) ** 2)
    steep = Curve("qmc", tuple((k, 0.3 / k) for k in (10, 100, 1000)))
    assert steep.ops_for(0.3 / 300) == pytest.approx(300)
    assert steep.ops_for(0.3 / 5000) == pytest.approx(5000)
    assert Curve("one", ((100, 0.1),)).ops_for(0.05) == pytest.approx(400)
    bumpy = Curve("bumpy", ((10, 0.1), (20, 0.05), (40, 0.08), (80, 0.01)))
    assert bumpy.ops_for(0.07) == pytest.approx(10 / 0.7)


def test_flips():
    cheap_roots = Priced("a", 0.01, {"unit": 10.0, "weighted": 12.0, "wall": None})
    many_roots = Priced("b", 0.01, {"unit": 5.0, "weighted": 40.0, "wall": None})
    close = Priced("c", 0.01, {"unit": 5.2, "weighted": 38.0, "wall": None})
    better = Priced("d", 0.005, {"unit": 16.0, "weighted": 160.0, "wall": None})
    ahead = Priced("e", 0.005, {"unit": 15.0, "weighted": 36.0, "wall": None})
    found = flips([cheap_roots, many_roots, close, better, ahead])
    assert found == {"a": ["b", "c", "d"], "b": ["a"], "c": ["a"], "d": ["a"], "e": []}
    # without error only the price counts, and what has an error never changes places with it
    exact = [Priced("x", 0.0, {"unit": 1.0, "wall": 9.0}), Priced("y", 0.0, {"unit": 2.0, "wall": 3.0})]
    assert flips([*exact, Priced("z", 0.1, {"unit": 0.1, "wall": 100.0})]) == {
        "x": ["y"],
        "y": ["x"],
        "z": [],
    }
