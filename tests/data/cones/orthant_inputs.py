"""Seeded simplicial cones in n dimensions, the inputs of ``make_orthants.py``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

__all__ = ["SEED", "TRAPS", "random_and_flat", "traps"]

SEED: Final = 20240117
COUNTS: Final = {4: (1000, 200), 5: (300, 60), 6: (50, 10)}  # random; near-singular at each flatness
TRAP_COUNTS: Final = {4: 28, 5: 14, 6: 3}  # of each family

Rows = np.ndarray


def random_and_flat(n: int) -> list[dict[str, Any]]:
    """Rows of standard normal numbers, rounded to six decimals to keep the file small.

    The random ones come first, with flatness 1. Near-singular cones have their last coordinate, in every
    second case their last two, multiplied by the flatness.
    """
    rng = np.random.default_rng([SEED, n])
    random, near_singular = COUNTS[n]
    plan = [(0, 0)] * random + [(e, 1 + i % 2) for e in range(1, 11) for i in range(near_singular)]
    cones = []
    for exponent, flat in plan:
        rows = rng.standard_normal((n, n))
        normals = [
            [float(f"{x:.6f}e-{exponent if j >= n - flat else 0}") for j, x in enumerate(row)] for row in rows
        ]
        cones.append({"flatness": float(f"1e-{exponent}"), "flat_coordinates": flat, "normals": normals})
    return cones


def traps(n: int) -> list[dict[str, Any]]:
    """Cones that are nearly degenerate in other ways, by a given amount."""
    cones = []
    for number, (name, (make, most)) in enumerate(TRAPS.items()):
        for i in range(TRAP_COUNTS[n]):
            amount = float(f"1e-{1 + round(i * (most - 1) / (TRAP_COUNTS[n] - 1))}")
            rng = np.random.default_rng([SEED, n, number, i])
            rows = make(rng, n, amount)
            cones.append({"family": name, "amount": amount, "normals": rng.permutation(rows).tolist()})
    return cones


def _equal(rng: np.random.Generator, n: int, amount: float) -> Rows:
    rows = rng.standard_normal((n, n))
    rows[1] = rows[0] + amount * rows[1]
    return rows


def _opposite(rng: np.random.Generator, n: int, amount: float) -> Rows:
    rows = rng.standard_normal((n, n))
    rows[1] = -rows[0] + amount * rows[1]
    return rows


def _two_pairs(rng: np.random.Generator, n: int, amount: float) -> Rows:
    rows = rng.standard_normal((n, n))
    for i in (0, 2):
        rows[i + 1] = rng.choice([1.0, 1.0, -1.0]) * rows[i] + amount * rows[i + 1]
    return rows


def _coplanar(rng: np.random.Generator, n: int, amount: float) -> Rows:
    """Three rows nearly in a plane."""
    rows = rng.standard_normal((n, n))
    rows[2] = rng.standard_normal(2) @ rows[:2] + amount * rows[2]
    return rows


def _half(rng: np.random.Generator, n: int, amount: float) -> Rows:
    return rng.standard_normal(n) + amount * rng.standard_normal((n, n))


def _clusters(rng: np.random.Generator, n: int, amount: float) -> Rows:
    """Two bundles of rows, at a random angle."""
    poles = rng.standard_normal((2, n))[rng.integers(0, 2, n)]
    return poles + amount * rng.standard_normal((n, n))


def _small(rng: np.random.Generator, n: int, amount: float) -> Rows:
    """Thin in all directions but one: a fraction of about ``amount ** (n - 1)``."""
    rows = rng.standard_normal((n, n))
    dependency = np.linalg.svd(rows[:, :-1].T)[2][-1]
    rows[:, :-1] *= np.where(dependency < 0, -1.0, 1.0)[:, None]
    rows[:, -1] = amount * np.abs(rows[:, -1])
    return rows @ np.linalg.qr(rng.standard_normal((n, n)))[0]


def _some_flat(rng: np.random.Generator, n: int, amount: float) -> Rows:
    """All rows but one nearly without their last two coordinates."""
    rows = rng.standard_normal((n, n))
    rows[1:, -2:] *= amount
    return rows


def _lengths(rng: np.random.Generator, n: int, amount: float) -> Rows:
    """Rows of very different length; the directions are ordinary."""
    return rng.standard_normal((n, n)) * amount ** rng.integers(-8, 9, (n, 1))


TRAPS: Final[dict[str, tuple[Callable[[np.random.Generator, int, float], Rows], int]]] = {
    "nearly equal": (_equal, 14),
    "nearly opposite": (_opposite, 14),
    "two pairs": (_two_pairs, 10),
    "nearly coplanar": (_coplanar, 14),
    "nearly half": (_half, 12),
    "clusters": (_clusters, 10),
    "small": (_small, 3),
    "some flat": (_some_flat, 10),
    "lengths": (_lengths, 10),
}
"""Makers, and the largest minus exponent of the amount."""
