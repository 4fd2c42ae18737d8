"""The exact line and plane of ``benchmarks.plane`` against sampling, points of the line, and exact accuracy.

Kernels run interpreted here, so that nothing is compiled.
"""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

import heurex

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks import plane, plane_kernel, plane_lines

from heurex.estimators.order_statistics import conditional_mean


def test_planes_of_three_inputs_add_up_to_the_exact_accuracy():
    model = heurex.load("m43")
    values, weights = plane.thirds(3, 24)
    means = [plane.plane(model, float(third), plane.paths(3), plane_kernel)[0].mean() for third in values]
    # 24 nodes for a piecewise smooth integrand
    assert abs(weights @ means - float(heurex.estimate(model))) < 2e-4


def test_a_tree_gives_what_planes_alone_give_for_less():
    model, third = heurex.load("zoo:4,4"), 0.3
    table = plane.paths(4)
    together, cells, spent = plane.plane(model, third, table, plane_kernel)
    alone = [plane.plane(model, third, row[None], plane_kernel) for row in table]
    assert np.allclose(together, [share[0] for share, _, _ in alone], rtol=0, atol=1e-13)
    assert cells.tolist() == [int(found[0]) for _, found, _ in alone]
    assert spent.sum() < sum(ops.sum() for _, _, ops in alone)


def test_a_plane_is_what_sampling_it_gives():
    model, third = heurex.load("zoo:8,5"), -0.2
    table = plane.paths(5)[7::20]
    rng = np.random.default_rng(2)
    for row, share in zip(table, plane.plane(model, third, table, plane_kernel)[0], strict=True):
        pair = norm.isf(norm.sf(third) * rng.random((20_000, 2)))
        x = np.full((20_000, 5), float(conditional_mean(np.array(third))))
        x[:, row == 1], x[:, row == 2] = pair.max(axis=1)[:, None], pair.min(axis=1)[:, None]
        x[:, row == 3] = third
        right = np.mean(model.answer(x) == np.flatnonzero(row == 2)[0])
        assert abs(right - share) < 4 * np.sqrt(max(right * (1 - right), 1e-3) / 20_000)


@pytest.mark.parametrize("law", ["true", "pairs", "parts"])
def test_a_line_is_what_its_points_give(law, monkeypatch):
    monkeypatch.setattr(plane_lines.kernels, "compiled", lambda module: module)
    model = heurex.load("zoo:8,5?seed=1")
    rule = plane_lines.line_rule(5, 2, law, 0)
    share, _ = rule.shares(model)
    levels = norm.cdf(rule.low)
    middles = (np.arange(4000) + 0.5) / 4000
    for x, at, level, found in zip(rule.x, rule.at, levels, share, strict=True):
        along = np.repeat(x[None], 4000, axis=0)
        along[:, at] = norm.ppf(level + (1 - level) * middles)
        right = np.mean(model.answer(along) == np.argsort(-along, axis=1)[:, 1])
        # each end of a stretch is off by at most half a step
        assert abs(right - found) < 8 / 4000


def test_the_top_three_stand_above_the_fourth():
    for law in ("true", "pairs", "parts"):
        rule = plane_lines.line_rule(6, 64, law, 1)
        x = rule.x.copy()
        x[np.arange(len(x)), rule.at] = np.inf
        values = np.sort(x, axis=1)[:, ::-1]
        assert np.all(values[:, 3] == rule.low)
        places = np.sort(np.argsort(-x, axis=1)[:, :3], axis=1)
        assert np.all(places[:, 2] == rule.at)
