"""Batches of cones in four, five and six dimensions: interpreted or compiled, on threads, and a last exact look."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Final

import numpy as np

from heurex import kernels
from heurex.cones import polyhedral
from heurex.cones.rational import facet_normals, has_interior
from heurex.kernels import Tally

__all__ = ["count_operations", "measure_batch", "measure_rays_batch", "method"]

Result = tuple[np.ndarray, np.ndarray, np.ndarray]

# Interpreted seconds of one cone with as many half-spaces as dimensions, on a slow core; each further one
# costs as much again. Past the patience, summed over calls, kernels are compiled: the bits are the same.
SECONDS: Final = {4: 0.001, 5: 0.006, 6: 0.15}
PATIENCE: Final = 12.0
# Cones that one thread takes at a time.
CHUNK: Final = {4: 256, 5: 64, 6: 8}
# An error above this is not what a cone of ordinary condition has.
USUAL: Final = 1e-9
MEANINGLESS: Final = 0.5

_spent = [0.0]


def _kernel(n: int, k: int, size: int) -> ModuleType:
    _spent[0] += SECONDS[n] * size * max(1, k - n + 1)
    return kernels.compiled(polyhedral) if _spent[0] > PATIENCE else polyhedral


def measure_batch(normals: np.ndarray, workers: int) -> Result:
    """Fractions of cones {x : normals @ x >= 0}.

    Parameters
    ----------
    normals
        Finite, shape (B, k, n), n from 4 to 6; any k and any rank, rows of any length.
    workers
        Threads. The result does not depend on it.

    Returns
    -------
    Values in [0, 1], bounds on their absolute errors, and statuses: 0, or 1 where the error is above 1e-9 or
    infinite. A value is exactly 0.0 where the interior is empty.

    Notes
    -----
    Error: about 1e-15 (n = 4), 3e-15 (n = 5, 6) for n half-spaces, growing with the number of rays.
    Cost: compiled, some 2 (n = 4), 10 (n = 5), 150 to 300 microseconds (n = 6) for n half-spaces.
    """
    size, k, n = normals.shape
    values, errors, statuses = np.zeros(size), np.zeros(size), np.zeros(size, np.int8)
    call = _kernel(n, k, size).fractions

    def part(start: int) -> None:
        here = slice(start, min(start + CHUNK[n], size))
        call(normals[here], values[here], errors[here], statuses[here])

    starts = range(0, size, CHUNK[n])
    if workers == 1 or len(starts) < 2:
        for start in starts:
            part(start)
    else:
        part(0)  # compile before the threads start
        with ThreadPoolExecutor(min(workers, len(starts) - 1)) as pool:
            list(pool.map(part, starts[1:]))
    if k > 1:
        for b in np.flatnonzero((values <= errors) & (errors > 0.0)):
            if not has_interior(normals[b]):
                values[b], errors[b] = 0.0, 0.0
    errors[errors >= MEANINGLESS] = np.inf
    return values, errors, np.where(errors <= USUAL, 0, 1).astype(np.int8)


def measure_rays_batch(rays: np.ndarray, workers: int) -> Result:
    """The same for the convex hulls of rays, shape (B, k, n): their facets are found in exact rationals.

    Notes
    -----
    Error: as for the facets' normals. Cost: milliseconds a cone, for the facets.
    """
    size, _, n = rays.shape
    facets = [facet_normals(hull) for hull in rays]
    values, errors, statuses = np.zeros(size), np.zeros(size), np.zeros(size, np.int8)
    counts = np.array([-1 if found is None else len(found) for found in facets])
    for count in np.unique(counts[counts >= 0]):  # -1: the rays do not span, and the interior is empty
        members = np.flatnonzero(counts == count)
        batch = np.array([facets[b] for b in members]).reshape(len(members), count, n)
        values[members], errors[members], statuses[members] = measure_batch(batch, workers)
        errors[members] += 1e-16 * count  # the normals are rounded
    return values, errors, statuses


def count_operations(cone: np.ndarray, *, rays: bool) -> Tally | None:
    """Operations of one cone of half-spaces, shape (k, n), counted by running it on counting numbers.

    None for a hull of rays, whose facets are found in rational arithmetic.
    """
    if rays:
        return None
    module, arrays, tally = kernels.counted(polyhedral, {"cone": cone})
    module.fraction(arrays["cone"])
    return tally


def method(n: int, *, rays: bool) -> str:
    """How cones of this dimension are measured, in a few words."""
    how = {
        4: "Schlaefli's differential along the turning of one row",
        5: "Euler's relation over four-dimensional fractions",
        6: "Schlaefli's differential over four-dimensional fractions",
    }[n]
    return f"{how}, from facets of the hull" if rays else how
