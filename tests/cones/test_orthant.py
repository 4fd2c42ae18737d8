"""Simplicial cones in four to six dimensions: closed forms, other routes to the same number, and the three modes."""

import math
from itertools import combinations

import numpy as np
import pytest
from numpy.polynomial.legendre import leggauss

from heurex.cones import orthant4, orthant56
from heurex.kernels import compiled, counted


def measure(rows: np.ndarray) -> tuple[float, float]:
    four, more = compiled(orthant4), compiled(orthant56)
    kernel = {4: four.orthant4, 5: more.orthant5, 6: more.orthant6}[len(rows)]
    return kernel(np.ascontiguousarray(rows, float))


def path_chamber(*marks: int) -> np.ndarray:
    """Simple roots of the Coxeter group whose diagram is a path with these marks."""
    gram = np.eye(len(marks) + 1)
    for i, mark in enumerate(marks):
        gram[i, i + 1] = gram[i + 1, i] = -math.cos(math.pi / mark)
    return np.linalg.cholesky(gram)


def roots_a(n: int) -> np.ndarray:
    return np.eye(n, n + 1) - np.eye(n, n + 1, 1)


def roots_b(n: int) -> np.ndarray:
    return np.eye(n) - np.eye(n, n, 1)


def roots_d(n: int) -> np.ndarray:
    rows = roots_b(n)
    rows[-1, -2] = 1
    return rows


def roots_e6() -> np.ndarray:
    gram = np.eye(6)
    for i, j in ((0, 1), (1, 2), (2, 3), (3, 4), (2, 5)):
        gram[i, j] = gram[j, i] = -0.5
    return np.linalg.cholesky(gram)


CHAMBERS = {
    "A4": (roots_a(4), 120),
    "B4": (roots_b(4), 384),
    "D4": (roots_d(4), 192),
    "F4": (path_chamber(3, 4, 3), 1152),
    "H4": (path_chamber(5, 3, 3), 14400),
    "A5": (roots_a(5), 720),
    "B5": (roots_b(5), 3840),
    "D5": (roots_d(5), 1920),
    "A6": (roots_a(6), 5040),
    "B6": (roots_b(6), 46080),
    "D6": (roots_d(6), 23040),
    "E6": (roots_e6(), 51840),
}


@pytest.mark.parametrize("name", CHAMBERS)
def test_a_chamber_of_a_reflection_group_is_one_part_in_its_order(name):
    rows, order = CHAMBERS[name]
    value, error = measure(rows)
    assert abs(value - 1 / order) <= min(error, 1e-14)


@pytest.mark.parametrize("n", [4, 5, 6])
def test_pairwise_correlation_one_half(n):
    value, error = measure(np.linalg.cholesky(0.5 * np.eye(n) + 0.5))
    assert abs(value - 1 / (n + 1)) <= error < 1e-14


@pytest.mark.parametrize("n", [4, 5, 6])
@pytest.mark.parametrize("seed", range(5))
def test_orthogonal_blocks_multiply(n, seed):
    """Two rows orthogonal to all others: the fraction is a product of lower ones in closed form."""
    rng = np.random.default_rng(seed)
    rows = np.zeros((n, n))
    rows[:2, :2] = rng.standard_normal((2, 2))
    rows[2:, 2:] = rng.standard_normal((n - 2, n - 2))
    wedge = 0.5 - math.acos(cosine(rows[0], rows[1])) / math.tau
    if n == 6:
        rest = measure(rows[2:, 2:])[0]
    else:
        angles = [math.acos(cosine(a, b)) for a, b in combinations(rows[2:], 2)]
        rest = 0.5 - sum(angles) / (math.tau if n == 4 else 2 * math.tau)
    rotation = np.linalg.qr(rng.standard_normal((n, n)))[0]
    value, error = measure(rng.permutation(rows @ rotation))
    assert abs(value - wedge * rest) <= error + 3e-16


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / math.sqrt((a @ a) * (b @ b)))


def plackett_four(rows: np.ndarray) -> float:
    """A slow twin for n = 4: Plackett's identity from the unit matrix along a straight line of correlations."""
    unit = rows / np.linalg.norm(rows, axis=1)[:, None]
    target = unit @ unit.T
    nodes, weights = leggauss(400)
    total = 1 / 16
    for node, weight in zip(0.5 * (nodes + 1), 0.5 * weights, strict=True):
        corr = np.eye(4) + node * (target - np.eye(4))
        for i, j in combinations(range(4), 2):
            k, m = (x for x in range(4) if x not in (i, j))
            given = corr[np.ix_([i, j], [i, j])]
            cross = corr[np.ix_([k, m], [i, j])]
            rest = corr[np.ix_([k, m], [k, m])] - cross @ np.linalg.solve(given, cross.T)
            inner = 0.25 + math.asin(rest[0, 1] / math.sqrt(rest[0, 0] * rest[1, 1])) / math.tau
            density = 1 / (math.tau * math.sqrt(1 - corr[i, j] ** 2))
            total += weight * target[i, j] * density * inner
    return total


@pytest.mark.parametrize("seed", range(6))
def test_four_rows_against_plackett_along_another_path(seed):
    rows = np.random.default_rng(seed).standard_normal((4, 4)) + 2 * np.eye(4)
    value, error = measure(rows)
    assert abs(value - plackett_four(rows)) <= error + 1e-14


@pytest.mark.parametrize("n", [4, 5, 6])
@pytest.mark.parametrize("amount", [1, 1e-3, 1e-8, 1e-13, 1e-16, 0])
def test_nearly_dependent_and_dependent_rows_are_limits(n, amount):
    """A row turned over: both halves together are the cone without it, however flat the whole is."""
    rng = np.random.default_rng(n)
    rows = rng.standard_normal((n, n))
    rows[:, -1] *= amount
    rows[:, -2] *= amount
    other = rows.copy()
    other[0] *= -1
    both = [measure(rows), measure(other)]
    if n == 4:
        angles = [math.acos(cosine(a, b)) for a, b in combinations(rows[1:], 2)]
        whole, whole_error = 0.5 - sum(angles) / (2 * math.tau), 1e-15 + 1e-8 * (amount < 1e-7)
    else:
        whole, whole_error = measure(rows[1:])
    assert abs(sum(v for v, _ in both) - whole) <= sum(e for _, e in both) + whole_error


@pytest.mark.parametrize("n", [4, 5, 6])
def test_nearly_equal_rows_count_once(n):
    rng = np.random.default_rng(n)
    rows = rng.standard_normal((n - 1, n))
    for apart in (1e-9, 1e-15):
        near = np.vstack([rows, rows[:1] + apart * rng.standard_normal((1, n))])
        value, error = measure(near)
        if n > 4:
            fewer, fewer_error = measure(rows)
            assert abs(value - fewer) <= error + fewer_error + 2 * apart
        opposite, error = measure(np.vstack([rows, -near[-1:]]))
        assert 0 <= opposite <= error + 2 * apart


@pytest.mark.parametrize("n", [4, 5, 6])
def test_interpreted_compiled_and_counted_agree_bit_for_bit(n):
    rows = np.random.default_rng(n).standard_normal((n, n))
    module, name = {4: (orthant4, "orthant4"), 5: (orthant56, "orthant5"), 6: (orthant56, "orthant6")}[n]
    expected = measure(rows)
    assert getattr(module, name)(rows) == expected
    counting, arrays, tally = counted(module, {"rows": rows})
    value, _ = getattr(counting, name)(arrays["rows"])
    assert value.value == expected[0]
    assert tally.atan2 > 40
    assert tally.sqrt > 30
