"""Cones to begin with for n = 4: orderings of the inputs with a sign of x_0, and parts of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from heurex.cones import polytope4
from heurex.cones.corners import side
from heurex.tasks import SECOND, Ordering, orderings

__all__ = ["Cone4", "Starts", "chambers4", "clipped", "label_chambers", "starts"]

_TOUCH: Final = 1e-12


@dataclass(frozen=True)
class Cone4:
    """A pointed cone in R^4 on which x_0 has one sign.

    Attributes
    ----------
    ordering
        The order of the inputs in it, largest first; of those after the label it may hold any.
    rays, masks
        Extreme rays ``(m, 4)`` and the bits of the facets that each lies on ``(m,)``.
    walls
        Inward normals of length one, ``(f, 4)``; the first is that of x_0 = 0.
    """

    ordering: Ordering
    rays: np.ndarray
    masks: np.ndarray
    walls: np.ndarray

    def label(self, rank: int = SECOND) -> int:
        """Position of the input of a rank; the largest has rank 0."""
        return self.ordering[rank]


def _simplicial(ordering: Ordering, normals: np.ndarray) -> Cone4:
    rays = np.rint(np.linalg.inv(normals)).T + 0.0  # the entries are 0, 1 and -1
    masks = 15 & ~(1 << np.arange(4))
    return Cone4(ordering, rays, masks, normals / np.linalg.norm(normals, axis=1, keepdims=True))


@cache
def chambers4() -> tuple[Cone4, ...]:
    """The 48 cones of one ordering of four inputs and one sign of x_0; each has four rays."""
    e = np.eye(4)
    return tuple(
        _simplicial(ordering, np.array([sign * e[0], e[a] - e[b], e[b] - e[c], e[c] - e[d]]))
        for ordering in orderings(4)
        for a, b, c, d in [ordering]
        for sign in (1.0, -1.0)
    )


@cache
def label_chambers(rank: int = SECOND) -> tuple[Cone4, ...]:
    """Few cones that fix the label, each of one sign of x_0; four rays each.

    For the largest input 8, for the second largest the 24 of one pair of largest inputs; else :func:`chambers4`.
    """
    e = np.eye(4)
    if rank == 0:
        return tuple(
            _simplicial(ordering, np.array([sign * e[0], e[a] - e[b], e[a] - e[c], e[a] - e[d]]))
            for ordering in orderings(4)
            for a, b, c, d in [ordering]
            if b < c < d
            for sign in (1.0, -1.0)
        )
    if rank != SECOND:
        return chambers4()
    return tuple(
        _simplicial(ordering, np.array([sign * e[0], e[a] - e[b], e[b] - e[c], e[b] - e[d]]))
        for ordering in orderings(4)
        for a, b, c, d in [ordering]
        if c < d
        for sign in (1.0, -1.0)
    )


def clipped(cone: Cone4, normals: Iterable[np.ndarray]) -> Cone4 | None:
    """The part of a cone inside more half-spaces, None if it has no interior."""
    rays, masks, walls = cone.rays, cone.masks, list(cone.walls)
    for normal in normals:
        normal = normal / np.linalg.norm(normal)
        m = len(rays)
        values = rays @ normal
        values[abs(values) <= _TOUCH] = 0.0
        here = np.hstack([rays, values[:, None]])
        which = side(here, m, 4)
        if which in (-1, 0):
            return None
        if which == 2:
            kept, found, ops = np.zeros((2 * m + 4, 5)), np.zeros(2 * m + 4, np.int64), np.zeros(10, np.int64)
            bit: Any = np.int64(1 << len(walls))
            m, _ = polytope4.split(here, masks, m, 4, 5, bit, values, kept, found, kept, found, False, ops)
            rays, masks = kept[:m, :4], found[:m]
            walls.append(normal)
    return Cone4(cone.ordering, rays, masks, np.array(walls))


@dataclass(frozen=True)
class Starts:
    """Cones as the kernels take them: arrays filled up to the largest of them."""

    rays: np.ndarray
    masks: np.ndarray
    sizes: np.ndarray
    walls: np.ndarray
    labels: np.ndarray

    def arguments(self) -> tuple[np.ndarray, ...]:
        """In the order of the kernels' arguments."""
        return self.rays, self.masks, self.sizes, self.walls, self.labels


def starts(cones: Sequence[Cone4], rank: int = SECOND) -> Starts:
    """A batch of cones, with the positions of the inputs of a rank as labels."""
    sizes = np.array([(len(cone.rays), len(cone.walls)) for cone in cones]).reshape(-1, 2)
    most = sizes.max(axis=0, initial=4)
    rays, masks = np.zeros((len(cones), most[0], 4)), np.zeros((len(cones), most[0]), np.int64)
    walls = np.zeros((len(cones), most[1], 4))
    for i, cone in enumerate(cones):
        rays[i, : sizes[i, 0]], masks[i, : sizes[i, 0]], walls[i, : sizes[i, 1]] = (
            cone.rays,
            cone.masks,
            cone.walls,
        )
    return Starts(rays, masks, sizes, walls, np.array([cone.label(rank) for cone in cones], np.int64))
