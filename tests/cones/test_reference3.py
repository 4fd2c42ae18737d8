"""The reference on the sphere: reflection groups, another formula, and partitions of space."""

from itertools import product

import mpmath
import numpy as np
import pytest
from cases import FAMILIES, TRAPS, family
from mpmath import mpf
from reference3 import exact_sign, reference2, reference3

GOLDEN = (1 + 5**0.5) / 2
CHAMBERS = {  # mirrors of the finite reflection groups of rank 3 and their orders
    "A3": ([[1, -1, 0], [0, 1, -1], [0, 1, 1]], 24),
    "B3": ([[1, -1, 0], [0, 1, -1], [0, 0, 1]], 48),
    "H3": ([[2, 0, 0], [-GOLDEN, GOLDEN - 1, -1], [0, 0, 2]], 120),
    "A1^3": ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], 8),
}


@pytest.mark.parametrize("name", CHAMBERS)
def test_reference_on_chambers(name):
    normals, order = CHAMBERS[name]
    rounding = 1e-16 if name == "H3" else 1e-60  # the golden ratio is no double
    with mpmath.workdps(70):
        assert abs(reference3(np.array(normals, float)) * order - 1) < rounding * order


def fan3(normals: np.ndarray) -> mpf:
    """Solid angle of a simplicial cone from its edges (van Oosterom & Strackee 1983), as a fraction."""
    with mpmath.workdps(300):
        a, b, c = ([mpf(x) for x in row] for row in normals.tolist())
        sign = exact_sign(*normals)
        u, v, w = ([sign * x for x in cross(p, q)] for p, q in ((b, c), (c, a), (a, b)))
        lengths = [mpmath.sqrt(dot(e, e)) for e in (u, v, w)]
        lower = (
            lengths[0] * lengths[1] * lengths[2]
            + dot(u, v) * lengths[2]
            + dot(v, w) * lengths[0]
            + dot(w, u) * lengths[1]
        )
        return mpmath.atan2(abs(dot(u, cross(v, w))), lower) / (2 * mpmath.pi)


def dot(a: list[mpf], b: list[mpf]) -> mpf:
    return sum((x * y for x, y in zip(a, b, strict=True)), mpf(0))


def cross(a: list[mpf], b: list[mpf]) -> list[mpf]:
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


@pytest.mark.parametrize("name", FAMILIES | TRAPS)
def test_reference_agrees_with_the_formula_in_edges(name):
    triples = [normals[:3] for normals in family(name, 150) if len(normals) >= 3]
    for normals in triples:
        if exact_sign(*normals):
            exact = reference3(normals)
            with mpmath.workdps(70):
                assert abs(exact - fan3(normals)) <= exact * mpf(10) ** -59


@pytest.mark.parametrize("name", FAMILIES | TRAPS)
def test_reference_of_all_sign_patterns_sums_to_one(name):
    """Rows that are zero or parallel included: a zero row makes each cell count once for each sign."""
    for normals in family(name, 6, seed=3):
        rows = normals[:6]
        signs = [np.array(s).reshape(-1, 1) for s in product([1.0, -1.0], repeat=len(rows))]
        zeros = np.count_nonzero(~rows.any(axis=1))
        with mpmath.workdps(70):
            assert abs(sum(reference3(s * rows) for s in signs) - 2**zeros) < mpf(10) ** -59


def test_reference_in_the_plane():
    assert reference2(np.eye(2)) == mpf(1) / 4
    assert reference2(np.array([[1.0, 0.0], [-3.0, 0.0]])) == 0
    assert reference2(np.array([[1.0, 0.0], [-1.0, 1.0], [0.0, -1.0]])) == 0
    assert reference2(np.zeros((2, 2))) == 1
