"""Methods and conventions as they are written on the command line."""

import pytest

import heurex
from heurex.estimators import Original, Sampling
from heurex.estimators.conventions import as_convention
from heurex.estimators.spec import FRONT, default_methods, label_of, read_methods


def test_specs_are_read():
    assert read_methods(["original?regions=true&latent_prob=0.3"]) == [Original(0.3, "true")]
    assert read_methods(['original?regions="signed"']) == [Original(regions="signed")]
    assert read_methods(["sampling?samples=64|256&seed=1|2"]) == [
        Sampling(64, 1), Sampling(64, 2), Sampling(256, 1), Sampling(256, 2)
    ]  # fmt: skip
    assert [one.name for one in read_methods(["exact, original", Sampling(3), "exact"])] == [
        "exact", "original", "sampling"
    ]  # fmt: skip


@pytest.mark.parametrize("spec", FRONT)
def test_labels_read_back(spec):
    for estimator in read_methods([spec]):
        assert read_methods([label_of(estimator)]) == [estimator]
        assert label_of(estimator.name, estimator.settings()) == label_of(estimator)


def test_defaults_fit_the_models():
    names = {one.name for one in default_methods([(4, 3)])}
    assert {"exact", "original", "symmetric", "layerwise", "sampling"} <= names
    assert "pieces" not in names
    assert "pieces" in {one.name for one in default_methods([(4, 3), (2, 2)])}
    assert "original" not in {one.name for one in default_methods([(5, 3)])}


@pytest.mark.parametrize(
    ("methods", "sentence"),
    [
        (["nothing"], "unknown method 'nothing'"),
        (["exactt"], "did you mean 'exact'"),
        (["original,"], "unknown method ''"),
        (["original?region=true"], "has no setting 'region'"),
        (["original?regions=maybe"], "regions is 'maybe'"),
        (["sampling?samples"], "not understood at 'samples'"),
        (["sampling?samples=1&samples=2"], "not understood at 'samples=2'"),
        (["sampling?samples=-3"], "samples is -3"),
        ([3], "3 is no method"),
        ([lambda m: 0.1, lambda m: 0.2], "two different methods are named '<lambda>'"),
        ([heurex.External(lambda m: 0.1, label="exact")], "which is the name of a method"),
    ],
)
def test_what_is_refused(methods, sentence):
    with pytest.raises(heurex.UsageError, match=sentence.replace("?", r"\?")):
        read_methods(methods)


def test_declared_operations():
    assert heurex.External(len, ops=7).ops == 7
    with pytest.raises(heurex.UsageError, match="declares -1 operations"):
        heurex.External(len, label="mine", ops=-1)
    external = heurex.External(lambda model: 0.5, label="mine", ops=heurex.Ops(sqrt=3))
    found = heurex.estimate(heurex.load("m22"), external)
    assert (found.ops.total("unit"), found.ops.total("weighted"), found.ops.total("sqrt=4")) == (3, 30, 12)
    with pytest.raises(heurex.NotApplicable, match="gives nan"):
        heurex.estimate(heurex.load("m22"), heurex.External(lambda model: float("nan"), label="mine"))


def test_conventions():
    ops = heurex.Ops(add=1, mul=2, div=3, sqrt=4, atan2=5)
    assert ops.total("unit") == 15
    assert ops.total("weighted") == ops.total() == 6 + 90
    assert ops.total("add=1,mul=1,div=4,sqrt=10,atan2=20") == 1 + 2 + 12 + 40 + 100
    assert ops.total(" div = 0.5 ") == 1 + 2 + 1.5 + 4 + 5
    assert isinstance(ops.total(), int)
    assert as_convention("div=4").name == "add=1,mul=1,div=4,sqrt=1,atan2=1"
    for bad in ("", "heavy", "div", "div=4,div=5", "cos=2", "div=x", "div=-1", "div=nan", "div=inf"):
        with pytest.raises(heurex.UsageError, match="expected"):
            as_convention(bad)
    with pytest.raises(heurex.UsageError, match="all weights"):
        as_convention("add=0,mul=0,div=0,sqrt=0,atan2=0")
