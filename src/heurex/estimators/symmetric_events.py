"""The events of the note's symmetric version: sign patterns of u_n with orderings of the inputs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from heurex.cones import corners as polygon
from heurex.estimators.base import Cell
from heurex.estimators.exact import chambers
from heurex.symmetry import SymmetricPart
from heurex.tasks import ordering_name, ordering_normals, orderings

__all__ = ["Event", "event_cells", "event_cones", "events"]


@dataclass(frozen=True)
class Event:
    """One sign pattern of u_n with one ordering of the inputs."""

    signs: tuple[int, ...]
    ordering: tuple[int, ...]

    @property
    def name(self) -> str:
        """Signs and ordering in words."""
        return f"signs {''.join('+' if s > 0 else '-' for s in self.signs)}, {ordering_name(self.ordering)}"


def events(pairs: int, n: int) -> list[Event]:
    """The 2^p n! events, sign patterns first."""
    return [Event(signs, order) for signs in product((1, -1), repeat=pairs) for order in orderings(n)]


def event_cones(part: SymmetricPart) -> list[tuple[Event, np.ndarray]]:
    """Every possible event as pointed cones by their rays; an event that x_0 = 0 crosses comes in two pieces."""
    last = part.last_state_map()
    pieces: list[tuple[Event, np.ndarray]] = []
    for chamber in chambers(last.shape[1]):
        parts: list[tuple[tuple[int, ...], np.ndarray]] = [((), chamber.rays)]
        for row in last:
            parts = [piece for signs, rays in parts for piece in _cut(signs, rays, row)]
        pieces += [(Event(signs, chamber.ordering), rays) for signs, rays in parts]
    return pieces


def _cut(
    signs: tuple[int, ...], rays: np.ndarray, row: np.ndarray
) -> list[tuple[tuple[int, ...], np.ndarray]]:
    m = len(rays)
    corners = np.hstack([rays, (rays @ row)[:, None]])
    where = polygon.side(corners, m, 3)
    if where != 2:
        return [((*signs, 1 if where >= 0 else -1), rays)]
    upper, lower = np.zeros((m + 2, 4)), np.zeros((m + 2, 4))
    above, below = polygon.split(corners, m, 3, 4, upper, lower)
    halves = [((*signs, 1), upper[:above, :3]), ((*signs, -1), lower[:below, :3])]
    return [(key, half) for key, half in halves if len(half) >= 3]


def event_cells(part: SymmetricPart, contributions: dict[Event, float]) -> tuple[Cell, ...]:
    """The events as cells, with given contributions."""
    last = part.last_state_map()
    fractions: dict[Event, float] = {}
    for event, rays in event_cones(part):
        fractions[event] = fractions.get(event, 0.0) + polygon.fraction(rays, len(rays))
    return tuple(
        Cell(
            name=event.name,
            ordering=event.ordering,
            region=event.name.split(",")[0],
            parent=None,
            normals=np.vstack([np.array(event.signs)[:, None] * last, ordering_normals(event.ordering)]),
            half_spaces=len(part.pairing) + 2 * (last.shape[1] - 1),
            rays=None,
            fraction=fractions.get(event, 0.0),
            numerical_error=1e-16,
            label=event.ordering[1],
            answer=None,
            likely=True,
            contribution=contributions.get(event, 0.0),
        )
        for event in events(len(part.pairing), last.shape[1])
    )
