"""One source, three ways to run it: all three give the same bits, and the counts are those of the arithmetic."""

import math

import numpy as np
import pytest

from heurex import kernels
from heurex.cones import corners
from heurex.estimators import original_kernel, regions_kernel
from heurex.estimators.exact import _starts
from heurex.estimators.original_checks import ORDERS


def walk_with(kernel, weights, kind):
    measures = np.zeros((12, 3), kind)
    none = (
        np.zeros((0, 2), np.int64),
        np.zeros((0, 1, 1), np.int8),
        np.zeros((0, 3), kind),
        np.zeros((0, 1, 3), kind),
    )
    kernel.walk(*weights, *_starts(3), measures, *none)
    return kernels.plain(measures)


def test_interpreted_compiled_and_counted_agree_bit_for_bit(reference):
    for record in reference[:4]:
        model = record["model"]
        weights = {"w_hi": model.w_hi, "w_hh": model.w_hh, "w_oh": model.w_oh}
        counting, numbers, tally = kernels.counted(regions_kernel, weights)
        plain = walk_with(regions_kernel, weights.values(), np.float64)
        assert np.array_equal(
            plain, walk_with(kernels.compiled(regions_kernel), weights.values(), np.float64)
        )
        assert np.array_equal(plain, walk_with(counting, numbers.values(), object))
        assert tally.add > 1000

        rest = (ORDERS, np.zeros(3, np.int64), 0.2, np.zeros((0, 5)), np.zeros((0, 12, 3)))
        counting, numbers, tally = kernels.counted(original_kernel, weights)
        interpreted = original_kernel.original(*weights.values(), *rest)[0]
        assert interpreted == kernels.compiled(original_kernel).original(*weights.values(), *rest)[0]
        assert interpreted == counting.original(*numbers.values(), *rest)[0].value


def test_counts_of_a_known_polygon():
    """The octant: three norms, three dot products, one cross product, one arctangent."""
    counting, numbers, tally = kernels.counted(corners, {"rays": np.eye(3)})
    assert counting.fraction(numbers["rays"], 3).value == 1 / 8
    # by hand: 3 norms of 3 mul, 2 add; a.b, c.a, c.b of 3 mul, 2 add; cross 6 mul, 3 add; volume 3 mul, 2 add;
    # inside a*b + ab, times c, plus b.c times a, plus ca times b: 4 mul, 3 add; the last division by 2 pi
    assert tally == kernels.Tally(add=6 + 6 + 3 + 2 + 3, mul=9 + 9 + 6 + 3 + 4, div=1, sqrt=3, atan2=1)


def test_counting_numbers_compute_like_floats():
    tally = kernels.Tally()
    a, b = kernels.Counted(7.0, tally), kernels.Counted(0.3, tally)
    assert (a + b).value == 7.0 + 0.3
    assert (1 + a - b * 2 / a).value == 1 + 7.0 - 0.3 * 2 / 7.0
    assert (2.0 / b).value == 2.0 / 0.3
    assert (1 - b).value == 1 - 0.3
    assert (tally.add, tally.mul, tally.div) == (4, 1, 2)
    assert a > b
    assert not a < b
    assert a >= 7
    assert abs(-a) == 7
    assert tally == kernels.Tally(add=4, mul=1, div=2)
    assert (np.float64(2.0) * a).value == 14
    with pytest.raises(TypeError):
        float(a)
    with pytest.raises(TypeError):
        math.sqrt(a)


@pytest.fixture
def fresh_cache():
    """Forget where compiled kernels are kept, before and after."""
    caches = (kernels.cache_root, kernels.cache_folder)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def test_the_cache_can_be_turned_off(monkeypatch, fresh_cache):
    monkeypatch.setenv("HEUREX_KERNEL_CACHE", "off")
    assert kernels.cache_root() is None
    assert kernels.cache_folder("heurex.cones.corners") is None
    assert not kernels.is_kept(corners)


def test_a_folder_for_each_kernel_module(monkeypatch, tmp_path, fresh_cache):
    monkeypatch.setenv("HEUREX_KERNEL_CACHE", str(tmp_path / "here"))
    root = kernels.cache_root()
    assert root.parent == tmp_path / "here"
    assert root.is_dir()
    folders = {kernels.cache_folder(module.__name__) for module in (corners, regions_kernel)}
    assert {folder.parent for folder in folders} == {root}
    assert len(folders) == 2


def test_a_kernel_is_kept_with_all_that_it_calls():
    names = set(kernels._with_imports("heurex.estimators.original_kernel", {}))
    assert {"heurex.estimators.original_kernel", "heurex.cones.wedge"} <= names
    assert "heurex.estimators.regions_kernel" not in names


def test_a_cache_that_cannot_be_made(monkeypatch, tmp_path, fresh_cache):
    monkeypatch.setenv("HEUREX_KERNEL_CACHE", str(tmp_path / "file"))
    (tmp_path / "file").touch()
    assert kernels.cache_root() is None
