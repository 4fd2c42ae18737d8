"""Errors split over cells and approximations: the parts make the whole, and a slow twin finds the same parts."""

import math
from itertools import permutations

import numpy as np
import pytest

import heurex
from heurex.scoring.scan import scan


@pytest.mark.parametrize("method", ["exact", "original", "symmetric"])
def test_both_splits_add_up(reference, method):
    for record in reference[:3]:
        found = heurex.attribute(record["model"], method)
        assert found.error == pytest.approx(found.estimate - record["exact"], abs=1e-14)
        assert abs(math.fsum(share.error for share in found.cells) - found.error) < 1e-13
        assert abs(math.fsum(share.error for share in found.switches) + found.rest - found.error) < 1e-13


def test_original_leaves_nothing_unexplained(reference):
    for record in reference[:4]:
        assert abs(heurex.attribute(record["model"], "original").rest) < 1e-13


def test_shapley_values_by_walking_through_all_orders(reference, switches):
    """The prototype's values for every combination, switched on one after another in all six orders."""
    off = {"regions": "true", "gates": "exact", "unlikely": "gates"}
    on = {"regions": "merged", "gates": "latent", "unlikely": "third"}
    for record, values in zip(reference[:4], switches, strict=False):
        found = {
            share.setting: share.error for share in heurex.attribute(record["model"], "original").switches
        }
        totals = dict.fromkeys(off, 0.0)
        for order in permutations(off):
            state = dict(off)
            for key in order:
                before = values["+".join(state.values())]
                state[key] = on[key]
                totals[key] += (values["+".join(state.values())] - before) / 6
        for key, total in totals.items():
            assert abs(found[key] - total) < 1e-12


def test_switches_that_are_off_have_no_share(m43):
    found = heurex.attribute(m43, "original", regions="true", unlikely="gates")
    assert [share.setting for share in found.switches] == ["gates"]
    assert found.switches[0].error == found.switches[0].alone
    assert heurex.attribute(m43, "exact").switches == ()


def test_cells_tell_the_truth_by_sampling(m43):
    x = np.random.default_rng(0).standard_normal((200_000, 3))
    right = m43.answer(x) == np.argsort(-x, axis=1)[:, 1]
    for share in heurex.attribute(m43, "original").cells:
        p = np.mean(right & np.all(x @ share.cell.normals.T >= 0, axis=1))
        assert abs(share.truth - p) < 5 * np.sqrt((p + 1e-5) / len(x))


def test_methods_without_cells_or_switches_have_a_rest(m43):
    found = heurex.attribute(m43, heurex.External(lambda model: 0.9, "constant"))
    assert found.cells == found.switches == ()
    assert found.rest == found.error


def test_scan(m43):
    copies = heurex.noisy_copies(m43, 0.05, 64)
    found = scan(copies, "original", "latent_prob", [0.1, 0.2, 0.3])
    assert found.scores[1] == heurex.compare(copies, ["original"]).scores["original"]
    assert found.best == found.values[int(np.argmin([one.rmse for one in found.scores]))]
    with pytest.raises(heurex.UsageError, match="no values of latent_prob"):
        scan(copies, "original", "latent_prob", [])
    with pytest.raises(heurex.UsageError, match="has no setting 'p'"):
        scan(copies, "original", "p", [0.1])
