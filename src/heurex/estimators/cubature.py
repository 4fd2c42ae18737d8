"""Designs of cubature: directions of a few inputs, uniform on the sphere and spread evenly, from a seed.

Every design is shifted or scrambled at random as a whole, so that a mean over it is right on average over seeds.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from heurex.errors import UsageError
from heurex.estimators.designs import cube_dimensions, directions

__all__ = ["DESIGNS", "GENERATOR", "component_by_component", "design_points", "strata", "worst_case"]

DESIGNS: Final = ("sobol", "lattice", "strata")
"""Ways to spread directions: Sobol points; a lattice with one shift; Sobol points for each place of the top two."""

_BITS: Final = 30
_GOLDEN: Final = 64

GENERATOR: Final = (
    1, 100533, 15065, 93137, 30289, 74583, 5323, 66097, 110495, 77905, 118837, 58991, 12091, 60061, 87457, 126327,
)  # fmt: skip
"""Odd generating vector of the lattice, good for 2^4 to 2^17 points; made by :func:`component_by_component`."""


def _bernoulli(x: np.ndarray) -> np.ndarray:
    return 2 * np.pi**2 * (x * x - x + 1 / 6)


def worst_case(generator: tuple[int, ...], points: int) -> float:
    """The squared worst-case error of a lattice rule: smoothness 1, weights 1 / j^2 for the j-th coordinate."""
    k = np.arange(points)
    product = np.ones(points)
    for j, z in enumerate(generator):
        product *= 1 + _bernoulli(k * z % points / points) / (1 + j) ** 2
    return float(product.mean() - 1)


def component_by_component(dimensions: int, candidates: int = 128, seed: int = 0) -> tuple[int, ...]:
    """A generating vector, one component after the other, that does well for 2^6, 2^8, .., 2^16 points at once.

    Each component is the one of so many random odd numbers whose worst ratio, over those sizes, of the squared
    worst-case error to the least one among the candidates is the least.

    Source: Sloan and Reztsov (2002) for the construction; Cools, Kuo and Nuyens (2006) for several sizes at once.
    """
    rng = np.random.default_rng(seed)
    sizes = [2**m for m in range(6, 17, 2)]
    generator: tuple[int, ...] = (1,)
    products = [1 + _bernoulli(np.arange(size) / size) for size in sizes]
    for j in range(1, dimensions):
        tried = 2 * rng.integers(0, 2**16, candidates) + 1
        errors = np.zeros((len(sizes), candidates))
        for row, size, product in zip(errors, sizes, products, strict=True):
            k = np.arange(size)
            for c, z in enumerate(tried):
                row[c] = (product * (1 + _bernoulli(k * z % size / size) / (1 + j) ** 2)).mean() - 1
        best = int(tried[np.argmin((errors / errors.min(axis=1, keepdims=True)).max(axis=0))])
        for i, size in enumerate(sizes):
            products[i] = products[i] * (1 + _bernoulli(np.arange(size) * best % size / size) / (1 + j) ** 2)
        generator += (best,)
    return generator


def strata(earlier: int) -> np.ndarray:
    """Places of the largest and the second largest of so many inputs, every pair once: ``(strata, 2)``."""
    return np.array([(i, j) for i in range(earlier) for j in range(earlier) if i != j])


@cache
def _sobol(dimensions: int, points: int) -> np.ndarray:
    """The first Sobol points, neither scrambled nor shifted."""
    from scipy.stats import qmc

    found = qmc.Sobol(dimensions, scramble=False, bits=_BITS).random(points)
    found.flags.writeable = False
    return found


def _inside(points: np.ndarray) -> np.ndarray:
    """Numbers in [0, 1) moved off 0."""
    return np.clip(points, 2.0**-53, 1 - 2.0**-53)


def _top_two(cube: np.ndarray, earlier: int) -> np.ndarray:
    """Uniform numbers to normal order statistics ``(k, earlier)``: largest, second largest, the others in any order."""
    from scipy.special import ndtri

    u = np.empty_like(cube)
    u[:, 0] = cube[:, 0] ** (1 / earlier)
    u[:, 1] = u[:, 0] * cube[:, 1] ** (1 / (earlier - 1))
    u[:, 2:] = u[:, 1:2] * cube[:, 2:]
    return ndtri(_inside(u))


@cache
def _strata_tables(earlier: int) -> tuple[np.ndarray, np.ndarray]:
    """For every stratum which of the sorted values goes to each place, and its shift but for the random start.

    The shifts are a Kronecker sequence in powers of the root of x^(k + 1) = x + 1.
    """
    root = 2.0
    for _ in range(_GOLDEN):
        root = (1 + root) ** (1 / (earlier + 1))
    steps = root ** -np.arange(1.0, earlier + 1)
    places = strata(earlier)
    order = np.array([[*pair, *(i for i in range(earlier) if i not in pair)] for pair in places.tolist()])
    return np.argsort(order, axis=1), np.outer(np.arange(len(places)), steps)


def _stratified(earlier: int, points: int, rng: np.random.Generator) -> np.ndarray:
    """As many directions for every place of the two largest; each stratum has the same points, shifted by its own."""
    which, shifts = _strata_tables(earlier)
    cube = (_sobol(earlier, points)[None] + (rng.random(earlier) + shifts)[:, None]) % 1.0
    ranked = _top_two(_inside(cube.reshape(-1, earlier)), earlier).reshape(cube.shape)
    return np.take_along_axis(ranked, which[:, None], axis=2).reshape(-1, earlier)


def design_points(design: str, earlier: int, points: int, rng: np.random.Generator) -> np.ndarray:
    """Directions of the earlier inputs, rows of length 1: ``(k, earlier)``; k is points, for strata in each of them."""
    if design == "strata":
        x = _stratified(earlier, points, rng)
    elif design == "lattice":
        dimensions = cube_dimensions(earlier)
        if dimensions > len(GENERATOR):
            raise UsageError(f"the lattice has {len(GENERATOR)} dimensions; {dimensions} are needed")
        k = np.arange(points)[:, None]
        cube = (k * np.array(GENERATOR[:dimensions]) % points / points + rng.random(dimensions)) % 1.0
        x = directions(_inside(cube), earlier)
    else:
        from scipy.stats import qmc

        cube = qmc.Sobol(cube_dimensions(earlier), scramble=True, bits=_BITS, rng=rng).random(points)
        # scrambled points sit on a grid that includes 0: its cells' centres do not
        x = directions(cube + 0.5 ** (_BITS + 1), earlier)
    return x / np.sqrt((x * x).sum(axis=1, keepdims=True))
