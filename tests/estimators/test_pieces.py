"""Pieces against the exact accuracy, ARC's published figures, and the model itself on its pieces."""

import math

import numpy as np
import pytest
from models import random_model

import heurex
from heurex import NotApplicable, Rnn, RnnStack, Status
from heurex.estimators import Exact, Pieces, linear_pieces

ARC = "2nd_argmax_2_2_1073741824_2.pth"


def family(seed):
    """A model to which the derivation applies, far from the near-equalities, in any order and scale."""
    rng = np.random.default_rng(seed)
    small, large = -rng.uniform(0.01, 1, 2), 1 + rng.exponential(size=2)
    out = rng.exponential(size=4)
    model = Rnn([1, -1], [[small[0], large[0]], [large[1], small[1]]], [[out[0], -out[1]], [-out[2], out[3]]])
    return model.rescaled(rng.uniform(0.1, 10, 2)).permuted(rng.permutation(2).tolist())


def test_arcs_model(alg_zoo):
    model = heurex.load(alg_zoo / ARC)
    found = Pieces().estimate(model)
    assert abs((1 - found.value) - 7.7431e-5) < 5e-10
    assert round(1 / (1 - found.value)) == 12_915
    assert abs(found.value - Exact().estimate(model).value) < 1e-15
    near = found.checks[18:]
    assert [round(-math.log2(check.gap), 2) for check in near] == [11.58, 10.60]


def test_bundled_model():
    model = heurex.load("m22")
    found = Pieces().estimate(model)
    assert abs(found.value - Exact().estimate(model).value) < 1e-15
    assert len(found.checks) == 20
    assert all(check.holds for check in found.checks)
    assert [check.gap is None for check in found.checks] == [True] * 18 + [False] * 2
    assert all(abs(-math.log2(check.gap) - 11) < 1 for check in found.checks[18:])
    assert 0 < found.ops.total("unit") < 100


def test_exact_wherever_the_checks_hold():
    models = [family(seed) for seed in range(40)]
    together = Pieces().estimate_stack(RnnStack.of(models))
    for i, model in enumerate(models):
        found = Pieces().estimate(model)
        assert abs(found.value - Exact().estimate(model).value) < 1e-15
        assert together.value[i] == found.value
        assert together.status[i] is Status.OK


def test_pieces_are_where_the_model_is_linear():
    for model in (heurex.load("m22"), family(0), family(1)):
        pieces = linear_pieces(model)
        assert abs(sum(piece.fraction for piece in pieces) - 1) < 1e-15
        for piece in pieces:
            for share in np.linspace(0.01, 0.99, 9):
                x = share * piece.rays[0] + (1 - share) * piece.rays[1]
                logits = model.logits(x)
                expected = piece.a0 * x[0] - piece.a1 * x[1]
                assert logits[1] - logits[0] == pytest.approx(expected, rel=1e-9, abs=1e-12 * abs(piece.a0))
            assert piece.a0 > 0
            assert piece.a1 > 0


def test_cells_add_up_and_attribute_the_error():
    for model in (heurex.load("m22"), *(family(seed) for seed in range(10))):
        found = Pieces().estimate(model)
        assert len(found.cells) == 8
        assert abs(sum(cell.fraction for cell in found.cells) - 1) < 1e-15
        contributions = [cell.contribution for cell in found.cells]
        assert abs(sum(contributions) - found.value) < 1e-15
        np.testing.assert_allclose(heurex.true_contributions(model, found.cells), contributions, atol=5e-16)
        for cell in found.cells:
            assert heurex.cone_fraction(cell.normals) == pytest.approx(cell.fraction, abs=1e-15)


def test_any_order_and_scale():
    model = heurex.load("m22")
    value = Pieces().estimate(model).value
    for factors, order in (([1, 1], [1, 0]), ([0.1, 7], [0, 1]), ([3, 0.2], [1, 0])):
        assert abs(Pieces().estimate(model.rescaled(factors).permuted(order)).value - value) < 4e-16


def test_each_check_is_made():
    """Spoil one condition at a time, and read which checks fail."""
    hi, hh, oh = [1.0, -1.0], [[-0.4, 2.0], [1.2, -0.7]], [[1.0, -4.0], [-1.0, 4.0]]
    Pieces().estimate(Rnn(hi, hh, oh))
    for name, weights, place in (("w_hh", hh, (0, 0)), ("w_hh", hh, (1, 0)), ("w_oh", oh, (0, 1))):
        spoilt = np.array(weights)
        spoilt[place] *= -1
        model = Rnn(hi, spoilt if name == "w_hh" else hh, spoilt if name == "w_oh" else oh)
        with pytest.raises(NotApplicable, match="does not apply") as caught:
            Pieces().estimate(model)
        assert any(f"{name}[{place[0]},{place[1]}] > 0" in statement for statement in caught.value.failed)
    for place, size in (((0, 0), -1.5), ((0, 1), 0.9), ((1, 0), 0.5), ((1, 1), -1.1)):
        spoilt = np.array(hh)
        spoilt[place] = size
        with pytest.raises(NotApplicable) as caught:
            Pieces().estimate(Rnn(hi, spoilt, oh))
        # a size decides which coefficient is larger on one piece, so the two fail together
        assert len(caught.value.failed) == 2
        assert f"|w_hh[{place[0]},{place[1]}]|" in caught.value.failed[0]
        assert "only" in caught.value.failed[1]


def test_it_says_where_it_does_not_apply(m43):
    with pytest.raises(NotApplicable, match="d = 2 and n = 2; this one has d = 4 and n = 3"):
        Pieces().estimate(m43)
    with pytest.raises(NotApplicable, match="better order of the neurons"):
        linear_pieces(Rnn([0, 0], np.zeros((2, 2)), np.zeros((2, 2))))
    models = [random_model(seed, 2, 2) for seed in range(20)]
    together = Pieces().estimate_stack(RnnStack.of(models))
    assert np.isnan(together.value).all()
    assert set(together.status) == {Status.NOT_APPLICABLE}
