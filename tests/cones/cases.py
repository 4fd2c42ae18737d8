"""Families of cones in three dimensions on which a kernel has to be right, seeded and of any size.

``FAMILIES`` are ordinary and degenerate inputs; ``TRAPS`` are inputs one unit in the last place away from
degenerate ones, or with rows of very different lengths. Each maps a name to a generator of one cone;
:func:`family` makes a list of them. Cone i of a family depends on the seed, the family and i only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from zlib import crc32

import numpy as np

__all__ = ["FAMILIES", "TRAPS", "family"]

Maker = Callable[[np.random.Generator], np.ndarray]


def family(name: str, count: int, seed: int = 0) -> list[np.ndarray]:
    """The first ``count`` cones of a family, each an array of normals of shape (k, 3)."""
    make = (FAMILIES | TRAPS)[name]
    key = crc32(name.encode())
    return [np.ascontiguousarray(make(np.random.default_rng([seed, key, i]))) for i in range(count)]


def _facing(rng: np.random.Generator, rows: np.ndarray) -> np.ndarray:
    """Every second time, rows turned towards a common point, so that not too many cones are empty."""
    inside = np.where(rows @ rng.standard_normal(3) < 0, -1.0, 1.0)
    return rows * inside[:, None] if rng.random() < 0.5 else rows


def _random(rng: np.random.Generator) -> np.ndarray:
    return _facing(rng, rng.standard_normal((rng.integers(3, 9), 3)))


def _rotation(rng: np.random.Generator) -> np.ndarray:
    return np.linalg.qr(rng.standard_normal((3, 3)))[0]


def _small(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Integers that stay exact through a few products."""
    return rng.integers(-9, 10, shape).astype(float)


def _needle(rng: np.random.Generator, width: float, shape: str) -> np.ndarray:
    """A cone about the third axis: thin in both directions, or (a sliver) in one of them only."""
    if shape == "sliver":
        side = np.array([[1.0, 0.0, width], [-1.0, 0.0, width * rng.uniform(0.1, 1.0)]])
        ends = np.array([[0.0, np.cos(t), np.sin(t)] for t in rng.uniform(0.1, 1.4, 2)])
        ends[1, 1] *= -1
        rows = np.vstack([side, ends + 0.1 * rng.standard_normal((2, 3))])
    else:
        k = rng.integers(3, 8)
        angles = 2 * np.pi * (np.arange(k) + rng.uniform(0, 0.8, k)) / k
        heights = width * rng.uniform(0.3, 1.0, k)
        rows = np.column_stack([np.cos(angles), np.sin(angles), heights])
    lengths = rng.uniform(0.5, 2.0, (len(rows), 1))
    return rng.permutation(lengths * rows) @ _rotation(rng)


def _needles(rng: np.random.Generator) -> np.ndarray:
    return _needle(rng, 10 ** rng.uniform(-6, -2), rng.choice(["round", "sliver"]))


def _tiny(rng: np.random.Generator) -> np.ndarray:
    """Fractions of about 1e-12 (the width is its square root for a round needle, itself for a sliver)."""
    shape = rng.choice(["round", "sliver"])
    target = 10 ** rng.uniform(-12.5, -11.0)
    return _needle(rng, 3 * np.sqrt(target) if shape == "round" else 10 * target, shape)


def _nearly_equal(rng: np.random.Generator) -> np.ndarray:
    base = _random(rng)
    copies = base[rng.integers(0, len(base), rng.integers(1, 4))]
    return rng.permutation(np.vstack([base[:5], _nudged(rng, copies)]))


def _nudged(rng: np.random.Generator, rows: np.ndarray) -> np.ndarray:
    """Rows moved by 1e-4 to 1e-16 of their length."""
    size = 10 ** rng.uniform(-16, -4, (len(rows), 1)) * np.linalg.norm(rows, axis=1, keepdims=True)
    return rows + size * rng.standard_normal(rows.shape)


def _nearly_opposite(rng: np.random.Generator) -> np.ndarray:
    pole = rng.standard_normal(3)
    one, other = (_nudged(rng, np.tile(sign * pole, (rng.integers(1, 4), 1))) for sign in (1, -1))
    free = rng.standard_normal((rng.integers(0, 3), 3))
    return rng.permutation(np.vstack([one, other, free]))


def _duplicates(rng: np.random.Generator) -> np.ndarray:
    """Equal rows, exact multiples, and multiples that are rounded."""
    base = np.where(rng.random() < 0.5, _random(rng)[:3], _small(rng, (3, 3)))
    base = np.vstack([base, rng.standard_normal((rng.integers(0, 3), 3))])
    chosen = base[rng.integers(0, len(base), rng.integers(1, 4))]
    factors = rng.choice([1.0, 2.0, 0.25, 3.0, 7.0, 0.1, 1e-3, np.pi], (len(chosen), 1))
    return rng.permutation(np.vstack([base, factors * chosen]))


def _opposites(rng: np.random.Generator) -> np.ndarray:
    base = _small(rng, (rng.integers(1, 6), 3)) if rng.random() < 0.5 else _random(rng)[:5]
    opposite = -rng.choice([1.0, 2.0, 0.5, 4.0]) * base[rng.integers(0, len(base))]
    return rng.permutation(np.vstack([base, opposite]))


