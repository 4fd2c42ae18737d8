"""What every estimator keeps to, and how they are found."""

import json

import numpy as np
import pytest

import heurex
from heurex import External, RnnStack, Status, UsageError
from heurex.estimators import REGISTRY, make_estimator
from heurex.estimators.base import Ops

FAST = {"sampling": {"samples": 2000}, "mean-field": {"nodes": 64}, "moments": {"nodes": 64}}
SIZE_22 = ("pieces",)

# Bounds that thin cells make generous.
THIN_CELLS = {"response": 1e-5}
RULES = {"top-three": 0.2}


# Values by quadrature, whose error is estimated and told.
BY_QUADRATURE = {"mean-field": 0.3, "moments": 0.3}


@pytest.mark.parametrize("name", list(REGISTRY))
def test_contract(name, reference):
    """Name, summary and kind; errors; settings that rebuild it; a batch that agrees with single models."""
    estimator = make_estimator(name, **FAST.get(name, {}))
    assert estimator.name == name
    assert estimator.summary
    assert estimator.kind in ("exact", "explanation", "quadrature", "cubature", "sampling")
    assert make_estimator(name, **json.loads(json.dumps(estimator.settings()))) == estimator
    models = [record["model"] for record in reference[:3]]
    if name in SIZE_22:
        models = list(heurex.noisy_copies(heurex.load("m22"), sigma=0.01, count=3))
    together = estimator.estimate_stack(RnnStack.of(models))
    for i, model in enumerate(models):
        one = estimator.estimate(model)
        assert one.estimator == name
        assert 0 <= one.value <= 1
        assert 0 < one.numerical_error < (THIN_CELLS | BY_QUADRATURE | RULES).get(name, 1e-9)
        assert one.status is Status.OK
        assert abs(together.value[i] - one.value) < 1e-14
        assert (one.standard_error is None) == (name != "sampling")
        assert one.ops.total("weighted") >= one.ops.total("unit") > 0
        assert (one.lower is not None) == (name in ("exact", "nested"))
        assert f"{one.value:.5f}" in str(one)


def test_printing_cannot_be_misread(m43):
    assert str(heurex.estimate(m43)) == "the exact accuracy is 0.98600 (evaluated to 4e-12)"
    assert str(heurex.estimate(m43, "original")).startswith(
        "the explanation (original) gives 0.98490 (evaluated to"
    )
    assert "standard error" in str(heurex.estimate(m43, "sampling", samples=1000))


def test_unknown_names_list_the_known_ones(m43):
    with pytest.raises(
        UsageError, match=r"unknown method 'orignal' \(did you mean 'original'\?\); expected one of exact"
    ):
        heurex.estimate(m43, "orignal")
    with pytest.raises(UsageError, match="has no setting 'q'; expected one of latent_prob"):
        heurex.estimate(m43, "original", q=0.3)
    with pytest.raises(UsageError, match="has no setting 'q'; expected one of by, budget"):
        heurex.estimate(m43, "exact", q=0.3)


def test_an_external_callable(m43):
    found = heurex.estimate(m43, External(lambda model: 0.5, "coin", ops=3))
    assert found.value == 0.5
    assert found.ops.total() == 3
    assert np.isnan(found.numerical_error)


def test_conventions():
    ops = Ops(add=1, mul=2, div=3, sqrt=4, atan2=5)
    assert (ops.total("unit"), ops.total("weighted"), (ops * 2).total()) == (15, 96, 192)
    with pytest.raises(UsageError, match="unknown convention 'flops'; expected one of unit, weighted"):
        ops.total("flops")
