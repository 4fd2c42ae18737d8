"""Fractions of cones in two and three dimensions against the exact-sign reference of 60 digits."""

from collections import defaultdict

import mpmath
import numpy as np
import pytest
from cases import FAMILIES, TRAPS, family
from reference3 import reference2, reference3

from heurex.cones import cone_fraction

COUNT = 1000


def fractions_with_errors(cones: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Through the batched door: cones with the same number of rows go together."""
    by_rows = defaultdict(list)
    for i, normals in enumerate(cones):
        by_rows[len(normals)].append(i)
    values, errors = np.full((2, len(cones)), np.nan)
    for members in by_rows.values():
        batch = np.stack([cones[i] for i in members])
        values[members], errors[members] = cone_fraction(batch, return_error=True)
    return values, errors


def check(cones: list[np.ndarray], values: np.ndarray, errors: np.ndarray, exact: list[mpmath.mpf]) -> None:
    """Absolute error 1e-15, relative 1e-9 above 1e-12, within its own error, 0 exactly where empty."""
    with mpmath.workdps(60):
        true = np.array([float(abs(mpmath.mpf(v) - e)) for v, e in zip(values.tolist(), exact, strict=True)])
    size = np.array([float(e) for e in exact])
    judged = {
        "absolute error above 1e-15": ~(true <= 1e-15),
        "relative error above 1e-9": (size > 1e-12) & ~(true <= 1e-9 * size),
        "outside its own error": ~(true <= errors),
        "not exactly 0 though empty": (size == 0) & (values != 0),
    }
    for complaint, wrong in judged.items():
        if wrong.any():
            i = np.flatnonzero(wrong)[np.argmax(true[wrong])]
            rows = "\n".join(" ".join(x.hex() for x in row) for row in cones[i].tolist())
            pytest.fail(
                f"{complaint}: {wrong.sum()} of {len(cones)}; worst is number {i}, {values[i]!r} +- "
                f"{errors[i]:.1e} instead of {size[i]!r}; its rows:\n{rows}"
            )


@pytest.mark.parametrize("name", FAMILIES | TRAPS)
def test_family(name):
    cones = family(name, COUNT)
    check(cones, *fractions_with_errors(cones), [reference3(normals) for normals in cones])


@pytest.mark.parametrize("name", FAMILIES | TRAPS)
def test_family_one_cone_at_a_time(name):
    cones = family(name, 40, seed=1)
    pairs = [cone_fraction(normals, return_error=True) for normals in cones]
    values, errors = np.array(pairs, dtype=float).T
    check(cones, values, errors, [reference3(normals) for normals in cones])


@pytest.mark.parametrize("name", FAMILIES | TRAPS)
def test_two_dimensions(name):
    """The same families with the last column left out."""
    cones = [np.ascontiguousarray(normals[:, :2]) for normals in family(name, 300, seed=2)]
    check(cones, *fractions_with_errors(cones), [reference2(normals) for normals in cones])
