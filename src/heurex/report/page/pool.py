"""Polygons as lists of shared corners, for JSON."""

from __future__ import annotations

from typing import Final

import numpy as np

__all__ = ["Pool"]

_SAME_CORNER: Final = 1e-13


class Pool:
    """Corners on the unit sphere (for n = 2 the unit circle), each written once."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.vertices: list[list[float]] = []
        self._known: dict[tuple[float, ...], int] = {}

    def add(self, rays: np.ndarray) -> list[int]:
        """A pointed cone as the numbers of its corners, counterclockwise as seen from outside."""
        unit = rays / np.linalg.norm(rays, axis=1, keepdims=True)
        if self.n == 2:
            return self._sector(unit)
        turn = np.cross(unit, np.roll(unit, -1, axis=0)).sum(axis=0)
        if turn @ unit.sum(axis=0) < 0:
            unit = unit[::-1]
        numbers = [self._number(ray) for ray in unit]
        return [number for i, number in enumerate(numbers) if number != numbers[i - 1]]

    def _sector(self, unit: np.ndarray) -> list[int]:
        """The two rays of a plane sector: the corners without the idle third axis."""
        first, second = unit[np.argsort(np.abs(unit[:, 2]))[:2], :2]
        if first[0] * second[1] < first[1] * second[0]:
            first, second = second, first
        return [self._number(first), self._number(second)]

    def _number(self, ray: np.ndarray) -> int:
        key = tuple(float(x) for x in np.round(ray / _SAME_CORNER))
        if key not in self._known:
            self._known[key] = len(self.vertices)
            self.vertices.append([round(float(x), 16) + 0.0 for x in ray])
        return self._known[key]
