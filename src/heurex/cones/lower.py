"""Batches of cones in two and three dimensions: which kernel, which threads, and what to do again exactly."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from types import ModuleType
from typing import Final

import numpy as np

from heurex import kernels
from heurex.kernels import Tally

__all__ = ["count_operations", "measure_batch", "measure_rays_batch"]

Result = tuple[np.ndarray, np.ndarray, np.ndarray]

# From here on a batch pays for compiling (seconds, once a process); the choice rests on its size alone, so
# that the same batch gives the same bits whatever was computed before.
MANY: Final = 1000
# A kernel that has been interpreted this often is compiled; it gives the same bits.
OFTEN: Final = 20_000
# Cones that one thread takes at a time: a multiple of the lock-step's 128 lanes, whatever the threads.
CHUNK: Final = 8192

_HALF_SPACES: Final = {2: "circle", 3: "sphere"}
_MANY_HALF_SPACES: Final = {2: "circle", 3: "sphere_batch"}
_RAYS: Final = {2: "circle", 3: "sphere_rays"}

_interpreted: Counter[str] = Counter()


def _kernel(name: str) -> ModuleType:
    return import_module(f"heurex.cones.{name}")


def _run(kernel: ModuleType, function: str, cones: np.ndarray, workers: int) -> tuple[np.ndarray, ...]:
    size = len(cones)
    values, errors, undecided = np.zeros(size), np.zeros(size), np.zeros(size, bool)
    call = getattr(kernel, function)

    def part(start: int) -> None:
        here = slice(start, min(start + CHUNK, size))
        call(cones[here], values[here], errors[here], undecided[here])

    starts = range(0, size, CHUNK)
    if workers == 1 or len(starts) < 2:
        for start in starts:
            part(start)
    else:
        part(0)  # compile before the threads start
        with ThreadPoolExecutor(min(workers, len(starts) - 1)) as pool:
            list(pool.map(part, starts[1:]))
    return values, errors, undecided


def _measure(scalar: str, lockstep: str, function: str, cones: np.ndarray, workers: int) -> Result:
    if len(cones) >= MANY:
        kernel = kernels.compiled(_kernel(lockstep))
    else:
        _interpreted[scalar] += len(cones)
        kernel = _kernel(scalar)
        if _interpreted[scalar] > OFTEN:
            kernel = kernels.compiled(kernel)
    values, errors, undecided = _run(kernel, function, cones, workers)
    if undecided.any():
        from heurex.cones.exact import run_exactly

        for b in np.flatnonzero(undecided):
            values[b], errors[b] = run_exactly(_kernel(scalar), function[:-1], cones[b])
    return values, errors, np.where(np.isfinite(errors), 0, 1).astype(np.int8)


def measure_batch(normals: np.ndarray, workers: int) -> Result:
    """Values, errors and statuses of a batch of cones, finite normals of shape (B, k, 2) or (B, k, 3)."""
    n = normals.shape[2]
    return _measure(_HALF_SPACES[n], _MANY_HALF_SPACES[n], "fractions", normals, workers)


def measure_rays_batch(rays: np.ndarray, workers: int) -> Result:
    """The same for the convex hulls of rays, shape (B, k, 2) or (B, k, 3)."""
    kernel = _RAYS[rays.shape[2]]
    return _measure(kernel, kernel, "ray_fractions", rays, workers)


def count_operations(cone: np.ndarray, *, rays: bool) -> Tally:
    """Operations that one cone, shape (k, n), takes in the scalar kernel, by running it on counting numbers.

    Those that exact rationals take for a cone that no fixed precision decides are not among them.
    """
    name = (_RAYS if rays else _HALF_SPACES)[cone.shape[1]]
    module, arrays, tally = kernels.counted(_kernel(name), {"cone": cone})
    getattr(module, "ray_fraction" if rays else "fraction")(arrays["cone"])
    return tally


def method(n: int, *, rays: bool) -> str:
    """How cones of this dimension are measured, in a few words."""
    if n == 2:
        return "angle between the two outermost rays" if rays else "angle between two half-planes"
    return "Girard over facet normals" if rays else "Girard over exterior angles"
