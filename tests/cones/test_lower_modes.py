"""One source in every mode: counted, interpreted, compiled, one thread or several, alone or in a batch."""

import subprocess
import sys

import numpy as np
import pytest

from heurex import kernels
from heurex.cones import circle, cone_fraction, sphere, sphere_batch, sphere_rays


def hard_cones(n, count=200, seed=0):
    """Random, integer, nearly equal and nearly opposite rows, in turn."""
    rng = np.random.default_rng([seed, n])
    for i in range(count):
        rows = rng.standard_normal((rng.integers(0, 8), n))
        if i % 4 == 1:
            rows = rng.integers(-1, 2, rows.shape).astype(float)
        if i % 4 == 2 and len(rows):
            rows = np.vstack([rows, rows[:2] + 10.0 ** rng.integers(-16, -3) * rng.standard_normal(n)])
        if i % 4 == 3 and len(rows):
            rows = np.vstack([rows, 10.0 ** rng.integers(-16, -3) * rng.standard_normal(n) - rows[0]])
        yield rows


@pytest.mark.parametrize(
    ("module", "function", "n"),
    [
        (circle, "fraction", 2),
        (circle, "ray_fraction", 2),
        (sphere, "fraction", 3),
        (sphere_rays, "ray_fraction", 3),
    ],
)
def test_counted_interpreted_and_compiled_agree_bit_for_bit(module, function, n):
    fast = getattr(kernels.compiled(module), function)
    for rows in hard_cones(n):
        interpreted = tuple(map(float, getattr(module, function)(rows)))
        assert tuple(map(float, fast(rows))) == interpreted
        counted, arrays, _ = kernels.counted(module, {"rows": rows})
        result = getattr(counted, function)(arrays["rows"])
        assert tuple(float(kernels.uncounted(x)) for x in result) == interpreted


def run(kernel, normals):
    size = len(normals)
    results = np.empty(size), np.empty(size), np.empty(size, bool)
    kernel.fractions(normals, *results)
    return results


@pytest.mark.parametrize("k", range(10))
def test_lock_step_agrees_with_the_scalar_kernel(k):
    rng = np.random.default_rng(k)
    normals = rng.standard_normal((1024, k, 3))
    if k:
        normals[::3] = rng.integers(-1, 2, normals[::3].shape)
        normals[1::17] *= 1e-4
        normals[1::17, :, 2] += 1.0
        normals[5, 0] = 0.0
        normals[7] *= 2.0**1000
        normals[8] *= 2.0**-1060
    batch, errors, undecided = run(kernels.compiled(sphere_batch), normals)
    scalar, _, _ = run(kernels.compiled(sphere), normals)
    assert not undecided.any()
    assert np.abs(batch - scalar).max() <= 1e-15
    assert (np.abs(batch - scalar) <= 2 * errors).all()
    assert ((batch == 0) == (scalar == 0)).all()


def test_lock_step_interpreted_is_lock_step_compiled_but_for_roundings():
    normals = np.random.default_rng(0).standard_normal((128, 5, 3))
    values, errors, undecided = run(sphere_batch, normals)
    compiled, compiled_errors, _ = run(kernels.compiled(sphere_batch), normals)
    assert not undecided.any()
    assert np.abs(values - compiled).max() <= 2e-16
    assert (errors == compiled_errors).all()


def test_roundings_are_fused_in_the_lock_step_only():
    assert kernels.compiled(sphere_batch).fractions.targetoptions["fastmath"] == {"contract"}
    assert kernels.compiled(sphere).fractions.targetoptions["fastmath"] is False


@pytest.mark.parametrize("k", [3, 4, 9])
def test_bits_do_not_depend_on_the_number_of_workers(k):
    normals = np.random.default_rng(k).standard_normal((50_001, k, 3))
    values, errors = cone_fraction(normals, return_error=True, workers=1)
    for workers in (2, 5, None):
        again, errors_again = cone_fraction(normals, return_error=True, workers=workers)
        assert (values == again).all()
        assert (errors == errors_again).all()


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("keyword", ["normals", "rays"])
def test_a_batch_is_its_cones_one_by_one(n, keyword):
    cones = np.random.default_rng(n).standard_normal((40, 30, 4, n))
    values = cone_fraction(**{keyword: cones})
    assert values.shape == (40, 30)
    for i in range(0, 40, 7):
        assert abs(values[i, 3] - cone_fraction(**{keyword: cones[i, 3]})) <= 1e-15


def test_undecided_cones_in_a_batch_are_decided_exactly():
    normals = np.tile(np.eye(3), (2000, 1, 1))
    normals[1234] = [[1, 0, 0], [-1, 1e-200, 0], [0, 0, 1]]
    normals[77] = [[1, 0, 0], [-1, -1e-200, 0], [0, 1, 0]]
    values = cone_fraction(normals)
    assert abs(values[1234] * 4 * np.pi * 1e200 - 1) < 1e-15
    assert values[77] == 0.0
    assert (np.delete(values, [77, 1234]) == 0.125).all()


def test_importing_and_one_answer_load_no_compiler():
    code = (
        "import sys, numpy as np, heurex.cones as c; c.cone_fraction(np.eye(3)); c.cone_measure(np.eye(2));"
        "assert not {'numba', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