def _zero_rows(rng: np.random.Generator) -> np.ndarray:
    base = _random(rng)[: rng.integers(0, 6)]
    zeros = np.zeros((rng.integers(1, 4), 3)) * rng.choice([1.0, -1.0])
    return rng.permutation(np.vstack([base, zeros]))


def _pencil(rng: np.random.Generator, most: int = 6) -> np.ndarray:
    """Integer normals of planes through one line, most often with the half-planes on one side of a plane."""
    a, b = _small(rng, (2, 3))
    first = rng.integers(-4, 5, (rng.integers(2, most), 1))
    second = rng.integers(-4 if rng.random() < 0.3 else 0, 5, first.shape)
    return first * a + second * b


def _coaxial(rng: np.random.Generator) -> np.ndarray:
    """Planes through one line exactly, alone or cut by further planes."""
    return rng.permutation(_facing(rng, np.vstack([_pencil(rng), _small(rng, (rng.integers(0, 3), 3))])))


def _signs(rng: np.random.Generator) -> np.ndarray:
    return _facing(rng, rng.integers(-1, 2, (rng.integers(3, 9), 3)).astype(float))


def _few(rng: np.random.Generator) -> np.ndarray:
    k = rng.integers(0, 3)
    return _small(rng, (k, 3)) if rng.random() < 0.3 else rng.standard_normal((k, 3))


def _nearly_half(rng: np.random.Generator) -> np.ndarray:
    pole = rng.standard_normal(3)
    k = rng.integers(2, 8)
    return pole + 10 ** rng.uniform(-12, -1) * rng.standard_normal((k, 3))


def _ulps(rng: np.random.Generator, rows: np.ndarray) -> np.ndarray:
    """Some entries moved to a neighbouring double (of a tiny number where they are 0)."""
    away = np.nextafter(rows, rng.choice([-np.inf, np.inf], rows.shape))
    away = np.where(rows == 0, rng.choice([-1, 1], rows.shape) * 2.0**-53, away)
    return np.where(rng.random(rows.shape) < 0.3, away, rows)


def _coaxial_ulp(rng: np.random.Generator) -> np.ndarray:
    return _ulps(rng, _coaxial(rng) / 3.0)


def _through_vertex(rng: np.random.Generator) -> np.ndarray:
    """Integer planes through one ray, which ends up as a vertex of more than two planes or a grazed one."""
    vertex = _small(rng, (3,))
    rows = np.cross(_small(rng, (rng.integers(3, 7), 3)), vertex)
    rows = np.vstack([rows, _small(rng, (rng.integers(1, 3), 3))])
    return rng.permutation(_facing(rng, rows))


def _through_vertex_ulp(rng: np.random.Generator) -> np.ndarray:
    return _ulps(rng, _through_vertex(rng) / 7.0)


def _grazing(rng: np.random.Generator) -> np.ndarray:
    """A cone and planes that touch it in a ray or along a facet, exactly or to one unit in the last place."""
    base = _small(rng, (3, 3))
    weights = rng.integers(0, 4, (rng.integers(1, 4), 3)).astype(float)
    rows = np.vstack([base, weights @ base])
    return rng.permutation(rows if rng.random() < 0.5 else _ulps(rng, rows / 3.0))


def _nearly_empty(rng: np.random.Generator) -> np.ndarray:
    """Rows whose positive combination is zero up to rounding: an empty interior, or nearly so."""
    base = _small(rng, (rng.integers(1, 4), 3)) / 3.0
    closing = -(rng.uniform(0.1, 1.0, len(base)) @ base)
    rows = _ulps(rng, np.vstack([base, closing]))
    return rng.permutation(np.vstack([rows, rng.standard_normal((rng.integers(0, 2), 3))]))


def _scaled(rng: np.random.Generator, rows: np.ndarray, most: int) -> np.ndarray:
    return np.ldexp(rows, rng.integers(-most, most + 1, (len(rows), 1)))


def _scales(rng: np.random.Generator) -> np.ndarray:
    return _scaled(rng, rng.choice([_random, _coaxial, _duplicates, _signs])(rng), 100)


def _extreme_scales(rng: np.random.Generator) -> np.ndarray:
    return _scaled(rng, rng.choice([_random, _coaxial, _duplicates, _signs])(rng), 900)


def _uneven_columns(rng: np.random.Generator) -> np.ndarray:
    """Columns of very different size: flat cones whose normals are all close to a plane or a line."""
    return _random(rng) * 10.0 ** rng.integers(-12, 1, 3)


FAMILIES: Final[dict[str, Maker]] = {
    "random": _random,
    "needles": _needles,
    "tiny": _tiny,
    "nearly equal": _nearly_equal,
    "nearly opposite": _nearly_opposite,
    "duplicates": _duplicates,
    "opposites": _opposites,
    "zero rows": _zero_rows,
    "coaxial": _coaxial,
    "signs": _signs,
    "few": _few,
    "nearly half": _nearly_half,
}
"""The families that the error stated in the documentation is measured on."""

TRAPS: Final[dict[str, Maker]] = {
    "coaxial ulp": _coaxial_ulp,
    "through vertex": _through_vertex,
    "through vertex ulp": _through_vertex_ulp,
    "grazing": _grazing,
    "nearly empty": _nearly_empty,
    "scales": _scales,
    "extreme scales": _extreme_scales,
    "uneven columns": _uneven_columns,
}
"""Inputs close to degenerate ones, or badly scaled."""
